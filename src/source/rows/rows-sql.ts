import type { ChunkRange, ColumnPlan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import { Storage } from '../../model/value.js';
import { fromBound, keyTuple } from './bound.js';
import { quoteIdentifier } from '../../lib/quote.js';
import type { RowFiller } from './row-filler.js';
import { utf8OfUtf16 } from './utf16.js';

/** The part of a table's plan that says what to read. */
export type TableToRead = Pick<TablePlan, 'source' | 'rowidName' | 'sourceKey'> & {
  readonly columns: readonly Pick<ColumnPlan, 'source'>[];
};
type Row = readonly unknown[];

/** Flags in one text, arguments of its concat(): under SQLITE_MAX_FUNCTION_ARG (1000). */
export const flagsPerColumn = 500;

/** A statement and the values of its holes. */
export interface RowQuery {
  readonly sql: string;
  readonly bounds: readonly unknown[];
}

/** Rows with texts as strings. */
export function plainQuery(table: TableToRead, range: ChunkRange): RowQuery {
  const names = table.columns.map(({ source }) => quoteIdentifier(source));
  return toQuery(table, range, names, '');
}

/** Rows with every text as the blob of its bytes, and behind them strings of 0 and 1: whether column i is a text. */
export function trueQuery(table: TableToRead, range: ChunkRange, skipRows: number): RowQuery {
  const names = table.columns.map(({ source }) => quoteIdentifier(source));
  const values = names.map((c) => `CASE typeof(${c}) WHEN 'text' THEN CAST(${c} AS BLOB) ELSE ${c} END`);
  const flags: string[] = [];
  for (let first = 0; first < names.length; first += flagsPerColumn) {
    const group = names.slice(first, first + flagsPerColumn);
    flags.push(`concat(${group.map((c) => `typeof(${c}) = 'text'`).join(', ')})`);
  }
  return toQuery(table, range, [...values, ...flags], `LIMIT -1 OFFSET ${skipRows}`);
}

/** Fills the view from a row of `trueQuery`. In a UTF-16 database its text bytes are UTF-16. */
export function fillTrueRow(
  filler: RowFiller,
  row: Row,
  columnCount: number,
  encoding: SourceCatalog['encoding'],
): void {
  filler.begin();
  for (let i = 0; i < columnCount; i++) {
    const value = row[i];
    const flags = row[columnCount + Math.floor(i / flagsPerColumn)] as string;
    if (flags[i % flagsPerColumn] !== '1') filler.put(i, value);
    else
      filler.putBytes(
        i,
        encoding === 'UTF-8' ? (value as Buffer) : utf8OfUtf16(value as Buffer, encoding),
        Storage.Text,
      );
  }
}

function toQuery(table: TableToRead, range: ChunkRange, terms: readonly string[], limit: string): RowQuery {
  const { where, bounds } = whereOf(table, range);
  // NOT INDEXED keeps SQLite from reading a covering index, which has another order; on a WITHOUT ROWID table it has no
  // effect.
  const order = table.sourceKey.length === 0 ? '' : `ORDER BY ${table.sourceKey.map(quoteIdentifier).join(', ')}`;
  const from = `FROM ${quoteIdentifier(table.source)} NOT INDEXED`;
  return { sql: `SELECT ${terms.join(', ')} ${from} ${where} ${order} ${limit}`, bounds };
}

interface Where {
  readonly where: string;
  readonly bounds: readonly unknown[];
}

function whereOf(table: TableToRead, range: ChunkRange): Where {
  if (range.tag === 'whole') return { where: '', bounds: [] };
  if (range.tag === 'rowid') {
    const name = quoteIdentifier(table.rowidName ?? 'rowid');
    return between(
      name,
      '?',
      range.after === null ? null : [BigInt(range.after)],
      range.through === null ? null : [BigInt(range.through)],
    );
  }
  const holes = `(${table.sourceKey.map(() => '?').join(', ')})`;
  return between(
    keyTuple(table.sourceKey),
    holes,
    range.after?.map(fromBound) ?? null,
    range.through?.map(fromBound) ?? null,
  );
}

function between(
  key: string,
  holes: string,
  after: readonly unknown[] | null,
  through: readonly unknown[] | null,
): Where {
  const terms = [after === null ? '' : `${key} > ${holes}`, through === null ? '' : `${key} <= ${holes}`].filter(
    (term) => term !== '',
  );
  return {
    where: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`,
    bounds: [...(after ?? []), ...(through ?? [])],
  };
}
