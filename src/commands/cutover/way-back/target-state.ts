import type { CutoverFacts, TableDigest } from '../../../model/cutover.js';
import { must } from '../../../model/error.js';
import type { TargetAddress } from '../../../model/target.js';
import { findDiffering } from '../../../run/carry/carry-writes.js';
import { LeftBehind } from '../../../run/carry/left-behind.js';
import { readPlan } from '../../../run/plan/stored-plan.js';
import type { Context } from '../../../run/context.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { digestTable, digestVersions } from '../../../target/fingerprint/digest.js';
import { readNotes } from '../../../target/reverse/journal.js';
import { listTables } from '../../../target/schema/closing.js';
import { wayOfWrites } from '../carry-back.js';
import { findWritten, type WrittenTable } from '../target-writes.js';

/** What the target holds now, by table, and what of it was written since the switch. */
export interface TargetState {
  /** Equal digests, equal rows. Of a table with a journal it is the digest of the switch with the number of notes since. */
  readonly digests: readonly TableDigest[];
  readonly written: readonly WrittenTable[];
  /** Tables of which the journal names every row that changed. */
  readonly noted: ReadonlySet<string>;
  /** Tables that had a journal at the switch, and have none that is whole. */
  readonly unnoted: readonly string[];
}

export interface StateOptions {
  /** Tables whose rows are compared anyway where their versions changed: no value of these is read. */
  readonly compared?: ReadonlySet<string>;
  /** Is told before each table how many are done. */
  readonly onTable?: (done: number, total: number) => void;
}

/** Reads the journal where it names every row that changed, and every row of the other tables. */
export async function readTargetState(
  client: TargetClient,
  schema: string,
  { digests: whole, live, journal = [] }: Pick<CutoverFacts, 'digests' | 'live' | 'journal'>,
  { compared = new Set(), onTable = () => {} }: StateOptions = {},
): Promise<TargetState> {
  const before = whole.length > 0 ? whole : (live?.others ?? []);
  const notes = await readNotes(client, schema, journal);
  const digests: TableDigest[] = [];
  const written: WrittenTable[] = [];
  const tables = await listTables(client, schema);
  for (const [done, table] of tables.entries()) {
    onTable(done, tables.length);
    const own = notes.get(table);
    const known = before.find((one) => one.table === table);
    if (own === undefined || own.isWhole) {
      digests.push(await digestSince(client, schema, { table, before: known, isCompared: compared.has(table) }));
      continue;
    }
    const then = known ?? { table, rows: 0, sum: 'at the switch' };
    const { count } = own;
    digests.push(count === 0 ? then : { table, rows: then.rows + count, sum: `${then.sum} and ${count} notes` });
    const { relations } = must(
      journal.find((one) => one.table === table),
      'journal of a table',
    );
    if (count > 0) written.push({ table, rowsBefore: then.rows, rowsNow: then.rows, noted: { relations, count } });
  }
  onTable(tables.length, tables.length);
  const noted = new Set([...notes].flatMap(([table, { isWhole }]) => (isWhole ? [] : [table])));
  const unread = (list: readonly TableDigest[]) => list.filter(({ table }) => !noted.has(table));
  written.push(...findWritten(unread(before), unread(digests)));
  const unnoted = journal.map(({ table }) => table).filter((table) => !notes.has(table));
  return { digests, written: written.sort((a, b) => (a.table < b.table ? -1 : 1)), noted, unnoted };
}

/** The digest of a table: the one of the switch where its versions say that nobody wrote to it. */
async function digestSince(
  client: TargetClient,
  schema: string,
  one: { readonly table: string; readonly before: TableDigest | undefined; readonly isCompared: boolean },
): Promise<TableDigest> {
  const { table, before, isCompared } = one;
  const byVersions = before === undefined ? null : await digestVersions(client, schema, before);
  if (byVersions !== null && (byVersions === before || isCompared)) return byVersions;
  return await digestTable(client, schema, table);
}

/** The tables that are compared with the snapshot wherever they changed, value by value. */
async function comparedTables(
  { settings }: Context,
  client: TargetClient,
  runId: string,
): Promise<ReadonlySet<string>> {
  if (wayOfWrites(settings) !== 'carry') return new Set();
  const leftBehind = new LeftBehind(settings.leaveBehind);
  const plan = await readPlan(client, runId);
  return new Set(plan.tables.filter((table) => !leftBehind.touches(table)).map(({ target }) => target));
}

/**
 * The same, with what it is worth to say. Where nobody digested the target at the switch, as after a live cutover that was
 * killed before its proof, the tables without a journal are compared with the snapshot.
 */
export async function readWritten(
  context: Context,
  client: TargetClient,
  request: {
    readonly address: TargetAddress;
    readonly facts: CutoverFacts;
    readonly snapshotPath: string;
    readonly onTable?: (done: number, total: number) => void;
  },
): Promise<TargetState> {
  const { address, facts, snapshotPath } = request;
  const compared = await comparedTables(context, client, facts.runId);
  const state = await readTargetState(client, address.schema, facts, { ...request, compared });
  if (state.unnoted.length > 0) {
    context.journal.warn(
      `all rows of ${state.unnoted.join(', ')} are compared, since the journal does not say for certain what changed there: its triggers were touched, or the table was rewritten or changed its columns`,
    );
  }
  if (facts.digests.length > 0) return state;
  const plan = await readPlan(client, facts.runId);
  const isPlanned = (table: string) => plan.tables.some(({ target }) => target === table);
  const unread = plan.tables.filter(({ target }) => !state.noted.has(target));
  const differing = await findDiffering(context, client, { address, snapshotPath, tables: unread });
  const found = differing.map(({ target, rows }): WrittenTable => {
    const now = state.digests.find(({ table }) => table === target);
    return { table: target, rowsBefore: rows, rowsNow: now?.rows ?? null };
  });
  const others = state.written.filter(({ table, noted }) => noted !== undefined || !isPlanned(table));
  return { ...state, written: [...found, ...others].sort((a, b) => (a.table < b.table ? -1 : 1)) };
}
