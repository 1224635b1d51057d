import { assert } from '../../model/error.js';
import type { ColumnCensus } from '../../model/census.js';
import { countChars } from './chars.js';
import { emptyColumn, greatestOf, leastOf, mergeColumn } from './merge.js';
import { longBlob, longText, typeCounters } from './kernel/layout.js';
import type { RecordTally } from './tally.js';
import type { DefaultValue } from '../pages/column-default.js';
import type { PageColumn, PageLayout } from '../pages/layout.js';

/** Smallest and largest rowid of the rows counted, or null where there are no rows. */
export type RowidRange = { readonly min: bigint; readonly max: bigint } | null;

/** Says what a tally of records means for the columns of their table. */
export function readColumns(tally: RecordTally, layout: PageLayout, rowids: RowidRange): ColumnCensus[] {
  return layout.columns.map((column, at) => {
    if (column.position === null) return rowidColumn(column.name, tally.rows, rowids);
    assert(column.position === at, 'a record has the columns of the layout in order');
    const absent = sum(tally.widths.subarray(0, at + 1));
    return mergeColumn([storedColumn(tally, column, at), absentColumn(column, absent)]);
  });
}

function rowidColumn(column: string, rows: number, rowids: RowidRange): ColumnCensus {
  const range = { integerMin: rowids?.min.toString() ?? null, integerMax: rowids?.max.toString() ?? null };
  return { ...emptyColumn(column), integers: rows, ...range };
}

/** What records hold themselves. An integer in a column of REAL affinity is a real (file format section 2.3). */
function storedColumn(tally: RecordTally, { name, isReal }: PageColumn, at: number): ColumnCensus {
  const types = tally.types.subarray(at * typeCounters, (at + 1) * typeCounters);
  const count = (type: number): number => types[type] ?? 0;
  const integers = [1, 2, 3, 4, 5, 6, 8, 9].reduce((total, type) => total + count(type), 0);
  const nans = tally.nans[at] ?? 0;
  const short = [...types.keys()].slice(12).filter((type) => count(type) > 0);
  const sumOf = (isText: boolean): number => sum(short.filter((type) => (type % 2 === 1) === isText).map(count));
  return {
    ...emptyColumn(name),
    ...rangesOf(tally, at, isReal),
    nulls: count(0) + nans,
    integers: isReal ? 0 : integers,
    reals: count(7) - nans + (isReal ? integers : 0),
    texts: count(longText) + sumOf(true),
    blobs: count(longBlob) + sumOf(false),
    ...(tally.badTexts[at] === 1 ? { hasBadTexts: true as const } : {}),
    emptyTexts: count(13),
    charsMax: tally.charsMax[at] ?? 0,
    bytesMax: Math.max(tally.longBytesMax[at] ?? 0, ((short.at(-1) ?? 12) - 12) >> 1),
  };
}

type Ranges = Pick<ColumnCensus, 'integerMin' | 'integerMax' | 'realMin' | 'realMax'>;

function rangesOf(tally: RecordTally, at: number, isReal: boolean): Ranges {
  const integers = [...tally.integers.of(at).map(BigInt), ...tally.wides.of(at)];
  const reals = [...tally.reals.of(at), ...(isReal ? integers.map(Number) : [])];
  return {
    integerMin: isReal ? null : (leastOf(integers)?.toString() ?? null),
    integerMax: isReal ? null : (greatestOf(integers)?.toString() ?? null),
    realMin: leastOf(reals),
    realMax: greatestOf(reals),
  };
}

/** The census of the value that a column has in records that end before it. */
function absentColumn({ name, absent }: PageColumn, rows: number): ColumnCensus {
  const none = emptyColumn(name);
  if (rows === 0) return none;
  switch (absent.tag) {
    case 'null':
      return { ...none, nulls: rows };
    case 'integer':
      return { ...none, integers: rows, integerMin: absent.value, integerMax: absent.value };
    case 'real':
      return { ...none, reals: rows, realMin: absent.value, realMax: absent.value };
    default:
      return { ...none, ...absentBytes(absent, rows) };
  }
}

function absentBytes({ tag, hex }: Extract<DefaultValue, { hex: string }>, rows: number): Partial<ColumnCensus> {
  const bytes = Buffer.from(hex, 'hex');
  if (tag === 'blob') return { blobs: rows, bytesMax: bytes.length };
  const charsMax = countChars(bytes, 0, bytes.length);
  return { texts: rows, emptyTexts: bytes.length === 0 ? rows : 0, charsMax, bytesMax: bytes.length };
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
