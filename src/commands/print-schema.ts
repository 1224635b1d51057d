import { countOf } from '../report/units.js';
import { nameSource } from '../source/import/named-source.js';
import { parseTargetUrl } from '../target/connection/address.js';
import type { Context } from '../run/context.js';
import { translateSurvey } from '../run/schema/make-schema.js';
import type { MadeSchema } from '../model/schema.js';
import { withTemporarySurvey } from '../run/survey/temporary-survey.js';

/** Names the schema alone: nothing connects to it. */
const nowhere = 'postgresql://nobody@localhost/nowhere';

/** init --print: the SQL that init --from-source would run. The target is neither reached nor needed; its url names the schema. */
export async function printSchema(context: Context): Promise<MadeSchema> {
  const { settings } = context;
  nameSource(settings);
  const { address } = parseTargetUrl(settings.targetUrl ?? nowhere);
  return await withTemporarySurvey(context, { address, name: 'init' }, async (survey) => {
    const { translated, sql } = await translateSurvey(survey, settings, { schema: address.schema });
    const { findings, lost, views, reasons, statements } = translated;
    const message = `${countOf(statements.length, 'statement')} for schema ${address.schema}; nothing was written`;
    return { tag: 'printed', message, findings, lost, views, reasons, sql };
  });
}
