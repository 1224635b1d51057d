import type { Uncarried } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import { isLeftToSeeds } from '../../plan/rules/seeded.js';
import type { StoredPlan } from '../plan/stored-plan.js';
import { type CarryRequest, type Carrying, sourceTable } from './carrying.js';
import { findUnknownColumns, findUnknownTables } from './unknown-parts.js';

/** The tables that changed and can be read, without what stays behind; and what has no place in SQLite. */
export async function planCarry(
  { context, client, address, changed, leftBehind }: CarryRequest,
  stored: StoredPlan,
  { catalog, quarantines }: Pick<Carrying, 'catalog' | 'quarantines'>,
): Promise<{ readonly planned: readonly TablePlan[]; readonly uncarried: readonly Uncarried[] }> {
  const isSeeded = (table: string) => isLeftToSeeds(context.settings.tableRules, table);
  const uncarried = findUnknownTables(changed, stored.plan.tables, isSeeded).filter(
    ({ table }) => !leftBehind.hasTable(table),
  );
  const planned: TablePlan[] = [];
  for (const plan of stored.plan.tables) {
    const isChanged = changed.some(({ table, rowsNow }) => table === plan.target && rowsNow !== null);
    if (!isChanged || isLeftBehind({ leftBehind }, plan)) continue;
    const own = leftBehind.planOf(plan, quarantines.has(plan.source));
    if ('reason' in own) {
      uncarried.push(own);
      continue;
    }
    const table = { plan: own, source: sourceTable(catalog, plan), stored: stored.schema ?? null };
    const unknown = await findUnknownColumns(client, address.schema, table);
    uncarried.push(...unknown.filter(({ column }) => column === null || !leftBehind.hasColumn(plan.source, column)));
    const isReadable = unknown.every(({ column }) =>
      own.columns.every(({ source }) => column !== null && source !== column),
    );
    if (isReadable) planned.push(own);
  }
  return { planned, uncarried };
}

/** Whether the operator chose to leave a table's rows behind. */
export function isLeftBehind({ leftBehind }: Pick<CarryRequest, 'leftBehind'>, { source, target }: TablePlan): boolean {
  return leftBehind.hasTable(source, target);
}
