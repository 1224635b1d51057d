import type { RowView } from '../../model/value.js';

/**
 * How a column is written by a loop that knows no kinds: the values that most rows have. Every other value is written
 * aside, by a call of the column's encoder.
 */
export type DirectField =
  | { readonly tag: 'int2' | 'int4' | 'int8' | 'float8' | 'bool' | 'day' | 'uuid' }
  /**
   * Microseconds since 2000-01-01 are (an integer + shift) · factor; factor 0 writes integers aside. A text must be a
   * multiple of `grainMicros`, and one without an offset is not local time unless `needsOffset`.
   */
  | {
      readonly tag: 'moment';
      readonly factor: number;
      readonly shift: number;
      readonly grainMicros: number;
      readonly needsOffset: boolean;
    }
  /**
   * `bytesMax`: texts of at most this length fit. `guardBytes`: length of the null sentinel where no value may equal
   * it.
   */
  | { readonly tag: 'text' | 'blob' | 'jsonb'; readonly bytesMax: number; readonly guardBytes: number | null }
  | { readonly tag: 'label'; readonly labels: readonly string[]; readonly guardBytes: number | null }
  | { readonly tag: 'aside'; readonly isHashed: boolean };

/** What the kernel calls for values that it cannot write itself. */
export interface FieldAside {
  /**
   * Writes a value that is not NULL at the end of the encoder's block. Returns its length, or −1 where it does not fit.
   */
  readonly write: (view: RowView, column: number) => number;
  /**
   * The hash of the field of `length` bytes at `start` of the block; the seed is given in halves. The same result
   * object each time.
   */
  readonly hash: (
    field: FieldPosition,
    seedHigh: number,
    seedLow: number,
  ) => { readonly hi: number; readonly lo: number };
}

export interface FieldPosition {
  column: number;
  start: number;
  length: number;
  isKey: boolean;
}

/** Bytes that are filled at their end, up to `limit`. */
export interface ByteRun {
  readonly bytes: Buffer;
  readonly limit: number;
  length: number;
}

/** The sums of rows: hashes added mod 2^64, as in `TableFingerprint`. */
export interface RowSums {
  readonly rows: number;
  readonly keyset: bigint;
  readonly columns: readonly { readonly sum: bigint; readonly nulls: number; readonly empties: number }[];
}
