import { type KeyCells, keyCellsOf } from '../../encode/inverse/key-cells.js';
import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { type CellBatch, type SqliteValue, Storage } from '../../model/value.js';
import { RowFinder } from '../../source/carry/row-finder.js';
import { conditionForAddresses } from '../../source/carry/rows-by-address.js';
import type { Database } from '../../source/sqlite.js';
import { readSourceCells, type RowCondition } from '../../source/verify/verify-rows.js';
import type { TargetClient } from '../../target/connection/client.js';
import { readTargetCells } from '../../target/copy/verify-rows.js';
import {
  keyColumns,
  type KeyedTable,
  namedRowsSql,
  notedKeysSql,
  notedRowsSql,
} from '../../target/reverse/noted-rows.js';
import { hashHex } from '../../verify/row-hash.js';
import { type CellBatches, visitRows } from '../../verify/rows.js';
import { bucketOf } from '../../verify/table.js';

/** The only rows of a table that have to be read to find those that differ. */
export interface KeysToRead {
  /** Of the keys' canonical forms. */
  readonly hashes: ReadonlySet<string>;
  /** Null: all rows of the source are read. */
  readonly ofSource: RowCondition | null;
  /** SQL for the rows of the target, as table t. */
  readonly ofTarget: string;
}

/** A table, and the buckets whose rows differ. */
export interface DifferingTable {
  readonly table: Omit<TablePlan, 'chunks'>;
  readonly source: SourceTable;
  readonly bucketCount: number;
  readonly differingBuckets: readonly number[];
  readonly rowsOfBucket: Uint32Array;
  readonly quarantineRunId: string | null;
}

interface Sides {
  readonly snapshot: Database;
  readonly reading: TargetClient;
}

/** The keys that the journal noted. */
export async function notedKeys(
  { snapshot, reading }: Sides,
  noted: { readonly relations: readonly number[]; readonly table: KeyedTable; readonly source: SourceTable },
): Promise<KeysToRead> {
  const columns = keyColumns(noted.table);
  const cellsOf = columns.map(keyCellsOf);
  const isListed = cellsOf.every((one) => one !== null);
  const spelled = [...columns.keys()].filter((i) => columns[i]?.kind.tag === 'uuid');
  const names = columns.map(({ source }) => source);
  const rows = new SoughtRows(isListed ? finderOf(snapshot, noted.source, names, spelled) : null, noted.source);
  const hashes = new Set<string>();
  const batches = readTargetCells(reading, keyTable(noted.table), notedKeysSql(reading, noted));
  await visitKeys(noted.table, batches, 'target', (hash, cells) => {
    hashes.add(hashHex(hash.low, hash.high));
    rows.seek(cells()?.map((text, i) => cellsOf[i]?.(text as string) ?? null) ?? null);
  });
  return { hashes, ofSource: rows.condition(), ofTarget: notedRowsSql(reading, noted) };
}

/** More rows than this are read with all others. */
const keysMax = 200_000;

/**
 * The keys in the buckets that differ: the keys alone of both sides are read, which costs a part of reading their rows. Null
 * where rows cannot be asked for by key, or where there are too many.
 */
