import { quoteIdentifier } from '../lib/quote.js';
import { comparedRows } from '../lib/compared-rows.js';
import type { Sides } from '../model/result.js';
import type { SqliteValue } from '../model/value.js';
import type { Condition, Ordering, PairedRead, Read, ShadowColumn, ShadowTable, Statement } from './read.js';

type Side = keyof Sides<unknown>;
type Style = 'plain' | 'total';

/** Writes a read as SQL for both sides: as an application would, and in a total order that both sides share. */
export function renderRead(read: Read, limit: number): PairedRead {
  const statement = (side: Side, style: Style) => statementOf(read, limit, side, style);
  const both = (style: Style) => ({ source: statement('source', style), target: statement('target', style) });
  const isTotal = [...read.order, ...read.where].every(({ column }) => column.order !== null);
  const count = read.isGrouped ? [{ name: 'count', kind: { tag: 'int8' } as const }] : [];
  const joined = (read.join?.columns ?? []).map(({ source, kind }) => ({
    name: `${read.join?.parent.source}.${source}`,
    kind,
  }));
  return {
    name: read.name,
    why: read.why,
    table: read.table.source,
    columns: [...read.columns.map(({ source, kind }) => ({ name: source, kind })), ...joined, ...count],
    key: keyPositions(read),
    order: read.order.map(({ column }) => read.columns.indexOf(column)).filter((position) => position !== -1),
    plain: both('plain'),
    total: isTotal ? both('total') : null,
  };
}

function keyPositions({ table, columns, isGrouped }: Read): number[] {
  if (isGrouped) return [...columns.keys()];
  const positions = table.key.map((column) => columns.indexOf(column));
  return positions.includes(-1) ? [] : positions;
}

function statementOf(read: Read, limit: number, side: Side, style: Style): Statement {
  const values: SqliteValue[] = [];
  const parts = [
    `SELECT ${selected(read, side)}`,
    `FROM ${tableOf(read.table, side)} AS t`,
    joinOf(read, side),
    whereOf(read.where, { side, style, values }),
    groupOf(read, side, style),
    orderedBy(read, side, style),
    `LIMIT ${limit}`,
  ];
  return { sql: parts.filter((part) => part !== '').join(' '), values };
}

function selected({ columns, join, isGrouped }: Read, side: Side): string {
  const own = columns.map((column) => nameOf(column, side));
  const parents = (join?.columns ?? []).map((column) => nameOf(column, side, 'p'));
  return [...own, ...parents, ...(isGrouped ? ['count(*)'] : [])].join(', ');
}

function joinOf({ join }: Read, side: Side): string {
  if (join === null) return '';
  const pairs = join.on.pairs.map(([child, parent]) => `${nameOf(child, side)} = ${nameOf(parent, side, 'p')}`);
  return `JOIN ${tableOf(join.parent, side)} AS p ON ${pairs.join(' AND ')}`;
}

function whereOf(
  conditions: readonly Condition[],
  { side, style, values }: { readonly side: Side; readonly style: Style; readonly values: SqliteValue[] },
): string {
  const terms = conditions.map(({ column, operator, value }) => {
    values.push(value[side]);
    const placeholder = side === 'source' ? '?' : `$${values.length}`;
    // Only what is compared by order must be alike; an equal value is equal in any order.
    if (style === 'plain' || operator === '=') return `${nameOf(column, side)} ${operator} ${placeholder}`;
    const wrap = side === 'source' ? (column.order?.wrap ?? null) : null;
    return `${orderExpression(column, side)} ${operator} ${wrap === null ? placeholder : `${wrap}(${placeholder})`}`;
  });
  return terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`;
}

/** One value may be stored in several forms on the source, such as 1 and 'true'; in total order they are one group. */
function groupOf({ isGrouped, columns }: Read, side: Side, style: Style): string {
  if (!isGrouped) return '';
  const byForm = side === 'source' && style === 'total';
  return `GROUP BY ${columns.map((column) => (byForm ? orderExpression(column, side) : nameOf(column, side))).join(', ')}`;
}

/** A read by a key that the sides cannot order alike gives one row, and needs no order. */
function orderedBy({ order }: Read, side: Side, style: Style): string {
  if (order.length === 0) return '';
  return `ORDER BY ${order.map((ordering) => orderOf(ordering, side, style)).join(', ')}`;
}

function orderOf({ column, isDescending }: Ordering, side: Side, style: Style): string {
  const direction = isDescending ? ' DESC' : '';
  if (style === 'plain') return `${nameOf(column, side)}${direction}`;
  const nulls = side === 'source' ? '' : isDescending ? ' NULLS LAST' : ' NULLS FIRST';
  return `${orderExpression(column, side)}${direction}${nulls}`;
}

function orderExpression({ order, source, target }: ShadowColumn, side: Side): string {
  if (order === null) return nameOf({ source, target }, side);
  return order.sql[side];
}

function nameOf(column: Pick<ShadowColumn, 'source' | 'target'>, side: Side, alias = 't'): string {
  return `${alias}.${quoteIdentifier(column[side])}`;
}

function tableOf(table: ShadowTable, side: Side): string {
  return side === 'source' ? quoteIdentifier(table.source) : comparedRows(table);
}
