import { findColumn, type TableDraft, type Translation } from '../draft.js';
import { quoteIdentifier, quotePath, quoteText } from '../../lib/quote.js';
import { findClose, isSign, isWord, readExpressionTokens, type ExpressionToken } from '../expression/sql-tokens.js';

/** Comments that people wrote into CREATE TABLE, where it is clear to what they belong. */
export interface TableComments {
  readonly table: string | null;
  /** By the column's name as written. */
  readonly columns: ReadonlyMap<string, string>;
}

interface Comment {
  readonly text: string;
  /** Whether it begins on the line of the token before it. */
  readonly isTrailing: boolean;
}

const constraintWords = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'];

/** COMMENT ON for the table and its columns. */
export function commentSql(table: TableDraft, { schema }: Translation): string[] {
  const comments = readComments(table.source.sql);
  const path = quotePath(schema, table.name);
  const ofTable = comments.table === null ? [] : [`COMMENT ON TABLE ${path} IS ${quoteText(comments.table)}`];
  const ofColumns = [...comments.columns].flatMap(([name, text]) => {
    const column = findColumn(table, name);
    return column === null ? [] : [`COMMENT ON COLUMN ${path}.${quoteIdentifier(column.name)} IS ${quoteText(text)}`];
  });
  return [...ofTable, ...ofColumns];
}

/**
 * A comment behind a column on its line, within its definition, or on the lines right above it belongs to the column;
 * one before the first bracket, or on its line, belongs to the table. Comments elsewhere, and those that look like a
 * definition that was commented out, are ignored.
 */
export function readComments(sql: string): TableComments {
  const tokens = readExpressionTokens(sql) ?? [];
  const open = tokens.findIndex((token) => isSign(token, '('));
  const close = open < 0 ? -1 : findClose(tokens, open);
  const gap = (index: number) => commentsBetween(sql, tokens[index], tokens[index + 1]);
  const columns = new Map<string, string>();
  if (close < 0) return { table: null, columns };
  const head = Array.from({ length: open }, (_, index) => gap(index)).flat();
  const table = join([...head, ...gap(open).filter(({ isTrailing }) => isTrailing)]);
  for (const { first, last } of partsOf(tokens, open, close)) {
    const name = tokens[first];
    if (name === undefined || constraintWords.some((word) => isWord(name, word))) continue;
    const above = gap(first - 1).filter(({ isTrailing }) => !isTrailing);
    const inside = Array.from({ length: last - first }, (_, index) => gap(first + index)).flat();
    const behind = [...gap(last), ...(isSign(tokens[last + 1], ',') ? gap(last + 1) : [])];
    const text = join([...above, ...inside, ...behind.filter(({ isTrailing }) => isTrailing)]);
    if (text !== null) columns.set(name.text, text);
  }
  return { table, columns };
}

/** First and last token of each part between the commas. */
function partsOf(tokens: readonly ExpressionToken[], open: number, close: number): { first: number; last: number }[] {
  const parts: { first: number; last: number }[] = [];
  let first = open + 1;
  for (let at = open + 1; at <= close; at += 1) {
    if (at === close || isSign(tokens[at], ',')) {
      if (at > first) parts.push({ first, last: at - 1 });
      first = at + 1;
    } else if (isSign(tokens[at], '(')) at = findClose(tokens, at);
  }
  return parts;
}

/** The comments between two tokens; besides them there are only blanks. */
function commentsBetween(
  sql: string,
  before: ExpressionToken | undefined,
  after: ExpressionToken | undefined,
): Comment[] {
  const text = before === undefined ? '' : sql.slice(before.end, after?.start);
  const comments: Comment[] = [];
  let lines = 0;
  for (const [piece] of text.matchAll(/--[^\n]*|\/\*[\s\S]*?\*\/|\n/g)) {
    if (piece === '\n') lines += 1;
    else comments.push({ text: plainText(piece), isTrailing: lines === 0 });
    if (piece.startsWith('/*')) lines += piece.split('\n').length - 1;
  }
  return comments.filter((comment) => comment.text !== '' && !comment.text.endsWith(','));
}

function plainText(piece: string): string {
  const body = piece.startsWith('--') ? piece.replace(/^-+/, '') : piece.slice(2, -2);
  const lines = body.split('\n').map((line) => line.replace(/^\s*\*+/, '').trim());
  return lines.filter((line) => line !== '').join('\n');
}

function join(comments: readonly Comment[]): string | null {
  return comments.length === 0 ? null : comments.map(({ text }) => text).join('\n');
}
