export interface ColumnResult {
  readonly column: string;
  readonly nulls: number;
  /** Texts of zero length; 0 for columns that are not textual. */
  readonly empties: number;
  /** Sum over rows of H(value, key hash), mod 2^64, 16 lower-case hex digits. */
  readonly fingerprint: string;
}

/** What one side holds of one table, or of one chunk: adds up across chunks in any order. */
export interface TableFingerprint {
  readonly rows: number;
  /** Sum over rows of the key hash, mod 2^64, 16 lower-case hex digits. */
  readonly keyset: string;
  readonly columns: readonly ColumnResult[];
}

/**
 * What a rule took from values, as exact decimals: the sum of the changes, the sum of their sizes, and the greatest. Of
 * times in seconds, of numbers as they are, of texts in characters, and in bytes where the whole value went.
 */
export interface Losses {
  readonly net: string;
  readonly lost: string;
  readonly greatest: string;
}

/**
 * Cells of a column that a rule changed, of rows that are not kept whole. Of a round they may be less than none, and the
 * greatest loss is then that of the new ones.
 */
export interface ConvertedCells extends Losses {
  readonly column: string;
  readonly hazard: string;
  readonly rule: string;
  readonly cells: number;
}

/** What a rule took from a column, of all rows, those that are kept whole too. */
export interface ColumnLoss extends ConvertedCells {
  readonly table: string;
  /** What the losses are counted in: `s`, `characters`, `bytes`, or the column's own numbers. */
  readonly unit: LossUnit;
  /** Up to two keys, of rows that are kept whole. */
  readonly examples: readonly string[];
}

export type LossUnit = 's' | 'characters' | 'bytes' | 'number';

export interface ChunkResult extends TableFingerprint {
  readonly table: string;
  readonly index: number;
  /** Rows of the source that the quarantine holds instead: rows + quarantined are all rows of the chunk. */
  readonly quarantined: number;
  readonly converted: readonly ConvertedCells[];
  /** COPY bytes sent. */
  readonly bytes: number;
  /** XXH128 (hash-wasm) of the key fields' COPY bytes in the order they were sent, hex: the chunk's receipt. */
  readonly receipt: string;
  readonly durationMs: number;
}
