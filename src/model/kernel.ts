/** Where the values of a record go. */
export interface RecordShape {
  /** Per record position the index of the column, or −1 where it is not read. */
  readonly slots: Int32Array;
  /** Per record position: whether a record that ends before it means NULL. */
  readonly absentIsNull: readonly boolean[];
  /** Per column: whether an integer on disk is a real. */
  readonly integerIsReal: readonly boolean[];
  /** Column that takes the rowid, or −1. */
  readonly rowidSlot: number;
}

/** The cells of one leaf that are still to be read, as positions in `bytes`. The reader moves `pointer`. */
export interface LeafCursor {
  bytes: Buffer;
  /** The next cell pointer, and one past the last. */
  pointer: number;
  pointersEnd: number;
  /** First byte of the page and of its first possible cell, and one past its last usable byte. */
  page: number;
  cells: number;
  end: number;
  /** Most bytes of a payload that stay whole in a leaf. */
  localMax: number;
  /** Whether a row came before, and the halves of its rowid as signed 32-bit numbers. */
  hasRow: boolean;
  high: number;
  low: number;
}
