import type { SourceIndex } from '../../model/source.js';
import {
  type ColumnDraft,
  findColumn,
  type TableDraft,
  reportLoss,
  type Translation,
  translateCondition,
  translateExpression,
} from '../draft.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { shortName } from '../../plan/names/names.js';
import {
  findClose,
  isSign,
  isWord,
  readExpressionTokens,
  splitAtCommas,
  type ExpressionToken,
} from '../expression/sql-tokens.js';
import { indexWaiver } from '../../plan/findings/waive.js';

/** PostgreSQL's INDEX_MAX_KEYS. */
export const indexColumnsMax = 32;

/** A term of an index in SQL, or why there is none. */
type Term = { readonly tag: 'sql'; readonly sql: string } | { readonly tag: 'unportable'; readonly reason: string };

/**
 * CREATE INDEX for an index of the source; null, with a finding, where it has no sure equivalent. For the automatic
 * index of a constraint it is the unique index with a collation that the plain constraint does not have.
 */
export function indexSql(index: SourceIndex, table: TableDraft, shared: Translation): string | null {
  const body = bodyOf(index, table);
  if (body.tag === 'unportable') {
    const message = `the index ${index.name} has no sure equivalent: ${body.reason}; ${index.sql ?? 'a constraint'}`;
    reportUntranslated(index, table, { message, shared });
    return null;
  }
  if (index.origin === 'c' && shared.waive.has(indexWaiver(index.name))) {
    reportUntranslated(index, table, { message: `the index ${index.name} is left out by name`, shared });
    return null;
  }
  if (index.isUnique && index.columns.some(isFolded)) shared.findings.push(foldedNote(index, table));
  const usual = `${table.name}_${index.columns.map(({ column }) => column ?? 'expr').join('_')}_folded_key`;
  const name = index.origin === 'c' ? shortName(index.name) : shared.names.invent(usual);
  const unique = index.isUnique ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${quoteIdentifier(name)} ON ${quotePath(shared.schema, table.name)} ${body.sql}`;
}

/** Whether a collation other than BINARY decides about equality. */
export function isFolded({ collation }: { readonly collation: string }): boolean {
  return collation.toUpperCase() !== 'BINARY';
}

function reportUntranslated(
  index: SourceIndex,
  table: TableDraft,
  { message, shared }: { message: string; shared: Translation },
): void {
  reportLoss(shared, {
    waiver: indexWaiver(index.name),
    // One that is not unique only makes reads faster.
    blocks: index.isUnique,
    code: 'plan.index_untranslated',
    table: table.source.name,
    object: index.name,
    message,
    hint: 'make one by hand on the target after the copy',
  });
}

function foldedNote(index: SourceIndex, table: TableDraft) {
  const names = index.columns
    .filter(isFolded)
    .map(({ column, collation }) => `${column ?? 'an expression'} (${collation})`);
  const message = `uniqueness of ${names.join(', ')} is kept by an expression index`;
  const hint = 'queries find it when they compare by the same expression, for example lower(…)';
  return makeFinding({ severity: 'note', code: 'plan.collation', table: table.source.name, message, hint });
}

function bodyOf(index: SourceIndex, table: TableDraft): Term {
  if (index.columns.length > indexColumnsMax)
    return unportable(`it has ${index.columns.length} columns, more than ${indexColumnsMax}`);
  const written = index.sql === null ? null : readIndexSql(index.sql);
  const terms = index.columns.map((_, position) => termSql(index, table, { position, written }));
  const bad = terms.find((term) => term.tag === 'unportable');
  if (bad !== undefined) return bad;
  const list = `(${terms.map((term) => (term.tag === 'sql' ? term.sql : '')).join(', ')})`;
  if (!index.isPartial) return { tag: 'sql', sql: list };
  if (written === null || written.where === null) return unportable('its WHERE is not understood');
  const condition = translateCondition(written.where, table);
  return condition.tag === 'sql' ? { tag: 'sql', sql: `${list} WHERE ${condition.value.sql}` } : condition;
}

function unportable(reason: string): Term {
  return { tag: 'unportable', reason };
}

function termSql(index: SourceIndex, table: TableDraft, at: { position: number; written: IndexText | null }): Term {
  const part = index.columns[at.position];
  if (part === undefined) return unportable('a column is missing');
  const order = part.descending ? ' DESC' : '';
  if (part.column !== null) {
    const column = findColumn(table, part.column);
    if (column === null) return unportable(`${part.column} is no column`);
    if (column.type.sql === 'json') return unportable(`json has no order`);
    return withOrder(foldSql(column, part.collation), order);
  }
  const tokens = at.written?.terms[at.position];
  if (tokens === undefined || isFolded(part)) return unportable('its expression is not understood');
  const portable = translateExpression(stripOrder(tokens), table, () => true);
  return portable.tag === 'sql' ? { tag: 'sql', sql: `(${portable.value.sql})${order}` } : portable;
}

function withOrder(term: Term, order: string): Term {
  return term.tag === 'sql' ? { tag: 'sql', sql: term.sql + order } : term;
}

/** NOCASE folds ASCII letters, RTRIM takes spaces off the end; both as expressions that mean just that. */
function foldSql(column: ColumnDraft, collation: string): Term {
  const name = quoteIdentifier(column.name);
  if (collation.toUpperCase() === 'BINARY' || column.type.class !== 'text') return { tag: 'sql', sql: name };
  if (collation.toUpperCase() === 'NOCASE') return { tag: 'sql', sql: `lower(${name} COLLATE "C")` };
  if (collation.toUpperCase() === 'RTRIM') return { tag: 'sql', sql: `rtrim(${name})` };
  return unportable(`the collation ${collation} is the application's own`);
}

interface IndexText {
  readonly terms: readonly (readonly ExpressionToken[])[];
  readonly where: readonly ExpressionToken[] | null;
}

/** The terms and the condition of CREATE INDEX … ON table ( … ) [WHERE …]. */
function readIndexSql(sql: string): IndexText | null {
  const tokens = readExpressionTokens(sql);
  const open = tokens?.findIndex((token) => isSign(token, '(')) ?? -1;
  const close = tokens === null || open < 0 ? -1 : findClose(tokens, open);
  if (tokens === null || close < 0) return null;
  const where = isWord(tokens[close + 1], 'WHERE') ? tokens.slice(close + 2) : null;
  return { terms: splitAtCommas(tokens.slice(open + 1, close)), where };
}

function stripOrder(tokens: readonly ExpressionToken[]): readonly ExpressionToken[] {
  const last = tokens.at(-1);
  return isWord(last, 'ASC') || isWord(last, 'DESC') ? tokens.slice(0, -1) : tokens;
}
