import type { Kind } from '../model/kind.js';
import type { Sides } from '../model/result.js';
import type { ShadowDifference } from '../model/shadow.js';
import type { Row, ShadowCell } from './compare-rows.js';
import { explainValues } from './explain-values.js';

/** Explains a read whose plain forms give other rows, or another order, on the two sides. */
export interface PlainResults<Cell extends ShadowCell> {
  readonly columns: readonly { readonly name: string; readonly kind: Kind }[];
  /** Positions of the columns that the read is ordered by; empty where only the operator knows. */
  readonly order: readonly number[];
  readonly source: readonly Row<Cell>[];
  readonly target: readonly Row<Cell>[];
  /** One cell as text for a person. */
  readonly show: (column: number, cell: Cell) => string;
}

/** Texts of these characters alone are ordered alike by every collation, or nearly. */
const plainPattern = /^'[0-9a-z]*'$/;

/** Why the order of two results parts: by the first row that differs, and the column that orders it. */
export function explainOrder<Cell extends ShadowCell>(results: PlainResults<Cell>): string[] {
  const { columns, source, target } = results;
  const positions = results.order.length > 0 ? results.order : likelyPositions(columns);
  for (let at = 0; at < Math.min(source.length, target.length); at += 1) {
    const [left = [], right = []] = [source[at], target[at]];
    const differing = positions.filter((i) => left[i]?.id !== right[i]?.id);
    // Where the order is not known, a NULL opposite a value is the best sign.
    const byNull = results.order.length > 0 ? undefined : differing.find((i) => left[i]?.isNull !== right[i]?.isNull);
    const position = byNull ?? differing[0];
    if (position !== undefined) return reasonAt(results, positions, position, [left[position], right[position]]);
  }
  return [];
}

/** Columns that the two databases may order differently come first. */
function likelyPositions(columns: PlainResults<ShadowCell>['columns']): number[] {
  const isLikely = (i: number) =>
    ['text', 'char', 'enum', 'timestamp', 'timestamptz'].includes(columns[i]?.kind.tag ?? '');
  const all = [...columns.keys()];
  return [...all.filter(isLikely), ...all.filter((i) => !isLikely(i))];
}

function reasonAt<Cell extends ShadowCell>(
  { columns, order, show }: PlainResults<Cell>,
  positions: readonly number[],
  position: number,
  [a, b]: readonly [Cell | undefined, Cell | undefined],
): string[] {
  const column = columns[position];
  if (a === undefined || b === undefined || column === undefined) return [];
  const before = order.length > 0 ? positions.slice(0, positions.indexOf(position)) : [];
  const time = before.find((i) => isTime(columns[i]?.kind));
  const isPlain = [a, b].every((cell) => plainPattern.test(show(position, cell)));
  // Rows of one moment, of which one is stored as a number and one as a text, are no tie for SQLite.
  const settled = isPlain && time !== undefined ? (columns[time] ?? column) : column;
  return [orderReason(settled, a.isNull !== b.isNull)];
}

function isTime(kind: Kind | undefined): boolean {
  return kind !== undefined && ['timestamp', 'timestamptz', 'date'].includes(kind.tag);
}

function orderReason({ name, kind }: { readonly name: string; readonly kind: Kind }, isNull: boolean): string {
  if (isNull)
    return `NULL ordering: in ${name}, SQLite puts NULLs before all values, PostgreSQL behind them; write NULLS FIRST or NULLS LAST`;
  switch (kind.tag) {
    case 'text':
    case 'char':
      return `collation: SQLite orders ${name} by its bytes, PostgreSQL by the collation of the database; write COLLATE "C" where the order matters`;
    case 'enum':
      return `enum order: PostgreSQL orders ${name} as its labels were declared, SQLite by their letters; order by ${name}::text`;
    case 'timestamp':
    case 'timestamptz':
    case 'date':
      return `timestamp form: ${name} holds numbers and texts in SQLite, which orders all numbers before all texts`;
    case 'bool':
      return `boolean form: ${name} is stored in more than one form in SQLite`;
    default:
      return `the two sides order ${name} differently`;
  }
}

/** Why single values differ, each reason once. */
export function explainDifferences(differences: readonly ShadowDifference[]): string[] {
  const reasons = differences.flatMap(({ column, source, target }) => {
    const reason = source === null || target === null ? null : explainValues(source, target);
    return reason === null || column === null ? [] : [`${column}: ${reason}`];
  });
  return [...new Set(reasons)];
}

/** Rows that one side lacks under LIKE: SQLite’s is blind to the case of ASCII letters. */
export function explainLike(sql: Sides<string>, differences: readonly ShadowDifference[]): string[] {
  const isLike = /\bLIKE\b/i.test(sql.source) && /\bLIKE\b/i.test(sql.target);
  const isLacking = differences.some(({ kind }) => kind === 'missing');
  return isLike && isLacking
    ? ['LIKE and case: SQLite’s LIKE does not tell a from A, PostgreSQL’s does; write ILIKE, or compare lower(…)']
    : [];
}

/** By SQLSTATE: what in a statement that SQLite takes does PostgreSQL not take? */
const refusals: Readonly<Record<string, string>> = {
  '42883':
    'PostgreSQL has no such function or operator for these types; with a boolean column write true and false, not 1 and 0 (boolean form)',
  '42703':
    'PostgreSQL knows no such column: a text in double quotes is a name there, and names are case-sensitive when quoted',
  '42P01': 'PostgreSQL knows no such table: a name that is not quoted is read in lower case there',
  '42803': 'PostgreSQL wants every column of the result to be grouped or aggregated; SQLite picks a row',
  '42804': 'the types do not go together in PostgreSQL; with a boolean column write true and false (boolean form)',
  '42601': 'PostgreSQL does not understand the statement',
  '22P02': 'a text is no value of the column’s type in PostgreSQL',
  '22012': 'division by zero: NULL in SQLite, an error in PostgreSQL',
  '57014': 'the read took longer than --stall-timeout',
};

/** What an error of PostgreSQL means for a read that was written for SQLite. */
export function explainRefusal(sqlState: string | null): string[] {
  const reason = sqlState === null ? undefined : refusals[sqlState];
  return reason === undefined ? [] : [reason];
}
