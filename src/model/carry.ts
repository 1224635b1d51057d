/** What of PostgreSQL's writes SQLite cannot hold, and why. */
export interface Uncarried {
  readonly table: string;
  readonly column: string | null;
  /** As text, `a=1, b='x'`; null where it is not about one row. */
  readonly key: string | null;
  readonly reason: string;
}

/** How many rows of a table came back from PostgreSQL. */
export interface CarriedTable {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The ranges into which whole numbers that are keys fall, numbered from 0; the first and the last one have no outer end. */
export interface KeyRanges {
  /** Where the first range would begin. */
  readonly first: number;
  /** How many keys a range holds. */
  readonly width: number;
}

/** The first and the last key of a range, decimal. */
export type KeyBounds = readonly [from: string, to: string];
