import { setImmediate } from 'node:timers/promises';
import { assert, must } from '../model/error.js';
import type { ColumnPlan, TablePlan } from '../model/plan.js';
import { type CellBatch, Storage, type StorageCode } from '../model/value.js';
import { canonizerOf } from './canonical.js';
import type { Canonize, ComparedSide } from './canonical-cell.js';
import { CanonicalRow, Tag } from './canonical-row.js';
import { literalText } from './literal-text.js';
import { type AppliedRule, recomputer } from './rules/recompute.js';
import { createHashBytes, type RowHash } from './row-hash.js';

/** What verification must know of a table. */
export type VerifyTable = Pick<TablePlan, 'source' | 'columns' | 'key'> & {
  /** The rules that the ledger says were applied to values: the target must hold what they make of the source's. */
  readonly rules?: readonly AppliedRule[] | undefined;
};

/** The rows of one side, in any order. */
export type CellBatches = Iterable<CellBatch> | AsyncIterable<CellBatch>;

/**
 * Asks the target how it prints texts that it reads as `type` (format_type(), safe to put into SQL). The results are in
 * the order of the texts, null where a text is no such value. Needed where a table has columns of kind `literal`.
 */
export type RenderLiterals = (type: string, texts: readonly string[]) => Promise<readonly (string | null)[]>;

export interface RowReadOptions {
  readonly side: ComparedSide;
  readonly renderLiterals?: RenderLiterals;
  readonly signal?: AbortSignal;
}

/** Valid only during one call of the visitor; filled again for the next row. */
export interface VisitedRow {
  /** Cells in the order of `cellOrder`: the key's columns first. */
  readonly cells: CanonicalRow;
  readonly keyHash: RowHash;
  readonly rowHash: RowHash;
}

/** Indexes of the table's columns in the order of their cells in a canonical row: the key first, then the others. */
export function cellOrder(table: VerifyTable): readonly number[] {
  const isKey = new Set(table.key.columns);
  return [...table.key.columns, ...[...table.columns.keys()].filter((index) => !isKey.has(index))];
}

/** A batch as it is compared, and what the target makes of its literals. */
export interface ReadyBatch {
  readonly batch: CellBatch;
  readonly rendered: RenderedColumns;
}

/** Yields the batches with the rules applied and the literals printed; obeys the signal between them. */
export async function* readyBatches(
  batches: CellBatches,
  table: VerifyTable,
  options: RowReadOptions,
): AsyncGenerator<ReadyBatch> {
  const recompute = options.side === 'source' ? recomputer(table.columns, table.rules ?? []) : null;
  for await (const read of batches) {
    // Both readers may feed without ever waiting; this lets an abort arrive.
    await setImmediate();
    options.signal?.throwIfAborted();
    const batch = recompute === null ? read : recompute(read);
    assert(batch.columnCount === table.columns.length, 'a batch has the columns of the plan');
    yield { batch, rendered: await renderBatch(batch, table.columns, options) };
  }
}

/** Brings every row to canonical form, hashes key and whole row, and lends them to `visit`. */
export async function visitRows(
  batches: CellBatches,
  table: VerifyTable,
  options: RowReadOptions,
  visit: (row: VisitedRow) => void,
): Promise<void> {
  const plain = await plainForms(table, options.side);
  for await (const ready of readyBatches(batches, table, options)) {
    for (let row = 0; row < ready.batch.rowCount; row += 1) visit(plain.visit(ready, row));
  }
}

/** Brings rows and single cells to canonical form. What it gives is valid until its next call. */
export interface PlainForms {
  readonly visit: (ready: ReadyBatch, row: number) => VisitedRow;
  /** The one cell that is the `position`-th of a canonical row. */
  readonly putCell: (ready: ReadyBatch, position: number, cell: number) => CanonicalRow;
}

