import { assert, must } from '../../model/error.js';
import type { ColumnCensus, TableCensus } from '../../model/census.js';

/** Adds up what parts of one table hold, in any order; at least one part. */
export function mergeCensus(parts: readonly TableCensus[]): TableCensus {
  const { table, columns } = must(parts[0], 'part of a census');
  assert(
    parts.every((part) => part.table === table && part.columns.length === columns.length),
    `the parts of a census are of one table, ${table}`,
  );
  return {
    table,
    rows: sum(parts.map(({ rows }) => rows)),
    columns: columns.map((_, at) => mergeColumn(parts.map((part) => must(part.columns[at], 'column of a census')))),
  };
}

/** Adds up what parts of one column hold. */
export function mergeColumn(parts: readonly ColumnCensus[]): ColumnCensus {
  const { column } = must(parts[0], 'part of a census');
  assert(
    parts.every((part) => part.column === column),
    `the parts of a census are of one column, ${column}`,
  );
  const total = (of: (part: ColumnCensus) => number): number => sum(parts.map(of));
  const longest = (of: (part: ColumnCensus) => number): number => parts.map(of).reduce((a, b) => Math.max(a, b));
  const integers = parts.flatMap(({ integerMin, integerMax }) => [integerMin, integerMax]).filter(isThere);
  const reals = parts.flatMap(({ realMin, realMax }) => [realMin, realMax]).filter(isThere);
  return {
    column,
    nulls: total((part) => part.nulls),
    integers: total((part) => part.integers),
    reals: total((part) => part.reals),
    texts: total((part) => part.texts),
    blobs: total((part) => part.blobs),
    emptyTexts: total((part) => part.emptyTexts),
    integerMin: leastOf(integers.map(BigInt))?.toString() ?? null,
    integerMax: greatestOf(integers.map(BigInt))?.toString() ?? null,
    realMin: withoutSign(leastOf(reals)),
    realMax: withoutSign(greatestOf(reals)),
    charsMax: longest((part) => part.charsMax),
    bytesMax: longest((part) => part.bytesMax),
    ...(parts.some(({ hasBadTexts }) => hasBadTexts) ? { hasBadTexts: true as const } : {}),
  };
}

/** The census of a column that holds nothing. */
export function emptyColumn(column: string): ColumnCensus {
  const counts = { nulls: 0, integers: 0, reals: 0, texts: 0, blobs: 0, emptyTexts: 0 };
  const ranges = { integerMin: null, integerMax: null, realMin: null, realMax: null };
  return { column, ...counts, ...ranges, charsMax: 0, bytesMax: 0 };
}

/** Minus zero as zero: neither is less, so that which of the two is found first must not matter. */
export function withoutSign(real: number | null): number | null {
  return real === 0 ? 0 : real;
}

/** null of nothing. */
export function leastOf<T extends number | bigint>(values: readonly T[]): T | null {
  return values.reduce<T | null>((least, value) => (least === null || value < least ? value : least), null);
}

/** null of nothing. */
export function greatestOf<T extends number | bigint>(values: readonly T[]): T | null {
  return values.reduce<T | null>((greatest, value) => (greatest === null || value > greatest ? value : greatest), null);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function isThere<T>(value: T | null): value is T {
  return value !== null;
}
