import type { CellLikes } from '../../jobs/carry/column-cells.js';
import { isSameName } from '../../lib/fold-case.js';
import type { TablePlan } from '../../model/plan.js';
import type { Settings } from '../../model/settings.js';

/** What the operator's rules say about the form of a table's cells on the way back. */
export function likesOf(
  rules: Settings['tableRules'],
  { source, columns }: Pick<TablePlan, 'source' | 'columns'>,
): CellLikes {
  const [, own] = Object.entries(rules).find(([name]) => isSameName(name, source)) ?? [];
  const said = Object.entries(own?.columns ?? {}).flatMap(([name, { rollbackLike }]) => {
    const column = columns.find((one) => isSameName(one.source, name));
    return column === undefined || rollbackLike === undefined ? [] : [[column.source, rollbackLike] as const];
  });
  return Object.fromEntries(said);
}
