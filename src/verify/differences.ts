import { must } from '../model/error.js';
import type { Difference, DifferenceTotal, Sides } from '../model/result.js';
import { DifferenceTally } from './difference-tally.js';
import { cellsByColumn, describeCells, describeShortenedKey } from './describe.js';
import { isSameCell, type ShortenedRow, shortenRow } from './shortened-row.js';
import { createHashBytes, hashHex } from './row-hash.js';
import { type CellBatches, type RenderLiterals, type VerifyTable, visitRows } from './rows.js';
import { bucketOf, type TableComparison } from './table.js';

/** The default for how many differences of one table are named. */
export const differencesMaxDefault = 100;
/** Bounds of what the second pass collects from both sides, about 64 MB each. One bucket is always collected whole. */
const collectedRowsMax = 50_000;
const collectedBytesMax = 64 * 2 ** 20;
/** How often both sides are read for this; after that, totals are "at least". */
const passesMax = 8;

export interface DifferenceSearch {
  readonly table: VerifyTable;
  /** The number of buckets of the summaries. */
  readonly bucketCount: number;
  /** Rows of each bucket on both sides together, from the summaries. */
  readonly rowsOfBucket: (bucket: number) => number;
  readonly differingBuckets: TableComparison['differingBuckets'];
  /** Read each side once more. */
  readonly readSource: () => CellBatches;
  readonly readTarget: () => CellBatches;
  /** Quarantined rows: as the source has them, and the converted ones as they arrived. */
  readonly quarantined?: { readonly originals: () => CellBatches; readonly changed: () => CellBatches };
  readonly renderLiterals?: RenderLiterals;
  readonly signal?: AbortSignal;
  readonly differencesMax?: number;
}

export interface FoundDifferences {
  readonly differences: readonly Difference[];
  /** False where there are more than those that are named. */
  readonly isComplete: boolean;
  /** All that were found, whether they are named or not. */
  readonly totals: readonly DifferenceTotal[];
}

/**
 * The second pass: reads both sides again, collects only rows of buckets that differ, joins them by key, counts every
 * difference and names the first. Memory is bounded: where there would be too many rows, both sides are read again for
 * the other buckets, a bounded number of times. An empty result means that a side has changed between the two passes.
 */
export async function findDifferences(search: DifferenceSearch): Promise<FoundDifferences> {
  const max = search.differencesMax ?? differencesMaxDefault;
  const tally = new DifferenceTally();
  let named: Difference[] = [];
  let rest = search.differingBuckets;
  for (let pass = 0; pass < passesMax && rest.length > 0; pass += 1) {
    const collected = await collectBuckets(search, rest);
    const found = collected.keys().flatMap((sides) => compareRows(search.table, sides));
    for (const difference of found) tally.add(difference);
    named = [...named, ...found].toSorted(byKey).slice(0, max);
    rest = rest.filter((bucket) => !collected.has(bucket));
  }
  const isAll = rest.length === 0;
  return {
    differences: named,
    isComplete: isAll && tally.count === named.length,
    totals: tally.totals(search.table.source, isAll),
  };
}

function byKey(a: Difference, b: Difference): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** The rows of as many of these buckets as may be held at once; of one at least. */
async function collectBuckets(search: DifferenceSearch, buckets: readonly number[]): Promise<CollectedBuckets> {
  const collected = new CollectedBuckets(chooseBuckets(search, buckets));
  await collectSide(search, collected, 'source', search.readSource());
  await collectSide(search, collected, 'target', search.readTarget());
  if (search.quarantined !== undefined) {
    // A quarantined row counts for the target, as if it had arrived; its converted form counts for the source. So both cancel out.
    await collectSide(search, collected, 'target', search.quarantined.originals(), 'source');
    await collectSide(search, collected, 'source', search.quarantined.changed(), 'source');
  }
  return collected;
}

function chooseBuckets(search: DifferenceSearch, buckets: readonly number[]): number[] {
  const chosen: number[] = [];
  let rows = 0;
  for (const bucket of buckets) {
    rows += search.rowsOfBucket(bucket);
    if (chosen.length > 0 && rows > collectedRowsMax) break;
    chosen.push(bucket);
  }
  return chosen;
}

