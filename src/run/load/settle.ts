import type { SettleJob } from '../../copy/settle-job.js';
import { CopierError } from '../../model/error.js';
import type { KeyPlan, TablePlan } from '../../model/plan.js';
import { type Policy, policyFor } from '../../model/rules.js';
import { quoteIdentifier } from '../../lib/quote.js';
import type { TargetForeignKey, UniqueIndex } from '../../model/target.js';
import { isConversion } from '../../plan/rules/rules.js';
import {
  canSettle,
  deleteDuplicatesSql,
  deleteOrphansSql,
  detachOrphansSql,
} from '../../target/constraints/unsettled.js';
import { totalQuarantined } from '../../pool/tally.js';
import { listChunks } from '../../target/ledger/chunk.js';
import { layoutOf } from './copy-chunks.js';
import type { LoadRequest } from './load-request.js';
import type { SettleCause, Settled } from '../../copy/settle-table.js';

/*
 * After all chunks, before foreign keys are made: rows that cannot stay without others. Rows whose parent is in quarantine
 * go there too, and so on down the foreign keys of the target; where the policy for orphans of the child names set-null or
 * leave-not-valid, they stay. What is in force already (--keep-constraints) needs none of this.
 */

/**
 * Goes through the tables, parents first, and through cycles repeatedly, until nothing is left to take out. Gives the
 * source names of the tables that changed. Calls and awaits `ready` before it changes anything.
 */
export async function settleTables(request: LoadRequest, ready: () => Promise<unknown>): Promise<Set<string>> {
  const { plan } = request;
  const touched = new Set<string>();
  if (plan.keepsConstraints) return touched;
  const lossy = await findLossy(request);
  const inCycle = plan.cycles.flat();
  let isReady = false;
  for (let pending: readonly TablePlan[] = plan.tables; pending.length > 0; ) {
    const removedFrom = new Set<string>();
    for (const table of pending) {
      const causes = causesOf(table, lossy);
      if (Object.values(causes).every(({ length }) => length === 0)) continue;
      if (!isReady) await ready();
      isReady = true;
      const settled = await settleOne(request, table, causes);
      warnSettled(request, table, settled);
      if (settled.removed + settled.changed > 0) touched.add(table.source);
      if (settled.removed === 0) continue;
      lossy.add(table.target);
      removedFrom.add(table.source);
    }
    const isAgain = inCycle.some((name) => removedFrom.has(name));
    pending = isAgain ? plan.tables.filter(({ source }) => inCycle.includes(source)) : [];
  }
  return touched;
}

/** Target names of the tables that have rows in quarantine. */
async function findLossy({ plan, client, ticket }: LoadRequest): Promise<Set<string>> {
  const chunks = await listChunks(client, ticket.runId);
  const isLossy = (source: string) => totalQuarantined(chunks.filter(({ table }) => table === source)) > 0;
  return new Set(plan.tables.filter(({ source }) => isLossy(source)).map(({ target }) => target));
}

function warnSettled({ context }: LoadRequest, { source }: TablePlan, { removed, changed }: Settled): void {
  const where = 'after the last chunk';
  if (removed > 0) context.journal.warn(`${source}: rows taken into quarantine ${where}: ${removed}`);
  if (changed > 0) context.journal.warn(`${source}: references set to NULL ${where}: ${changed}`);
}

/**
 * Runs one job per cause, one after another, since a row may have several causes: each job finds the rows as the one
 * before left them. Rows with equal unique keys are identified by all their columns, since their key may be what is
 * equal.
 */
async function settleOne(
  request: LoadRequest,
  table: TablePlan,
  { duplicates, orphans, detached }: Causes,
): Promise<Settled> {
  let [removed, changed] = [0, 0];
  for (const { causes, identity } of [
    { causes: duplicates, identity: wholeRow(table) },
    { causes: orphans, identity: table.key },
    ...detached.map((cause) => ({ causes: [cause], identity: table.key })),
  ]) {
    if (causes.length === 0) continue;
    const settled = await runJob(request, table, { causes, identity });
    removed += settled.removed;
    changed += settled.changed;
  }
  return { removed, changed };
}

async function runJob(
  { threads, snapshot, catalog, ticket, context }: LoadRequest,
  planned: TablePlan,
  { causes, identity }: { readonly causes: readonly SettleCause[]; readonly identity: KeyPlan },
): Promise<Settled> {
  const { chunks, ...table } = planned;
  if (!canSettle(planned)) throw noKey(planned, causes);
  const { nullSentinel, allowSentinel, blockBytes } = context.settings;
  const job: SettleJob = {
    ...ticket,
    snapshotPath: snapshot.path,
    table,
    layout: table.reader === 'pages' ? layoutOf(table.source, catalog) : null,
    chunks,
    causes,
    identity,
    sentinel: nullSentinel,
    allowSentinel,
    blockBytes,
  };
  return await threads.run('settle', job);
}

