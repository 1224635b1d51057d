import type { TimeUnit } from '../model/kind.js';
import type { HazardRules } from '../plan/findings/hazards.js';

/**
 * What happens to a value or a row that cannot arrive as it is. `fail`: the run stops, or the plan refuses.
 * `quarantine`: the row is stored whole beside the ledger, and the other rows go on. `convert`: the named rule changes
 * the value, and each such cell is counted and reported; `value` is what the rule `default` sets in place of the target
 * column's own default.
 */
export type Policy<Rule extends string> =
  | 'fail'
  | 'quarantine'
  | ([Rule] extends [never] ? never : { readonly convert: Exclude<Rule, 'default'> } | Default<Rule>);

/** The rule `default`, of hazards that know it. */
type Default<Rule extends string> = 'default' extends Rule
  ? { readonly convert: 'default'; readonly value?: string | number | boolean }
  : never;

/** By name of the hazard, each with the rules that can change its values; `*` is for every hazard that is not named. */
export type Policies = { readonly [H in keyof HazardRules]?: Policy<HazardRules[H]> } & {
  readonly '*'?: Policy<never>;
};

/** What is decided about one source column. */
export interface ColumnRules {
  /** Name of the target column; the same as in the source where it is not said. */
  readonly target?: string;
  /** PostgreSQL type of the target column, where pgferry makes the schema. */
  readonly type?: string;
  /** Unit of the numbers of a temporal column. */
  readonly unit?: TimeUnit;
  /** How texts of a column of dates or times are written where the form alone is ambiguous: `DD.MM.YYYY HH24:MI`. */
  readonly pattern?: string;
  /** Time zone of texts without one: an IANA name or an offset. */
  readonly zone?: string;
  /** Time zone whose clocks a timestamp without time zone shows on the target, as drivers read it that take it for local time. */
  readonly targetZone?: string;
  /** The byte order of uuids in blobs: as they are written, or as .NET's Guid.ToByteArray() gives them. */
  readonly uuidBytes?: 'rfc' | 'dotnet';
  /**
   * A cell in the form in which a rollback writes values of this column, as a literal of SQLite: `1700000000000`, `'2024-01-31 12:00:00'`,
   * `x'00ff'`. Where nothing is said, it is the form that most cells of the column have.
   */
  readonly rollbackLike?: string;
  /** For the values of this column alone. */
  readonly policies?: Policies;
}

/** What is decided about every source column whose name, or declared type, fits a pattern. */
export type HabitRules = Pick<
  ColumnRules,
  'type' | 'unit' | 'pattern' | 'zone' | 'targetZone' | 'uuidBytes' | 'policies'
>;

/** What is decided about one source table. */
export interface TableRules {
  /** Name of the target table; the same as in the source where it is not said. */
  readonly target?: string;
  /** For the rows of this table alone. */
  readonly policies?: Policies;
  /** By source column. */
  readonly columns?: Readonly<Record<string, ColumnRules>>;
}