async function collectSide(
  search: DifferenceSearch,
  collected: CollectedBuckets,
  side: keyof Sides<unknown>,
  batches: CellBatches,
  /** The side whose forms the cells have: quarantined cells have those of the source. */
  form: keyof Sides<unknown> = side,
): Promise<void> {
  const hashBytes = await createHashBytes();
  const { renderLiterals, signal } = search;
  const options = { side: form, ...(renderLiterals && { renderLiterals }), ...(signal && { signal }) };
  await visitRows(batches, search.table, options, ({ cells, keyHash, rowHash }) => {
    const bucket = bucketOf(keyHash.low, search.bucketCount);
    if (!collected.has(bucket)) return;
    const hash = hashHex(rowHash.low, rowHash.high);
    collected.add(bucket, side, hashHex(keyHash.low, keyHash.high), hash, () => shortenRow(cells, hash, hashBytes));
  });
}

type KeySides = { readonly source: ShortenedRow[]; readonly target: ShortenedRow[] };

/** The collected rows by bucket and key. Grows to its bound in bytes, then drops whole buckets, but never the last one. */
class CollectedBuckets {
  readonly #buckets: Map<number, { readonly keys: Map<string, KeySides>; bytes: number }>;
  #bytes = 0;

  constructor(buckets: readonly number[]) {
    this.#buckets = new Map(buckets.map((bucket) => [bucket, { keys: new Map(), bytes: 0 }]));
  }

  has(bucket: number): boolean {
    return this.#buckets.has(bucket);
  }

  add(bucket: number, side: keyof KeySides, key: string, rowHash: string, keep: () => ShortenedRow): void {
    const { keys } = must(this.#buckets.get(bucket), 'bucket');
    const sides = keys.get(key) ?? { source: [], target: [] };
    keys.set(key, sides);
    const same = sides[side].find((row) => row.rowHash === rowHash);
    if (same !== undefined) same.count += 1;
    else this.#push(bucket, sides[side], keep());
  }

  keys(): KeySides[] {
    return [...this.#buckets.values()].flatMap((bucket) => [...bucket.keys.values()]);
  }

  #push(bucket: number, rows: ShortenedRow[], row: ShortenedRow): void {
    rows.push(row);
    must(this.#buckets.get(bucket), 'bucket').bytes += row.bytes.length;
    this.#bytes += row.bytes.length;
    while (this.#bytes > collectedBytesMax && this.#buckets.size > 1) this.#dropLast();
  }

  #dropLast(): void {
    const last = must([...this.#buckets.keys()].at(-1), 'bucket');
    this.#bytes -= must(this.#buckets.get(last), 'bucket').bytes;
    this.#buckets.delete(last);
  }
}

/** All differences among the rows of one key. Rows that are the same on both sides cancel out, one for one. */
function compareRows(table: VerifyTable, sides: KeySides): Difference[] {
  const counts = { source: countRows(sides.source), target: countRows(sides.target) };
  const row = must(sides.source[0] ?? sides.target[0], 'row of a key');
  const location = {
    table: table.source,
    key: describeShortenedKey(table, row),
    column: null,
    source: null,
    target: null,
  };
  if (counts.target === 0) return [{ ...location, kind: 'missing' }];
  if (counts.source === 0) return [{ ...location, kind: 'extra' }];
  const changed = pairRemainders(sides).flatMap(([source, target]) =>
    compareCells(table, location.key, source, target),
  );
  if (counts.source === counts.target) return changed;
  const repeated: Difference = {
    ...location,
    kind: 'repeated',
    source: rowsText(counts.source),
    target: rowsText(counts.target),
  };
  return [...changed, repeated];
}

function countRows(rows: readonly ShortenedRow[]): number {
  return rows.reduce((sum, row) => sum + row.count, 0);
}

function rowsText(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}

/** Pairs rows that have no equal on the other side with such rows of that side, as long as there are any. */
function pairRemainders(sides: KeySides): (readonly [ShortenedRow, ShortenedRow])[] {
  const source = remainder(sides.source, sides.target);
  const target = remainder(sides.target, sides.source);
  return source.slice(0, target.length).map((row, i) => [row, must(target[i], 'partner')] as const);
}

function remainder(rows: readonly ShortenedRow[], others: readonly ShortenedRow[]): ShortenedRow[] {
  return rows.filter((row) => row.count > (others.find((other) => other.rowHash === row.rowHash)?.count ?? 0));
}

function compareCells(table: VerifyTable, key: string, source: ShortenedRow, target: ShortenedRow): Difference[] {
  const left = cellsByColumn(table, source);
  const right = cellsByColumn(table, target);
  return table.columns.flatMap((column, i): Difference[] => {
    const a = must(left[i], 'cell');
    const b = must(right[i], 'cell');
    if (isSameCell(a, b)) return [];
    const [sourceText, targetText] = describeCells(column, a, b);
    return [
      { table: table.source, key, kind: 'changed', column: column.source, source: sourceText, target: targetText },
    ];
  });
}