function noKey({ source }: TablePlan, causes: readonly SettleCause[]): CopierError {
  const reason = causes[0]?.reason ?? '';
  return new CopierError(
    'data.unsettled',
    `table ${source}: rows may have to go (${reason}), but its key is jsonb or of a type without a hash`,
    {
      hint: 'give the table a plain key, or correct these rows in the source',
      table: source,
    },
  );
}

interface Causes {
  readonly duplicates: readonly SettleCause[];
  readonly orphans: readonly SettleCause[];
  /** Causes whose rows stay and lose their reference. */
  readonly detached: readonly SettleCause[];
}

function causesOf(table: TablePlan, lossy: ReadonlySet<string>): Causes {
  const { policies = {}, foreignKeys = [] } = table;
  const duplicates = policyFor(policies, 'duplicate_key') === 'quarantine' ? uniqueOf(table) : [];
  const orphan = policyFor(policies, 'orphan');
  const causes = foreignKeys
    .filter(({ parentTable }) => orphan !== 'fail' || lossy.has(parentTable))
    .flatMap((key) => orphanCause(table, key, orphan));
  return {
    duplicates: duplicates.flatMap((unique) => duplicateCause(table, unique)),
    orphans: causes.filter(({ rule }) => rule === 'quarantine'),
    detached: causes.filter(({ rule }) => rule === 'set-null'),
  };
}

/** A key of every column that has a hash, so that it identifies the row by its whole content. */
function wholeRow({ columns }: TablePlan): KeyPlan {
  const hashed = [...columns.keys()].filter((index) => {
    const tag = columns[index]?.kind.tag;
    return tag !== 'jsonb' && tag !== 'literal';
  });
  return { origin: 'none', columns: hashed };
}

/** All unique keys of the target, whole ones first. */
function uniqueOf({ uniqueKeys = [], uniqueIndexes = [] }: TablePlan): Omit<UniqueIndex, 'name'>[] {
  const whole = uniqueKeys.map((columns) => ({ columns, terms: columns.map(quoteIdentifier), where: null }));
  return [...whole, ...uniqueIndexes];
}

function duplicateCause(table: TablePlan, unique: Omit<UniqueIndex, 'name'>): SettleCause[] {
  const columns = indexesOf(table, unique.columns);
  if (columns === null || isOwnKey(table, columns)) return [];
  return [
    {
      sql: deleteDuplicatesSql(table, { unique, identity: wholeRow(table) }),
      isRepeated: false,
      hazard: 'duplicate_key',
      rule: 'quarantine',
      columns,
      reason: `for PostgreSQL equal to a row before it under the unique key (${unique.terms.join(', ')})${unique.where === null ? '' : ` where ${unique.where}`}`,
    },
  ];
}

/**
 * Whether the unique key is the table's own key, of kinds that both databases compare in the same way: it has no
 * duplicates then.
 */
function isOwnKey({ key, columns }: TablePlan, unique: readonly number[]): boolean {
  const isSame = key.origin !== 'none' && key.columns.every((index) => unique.includes(index));
  return isSame && unique.every((index) => ['int2', 'int4', 'int8', 'bytea'].includes(columns[index]?.kind.tag ?? ''));
}

function orphanCause(table: TablePlan, key: TargetForeignKey, policy: Policy): SettleCause[] {
  if (isConversion(policy, 'leave-not-valid')) return [];
  const columns = indexesOf(table, key.columns) ?? [];
  const nullable = columns.filter((index) => table.columns[index]?.notNull !== true);
  const isFull = key.isMatchFull === true;
  const reason = `(${key.columns.join(', ')}) refers to a row of ${key.parentTable} that is not there${isFull ? ', or is NULL in part' : ''}`;
  if (isConversion(policy, 'set-null')) {
    if (nullable.length === 0 || (isFull && nullable.length < columns.length)) throw notNullable(table, key);
    const names = nullable.map((index) => table.columns[index]?.target ?? '');
    const sql = detachOrphansSql(table, key, names);
    return [{ sql, isRepeated: false, hazard: 'orphan', rule: 'set-null', columns: nullable, reason }];
  }
  const isRepeated = key.parentTable === table.target;
  return [{ sql: deleteOrphansSql(table, key), isRepeated, hazard: 'orphan', rule: 'quarantine', columns, reason }];
}

function notNullable({ source }: TablePlan, { name, columns }: TargetForeignKey): CopierError {
  return new CopierError(
    'data.orphan',
    `table ${source}: set-null is named for orphans, but ${columns.join(', ')} of ${name} takes no NULL`,
    {
      hint: 'name quarantine or leave-not-valid for the hazard orphan of this table',
      table: source,
    },
  );
}

/** Indexes of the plan's columns by their target names. Null where one of the columns is not copied. */
function indexesOf({ columns }: TablePlan, names: readonly string[]): number[] | null {
  const indexes = names.map((name) => columns.findIndex(({ target }) => target === name));
  return indexes.includes(-1) ? null : indexes;
}
