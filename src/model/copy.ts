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

export interface ChunkResult extends TableFingerprint {
  readonly table: string;
  readonly index: number;
  /** Rows of the source that the quarantine holds instead: rows + quarantined are all rows of the chunk. */
  readonly quarantined: number;
  /** COPY bytes sent. */
  readonly bytes: number;
  /** XXH128 (hash-wasm) of the key fields' COPY bytes in the order they were sent, hex: the chunk's receipt. */
  readonly receipt: string;
  readonly durationMs: number;
}

/**
 * held: the row is not in the target; converted: it is, with changed values; released: it was held, and a retry has since
 * brought it into the target.
 */
export type QuarantineState = 'held' | 'converted' | 'released';

/** Why a row is in the quarantine. */
export interface QuarantineNote {
  /** Position in the chunk, from 0, in the order of the source. */
  readonly rowNumber: number;
  readonly state: QuarantineState;
  /** The key as text, `a=1, b='x'`. */
  readonly key: string;
  /** Source columns, separated by commas, or null where the row as a whole is the reason. */
  readonly column: string | null;
  /** As policies name it; several are separated by commas. */
  readonly hazard: string;
  /** quarantine, or the name of the conversion. */
  readonly rule: string;
  readonly reason: string;
}

/** What the quarantine of a run holds, by table, state, column, hazard and rule. */
export interface QuarantineGroup {
  readonly table: string;
  readonly state: QuarantineState;
  readonly column: string | null;
  readonly hazard: string;
  readonly rule: string;
  readonly rows: number;
  /** Up to three keys. */
  readonly examples: readonly string[];
}

/** A quarantined row as it is listed. */
export interface QuarantinedRowReport extends Omit<QuarantineNote, 'rowNumber'> {
  readonly table: string;
}
