import { foldCase } from '../lib/fold-case.js';
import type { ColumnCensus } from '../model/census.js';
import type { EpochUnit } from '../model/kind.js';
import type { Rules } from '../model/rules.js';
import type { SourceColumn, SourceTable } from '../model/source.js';
import { habitRulesOf } from '../plan/rules/habits.js';
import { columnRulesOf } from '../plan/rules/rules.js';
import type { TypeQuestion } from './type-map.js';

/** What decides the type of a column, from its table, the count of its values and what the operator says. */
export function typeQuestion(
  table: SourceTable,
  column: SourceColumn,
  known: { readonly census: ColumnCensus; readonly rules: Rules; readonly mark: EpochUnit | null },
): TypeQuestion {
  const { census, rules, mark } = known;
  const indexed = [
    ...table.primaryKey,
    ...table.indexes.flatMap((index) => index.columns.map((one) => one.column ?? '')),
  ];
  return {
    table: table.name,
    column,
    census,
    isIndexed: indexed.some((name) => foldCase(name) === foldCase(column.name)),
    isIdentity: column.name === table.rowidAlias,
    unit: columnRulesOf(rules, table.name, column.name).unit ?? habitRulesOf(rules, column).unit ?? null,
    mark,
  };
}
