import { nameSource } from '../source/import/named-source.js';
import { withTarget } from '../target/connection/connect.js';
import { holderName, withRunLock } from '../target/ledger/lock.js';
import { type Context, resolveTarget } from '../run/context.js';
import { agreeToReset } from '../run/schema/agree-to-reset.js';
import { makeSchema } from '../run/schema/make-schema.js';
import type { MadeSchema } from '../model/schema.js';
import { withTemporarySurvey } from '../run/survey/temporary-survey.js';

/** The init command: makes the target schema. */
export async function runInit(context: Context): Promise<MadeSchema> {
  const { settings, journal } = context;
  // A missing source is reported before any server is started or asked.
  nameSource(settings);
  const { address } = await resolveTarget(context);
  await withTarget(address, { applicationName: 'pgferry look', signal: context.signal }, (client) =>
    agreeToReset(context, client, address.schema),
  );
  return await withTemporarySurvey(context, { address, name: 'init' }, async (survey) => {
    return await withTarget(address, { applicationName: holderName('init'), signal: context.signal }, (client) =>
      withRunLock(client, address.schema, () =>
        journal.phase('init', () =>
          makeSchema({ client, schema: address.schema, settings, survey, needsLedger: false, isAsked: true }),
        ),
      ),
    );
  });
}
