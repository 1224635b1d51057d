import type { CutoverFacts } from '../../../model/cutover.js';
import { toWire } from '../../../model/error.js';
import type { Context } from '../../../run/context.js';
import { readPlan } from '../../../run/plan/stored-plan.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { dropJournal, makeJournal } from '../../../target/reverse/journal.js';
import { measurePrice } from '../../../target/reverse/price.js';
import { listTables } from '../../../target/schema/closing.js';
import type { CutoverSession } from '../cutover-session.js';

/**
 * Notes what changes from the commit of `holder` on, where that is asked for. The caller holds the locks of the switch. What
 * is noted with the facts is of no use where that commit never comes: the marks say so.
 */
export async function keepJournal(
  { context: { journal: log }, client, address }: CutoverSession,
  holder: TargetClient,
  { runId, isWanted }: { readonly runId: string; readonly isWanted: boolean },
): Promise<Pick<CutoverFacts, 'journal'>> {
  if (!isWanted) return {};
  const plan = await readPlan(client, runId);
  const journal = await makeJournal(holder, address.schema, plan.tables);
  const noted = new Set(journal.map(({ table }) => table));
  const others = (await listTables(holder, address.schema)).filter((table) => !noted.has(table));
  if (others.length > 0)
    log.warn(`no reverse journal for ${others.join(', ')}: a rollback would compare all rows of it`);
  return { journal };
}

/** Ends the journal of the schema; what cannot be removed does no harm to the application, and is only reported. */
export async function endJournal(
  { journal: log }: Pick<Context, 'journal'>,
  client: TargetClient,
  schema: string,
): Promise<void> {
  try {
    await dropJournal(client, schema);
  } catch (error) {
    log.warn(
      `the reverse journal could not be removed: ${toWire(error).message}; run \`pgferry settle-cutover\` once the application is at rest`,
    );
  }
}

/** Few, since they are measured while somebody waits for the command; the medians of many statements say enough. */
const priceRounds = 3;

/** Says what the journal would cost on this server, measured there and then. */
export async function sayPrice({ journal: log }: Pick<Context, 'journal'>, client: TargetClient): Promise<void> {
  const { oneRow, thousandRows } = await measurePrice(client, priceRounds);
  const said = ({ without, with: noted }: { readonly without: number; readonly with: number }) =>
    `${without.toFixed(2)} ms without, ${noted.toFixed(2)} ms with (${noted < without ? 'no difference' : `+${Math.round((noted / without - 1) * 100)} %`})`;
  log.note(
    `the reverse journal, measured on this server: an insert of one row ${said(oneRow)}, of 1000 rows ${said(thousandRows)}`,
  );
}
