/** Positions of the fields of one row in a block. One object, filled again for each row. */
export interface RowFields {
  /** First byte of each field. */
  readonly start: Int32Array;
  /** Bytes of each field, −1 for NULL. */
  readonly length: Int32Array;
  /** The column that is being written; after an error, the column that failed. */
  current: number;
}

export function createRowFields(count: number): RowFields {
  return { start: new Int32Array(count), length: new Int32Array(count), current: 0 };
}
