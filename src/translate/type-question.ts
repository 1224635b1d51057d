import { foldCase, isSameName } from '../lib/fold-case.js';
import type { ColumnCensus } from '../model/census.js';
import type { Rules } from '../model/rules.js';
import type { SourceColumn, SourceIndex, SourceTable } from '../model/source.js';
import { habitRulesOf } from '../plan/rules/habits.js';
import { columnRulesOf } from '../plan/rules/rules.js';
import { type ExpressionToken, readExpressionTokens } from './expression/sql-tokens.js';
import { columnId, type SourceMarks } from './source-marks.js';
import { isFolded } from './table/index-sql.js';
import { jsonCheckedColumn } from './expression/column-check.js';
import { readTableSql } from './table/table-sql.js';
import type { TypeHints, TypeQuestion } from './pg-type.js';

/** What decides the type of a column, from its table, the count of its values and what the operator says. */
export function typeQuestion(
  table: SourceTable,
  column: SourceColumn,
  known: { readonly census: ColumnCensus; readonly rules: Rules; readonly marks: SourceMarks },
): TypeQuestion {
  const { census, rules, marks } = known;
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
    mark: marks.epoch,
    framework: marks.framework,
    ...hintsWhereNeeded(table, column, marks),
  };
}

function hintsWhereNeeded(table: SourceTable, column: SourceColumn, marks: SourceMarks): Pick<TypeQuestion, 'hints'> {
  const refersToInteger = refersTo(table, column, marks.integerKeys);
  return refersToInteger || needsHints(table, column) ? { hints: { ...hintsOf(table, column), refersToInteger } } : {};
}

/** Whether a foreign key binds the column, of another affinity itself, to a column of whole numbers. */
function refersTo(table: SourceTable, { name, affinity }: SourceColumn, integerKeys: ReadonlySet<string>): boolean {
  if (affinity === 'integer') return false;
  return table.foreignKeys.some(({ columns, parentTable, parentColumns }) =>
    columns.some((one, at) => isSameName(one, name) && integerKeys.has(columnId(parentTable, parentColumns[at] ?? ''))),
  );
}

/** Declarations that can mean more than they name. The text of the table is read for these only. */
function needsHints({ sql }: SourceTable, { declaredType, affinity }: SourceColumn): boolean {
  return /^\s*(char|date\s*$)/i.test(declaredType) || (affinity === 'text' && /json_valid/i.test(sql));
}

function hintsOf(table: SourceTable, { name }: SourceColumn): Omit<TypeHints, 'refersToInteger'> {
  const { checks = [], generated = new Map<string, readonly ExpressionToken[]>() } = readTableSql(table.sql) ?? {};
  const judged = checks.map(({ expression }) => ({ expression, json: jsonCheckedColumn(expression) }));
  const isThis = (other: string) => isSameName(other, name);
  const read = [
    ...judged.filter(({ json }) => json === null).map(({ expression }) => expression),
    ...generated.values(),
    ...table.indexes.filter(isComputed).map(({ sql }) => readExpressionTokens(sql ?? '') ?? []),
  ];
  return {
    isJson: judged.some(({ json }) => json !== null && isThis(json)),
    isKey: [...table.primaryKey, ...table.foreignKeys.flatMap(({ columns }) => columns)].some(isThis),
    isInExpression: read.flat().some(({ tag, text }) => (tag === 'word' || tag === 'name') && isThis(text)),
  };
}

function isComputed({ isPartial, columns }: SourceIndex): boolean {
  return isPartial || columns.some((one) => one.column === null || isFolded(one));
}
