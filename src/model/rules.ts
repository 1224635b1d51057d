import type { TimeUnit } from './kind.js';

/**
 * What happens to a value or a row that cannot arrive as it is. `fail`: the run stops, or the plan refuses.
 * `quarantine`: the row is stored whole beside the ledger, and the other rows go on. `convert`: the named rule changes
 * the value, and each such cell is counted and reported; `value` is what the rule `default` sets in place of the target
 * column's own default.
 */
export type Policy =
  | 'fail'
  | 'quarantine'
  | { readonly convert: string; readonly value?: string | number | boolean | undefined };

/** By name of the hazard; `*` is for every hazard that is not named. */
export type Policies = Readonly<Record<string, Policy>>;

/** The policy for a hazard: its own, else that for all, else that it fails. */
export function policyFor(policies: Policies, hazard: string): Policy {
  return policies[hazard] ?? policies['*'] ?? 'fail';
}

/** What the operator decided about one source column. */
export interface ColumnRules {
  /** Name of the target column. */
  readonly target?: string;
  /** PostgreSQL type of the target column, where pgferry makes the schema. */
  readonly type?: string;
  /** Unit of the numbers of a temporal column. */
  readonly unit?: TimeUnit;
  /** How texts of a column of dates or times are written where the form alone is ambiguous: `DD.MM.YYYY HH24:MI`. */
  readonly pattern?: string;
  /** Time zone of texts without one: an IANA name or an offset. */
  readonly zone?: string;
  /** Time zone whose clocks a timestamp without time zone shows on the target. */
  readonly targetZone?: string;
  /** The byte order of uuids in blobs: as they are written, or as .NET's Guid.ToByteArray() gives them. */
  readonly uuidBytes?: 'rfc' | 'dotnet';
  /**
   * A cell in the form in which a rollback writes values of this column, as a literal of SQLite: `1700000000000`, `'2024-01-31 12:00:00'`,
   * `x'00ff'`. Where nothing is said, it is the form that most cells of the column have.
   */
  readonly rollbackLike?: string;
  readonly policies?: Policies;
}

/**
 * What becomes of a table that the application fills by itself on PostgreSQL. `replace`: its rows there give way. `keep`:
 * they stay, and SQLite's are left out. `merge`: those stay whose keys SQLite does not have, beside SQLite's. `match`: they stay, and what refers to SQLite's rows follows the keys that these
 * have there, by columns that name a row on both sides.
 */
export type SeededRule = 'replace' | 'keep' | 'merge' | { readonly match: readonly string[] };

/** What the operator decided about one source table. */
export interface TableRules {
  /** Name of the target table. */
  readonly target?: string;
  readonly seeded?: SeededRule;
  readonly policies?: Policies;
  /** By source column. */
  readonly columns?: Readonly<Record<string, ColumnRules>>;
}

/** What the operator decided about every source column whose name, or declared type, fits a pattern. */
export type HabitRules = Pick<
  ColumnRules,
  'type' | 'unit' | 'pattern' | 'zone' | 'targetZone' | 'uuidBytes' | 'policies'
>;

/**
 * What a virtual table whose rows stand nowhere else becomes: a plain table; of an R-Tree also one with a column `box`
 * (two dimensions), or with a range for each dimension.
 */
export type VirtualForm = 'table' | 'box' | 'range';

/** Everything the operator decided in the config file that shapes a plan. Names are compared without ASCII case. */
export interface Rules {
  readonly policies: Policies;
  /** Time zone of texts without one, where no column says another. */
  readonly zone?: string | null;
  /** Time zone that a timestamp without time zone shows, where no column says another. */
  readonly targetZone?: string | null;
  /** By source table. */
  readonly tableRules: Readonly<Record<string, TableRules>>;
  /** By pattern of a column's name, in which `*` is any run of characters. */
  readonly columns?: Readonly<Record<string, HabitRules>>;
  /** By pattern of a declared type; one without parentheses fits every length. A word alone is the type. */
  readonly declared?: Readonly<Record<string, string | HabitRules>>;
  /** Text search configuration by full-text table of the source that is to become a tsvector column. */
  readonly search?: Readonly<Record<string, string>>;
  /** What virtual tables become, by pattern of their names. */
  readonly virtualTables?: Readonly<Record<string, VirtualForm>>;
}
