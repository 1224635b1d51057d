import type { CellBatch } from '../model/value.js';
import { type CanonicalRow, Tag } from './canonical-row.js';

/**
 * Brings one cell of a batch to canonical form and appends it to a row. Never called for NULL. Nothing here knows how
 * values were sent: each form is read from what SQLite and PostgreSQL print.
 */
export type Canonize = (batch: CellBatch, cell: number, row: CanonicalRow) => void;

export type ComparedSide = 'source' | 'target';

/** Integers of so many characters are exact as doubles. */
export const safeDigits = 15;

export function textOf(batch: CellBatch, cell: number): string {
  return batch.bytes.toString('utf8', batch.start[cell], batch.end[cell]);
}

export function numberOf(batch: CellBatch, cell: number): number {
  return batch.number[cell] as number;
}

export function putAsIs(batch: CellBatch, cell: number, row: CanonicalRow): void {
  row.putBytes(Tag.Value, batch.bytes, batch.start[cell] as number, batch.end[cell] as number);
}

/**
 * A value that has no meaning under its kind is appended as it is, with a tag that makes it differ from every other
 * value.
 */
export function putRaw(batch: CellBatch, cell: number, row: CanonicalRow): void {
  row.putBytes(Tag.Raw, batch.bytes, batch.start[cell] as number, batch.end[cell] as number);
}