export async function differingKeys(
  { snapshot, reading }: Sides,
  differing: DifferingTable,
): Promise<KeysToRead | null> {
  const { table, source, quarantineRunId, differingBuckets, rowsOfBucket, bucketCount } = differing;
  const count = differingBuckets.reduce((sum, bucket) => sum + (rowsOfBucket[bucket] ?? 0), 0);
  if (table.key.origin === 'none' || quarantineRunId !== null || count > keysMax) return null;
  const names = keyColumns(table).map((column) => column.source);
  const finder = finderOf(snapshot, source, names);
  if (finder === null) return null;
  const buckets = new Set(differingBuckets);
  const hashes = new Set<string>();
  const visit = async (batches: CellBatches, side: 'source' | 'target', use: (cells: KeyCell[] | null) => void) => {
    await visitKeys(table, batches, side, (hash, cells) => {
      if (!buckets.has(bucketOf(hash.low, bucketCount))) return;
      hashes.add(hashHex(hash.low, hash.high));
      use(cells());
    });
  };
  const own = keyTable(table);
  const rows = new SoughtRows(finder, source);
  const sought = (cells: KeyCell[] | null) => cells?.map((cell) => ({ cells: [cell], uuid: null })) ?? null;
  await visit(readSourceCells(snapshot, { ...own, source: table.source }), 'source', (cells) => {
    rows.seek(sought(cells));
  });
  const printed: (KeyCell[] | null)[] = [];
  await visit(readTargetCells(reading, own), 'target', (cells) => {
    printed.push(cells);
  });
  const ofSource = rows.condition();
  const isWhole = printed.every((cells) => cells !== null);
  return ofSource === null || !isWhole
    ? null
    : { hashes, ofSource, ofTarget: namedRowsSql(table, printed as string[][]) };
}

/** UTF-16 texts are bound, and compared, otherwise. */
function finderOf(
  snapshot: Database,
  source: SourceTable,
  names: readonly string[],
  spelled: readonly number[] = [],
): RowFinder | null {
  return snapshot.pragma('encoding', { simple: true }) === 'UTF-8'
    ? RowFinder.of(snapshot, source, names, spelled)
    : null;
}

/** Collects where the rows of keys stand in the source. */
class SoughtRows {
  readonly #source: SourceTable;
  readonly #addresses: (readonly SqliteValue[])[] = [];
  #finder: RowFinder | null;

  constructor(finder: RowFinder | null, source: SourceTable) {
    this.#finder = finder;
    this.#source = source;
  }

  /** `key`: what is known of the cells in each column; null where too little is. */
  seek(key: readonly (KeyCells | null)[] | null): void {
    if (this.#finder === null) return;
    const isKnown = key?.every((one) => one !== null) === true;
    const found = isKnown ? this.#finder.find(key) : null;
    if (found === null) this.#finder = null;
    else for (const address of found) this.#addresses.push(address);
  }

  /** Null where a key could not be looked for: all rows must be read. */
  condition(): RowCondition | null {
    return this.#finder === null ? null : conditionForAddresses(this.#source, this.#addresses);
  }
}

/** The table as if its key were all of it. */
function keyTable(table: KeyedTable) {
  const columns = keyColumns(table);
  const key = { origin: 'primary' as const, columns: [...columns.keys()] };
  return { ...table, columns, key };
}

/** A cell of the source as it stands, or what the target prints. */
type KeyCell = string | bigint | Buffer;

/** Each key with its hash; `cells` gives its cells, or null where one of them cannot be looked for. */
async function visitKeys(
  table: KeyedTable,
  batches: CellBatches,
  side: 'source' | 'target',
  visit: (hash: { readonly low: number; readonly high: number }, cells: () => KeyCell[] | null) => void,
): Promise<void> {
  const own = keyTable(table);
  let batch: CellBatch | null = null;
  let row = 0;
  async function* counted(): AsyncGenerator<CellBatch> {
    for await (const one of batches) {
      batch = one;
      row = 0;
      yield one;
    }
  }
  const cells = (): KeyCell[] | null => {
    const first = (row - 1) * own.columns.length;
    const found = own.columns.flatMap((_, i) => cellAt(must(batch, 'batch'), first + i) ?? []);
    return found.length === own.columns.length ? found : null;
  };
  await visitRows(counted(), own, { side }, ({ keyHash }) => {
    row += 1;
    visit(keyHash, cells);
  });
}

function cellAt({ bytes, start, end, storage }: CellBatch, at: number): KeyCell | null {
  switch (storage[at]) {
    case Storage.Text:
      return bytes.toString('utf8', start[at], end[at]);
    case Storage.Integer:
      return BigInt(bytes.toString('latin1', start[at], end[at]));
    case Storage.Blob:
      return Buffer.from(bytes.subarray(start[at], end[at]));
    default:
      return null;
  }
}
