import { CopierError, must } from '../../model/error.js';
import type { RoundChange } from '../../model/follow.js';
import type { TargetClient } from '../connection/client.js';
import type { DetachableObject } from '../constraints/detachable-object.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteTable } from '../../lib/quote.js';
import {
  type BrokenConstraint,
  deferForeignKeys,
  readRoundForeignKeys,
  refuseActions,
  type RoundForeignKey,
  settleForeignKeys,
} from './foreign-keys.js';
import { type QuietTables, quietTables, wakeTables } from './quiet-tables.js';
import {
  countChangesSql,
  deleteSql,
  heldRowsSql,
  insertSql,
  isKeyed,
  type RoundTablePlan,
  type StagedTable,
  updateSql,
} from './round-sql.js';
import { type Lifted, liftForeignKey, liftIndex, putBack } from './lifted.js';

/*
 * Brings staged changes into their tables, in the caller's transaction and as whole sets:
 *   deletes  in tables that nothing refers to, which frees their unique values
 *   updates  children first, so that no row refers any more to one that will be deleted
 *   deletes  in the other tables, children first
 *   inserts  parents first
 *   after    foreign keys are checked
 * A row is deleted or updated only where the target holds it byte for byte as it was before; where one is not, somebody
 * else has written, and nothing stays. `checkHeld` then checks that the target holds every new row, byte for byte.
 * Indexes are in force all the time. Where values of a unique index move between rows, everything is rolled back to the
 * beginning and done again without that index, which is built again at the end of the same transaction. In the same way a
 * foreign key is taken away that rows without their parent stand against, where these may stay, and comes back NOT VALID.
 */

/** Rows that were changed in one table, by its name in the source. */
export type AppliedChange = Pick<RoundChange, 'table'> & Counts;

const changeNames = ['deleted', 'updated', 'inserted'] as const;
type Counts = Record<(typeof changeNames)[number], number>;

export interface OpenForeignKey {
  readonly kind: 'foreign_key';
  readonly table: string;
  readonly name: string;
}

export interface AppliedRound {
  readonly changes: readonly AppliedChange[];
  /** Foreign keys that rows without their parent stand against; they are NOT VALID now. */
  readonly leftOpen: readonly OpenForeignKey[];
}

/**
 * `staged` in the order of their layers, parents first; `mayHoldOrphans` the target names of the tables whose rows may
 * stay without the rows that they refer to.
 */
export async function applyRound(
  client: TargetClient,
  schema: string,
  staged: readonly StagedTable[],
  mayHoldOrphans: ReadonlySet<string>,
): Promise<AppliedRound> {
  if (staged.length === 0) return { changes: [], leftOpen: [] };
  const tables = staged.map(({ table }) => table);
  const names = tables.map(({ target }) => target);
  await keepWritersOut(client, schema, tables);
  const keys = await readRoundForeignKeys(client, schema, names);
  const quiet = await quietTables(client, schema, tables);
  await deferForeignKeys(client, keys);
  const lifted: Lifted[] = [];
  const changes = await changeTables(client, { schema, staged, keys, quiet, mayHoldOrphans, lifted });
  for (const one of lifted) await putBack(client, one);
  // What was lifted comes back as it was then: deferred.
  await settleForeignKeys(
    client,
    keys.filter((key) => isLifted(lifted, key)),
  );
  await wakeTables(client, quiet);
  const leftOpen = lifted.flatMap(({ objects: [object] }) => (object === undefined ? [] : openKey(object)));
  return { changes, leftOpen };
}

/** Keeps other writers out until the transaction ends; readers continue. */
export async function keepWritersOut(
  client: TargetClient,
  schema: string,
  tables: readonly RoundTablePlan[],
): Promise<void> {
  for (const name of tables.map(({ target }) => target).sort())
    await client.run(`LOCK TABLE ${quoteTable(schema, name)} IN SHARE ROW EXCLUSIVE MODE`, [], { table: name });
}

function openKey({ kind, table, name }: DetachableObject): OpenForeignKey[] {
  return kind === 'foreign_key' ? [{ kind, table, name }] : [];
}

interface Work {
  readonly schema: string;
  readonly staged: readonly StagedTable[];
  readonly keys: readonly RoundForeignKey[];
  readonly quiet: QuietTables;
  readonly mayHoldOrphans: ReadonlySet<string>;
  /** Grows with each index and foreign key that prevented a change. */
  readonly lifted: Lifted[];
}

/** Each index or foreign key can prevent a change only once, so the loop ends. */
async function changeTables(client: TargetClient, work: Work): Promise<AppliedChange[]> {
  for (;;) {
    const keys = work.keys.filter((key) => !isLifted(work.lifted, key));
    try {
      return await withTransaction(client, async () => {
        const changes = await changeOnce(client, { ...work, keys });
        await settleForeignKeys(client, keys);
        return changes;
      });
    } catch (error) {
      const lifted = await liftFor(client, work, error);
      if (lifted === null) throw asOrphan(error);
      work.lifted.push(lifted);
    }
  }
}

/** A foreign key that the server found broken, in the words that a load has for it. */
function asOrphan(error: unknown): unknown {
  if (!(error instanceof CopierError) || error.foreignCode !== '23503') return error;
  const { table = error.table ?? '' } = (error.cause ?? {}) as Partial<BrokenConstraint>;
  return new CopierError('data.orphan', `${table}: ${error.message}`, {
    table,
    key: error.key,
    hint: 'mend the row in the source, or load anew with the policy leave-not-valid for orphans of this table',
    cause: error,
  });
}

