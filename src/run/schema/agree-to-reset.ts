import { interruption } from '../../lib/interruption.js';
import { CopierError } from '../../model/error.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { listResetObjects } from '../../target/schema/reset.js';
import type { Context } from '../context.js';
import { findStoredSchema } from '../plan/schema-check.js';
import { describeObject } from './reset.js';

/**
 * Where the schema is to be dropped and holds something: lists what goes, first what no run of ours made, and asks. Called
 * before the source is read, so that nobody is waited for in the midst of a run. Throws `plan.reset_not_agreed`.
 */
export async function agreeToReset(
  { settings, ask, signal }: Pick<Context, 'settings' | 'ask' | 'signal'>,
  client: TargetClient,
  schema: string,
): Promise<void> {
  if (!settings.resetSchema || settings.yes) return;
  const objects = await listResetObjects(client, schema);
  if (objects.length === 0) return;
  // A schema that an earlier run translated was empty before, so that all tables of then are ours.
  const earlier = await findStoredSchema(client, schema);
  const ours = new Set(earlier?.isTranslated === true ? earlier.objects.map(({ table }) => table) : []);
  const isOurs = ({ name, isOutside }: (typeof objects)[number]) => !isOutside && ours.has(name);
  const others = objects.filter((object) => !isOurs(object)).map(describeObject);
  const made = objects.filter(isOurs).map(describeObject);
  const count = countOf(objects.length, 'thing');
  if (ask === null) {
    const message = `--reset-schema would drop ${count} of schema ${schema}: ${[...others, ...made].join(', ')}; nobody agreed, and nothing was dropped`;
    throw new CopierError('plan.reset_not_agreed', message, {
      hint: 'if all of it may go, run the same once more with --yes (RESET_AGREED=1), or on a terminal, which asks',
    });
  }
  const lines = [
    ...(others.length === 0 ? [] : ['No run of pgferry made these, and --reset-schema drops them:', ...indent(others)]),
    ...(made.length === 0 ? [] : ['An earlier run made these, and --reset-schema drops them:', ...indent(made)]),
  ];
  if (await ask(lines, `Drop ${count} of schema ${schema}?`)) return;
  if (signal.aborted) throw interruption(signal);
  throw new CopierError('plan.reset_not_agreed', `the answer was no: nothing of schema ${schema} was dropped`, {
    hint: 'to fill the tables that are there: --truncate-target; for another schema: ?schema= in the url of the target',
  });
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
