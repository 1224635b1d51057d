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

/** Cells of a column that a rule changed, of rows that are not kept whole. Of a round it may be less than none. */
export interface ConvertedCells {
  readonly column: string;
  readonly hazard: string;
  readonly rule: string;
  readonly cells: number;
}

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
