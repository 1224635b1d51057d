import type { SettleJob } from '../../workers/settle.js';
import { CopierError } from '../errors.js';
import type { KeyPlan, Policy, TablePlan, TargetForeignKey } from '../model.js';
import { isConversion, policyFor } from '../plan/rules.js';
import { canSettle, deleteDuplicatesSql, deleteOrphansSql, detachOrphansSql } from '../target/unsettled.js';
import { totalQuarantined } from '../pool/tally.js';
import { listChunks } from '../target/chunk.js';
import { hasPolicies } from './careful-chunk.js';
import { layoutOf } from './copy-chunks.js';
import type { LoadRequest } from './load.js';
import type { SettleCause, Settled } from './settle-table.js';

/*
 * After all chunks, before proof and constraints: rows that cannot stay without others. Rows whose parent is in quarantine
 * go there too, and so on down the foreign keys of the target; where the policy for orphans of the child names set-null or
 * leave-not-valid, they stay. What is in force already (--keep-constraints) needs none of this.
 */

/** Whether rows may have to be taken out once all are there. */
export function mayUnsettle({ plan }: Pick<LoadRequest, 'plan'>): boolean {
  return plan.tables.some(hasPolicies);
}

/** Goes through the tables, parents first, and again through cycles, until nothing is left to take out. */
export async function settleTables(request: LoadRequest): Promise<void> {
  const { plan, client, ticket, context } = request;
  if (plan.keepsConstraints) return;
  const chunks = await listChunks(client, ticket.runId);
  const lossy = new Set(
    plan.tables
      .filter(({ source }) => totalQuarantined(chunks.filter(({ table }) => table === source)) > 0)
      .map(({ target }) => target),
  );
  const inCycle = new Set(plan.cycles.flat());
  for (let pending = plan.tables; pending.length > 0; ) {
    const touched: TablePlan[] = [];
    for (const table of pending) {
      const { removed, changed } = await settleOne(request, table, causesOf(table, lossy));
      if (removed > 0) {
        lossy.add(table.target);
        touched.push(table);
      }
      const where = 'after the last chunk';
      if (removed > 0) context.journal.warn(`${table.source}: rows taken into quarantine ${where}: ${removed}`);
      if (changed > 0) context.journal.warn(`${table.source}: references set to NULL ${where}: ${changed}`);
    }
    pending = touched.some(({ source }) => inCycle.has(source))
      ? plan.tables.filter(({ source }) => inCycle.has(source))
      : [];
  }
}

/**
 * One job after another, since a row may have several reasons: each finds the rows as the one before has left them. Rows
 * that the target holds for equal are told apart by all their columns; their key may be what is equal.
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
  return await threads.run<Settled>('settle', job);
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
  /** Whose rows stay, without the reference. */
  readonly detached: readonly SettleCause[];
}

function causesOf(table: TablePlan, lossy: ReadonlySet<string>): Causes {
  const { policies = {}, foreignKeys = [], uniqueKeys = [] } = table;
  const duplicates = policyFor(policies, 'duplicate_key') === 'quarantine' ? uniqueKeys : [];
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

/** Every column that has a hash, as the key. */
function wholeRow({ columns }: TablePlan): KeyPlan {
  const hashed = [...columns.keys()].filter((index) => {
    const tag = columns[index]?.kind.tag;
    return tag !== 'jsonb' && tag !== 'literal';
  });
  return { origin: 'none', columns: hashed };
}

function duplicateCause(table: TablePlan, unique: readonly string[]): SettleCause[] {
  const columns = indexesOf(table, unique);
  if (columns === null) return [];
  return [
    {
      sql: deleteDuplicatesSql(table, { unique, identity: wholeRow(table) }),
      isRepeated: false,
      hazard: 'duplicate_key',
      rule: 'quarantine',
      columns,
      reason: `for PostgreSQL equal to a row before it under the unique key (${unique.join(', ')})`,
    },
  ];
}

function orphanCause(table: TablePlan, key: TargetForeignKey, policy: Policy): SettleCause[] {
  if (isConversion(policy, 'leave-not-valid')) return [];
  const columns = indexesOf(table, key.columns) ?? [];
  const nullable = columns.filter((index) => table.columns[index]?.notNull !== true);
  const reason = `(${key.columns.join(', ')}) refers to a row of ${key.parentTable} that is not there`;
  if (isConversion(policy, 'set-null')) {
    if (nullable.length === 0) throw notNullable(table, key);
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

/** Indexes of the plan's columns by their target names; null where one is not copied. */
function indexesOf({ columns }: TablePlan, names: readonly string[]): number[] | null {
  const indexes = names.map((name) => columns.findIndex(({ target }) => target === name));
  return indexes.includes(-1) ? null : indexes;
}