async function liftFor(
  client: TargetClient,
  { schema, lifted, mayHoldOrphans }: Work,
  error: unknown,
): Promise<Lifted | null> {
  if (!(error instanceof CopierError)) return null;
  const { schema: of = schema, table, constraint: name } = (error.cause ?? {}) as Partial<BrokenConstraint>;
  if (name === undefined || table === undefined || of !== schema) return null;
  if (lifted.some(({ objects }) => objects.some((object) => object.name === name && object.table === table)))
    return null;
  if (error.foreignCode === '23505') return await liftIndex(client, { schema, table, name });
  const isOrphan = error.foreignCode === '23503' || error.code === 'data.orphan';
  return isOrphan && mayHoldOrphans.has(table) ? await liftForeignKey(client, { schema, table, name }) : null;
}

async function changeOnce(client: TargetClient, { staged, keys, quiet }: Work): Promise<AppliedChange[]> {
  const childrenFirst = [...staged].reverse();
  const isReferred = ({ table }: StagedTable) =>
    keys.some(({ parentSchema, parentTable }) => parentSchema === table.targetSchema && parentTable === table.target);
  const counts = new Map(staged.map((one) => [one, { deleted: 0, updated: 0, inserted: 0 }]));
  const countOf = (one: StagedTable) => must(counts.get(one), 'counts');
  for (const one of staged.filter((table) => !isReferred(table)))
    countOf(one).deleted = await runCounted(client, one, deleteSql(one));
  for (const one of childrenFirst) {
    const sql = updateSql(one, quiet.fixed.get(one.table.target) ?? new Set());
    if (sql === null || one.rows.old === 0 || one.rows.now === 0) continue;
    await refuseActions(client, one, { change: 'update', keys, staged });
    countOf(one).updated = await runCounted(client, one, sql);
  }
  for (const one of childrenFirst.filter(isReferred)) {
    if (one.rows.old === 0) continue;
    await refuseActions(client, one, { change: 'delete', keys, staged });
    countOf(one).deleted = await runCounted(client, one, deleteSql(one));
  }
  for (const one of staged) if (one.rows.now > 0) countOf(one).inserted = await runCounted(client, one, insertSql(one));
  for (const one of staged) await checkCounts(client, one, countOf(one));
  return staged.map((one) => ({ table: one.table.source, ...countOf(one) }));
}

async function runCounted(client: TargetClient, { table }: StagedTable, sql: string): Promise<number> {
  const { rowCount } = await client.run(sql, [], { table: table.target, doing: `change rows of ${table.target}` });
  return rowCount ?? 0;
}

/** Checks that every row that is gone was deleted, every other one updated, and every new one inserted. */
async function checkCounts(client: TargetClient, staged: StagedTable, done: Counts): Promise<void> {
  const expected = isKeyed(staged.table)
    ? await readCounts(client, staged)
    : { deleted: staged.rows.old, updated: 0, inserted: staged.rows.now };
  if (changeNames.every((name) => done[name] === expected[name])) return;
  const parts = changeNames.map((name) => `${done[name]} of ${expected[name]} rows could be ${name}`);
  throw changedElsewhere(staged, `does not hold the rows as they were: ${parts.join(', ')}`);
}

async function readCounts(client: TargetClient, staged: StagedTable): Promise<Counts> {
  const [row] = await client.query<Record<keyof Counts, string>>(countChangesSql(staged));
  const { deleted, updated, inserted } = must(row, 'counts');
  return { deleted: Number(deleted), updated: Number(updated), inserted: Number(inserted) };
}

/** Checks that the target holds every newer row of a keyed table byte for byte. Error: `data.round_differs`. */
export async function checkHeld(client: TargetClient, staged: StagedTable): Promise<void> {
  if (!isKeyed(staged.table) || staged.rows.now === 0) return;
  const sql = `SELECT count(*)::text AS rows FROM ${heldRowsSql(staged)}`;
  const [row] = await client.query<{ rows: string }>(sql, [], { table: staged.table.target });
  refuseMissing(staged, Number(must(row, 'count').rows));
}

/** Throws `data.round_differs` where the target holds fewer of the newer rows than were staged. */
export function refuseMissing({ table, rows }: StagedTable, held: number): void {
  if (held === rows.now) return;
  throw new CopierError(
    'data.round_differs',
    `${table.source}: of ${rows.now} rows that the round brought the target holds ${held}; the round was rolled back`,
    {
      table: table.source,
      hint: 'a trigger or rule on the target may change rows: see what it does, then run again; pgferry verify names rows',
    },
  );
}

function changedElsewhere({ table }: StagedTable, what: string): CopierError {
  return new CopierError('data.target_changed', `${table.target} ${what}; the round was rolled back`, {
    table: table.source,
    hint: 'somebody else wrote into the target: `pgferry repair` carries the rows over again that differ',
  });
}

function isLifted(lifted: readonly Lifted[], key: RoundForeignKey): boolean {
  return lifted.some(({ objects }) =>
    objects.some(
      ({ kind, schema, table, name }) =>
        kind === 'foreign_key' && schema === key.schema && table === key.table && name === key.name,
    ),
  );
}
