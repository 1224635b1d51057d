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
