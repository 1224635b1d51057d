import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import { type CellBatch, Storage } from '../../model/value.js';
import { conditionForKeys, isIntegerKind } from '../../source/carry/rows-by-key.js';
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

type PrintedKey = readonly string[];

/** A table, and the buckets whose rows differ. */
export interface DifferingTable {
  readonly table: Omit<TablePlan, 'chunks'>;
  readonly bucketCount: number;
  readonly differingBuckets: readonly number[];
  readonly rowsOfBucket: Uint32Array;
  readonly quarantineRunId: string | null;
}

/** The keys that the journal noted. */
export async function notedKeys(
  { snapshot, reading }: { readonly snapshot: Database; readonly reading: TargetClient },
  noted: { readonly relations: readonly number[]; readonly table: KeyedTable },
): Promise<KeysToRead> {
  const hashes = new Set<string>();
  const printed: PrintedKey[] = [];
  const batches = readTargetCells(reading, keyTable(noted.table), notedKeysSql(reading, noted));
  await visitKeys(noted.table, batches, 'target', (hash, key) => {
    hashes.add(hashHex(hash.low, hash.high));
    printed.push(must(key(), 'texts of a key'));
  });
  const ofSource = conditionForKeys(snapshot, noted.table.source, keyColumns(noted.table), printed);
  return { hashes, ofSource, ofTarget: notedRowsSql(reading, noted) };
}

/** More rows than this are read with all others. */
const keysMax = 200_000;

/**
 * The keys in the buckets that differ: the keys alone of both sides are read, which costs a part of reading their rows. Null
 * where rows cannot be asked for by key, or where there are too many.
 */
export async function differingKeys(
  { snapshot, reading }: { readonly snapshot: Database; readonly reading: TargetClient },
  differing: DifferingTable,
): Promise<KeysToRead | null> {
  const { table, quarantineRunId, differingBuckets, rowsOfBucket, bucketCount } = differing;
  const rows = differingBuckets.reduce((sum, bucket) => sum + (rowsOfBucket[bucket] ?? 0), 0);
  if (table.key.origin === 'none' || quarantineRunId !== null || rows > keysMax) return null;
  const conditionFor = (keys: readonly PrintedKey[]) =>
    conditionForKeys(snapshot, table.source, keyColumns(table), keys);
  if (conditionFor([]) === null) return null;
  const buckets = new Set(differingBuckets);
  const hashes = new Set<string>();
  let isWhole = true;
  const keysOf = async (batches: CellBatches, side: 'source' | 'target') => {
    const keys: PrintedKey[] = [];
    await visitKeys(table, batches, side, (hash, read) => {
      if (!buckets.has(bucketOf(hash.low, bucketCount))) return;
      const key = read();
      isWhole &&= key !== null;
      if (key === null) return;
      hashes.add(hashHex(hash.low, hash.high));
      keys.push(key);
    });
    return keys;
  };
  const own = keyTable(table);
  const source = await keysOf(readSourceCells(snapshot, { ...own, source: table.source }), 'source');
  const target = await keysOf(readTargetCells(reading, own), 'target');
  if (!isWhole) return null;
  return { hashes, ofSource: conditionFor([...source, ...target]), ofTarget: namedRowsSql(table, target) };
}

/** The table as if its key were all of it. */
function keyTable(table: KeyedTable) {
  const columns = keyColumns(table);
  const key = { origin: 'primary' as const, columns: [...columns.keys()] };
  return { ...table, columns, key };
}

/** Each key with its hash; `read` gives its texts, or null where one is in no form by which a row could be asked for. */
async function visitKeys(
  table: KeyedTable,
  batches: CellBatches,
  side: 'source' | 'target',
  visit: (hash: { readonly low: number; readonly high: number }, read: () => PrintedKey | null) => void,
): Promise<void> {
  const own = keyTable(table);
  const isInteger = own.columns.map(({ kind }) => isIntegerKind(kind));
  let batch: CellBatch | null = null;
  let row = 0;
  async function* counted(): AsyncGenerator<CellBatch> {
    for await (const one of batches) {
      batch = one;
      row = 0;
      yield one;
    }
  }
  const read = (): PrintedKey | null => {
    const { bytes, start, end, storage } = must(batch, 'batch');
    const first = (row - 1) * own.columns.length;
    const texts: string[] = [];
    for (const [i, isNumber] of isInteger.entries()) {
      const form = storage[first + i];
      const isAsked = side === 'target' ? form !== Storage.Null : isNumber ? form === Storage.Integer : isText(form);
      if (!isAsked) return null;
      texts.push(bytes.toString('utf8', start[first + i], end[first + i]));
    }
    return texts;
  };
  await visitRows(counted(), own, { side }, ({ keyHash }) => {
    row += 1;
    visit(keyHash, read);
  });
}

function isText(form: number | undefined): boolean {
  return form === Storage.Text || form === Storage.Blob;
}
