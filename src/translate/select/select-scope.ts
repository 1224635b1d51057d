import { isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { type Rendered, type Scope, refuseTranslation } from '../expression/rendered.js';
import { renderExpression } from '../expression/expression-sql.js';
import { type Expression, Unportable } from '../expression/expression.js';
import { renderPureCall } from '../expression/functions.js';
import { renderNow } from '../expression/now-sql.js';
import { aggregateNames, renderAggregate } from './aggregates.js';

/** A column of a table, a view or a SELECT: its name in SQLite, and the SQL for it in PostgreSQL. */
export interface OutputColumn {
  readonly name: string;
  readonly value: Rendered;
}

/** One name that FROM brings in, with columns by which other parts of the SELECT can reach them. */
export interface Entry {
  readonly alias: string;
  readonly columns: readonly OutputColumn[];
  readonly using: readonly string[];
}

export function rowScope(entries: readonly Entry[]): Scope {
  return {
    column: (name, table) => findColumn(entries, name, table),
    call: (name, operands, scope) => renderNow(name, operands) ?? renderPureCall(name, operands, scope),
  };
}

function findColumn(entries: readonly Entry[], name: string, table: string | null): Rendered | null {
  const reached = table === null ? entries : entries.filter(({ alias }) => isSameName(alias, table));
  const found = reached.flatMap(({ columns }) => columns.filter((column) => isSameName(column.name, name)));
  const [first, second] = found;
  if (first === undefined) return null;
  if (second === undefined) return first.value;
  const isShared = entries.some(({ using }) => using.some((shared) => isSameName(shared, name)));
  return isShared
    ? { ...first.value, sql: quoteIdentifier(first.name) }
    : refuseTranslation(`${name} is in two tables`);
}

/** In a query with aggregates, other parts may only use whole expressions that are grouped by. */
export function groupScope(rows: Scope, groups: readonly string[]): Scope {
  return {
    column: () => null,
    whole: (expression) => {
      const value = attempt(() => renderExpression(expression, rows));
      return value !== null && groups.includes(value.sql) ? value : null;
    },
    call: (name, operands, scope) =>
      aggregateNames.has(name)
        ? renderAggregate({ name, over: 'all', operands: operands.map((operand) => renderExpression(operand, rows)) })
        : renderPureCall(name, operands, scope),
    aggregate: (name, operands, over) =>
      aggregateNames.has(name)
        ? renderAggregate({ name, over, operands: operands.map((operand) => renderExpression(operand, rows)) })
        : null,
  };
}

function attempt(render: () => Rendered): Rendered | null {
  try {
    return render();
  } catch (error) {
    if (error instanceof Unportable) return null;
    throw error;
  }
}

export function hasAggregate(expression: Expression): boolean {
  switch (expression.tag) {
    case 'call':
      return (
        expression.over !== 'all' ||
        (aggregateNames.has(expression.name) &&
          !(['min', 'max'].includes(expression.name) && expression.operands.length > 1)) ||
        expression.operands.some(hasAggregate)
      );
    case 'unary':
    case 'cast':
      return hasAggregate(expression.operand);
    case 'binary':
      return hasAggregate(expression.left) || hasAggregate(expression.right);
    case 'in':
      return [expression.operand, ...expression.items].some(hasAggregate);
    case 'case':
      return [
        ...(expression.operand === null ? [] : [expression.operand]),
        ...expression.branches.flatMap(({ when, result }) => [when, result]),
        ...(expression.otherwise === null ? [] : [expression.otherwise]),
      ].some(hasAggregate);
    default:
      return false;
  }
}
