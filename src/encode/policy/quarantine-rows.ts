import type { ConvertedCells } from '../../model/copy.js';
import type { QuarantineNote } from '../../model/quarantine.js';
import type { RowView } from '../../model/value.js';
import { Block } from '../row/block.js';
import { quarantineCell, storageLetters } from './quarantined-cells.js';

/** PostgreSQL documentation, COPY, Binary Format: signature, flags, length of an extension. */
const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = -1;
const byteaOid = 17;
const int4Oid = 23;

/** The columns of the quarantine, in the order in which the rows contain them. */
export const quarantineColumns = [
  'run_id',
  'table_name',
  'chunk_index',
  'row_number',
  'step',
  'state',
  'key',
  'column_name',
  'hazard',
  'rule',
  'reason',
  'bytes',
  'storage',
  'cells',
  'changed',
  'changed_storage',
  'changed_cells',
  'losses',
] as const;

export interface QuarantineHead {
  readonly runId: string;
  readonly table: string;
  readonly chunkIndex: number;
  /** 0 for the copy. A later step's note of the same row replaces the one before. */
  readonly step: number;
}

/**
 * Rows for the quarantine as binary COPY: add for each row, takeBlock whenever isBlockFull, then finish. A block grows for
 * a row that is larger, and no row is held twice.
 */
export class QuarantineRows {
  readonly #head: QuarantineHead;
  readonly #blockBytes: number;
  readonly #out: Block;
  rows = 0;

  constructor(head: QuarantineHead, blockBytes: number) {
    this.#head = head;
    this.#blockBytes = blockBytes;
    this.#out = new Block(blockBytes);
    this.#out.copy(header, 0, header.length);
  }

  get isBlockFull(): boolean {
    return this.#out.length >= this.#blockBytes;
  }

  /** Adds a row as the source has it. For a converted row also the columns that were changed, as they were sent. */
  add(
    row: RowView,
    note: QuarantineNote,
    converted: {
      readonly view: RowView;
      readonly changed: readonly number[];
      /** What its cells lost, each by its rule. */
      readonly cells: readonly ConvertedCells[];
    } | null,
  ) {
    const out = this.#out;
    const columns = [...row.storage.keys()];
    out.int16(quarantineColumns.length);
    this.#text(this.#head.runId);
    this.#text(this.#head.table);
    out.int32(4);
    out.int32(this.#head.chunkIndex);
    this.#int8(note.rowNumber);
    out.int32(4);
    out.int32(this.#head.step);
    this.#text(note.state);
    this.#text(note.key);
    this.#text(note.column);
    this.#text(note.hazard);
    this.#text(note.rule);
    this.#text(note.reason);
    this.#int8(columns.reduce((sum, index) => sum + (quarantineCell(row, index)?.length ?? 0), 0));
    this.#text(storageLetters(row));
    this.#cells(row, columns);
    if (converted === null) for (let i = 0; i < 4; i += 1) out.int32(-1);
    else {
      this.#numbers(converted.changed);
      const letters = storageLetters(converted.view);
      this.#text(converted.changed.map((index) => letters[index]).join(''));
      this.#cells(converted.view, converted.changed);
      this.#jsonb(converted.cells);
    }
    this.rows += 1;
  }

  takeBlock(): Buffer {
    return this.#out.take();
  }

  finish(): Buffer {
    this.#out.int16(trailer);
    return this.#out.take();
  }

  #text(value: string | null): void {
    const bytes = value === null ? null : Buffer.from(value);
    this.#out.int32(bytes?.length ?? -1);
    if (bytes !== null) this.#out.copy(bytes, 0, bytes.length);
  }

  /** jsonb_recv: the version, then the text. */
  #jsonb(value: unknown): void {
    const text = Buffer.from(`\x01${JSON.stringify(value)}`);
    this.#out.int32(text.length);
    this.#out.copy(text, 0, text.length);
  }

  #int8(value: number): void {
    this.#out.int32(8);
    this.#out.int64(value);
  }

  /** array_recv: dimensions, whether there are NULLs, type, then length and first index of the one dimension. */
  #arrayHeader(count: number, oid: number): number {
    const start = this.#out.length;
    this.#out.int32(0);
    this.#out.int32(count === 0 ? 0 : 1);
    this.#out.int32(1);
    this.#out.int32(oid);
    if (count > 0) {
      this.#out.int32(count);
      this.#out.int32(1);
    }
    return start;
  }

  #arrayEnd(start: number): void {
    this.#out.view.setInt32(start, this.#out.length - start - 4);
  }

  #cells(view: RowView, columns: readonly number[]): void {
    const start = this.#arrayHeader(columns.length, byteaOid);
    for (const index of columns) {
      const cell = quarantineCell(view, index);
      this.#out.int32(cell?.length ?? -1);
      if (cell !== null) this.#out.copy(cell, 0, cell.length);
    }
    this.#arrayEnd(start);
  }

  #numbers(values: readonly number[]): void {
    const start = this.#arrayHeader(values.length, int4Oid);
    for (const value of values) {
      this.#out.int32(4);
      this.#out.int32(value);
    }
    this.#arrayEnd(start);
  }
}
