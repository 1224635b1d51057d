import { createRowEncoder, type RowEncoder } from '../../src/encode/row/row-encoder.js';
import type { ColumnPlan, TablePlan } from '../../src/model/plan.js';
import type { Kind } from '../../src/model/kind.js';
import type { RowView, SqliteValue } from '../../src/model/value.js';

export const SENTINEL = '__PGFERRY_NULL__';

const TEXTUAL = new Set(['text', 'char', 'enum', 'json', 'jsonb', 'literal']);

export interface SampleColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: Kind;
}

/** The plan of a table with the given columns; the key is primary unless it is every column. */
export function planOf(
  columns: readonly SampleColumn[],
  options: { format?: 'binary' | 'text'; key?: readonly number[] } = {},
): Omit<TablePlan, 'chunks'> {
  const key = options.key ?? [0];
  return {
    source: 'Sample',
    targetSchema: 'public',
    target: 'Sample',
    columns: columns.map(columnOf),
    key: { origin: 'primary', columns: key },
    layer: 0,
    rows: 0,
    estimatedBytes: 0,
    rootPage: 2,
    isWithoutRowid: false,
    rowidName: 'rowid',
    rowidAlias: null,
    sourceKey: [],
    reader: 'rows',
    readerReason: '',
    format: options.format ?? 'binary',
    formatReason: '',
  };
}

function columnOf({ name, type, kind }: SampleColumn): ColumnPlan {
  const isTextual = TEXTUAL.has(kind.tag);
  return {
    source: name,
    target: name,
    declaredType: '',
    affinity: 'blob',
    targetType: type,
    kind,
    reason: '',
    isTextual,
  };
}

/** A number stands for REAL, an integer for a bigint: the storage class is never guessed. */
export function viewOf(values: readonly SqliteValue[]): RowView {
  const count = values.length;
  const parts = values.map((value) =>
    typeof value === 'string' ? Buffer.from(value) : Buffer.isBuffer(value) ? value : Buffer.alloc(0),
  );
  const view: RowView = {
    storage: new Uint8Array(count),
    number: new Float64Array(count),
    wide: new DataView(new ArrayBuffer(8 * count)),
    bytes: Buffer.concat(parts),
    start: new Int32Array(count),
    end: new Int32Array(count),
  };
  let at = 0;
  values.forEach((value, index) => {
    view.start[index] = at;
    at += parts[index]?.length ?? 0;
    view.end[index] = at;
    view.storage[index] = storageOf(value);
    if (typeof value === 'number' || view.storage[index] === 1) view.number[index] = Number(value);
    if (typeof value === 'bigint') view.wide.setBigInt64(8 * index, value);
  });
  return view;
}

function storageOf(value: SqliteValue): number {
  if (value === null) return 0;
  if (typeof value === 'bigint') return value >= -(2n ** 53n) + 1n && value < 2n ** 53n ? 1 : 2;
  return typeof value === 'number' ? 3 : typeof value === 'string' ? 4 : 5;
}

export async function encoderFor(table: Omit<TablePlan, 'chunks'>, blockBytes = 1 << 20): Promise<RowEncoder> {
  return await createRowEncoder({ table, sentinel: SENTINEL, allowSentinel: false, blockBytes });
}

/** All the COPY bytes of some rows, and what the encoder says of them. */
export async function encodeAll(
  table: Omit<TablePlan, 'chunks'>,
  rows: readonly (readonly SqliteValue[])[],
): Promise<{ copy: Buffer; result: ReturnType<RowEncoder['result']> }> {
  const encoder = await encoderFor(table, 4096);
  const blocks: Buffer[] = [];
  for (const row of rows) {
    encoder.encodeRow(viewOf(row));
    if (encoder.isBlockFull) blocks.push(Buffer.from(encoder.takeBlock()));
  }
  blocks.push(Buffer.from(encoder.finish()));
  return { copy: Buffer.concat(blocks), result: encoder.result() };
}
