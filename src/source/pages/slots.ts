import { assert, must } from '../../model/error.js';
import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import type { DefaultValue } from './column-default.js';
import type { PageLayout } from './layout.js';

/** A default that a short record takes, ready to be put into the row. */
export interface AbsentValue {
  readonly storage: number;
  readonly number: number;
  readonly wide: bigint;
  readonly start: number;
  readonly end: number;
}

/** For each value of a record, the column of the row that it fills. */
export interface RecordPlan {
  /** Per record position the index of the row's column, or -1 where it is not read. */
  readonly slots: Int32Array;
  /** Per row column: the storage code of an integer on disk, Integer or (REAL affinity) Real. */
  readonly integerStorage: Uint8Array;
  /** Row column that takes the rowid, or -1. */
  readonly rowidSlot: number;
  /** Per record position. */
  readonly absent: readonly AbsentValue[];
  /** Bytes of the texts and blobs among the defaults, which lie at the beginning of every buffer of rows. */
  readonly prefix: Buffer;
}

/** What is read of a table, in order. */
export interface ReadColumns {
  readonly columns: readonly Pick<ColumnPlan, 'source'>[];
}

/** Matches the columns that are read with their positions in the record. */
export function planRecord(table: ReadColumns, layout: PageLayout): RecordPlan {
  const indexes = new Map(table.columns.map((column, i) => [column.source, i]));
  assert(indexes.size === table.columns.length, 'a source column is read once');
  const wanted = layout.columns.filter((column) => indexes.has(column.name));
  assert(wanted.length === indexes.size, 'every column that is read has a place in the record');
  const slots = new Int32Array(Math.max(0, ...wanted.map((column) => (column.position ?? -1) + 1))).fill(-1);
  const integerStorage = new Uint8Array(indexes.size).fill(Storage.Integer);
  const texts: Buffer[] = [];
  const absent: AbsentValue[] = [];
  let rowidSlot = -1;
  for (const column of wanted) {
    const slot = must(indexes.get(column.name), 'column');
    if (column.isReal) integerStorage[slot] = Storage.Real;
    if (column.position === null) rowidSlot = slot;
    else {
      slots[column.position] = slot;
      absent[column.position] = slotOfAbsent(column.absent, texts);
    }
  }
  return { slots, integerStorage, rowidSlot, absent, prefix: Buffer.concat(texts) };
}

function slotOfAbsent(value: DefaultValue, texts: Buffer[]): AbsentValue {
  const none = { storage: Storage.Null, number: 0, wide: 0n, start: 0, end: 0 };
  if (value.tag === 'null') return none;
  if (value.tag === 'real') return { ...none, storage: Storage.Real, number: value.value };
  if (value.tag === 'integer') {
    const isSafe = Number.isSafeInteger(Number(value.value));
    return {
      ...none,
      storage: isSafe ? Storage.Integer : Storage.Wide,
      number: Number(value.value),
      wide: BigInt(value.value),
    };
  }
  const bytes = Buffer.from(value.hex, 'hex');
  const start = texts.reduce((total, text) => total + text.length, 0);
  texts.push(bytes);
  return { ...none, storage: value.tag === 'text' ? Storage.Text : Storage.Blob, start, end: start + bytes.length };
}
