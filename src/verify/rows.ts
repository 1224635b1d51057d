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

/** Brings every row to canonical form, hashes key and whole row, and lends them to `visit`; obeys the signal between batches. */
export async function visitRows(
  batches: CellBatches,
  table: VerifyTable,
  options: RowReadOptions,
  visit: (row: VisitedRow) => void,
): Promise<void> {
  const hashBytes = await createHashBytes();
  const order = cellOrder(table);
  const canonizers = order.map((index) => canonizerOf(must(table.columns[index], 'column'), options.side));
  const visited = { cells: new CanonicalRow(), keyHash: { low: 0, high: 0 }, rowHash: { low: 0, high: 0 } };
  const keyCells = table.key.columns.length;
  const recompute = options.side === 'source' ? recomputer(table.columns, table.rules ?? []) : null;
  for await (const read of batches) {
    // Both readers may feed without ever waiting; this lets an abort arrive.
    await setImmediate();
    options.signal?.throwIfAborted();
    const batch = recompute === null ? read : recompute(read);
    assert(batch.columnCount === table.columns.length, 'a batch has the columns of the plan');
    const rendered = await renderBatch(batch, table.columns, options);
    for (let r = 0; r < batch.rowCount; r += 1) {
      const keyLength = fillRow(visited.cells, batch, r, { order, canonizers, rendered, keyCells });
      hashBytes(visited.cells.bytes, keyLength, visited.keyHash);
      if (keyLength === visited.cells.length) Object.assign(visited.rowHash, visited.keyHash);
      else hashBytes(visited.cells.bytes, visited.cells.length, visited.rowHash);
      visit(visited);
    }
  }
}

interface Filling {
  readonly order: readonly number[];
  readonly canonizers: readonly Canonize[];
  readonly rendered: RenderedColumns;
  readonly keyCells: number;
}

/** Returns the length of the key's cells, which come first. */
function fillRow(row: CanonicalRow, batch: CellBatch, r: number, filling: Filling): number {
  const { order, canonizers, rendered, keyCells } = filling;
  let keyLength = 0;
  row.clear();
  for (let i = 0; i < order.length; i += 1) {
    const column = order[i] as number;
    const cell = r * batch.columnCount + column;
    const text = rendered.get(column)?.[r];
    if (batch.storage[cell] === Storage.Null) row.putNull();
    else if (typeof text === 'string') row.putText(Tag.Value, text);
    else (canonizers[i] as Canonize)(batch, cell, row);
    if (i === keyCells - 1) keyLength = row.length;
  }
  return keyLength;
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