/** The plain way to canonical form, with the hasher of this thread. */
export async function plainForms(table: VerifyTable, side: ComparedSide): Promise<PlainForms> {
  const hashBytes = await createHashBytes();
  const order = cellOrder(table);
  const canonizers = order.map((index) => canonizerOf(must(table.columns[index], 'column'), side));
  const filling = { order, canonizers, keyCells: table.key.columns.length };
  const visited = { cells: new CanonicalRow(), keyHash: { low: 0, high: 0 }, rowHash: { low: 0, high: 0 } };
  const single = new CanonicalRow();
  return {
    visit: (ready, row) => {
      const keyLength = fillRow(visited.cells, ready, row, filling);
      hashBytes(visited.cells.bytes, keyLength, visited.keyHash);
      if (keyLength === visited.cells.length) Object.assign(visited.rowHash, visited.keyHash);
      else hashBytes(visited.cells.bytes, visited.cells.length, visited.rowHash);
      return visited;
    },
    putCell: (ready, position, cell) => {
      single.clear();
      fillCell(single, ready, { row: Math.floor(cell / ready.batch.columnCount), cell, position }, filling);
      return single;
    },
  };
}

interface Filling {
  readonly order: readonly number[];
  readonly canonizers: readonly Canonize[];
  readonly keyCells: number;
}

/** Returns the length of the key's cells, which come first. */
function fillRow(row: CanonicalRow, ready: ReadyBatch, r: number, filling: Filling): number {
  const { order, keyCells } = filling;
  const at = { row: r, cell: 0, position: 0 };
  let keyLength = 0;
  row.clear();
  for (let i = 0; i < order.length; i += 1) {
    at.position = i;
    at.cell = r * ready.batch.columnCount + (order[i] as number);
    fillCell(row, ready, at, filling);
    if (i === keyCells - 1) keyLength = row.length;
  }
  return keyLength;
}

function fillCell(
  row: CanonicalRow,
  { batch, rendered }: ReadyBatch,
  at: { readonly row: number; readonly cell: number; readonly position: number },
  { order, canonizers }: Filling,
): void {
  const text = rendered.get(order[at.position] as number)?.[at.row];
  if (batch.storage[at.cell] === Storage.Null) row.putNull();
  else if (typeof text === 'string') row.putText(Tag.Value, text);
  else (canonizers[at.position] as Canonize)(batch, at.cell, row);
}

/** Per column of kind `literal` the target's own form of each row's text. */
type RenderedColumns = ReadonlyMap<number, readonly (string | null)[]>;

async function renderBatch(
  batch: CellBatch,
  columns: readonly ColumnPlan[],
  options: RowReadOptions,
): Promise<RenderedColumns> {
  const rendered = new Map<number, readonly (string | null)[]>();
  if (options.side === 'target' || options.renderLiterals === undefined) return rendered;
  for (const [index, column] of columns.entries()) {
    if (column.kind.tag !== 'literal') continue;
    rendered.set(index, await renderColumn(batch, index, column, options.renderLiterals));
  }
  return rendered;
}

async function renderColumn(
  batch: CellBatch,
  column: number,
  { kind, targetType }: ColumnPlan,
  render: RenderLiterals,
): Promise<(string | null)[]> {
  const form = kind.tag === 'literal' ? kind.form : undefined;
  const rows: number[] = [];
  const texts: string[] = [];
  for (let r = 0; r < batch.rowCount; r += 1) {
    const cell = r * batch.columnCount + column;
    if (batch.storage[cell] === Storage.Null) continue;
    rows.push(r);
    const text = batch.bytes.toString('utf8', batch.start[cell], batch.end[cell]);
    texts.push(literalText(text, batch.storage[cell] as StorageCode, form));
  }
  const answers = texts.length === 0 ? [] : await render(targetType, texts);
  assert(answers.length === texts.length, 'one answer for each literal');
  const byRow = new Array<string | null>(batch.rowCount).fill(null);
  for (const [i, r] of rows.entries()) byRow[r] = answers[i] ?? null;
  return byRow;
}
