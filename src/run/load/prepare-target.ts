import { CopierError } from '../../model/error.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { lockWaitFor, nameLockHolders } from '../../target/connection/lock-holders.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { detach, listRestoreSteps } from '../../target/constraints/constraints.js';
import { type Detachable, readDetachable } from '../../target/constraints/detachable.js';
import { closedMessage, closeToOthers, openEndedRuns } from '../../target/schema/closed-tables.js';
import { lockForRun } from '../../target/schema/table-locks.js';
import { countTargetRows, findTablesWithRows, readNamedTables } from '../../target/schema/table-rows.js';
import { emptyTables } from '../../target/schema/truncate.js';
import type { TablePlan } from '../../model/plan.js';
import { isReplaced } from '../../plan/rules/seeded.js';
import { refuseStaying } from '../plan/staying-rows.js';
import { isAsLoaded, readLoaded } from '../plan/replaceable.js';
import type { LoadRequest } from './load-request.js';
import { isSmallTable } from './small-tables.js';

/*
 * Prepares the tables before the first chunk, in one transaction that keeps writers out from its first check to its
 * commit: the rows in the tables are checked once more, what slows the load down is detached, the tables whose rows may
 * be replaced are emptied, and all tables are closed to others. So no other session can write between the check and the
 * act, nor after a crash, when all this is done again.
 */

/** True where foreign keys stay in force, so that layers must wait for each other. */
export async function prepareTarget(request: LoadRequest): Promise<boolean> {
  const { plan, context, client, address } = request;
  const names = plan.tables.map((table) => table.target);
  const small = new Set(plan.tables.filter(isSmallTable).map((table) => table.target));
  const detachable = await readDetachable(client, address.schema, names, small);
  for (const { kind, name, table, reason } of detachable.inForce) {
    const what = kind === 'table' ? `what constrains ${table}` : `${kind} ${name} of ${table}`;
    context.journal.note(`${what} stays in force: ${reason}`);
  }
  const staysInForce =
    plan.keepsConstraints || detachable.inForce.some(({ kind }) => kind === 'foreign_key' || kind === 'table');
  if (staysInForce) refuseStaying(plan, 'a load under constraints that stay in force');
  const clear = () => inOneTransaction(request, names, detachable);
  await (plan.keepsConstraints ? clear() : context.journal.phase('detach', clear));
  return staysInForce;
}

async function inOneTransaction(
  request: LoadRequest,
  tables: readonly string[],
  { objects }: Detachable,
): Promise<void> {
  const { client, plan, address, ticket, context, done } = request;
  const { schema } = address;
  const isFirst = done.length === 0 && (await listRestoreSteps(client, ticket.runId)).length === 0;
  try {
    await withTransaction(client, async () => {
      // A statement that waits for a table lock blocks everybody who comes after it. So it gives up soon, and the error
      // names who holds the lock.
      const wait = lockWaitFor(context.settings.stallTimeoutSeconds * 1000);
      await client.query(`SELECT set_config('lock_timeout', $1, true)`, [wait]);
      await lockForRun(client, { schema, tables, mode: 'SHARE ROW EXCLUSIVE' });
      const filled = await findFilled(request);
      await openEndedRuns(client, schema);
      if (isFirst && !plan.keepsConstraints) await detach(client, ticket.runId, objects);
      await emptyTables(
        client,
        filled.map((name) => ({ schema, name, staying: plan.tables.find(({ target }) => target === name)?.staying })),
      );
      const message = closedMessage(ticket.runId, context.settings.keepClosed);
      await closeToOthers(client, { runId: ticket.runId, schema, tables, message });
    });
  } catch (error) {
    throw await nameLockHolders(client, { error, schema, tables, wanted: 'table' });
  }
}

/**
 * The tables to empty now: those that have no chunk yet and hold rows. All of the rows must have been loaded by an
 * earlier run of ours, or be the source's own, or the operator must have said (--truncate-target) that any rows may go. Other rows stop the
 * run: `plan.foreign_rows`.
 */
async function findFilled(request: LoadRequest): Promise<string[]> {
  const { client, plan, address, toEmpty, seeded, context, done } = request;
  const begun = new Set(done.map(({ table }) => table));
  const fresh = plan.tables.filter(({ source }) => !begun.has(source));
  const named = await readNamedTables(
    client,
    address.schema,
    fresh.map(({ target }) => target),
  );
  const withRows = await findTablesWithRows(client, address.schema, named);
  // Rows of partitions that have chunks are also rows of the parent.
  const isLookedAt = (oid: number, isAlone: boolean) => withRows.has(oid) && (done.length === 0 || isAlone);
  const filled = named.filter(({ oid, isAlone }) => isLookedAt(oid, isAlone)).map(({ name }) => name);
  const loaded = await readLoaded(client, address.schema);
  const foreign: string[] = [];
  for (const table of fresh) {
    if (!filled.includes(table.target)) continue;
    // Rows that came since would go with the others, and the operator said that they stay.
    const mayAll = context.settings.truncateTarget || isReplaced(context.settings.tableRules, table.source);
    if (mayAll && table.staying === undefined) continue;
    if (table.staying !== undefined && (await isAsLoaded(client, withoutStaying(table), table.staying.held))) continue;
    const before = loaded.get(table.target);
    const isKnown = async () => {
      const whole = withoutStaying(table);
      return (await isAsLoaded(client, whole, before)) || (await isAsLoaded(client, whole, seeded[table.target]));
    };
    const mayGo = done.length === 0 && toEmpty.includes(table.target) && (await isKnown());
    if (!mayGo) foreign.push(await describeRows(client, address.schema, table.target, before?.rows ?? null));
  }
  if (foreign.length > 0) throw foreignRows(request, foreign);
  return filled;
}

/** The whole table. A crash may have left nothing but the rows that stay. */
function withoutStaying({ staying: _, ...table }: TablePlan): TablePlan {
  return table;
}

async function describeRows(
  client: TargetClient,
  schema: string,
  table: string,
  loaded: number | null,
): Promise<string> {
  const now = countOf(await countTargetRows(client, schema, table), 'row');
  if (loaded === null) return `${table} holds ${now} that no run of ours loaded`;
  return `${table} holds ${now}, which are not the ${loaded} that the run before left there`;
}

function foreignRows({ ticket }: LoadRequest, tables: readonly string[]): CopierError {
  return new CopierError(
    'plan.foreign_rows',
    `rows came into the target since run ${ticket.runId} was planned: ${tables.join('; ')}; nothing was deleted`,
    {
      hint: 'look at these rows; where they are not wanted, run again with --truncate-target, which empties the tables; else give the run up with --fresh, which plans anew',
    },
  );
}
