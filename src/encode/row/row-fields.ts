/** Where the fields of one row stand in a block; one object, filled again for each row. */
export interface RowFields {
  /** First byte of each field. */
  readonly start: Int32Array;
  /** Bytes of each field, −1 for NULL. */
  readonly length: Int32Array;
  /** The column being written: where an error comes, its column. */
  current: number;
}

export function createRowFields(count: number): RowFields {
  return { start: new Int32Array(count), length: new Int32Array(count), current: 0 };
}
