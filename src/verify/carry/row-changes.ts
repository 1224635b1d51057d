import { must } from '../../model/error.js';
import type { KeyRanges } from '../../model/carry.js';
import { type CellBatch, type SqliteValue, Storage } from '../../model/value.js';
import { cellHeaderBytes, cellSize } from '../canonical-row.js';
import { hashHex } from '../row-hash.js';
import { type CellBatches, cellOrder, type RenderLiterals, type VerifyTable, visitRows } from '../rows.js';
import { bucketIn, bucketOf } from '../table.js';

/** What became of one row between the source and the target. `printed` is as the target prints it, by column. */
export type RowChange =
  | { readonly tag: 'inserted'; readonly printed: PrintedRow }
  | { readonly tag: 'deleted'; readonly address: Address }
  | {
      readonly tag: 'updated';
      readonly address: Address;
      readonly printed: PrintedRow;
      /** Indexes of the columns whose values differ. */
      readonly columns: readonly number[];
    }
  /** The target has a row under the key of one that the quarantine keeps. */
  | { readonly tag: 'quarantined'; readonly printed: PrintedRow };

export type PrintedRow = readonly (string | null)[];
/** What the reader of the source gives to find a row again. */
export type Address = readonly SqliteValue[];

export interface SourceRows {
  readonly batch: CellBatch;
  readonly addresses: readonly Address[];
}

export interface ChangeSearch {
  readonly table: VerifyTable;
  /** The number of buckets of the summaries, those that differ, and the rows of each on both sides together. */
  readonly bucketCount: number;
  /** Where buckets are ranges of keys; there is no quarantine then. */
  readonly ranges: KeyRanges | null;
  readonly differingBuckets: readonly number[];
  readonly rowsOfBucket: (bucket: number) => number;
  /** Read each side once more: at least the rows of these buckets. */
  readonly readSource: (buckets: readonly number[]) => Iterable<SourceRows>;
  readonly readTarget: (buckets: readonly number[]) => CellBatches;
  /** Rows that the quarantine holds; and those that were converted, in one order: as the source has them, and as sent. */
  readonly quarantined: {
    readonly held: () => CellBatches;
    readonly originals: () => CellBatches;
    readonly converted: () => CellBatches;
  } | null;
  readonly renderLiterals: RenderLiterals;
  /** Hashes of the keys that alone are compared, 16 hex digits each; null: all are. */
  readonly onlyKeys: ReadonlySet<string> | null;
}

/** Bounds of what one pass collects. One bucket is always collected whole. */
const rowsMax = 200_000;
const bytesMax = 256 * 2 ** 20;

/**
 * Every row that differs, in passes: each reads both sides and joins the rows of some buckets by key. So it takes as many
 * passes as the rows of the differing buckets need memory. Memory: those rows of the source, and what differs of the target, of one pass.
 */
export async function* findRowChanges(search: ChangeSearch): AsyncGenerator<readonly RowChange[], void, void> {
  const quarantine = await readQuarantined(search);
  let left = [...search.differingBuckets];
  while (left.length > 0) {
    const pass = new Pass(search.table, chooseBuckets(left, search.rowsOfBucket));
    await readSourceSide(search, pass, quarantine);
    await readTargetSide(search, pass);
    yield pass.changes();
    left = left.filter((bucket) => !pass.has(bucket));
  }
}

function chooseBuckets(buckets: readonly number[], rowsOf: (bucket: number) => number): number[] {
  const chosen: number[] = [];
  let rows = 0;
  for (const bucket of buckets) {
    rows += rowsOf(bucket);
    if (chosen.length > 0 && rows > rowsMax) break;
    chosen.push(bucket);
  }
  return chosen;
}

/** A row of the source as the target should have it. */
interface ExpectedRow {
  readonly address: Address;
  readonly rowHash: string;
  readonly bytes: Buffer;
  readonly isHeld: boolean;
}

interface FoundRow {
  /** Of the canonical cells. */
  readonly bytes: Buffer;
  /** The texts of its cells, one behind the other, and their lengths; -1 for NULL. */
  readonly texts: Buffer;
  readonly lengths: Int32Array;
}

interface KeyRows {
  readonly expected: ExpectedRow[];
  readonly found: FoundRow[];
}

/** The rows of some buckets. */
class Pass {
  readonly #table: VerifyTable;
  readonly #buckets: Map<number, { readonly keys: Map<string, KeyRows>; bytes: number }>;
  #bytes = 0;

