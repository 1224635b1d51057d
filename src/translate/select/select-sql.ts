import { isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { must } from '../../model/error.js';
import { shortName } from '../../plan/names/names.js';
import { type Rendered, type Scope, asCondition, asText, refuseTranslation, yields } from '../expression/rendered.js';
import { renderExpression } from '../expression/expression-sql.js';
import type { Expression } from '../expression/expression.js';
import { type Entry, type OutputColumn, groupScope, hasAggregate, rowScope } from './select-scope.js';
import type { JoinedRelation, OrderTerm, Select, SelectCore, SelectItem } from './select.js';

/** Something that FROM can name. The columns' `sql` is the bare quoted name. */
export interface Relation {
  /** Quoted, with its schema. */
  readonly path: string;
  readonly columns: readonly OutputColumn[];
}

export interface RenderedSelect {
  readonly sql: string;
  readonly columns: readonly OutputColumn[];
}

/** PostgreSQL's SQL for a SELECT that means the same in both. Throws Unportable where that is not sure. */
export function renderSelect(select: Select, find: (name: string) => Relation | null): RenderedSelect {
  const cores = select.cores.map((core) => renderCore(core, find));
  const [first] = cores;
  if (first === undefined) return refuseTranslation('there is nothing to select');
  for (const [index, union] of select.unions.entries()) checkUnion(first, must(cores[index + 1], 'part'), union);
  const body = cores
    .map((core, index) => (index === 0 ? core.sql : `${select.unions[index - 1]}\n${core.sql}`))
    .join('\n');
  const order = renderOrder(select, cores.length === 1 ? first : null);
  return { sql: `${body}${order}${renderLimit(select)}`, columns: first.columns };
}

interface RenderedCore extends RenderedSelect {
  readonly core: SelectCore;
  readonly scope: Scope;
}

function renderCore(core: SelectCore, find: (name: string) => Relation | null): RenderedCore {
  const { entries, sql: from } = renderFrom(core.from, find);
  const rows = rowScope(entries);
  const isGrouped =
    core.groupBy.length > 0 || core.items.some((item) => item.tag === 'value' && hasAggregate(item.expression));
  const groups = core.groupBy.map((expression) => plainClass(renderExpression(resolve(expression, core), rows)).sql);
  const scope = isGrouped ? groupScope(rows, groups) : rows;
  const columns = core.items.flatMap((item) => renderItem(item, entries, { scope, isGrouped }));
  if (core.isDistinct) for (const { value } of columns) plainClass(value);
  if (core.having !== null && !isGrouped) return refuseTranslation('HAVING without a group');
  const parts = [
    `SELECT ${core.isDistinct ? 'DISTINCT ' : ''}${columns.map(({ name, value }) => `${value.sql} AS ${quoteIdentifier(shortName(name))}`).join(', ')}`,
    from === '' ? '' : `FROM ${from}`,
    core.where === null ? '' : `WHERE ${asCondition(renderExpression(core.where, rows))}`,
    groups.length === 0 ? '' : `GROUP BY ${groups.join(', ')}`,
    core.having === null ? '' : `HAVING ${asCondition(renderExpression(core.having, scope))}`,
  ];
  return { core, scope, columns, sql: parts.filter((part) => part !== '').join('\n') };
}

/** A name in GROUP BY or ORDER BY may be that of an item, or its position. */
function resolve(expression: Expression, { items }: SelectCore): Expression {
  if (expression.tag === 'number') {
    const item = items[Number(expression.text) - 1];
    return item?.tag === 'value' ? item.expression : refuseTranslation('a position without its item');
  }
  if (expression.tag !== 'name' || expression.table !== null) return expression;
  const item = items.find(
    (candidate) =>
      candidate.tag === 'value' && candidate.alias !== null && isSameName(candidate.alias, expression.name),
  );
  return item?.tag === 'value' ? item.expression : expression;
}

function renderFrom(
  relations: readonly JoinedRelation[],
  find: (name: string) => Relation | null,
): { entries: Entry[]; sql: string } {
  const entries: Entry[] = [];
  const parts = relations.map(({ relation, alias, join, on, using }, index) => {
    const source = relation.tag === 'named' ? named(relation.name, find) : subselect(relation.select, find);
    const name = alias ?? (relation.tag === 'named' ? relation.name : `subquery_${index + 1}`);
    if (entries.some((entry) => isSameName(entry.alias, name))) return refuseTranslation(`${name} is joined twice`);
    entries.push({
      alias: name,
      using,
      columns: source.columns.map((column) => ({
        name: column.name,
        value: { ...column.value, sql: `${quoteIdentifier(name)}.${column.value.sql}` },
      })),
    });
    return `${joinWord(join)}${source.path} AS ${quoteIdentifier(name)}${constraintSql({ join, on, using }, entries)}`;
  });
  return { entries, sql: parts.join('\n  ') };
}

function named(name: string, find: (name: string) => Relation | null): Relation {
  return find(name) ?? refuseTranslation(`${name} is no table or view that is carried over`);
}

function subselect(select: Select, find: (name: string) => Relation | null): Relation {
  const { sql, columns } = renderSelect(select, find);
  return { path: `(${sql})`, columns: columns.map(bare) };
}

/** The column as a query sees it that selects from this one. */
function bare({ name, value }: OutputColumn): OutputColumn {
  return { name, value: yields(value.class, quoteIdentifier(shortName(name))) };
}

function joinWord(join: JoinedRelation['join']): string {
  return join === null ? '' : `${join} `;
}

/** A join without a condition pairs every row with every row. */
function constraintSql(
  { join, on, using }: Pick<JoinedRelation, 'join' | 'on' | 'using'>,
  entries: readonly Entry[],
): string {
  if (on !== null) {
    const isOuter = join !== 'CROSS JOIN';
    if (!isOuter) return refuseTranslation('a comma with ON is not understood');
    return ` ON ${asCondition(renderExpression(on, rowScope(entries)))}`;
  }
  if (using.length > 0) return ` USING (${using.map((name) => sharedColumn(name, entries)).join(', ')})`;
  return join === null || join === 'CROSS JOIN' ? '' : ' ON true';
}

/** USING merges columns of one name; both must be of one class, and spelled alike on the target. */
function sharedColumn(name: string, entries: readonly Entry[]): string {
  const found = entries.flatMap(({ columns }) => columns.filter((column) => isSameName(column.name, name)));
  const [first, second, more] = found;
  if (first === undefined || second === undefined || more !== undefined || first.name !== second.name)
    return refuseTranslation(`USING (${name}) is not sure`);
  if (plainClass(first.value).class !== plainClass(second.value).class)
    return refuseTranslation(`${name} is of different classes`);
  return quoteIdentifier(second.name);
}

function renderItem(
  item: SelectItem,
  entries: readonly Entry[],
  { scope, isGrouped }: { scope: Scope; isGrouped: boolean },
): OutputColumn[] {
  if (item.tag === 'star') {
    if (isGrouped) return refuseTranslation('* beside a group');
    if (entries.some(({ using }) => using.length > 0)) return refuseTranslation('* of a join with USING');
    const { table } = item;
    return entries.filter(({ alias }) => table === null || isSameName(alias, table)).flatMap(({ columns }) => columns);
  }
  const { expression, alias } = item;
  const name = alias ?? (expression.tag === 'name' ? expression.name : '?column?');
  return [{ name, value: asOutput(renderExpression(expression, scope), expression) }];
}

/** What a client gets: a time as SQLite's text of it, a condition as 0 or 1, a column as it is. */
function asOutput(value: Rendered, expression: Expression): Rendered {
  if (value.class === 'instant') return yields('text', asText(value));
  if (value.class === 'null') return yields('null', 'NULL::text');
  if (value.class === 'bool' && expression.tag !== 'name') return yields('integer', `(${value.sql})::integer`);
  return value;
}

/** What equality and order may be asked of: not texts under another collation, nor times in their many forms. */
function plainClass(value: Rendered): Rendered {
  return ['other', 'instant', 'null'].includes(value.class)
    ? refuseTranslation('values are compared that compare differently')
    : value;
}

function checkUnion(first: RenderedCore, other: RenderedCore, word: 'UNION' | 'UNION ALL'): void {
  if (first.columns.length !== other.columns.length)
    refuseTranslation('the parts of a UNION have different numbers of columns');
  for (const [index, { value }] of first.columns.entries()) {
    if (other.columns[index]?.value.class !== value.class || value.class === 'other')
      refuseTranslation(`the parts of a ${word} are of different classes`);
    if (word === 'UNION') plainClass(value);
  }
}

/** SQLite sorts NULLs first, and texts by their bytes. */
function renderOrder({ orderBy }: Select, only: RenderedCore | null): string {
  if (orderBy.length === 0) return '';
  if (only === null || only.core.isDistinct)
    return refuseTranslation('ORDER BY of a UNION or DISTINCT is not carried over');
  const terms = orderBy.map((term: OrderTerm) => {
    const value = plainClass(renderExpression(resolve(term.expression, only.core), only.scope));
    const collation = value.class === 'text' ? ' COLLATE "C"' : '';
    const nulls = term.nulls ?? (term.isDescending ? 'LAST' : 'FIRST');
    return `${value.sql}${collation}${term.isDescending ? ' DESC' : ''} NULLS ${nulls}`;
  });
  return `\nORDER BY ${terms.join(', ')}`;
}

function renderLimit({ limit }: Select): string {
  const [count, word, offset, more] = limit;
  if (count === undefined) return '';
  const isNumber = (text: string | undefined) => /^[0-9]+$/.test(text ?? '');
  if (!isNumber(count.text) || more !== undefined) return refuseTranslation('LIMIT needs a whole number');
  if (word === undefined) return `\nLIMIT ${count.text}`;
  if (word.text.toUpperCase() !== 'OFFSET' || !isNumber(offset?.text))
    return refuseTranslation('LIMIT needs whole numbers');
  return `\nLIMIT ${count.text} OFFSET ${offset?.text}`;
}
