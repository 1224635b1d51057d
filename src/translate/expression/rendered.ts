import { type Expression, Unportable } from './expression.js';
import { quoteText } from '../../lib/quote.js';

/** What a piece of PostgreSQL's SQL yields; `other` can only be asked whether it is NULL. */
export type ResultClass = 'integer' | 'numeric' | 'real' | 'text' | 'bool' | 'bytes' | 'null' | 'instant' | 'other';

export type Temporal = 'date' | 'timestamp' | 'timestamptz' | 'time';

export interface Rendered {
  readonly sql: string;
  readonly class: ResultClass;
  /** The expression itself where it is a literal. */
  readonly literal: string | null;
  /** For an instant: its text by to_char, and which column type it fills. */
  readonly instant?: { readonly format: string; readonly holds: 'timestamp' | 'date' | 'time' | 'part' };
  /** Whether it is a text though its class is `other`, since its collation decides about comparisons alone. */
  readonly isText?: boolean;
  /** What typeof gives in SQLite for all that the column holds; left out where that is more than one class, or none. */
  readonly storage?: 'integer' | 'real' | 'text' | 'blob';
  /** Of a boolean: whether SQLite has a text of one letter in its place. */
  readonly isLetters?: boolean;
  /** The type of a column of times, or of what a function makes of one. */
  readonly temporal?: Temporal;
  /** Of a column: what SQLite turns a literal into that it is compared with. */
  readonly affinity?: 'text' | 'number';
  /** Whether a number is the present moment in a unit since 1970. */
  readonly isEpoch?: boolean;
}

/** The meaning of names and functions at this position of an expression; null where they have none that is sure. */
export interface Scope {
  readonly column: (name: string, table: string | null) => Rendered | null;
  readonly call: (name: string, operands: readonly Expression[], scope: Scope) => Rendered | null;
  /** Calls over DISTINCT values or over *; left out where such calls are not allowed. */
  readonly aggregate?: (name: string, operands: readonly Expression[], over: 'distinct' | 'star') => Rendered | null;
  /** Whether a name in double quotes, which is no column here, is a text to SQLite; left out where it never is. */
  readonly isText?: (name: string) => boolean;
  /** Whether the server has IS JSON; left out where it is not known. */
  readonly hasIsJson?: boolean;
  /** The meaning of a whole expression that is grouped by, within a query with aggregates; null for any other. */
  readonly whole?: (expression: Expression) => Rendered | null;
}

export function yields(valueClass: ResultClass, sql: string): Rendered {
  return { sql, class: valueClass, literal: null };
}

/** The text of a value, as SQLite would make it; numbers only where they are integers. */
export function asText(value: Rendered): string {
  if (value.class === 'text' || value.isText === true) return value.sql;
  if (value.class === 'integer') return `(${value.sql})::text`;
  if (value.instant !== undefined) return `to_char(${value.sql}, ${quoteText(value.instant.format)})`;
  return refuseTranslation('its text form differs between SQLite and PostgreSQL');
}

/** The value as a condition. */
export function asCondition(value: Rendered): string {
  if (value.class === 'bool') return value.sql;
  if (value.class === 'integer') return `(${value.sql} <> 0)`;
  if (value.class === 'null') return 'NULL::boolean';
  return refuseTranslation('it is no condition');
}

export function refuseTranslation(reason: string): never {
  throw new Unportable(reason);
}