  constructor(table: VerifyTable, buckets: readonly number[]) {
    this.#table = table;
    this.#buckets = new Map(buckets.map((bucket) => [bucket, { keys: new Map(), bytes: 0 }]));
  }

  get buckets(): readonly number[] {
    return [...this.#buckets.keys()];
  }

  has(bucket: number): boolean {
    return this.#buckets.has(bucket);
  }

  expect(bucket: number, key: string, row: ExpectedRow): void {
    keyRows(must(this.#buckets.get(bucket), 'bucket').keys, key).expected.push(row);
    this.#count(bucket, row.bytes.length);
  }

  /** A row of the target; one that is as expected takes that one away. */
  find(bucket: number, key: string, rowHash: string, keep: () => FoundRow): void {
    const { expected, found } = keyRows(must(this.#buckets.get(bucket), 'bucket').keys, key);
    const same = expected.findIndex((row) => !row.isHeld && row.rowHash === rowHash);
    if (same >= 0) expected.splice(same, 1);
    else {
      const row = keep();
      found.push(row);
      this.#count(bucket, row.bytes.length + row.texts.length);
    }
  }

  changes(): RowChange[] {
    return [...this.#buckets.values()].flatMap(({ keys }) =>
      [...keys.values()].flatMap((rows) => changesOf(this.#table, rows)),
    );
  }

  #count(bucket: number, bytes: number): void {
    must(this.#buckets.get(bucket), 'bucket').bytes += bytes;
    this.#bytes += bytes;
    while (this.#bytes > bytesMax && this.#buckets.size > 1) this.#dropLast();
  }

  #dropLast(): void {
    const last = must([...this.#buckets.keys()].at(-1), 'bucket');
    this.#bytes -= must(this.#buckets.get(last), 'bucket').bytes;
    this.#buckets.delete(last);
  }
}

function keyRows(keys: Map<string, KeyRows>, key: string): KeyRows {
  const rows = keys.get(key) ?? { expected: [], found: [] };
  keys.set(key, rows);
  return rows;
}

function changesOf(table: VerifyTable, { expected, found }: KeyRows): RowChange[] {
  const isHeld = expected.some((row) => row.isHeld);
  const own = expected.filter((row) => !row.isHeld);
  return Array.from({ length: Math.max(own.length, found.length) }, (_, i): RowChange => {
    const [before, after] = [own[i], found[i]];
    if (after === undefined) return { tag: 'deleted', address: must(before, 'row of a key').address };
    const printed = printedRow(after);
    if (before !== undefined) {
      return { tag: 'updated', address: before.address, printed, columns: differing(table, before.bytes, after.bytes) };
    }
    return isHeld ? { tag: 'quarantined', printed } : { tag: 'inserted', printed };
  });
}

function differing(table: VerifyTable, before: Buffer, after: Buffer): number[] {
  const [a, b] = [cellsOf(before), cellsOf(after)];
  return cellOrder(table).filter((_, at) => !must(a[at], 'cell').equals(must(b[at], 'cell')));
}

/** The canonical cells of a row, each with its header. */
function cellsOf(bytes: Buffer): Buffer[] {
  const cells: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + cellHeaderBytes + cellSize(bytes, at);
    cells.push(bytes.subarray(at, next));
    at = next;
  }
  return cells;
}

/** Where the quarantine keeps a row that the target has otherwise, or has not. */
interface Quarantine {
  /** How many rows it holds, by row hash. */
  readonly held: Map<string, number>;
  /** What rows were converted to, by the row hash of the original. */
  readonly converted: Map<string, Sent[]>;
}

interface Sent {
  readonly key: string;
  readonly bucketHash: number;
  readonly rowHash: string;
  readonly bytes: Buffer;
}

async function readQuarantined(search: ChangeSearch): Promise<Quarantine> {
  const quarantine: Quarantine = { held: new Map(), converted: new Map() };
  const { quarantined, table, renderLiterals } = search;
  if (quarantined === null) return quarantine;
  const options = { side: 'source', renderLiterals } as const;
  await visitRows(quarantined.held(), table, options, ({ rowHash }) => {
    const hash = hashHex(rowHash.low, rowHash.high);
    quarantine.held.set(hash, (quarantine.held.get(hash) ?? 0) + 1);
  });
  const originals: string[] = [];
  await visitRows(quarantined.originals(), table, options, ({ rowHash }) => {
    originals.push(hashHex(rowHash.low, rowHash.high));
  });
  let next = 0;
  await visitRows(quarantined.converted(), table, options, ({ cells, keyHash, rowHash }) => {
    const original = must(originals[next++], 'original of a converted row');
    const sent = {
      key: hashHex(keyHash.low, keyHash.high),
      bucketHash: keyHash.low,
      rowHash: hashHex(rowHash.low, rowHash.high),
      bytes: Buffer.from(cells.bytes.subarray(0, cells.length)),
    };
    quarantine.converted.set(original, [...(quarantine.converted.get(original) ?? []), sent]);
  });
  return quarantine;
}

async function readSourceSide(
  { table, bucketCount, ranges, readSource, renderLiterals, onlyKeys }: ChangeSearch,
  pass: Pass,
  quarantine: Quarantine,
): Promise<void> {
  const held = new Map(quarantine.held);
  const hasQuarantine = quarantine.held.size + quarantine.converted.size > 0;
  const taken = new Map<string, number>();
  let addresses: readonly Address[] = [];
  let next = 0;
  function* batches(): Generator<CellBatch> {
    for (const one of readSource(pass.buckets)) {
      addresses = one.addresses;
      next = 0;
      yield one.batch;
    }
  }
  await visitRows(batches(), table, { side: 'source', renderLiterals }, ({ cells, keyHash, rowHash }) => {
    const address = must(addresses[next++], 'address of a row');
    // Nearly all rows are of other buckets; only where rows are in quarantine each must be known by its hash.
    const first = bucketIn({ bucketCount, ranges }, cells.bytes, keyHash.low);
    if (!hasQuarantine && !pass.has(first)) return;
    if (onlyKeys?.has(hashHex(keyHash.low, keyHash.high)) === false) return;
    const own = hashHex(rowHash.low, rowHash.high);
    const sent = takeSent(quarantine, taken, own);
    const bucket = sent === undefined ? first : bucketOf(sent.bucketHash, bucketCount);
    const heldCount = held.get(own) ?? 0;
    if (heldCount > 0) held.set(own, heldCount - 1);
    if (!pass.has(bucket)) return;
    pass.expect(bucket, sent?.key ?? hashHex(keyHash.low, keyHash.high), {
      address,
      rowHash: sent?.rowHash ?? own,
      bytes: sent?.bytes ?? Buffer.from(cells.bytes.subarray(0, cells.length)),
      isHeld: heldCount > 0,
    });
  });
}

/** What the next of the equal rows with this hash was converted to. */
function takeSent({ converted }: Quarantine, taken: Map<string, number>, rowHash: string): Sent | undefined {
  const list = converted.get(rowHash);
  if (list === undefined) return undefined;
  const count = taken.get(rowHash) ?? 0;
  taken.set(rowHash, count + 1);
  return list[count];
}

async function readTargetSide(
  { table, bucketCount, ranges, readTarget, renderLiterals, onlyKeys }: ChangeSearch,
  pass: Pass,
): Promise<void> {
  let batch: CellBatch | null = null;
  let row = 0;
  async function* batches(): AsyncGenerator<CellBatch> {
    for await (const one of readTarget(pass.buckets)) {
      batch = one;
      row = 0;
      yield one;
    }
  }
  await visitRows(batches(), table, { side: 'target', renderLiterals }, ({ cells, keyHash, rowHash }) => {
    const at = row++;
    const bucket = bucketIn({ bucketCount, ranges }, cells.bytes, keyHash.low);
    if (!pass.has(bucket)) return;
    const key = hashHex(keyHash.low, keyHash.high);
    if (onlyKeys?.has(key) === false) return;
    pass.find(bucket, key, hashHex(rowHash.low, rowHash.high), () => ({
      ...textsOf(must(batch, 'batch'), at),
      bytes: Buffer.from(cells.bytes.subarray(0, cells.length)),
    }));
  });
}

function textsOf({ columnCount, bytes, start, end, storage }: CellBatch, row: number): Omit<FoundRow, 'bytes'> {
  const first = row * columnCount;
  const lengths = Int32Array.from({ length: columnCount }, (_, column) => {
    const cell = first + column;
    return storage[cell] === Storage.Null ? -1 : (end[cell] as number) - (start[cell] as number);
  });
  const parts = [...lengths.keys()].map((column) => bytes.subarray(start[first + column], end[first + column]));
  return { texts: Buffer.concat(parts.filter((_, column) => lengths[column] !== -1)), lengths };
}

function printedRow({ texts, lengths }: FoundRow): PrintedRow {
  let at = 0;
  return Array.from(lengths, (length) => {
    if (length === -1) return null;
    at += length;
    return texts.toString('utf8', at - length, at);
  });
}
