import type { ColumnCensus } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import type { EpochUnit, TimeUnit } from '../model/kind.js';
import type { SourceColumn } from '../model/source.js';

/** A PostgreSQL type that the translation makes, with what defaults and expressions must know of it. */
export interface PgType {
  readonly sql: string;
  readonly class:
    | 'integer'
    | 'numeric'
    | 'real'
    | 'text'
    | 'bool'
    | 'bytes'
    | 'timestamp'
    | 'date'
    | 'time'
    | 'json'
    | 'uuid'
    /** Of the operator's choice, of which we know nothing. */
    | 'other';
  /** n of varchar(n), or null. */
  readonly maxChars: number | null;
}

export interface TypeQuestion {
  readonly table: string;
  readonly column: SourceColumn;
  readonly census: ColumnCensus;
  /** Whether an index or a key holds the column: json has no order, so that it would have to be text. */
  readonly isIndexed: boolean;
  /** Whether the column is the rowid itself. */
  readonly isIdentity?: boolean;
  /** Unit of its numbers as times, where the operator says it. */
  readonly unit?: TimeUnit | null;
  /** The epoch that the tables of the database show by their names. */
  readonly mark?: EpochUnit | null;
  /** The name of the framework that made the tables. */
  readonly framework?: string | null;
  /** What the table says about the column beside its declaration; left out where it cannot decide its type. */
  readonly hints?: TypeHints;
}

export interface TypeHints {
  /** Whether a CHECK binds it to JSON. */
  readonly isJson: boolean;
  /** Whether the primary key or a foreign key holds it. */
  readonly isKey: boolean;
  /** Whether it refers to a column of whole numbers, and is none by its declaration. */
  readonly refersToInteger: boolean;
  /** Whether an expression of the table reads it: another CHECK, a generated column, an index. */
  readonly isInExpression: boolean;
}

/** The rule by which a column got a type that it does not name, and the type that it would have by its declaration. */
export interface Inference {
  readonly rule: 'boolean' | 'uuid' | 'jsonb' | 'date' | 'reference';
  readonly otherwise: string;
}

export interface TypeChoice {
  readonly type: PgType;
  readonly findings: readonly Finding[];
  readonly inference?: Inference;
}

export const bigint = plainType('bigint', 'integer');
export const numeric = plainType('numeric', 'numeric');
export const double = plainType('double precision', 'real');
export const textType = plainType('text', 'text');

/** The declared type's words in upper case and its first number: `VARCHAR(255)` is VARCHAR and 255. */
export function readDeclared(declaredType: string): { readonly words: string; readonly length: number | null } {
  const [, words = '', length] = /^([^(]*)(?:\(\s*([0-9]+))?/.exec(declaredType.trim()) ?? [];
  return {
    words: words.trim().toUpperCase().replace(/\s+/g, ' '),
    length: length === undefined ? null : Number(length),
  };
}

/** A type without a length, or whose length bounds no text. */
export function plainType(sql: string, typeClass: PgType['class']): PgType {
  return { sql, class: typeClass, maxChars: null };
}

/** A type about which nothing is to be said. */
export function only(type: PgType): TypeChoice {
  return { type, findings: [] };
}
