/**
 * How one value is stored in a row, as small integers so that a row fits into typed arrays. `Wide` is an integer
 * outside ±(2^53 − 1): its eight bytes are in `RowView.wide`.
 */
export const Storage = { Null: 0, Integer: 1, Wide: 2, Real: 3, Text: 4, Blob: 5 } as const;

export type StorageCode = (typeof Storage)[keyof typeof Storage];

/**
 * One source row as both readers yield it and as the encoder takes it; index i is the i-th column of
 * `TablePlan.columns`. The reader fills the same object again for each row, so it must not be stored.
 */
export interface RowView {
  /** StorageCode per column. */
  readonly storage: Uint8Array;
  /** The value where storage is Integer or Real. */
  readonly number: Float64Array;
  /** The value where storage is Wide: 8 bytes per column, two's complement, big-endian, at 8 * i. */
  readonly wide: DataView;
  /** Holds the bytes of Text (UTF-8, not necessarily valid) and Blob values; may be replaced between rows. */
  bytes: Buffer;
  /** First byte of a Text or Blob value in `bytes`. */
  readonly start: Int32Array;
  /** One past its last byte. */
  readonly end: Int32Array;
}

/** A value as better-sqlite3 yields it in raw mode. */
export type SqliteValue = null | number | bigint | string | Buffer;

/**
 * Some rows of one side as the verifier reads them: cell i of row r is at index r * columnCount + i. A reader fills the
 * same object again for each batch, so it must not be stored.
 */
export interface CellBatch {
  rowCount: number;
  readonly columnCount: number;
  /** Texts and blobs as they are; integers and reals of the source as SQLite's own decimal text. */
  bytes: Buffer;
  /** First byte of a cell in `bytes`. */
  start: Int32Array;
  /** One past its last byte. */
  end: Int32Array;
  /** StorageCode per cell: what SQLite holds (never Wide: integers are text here); of the target only Null and Text. */
  storage: Uint8Array;
  /** The exact value of a Real cell of the source, in columns whose kind is a number or a point in time. */
  number: Float64Array;
}
