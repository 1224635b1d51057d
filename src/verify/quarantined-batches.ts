import { assert } from '../model/error.js';
import { type CellBatch, Storage, type StorageCode } from '../model/value.js';

/** A row as the quarantine holds it: for each cell a letter for its storage class, and its bytes. */
export interface QuarantinedRowCells {
  readonly original: { readonly storage: string; readonly cells: readonly (Buffer | null)[] };
  readonly changed: {
    readonly columns: readonly number[];
    readonly storage: string;
    readonly cells: readonly (Buffer | null)[];
  } | null;
}

export interface QuarantinedBatchOptions {
  readonly columnCount: number;
  /** The row as the source has it, or as it was sent. */
  readonly form: 'original' | 'changed';
  /** SQLite's own text of a real. */
  readonly textOfReal: (value: number) => string;
}

const batchBytes = 1 << 18;
const batchRows = 1024;

const storageOf: Readonly<Record<string, StorageCode>> = {
  n: Storage.Null,
  i: Storage.Integer,
  r: Storage.Real,
  t: Storage.Text,
  b: Storage.Blob,
};

/** Quarantined rows in the form in which the source is read. Memory: one batch, or the largest row. */
export async function* quarantinedBatches(
  rows: AsyncIterable<QuarantinedRowCells>,
  options: QuarantinedBatchOptions,
): AsyncGenerator<CellBatch, void, void> {
  let cells: Cell[] = [];
  let bytes = 0;
  for await (const row of rows) {
    const own = cellsOf(row, options);
    assert(own.length === options.columnCount, 'a quarantined row has the columns of the plan');
    cells.push(...own);
    for (const cell of own) bytes += cell.bytes.length;
    if (bytes < batchBytes && cells.length < batchRows * options.columnCount) continue;
    yield toBatch(cells, options.columnCount);
    cells = [];
    bytes = 0;
  }
  if (cells.length > 0) yield toBatch(cells, options.columnCount);
}

interface Cell {
  readonly storage: StorageCode;
  readonly number: number;
  readonly bytes: Buffer;
}

const nothing = Buffer.alloc(0);

function cellsOf({ original, changed }: QuarantinedRowCells, { form, textOfReal }: QuarantinedBatchOptions): Cell[] {
  const cells = original.cells.map((bytes, i) => toCell(original.storage[i] ?? '', bytes, textOfReal));
  if (form === 'original' || changed === null) return cells;
  for (const [i, column] of changed.columns.entries()) {
    cells[column] = toCell(changed.storage[i] ?? '', changed.cells[i] ?? null, textOfReal);
  }
  return cells;
}

function toCell(letter: string, bytes: Buffer | null, textOfReal: (value: number) => string): Cell {
  const storage = storageOf[letter];
  assert(
    storage !== undefined && (bytes === null) === (storage === Storage.Null),
    'a quarantined cell has its storage class',
  );
  if (storage !== Storage.Real) return { storage, number: 0, bytes: bytes ?? nothing };
  const number = (bytes ?? nothing).readDoubleBE(0);
  return { storage, number, bytes: Buffer.from(textOfReal(number), 'latin1') };
}

function toBatch(cells: readonly Cell[], columnCount: number): CellBatch {
  const ends = Int32Array.from(cells, sumOf());
  return {
    rowCount: cells.length / columnCount,
    columnCount,
    bytes: Buffer.concat(cells.map(({ bytes }) => bytes)),
    start: Int32Array.from(ends, (end, i) => end - (cells[i]?.bytes.length ?? 0)),
    end: ends,
    storage: Uint8Array.from(cells, ({ storage }) => storage),
    number: Float64Array.from(cells, ({ number }) => number),
  };
}

function sumOf(): (cell: Cell) => number {
  let sum = 0;
  return ({ bytes }) => {
    sum += bytes.length;
    return sum;
  };
}
