import type { Policies } from './rules.js';
import type { Affinity, LeftOut } from './source.js';
import type { TargetForeignKey } from './target.js';

/** The unit of a number in a temporal column. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'julian';

/** How the values of a temporal column are read. */
export interface Reading {
  /** Of its integers, and of its reals where `realUnit` says nothing else. */
  readonly unit: TimeUnit;
  readonly realUnit?: TimeUnit;
  /** The IANA zone in which texts without an offset are local time; UTC where there is none. */
  readonly zone?: string;
}

/** What Postgres' own input function would take in silence, and what it would not take, of a literal's text. */
export type LiteralForm =
  /** A text that is a JSON array is written as `{…}` first. */
  | { readonly tag: 'array' }
  /** money: more fraction digits than it keeps would be rounded. */
  | { readonly tag: 'digits'; readonly digits: number }
  /** A time with zone: the same, and words such as `now` would mean the moment of the copy. */
  | { readonly tag: 'clock'; readonly digits: number }
  /** The same for the seconds of an interval; numbers count in `unit`, and mean nothing where there is none. */
  | { readonly tag: 'interval'; readonly digits: number; readonly unit: TimeUnit | null }
  /** "char": all but the first byte would be cut off. */
  | { readonly tag: 'byte' }
  /** oid and its like: a negative number would wrap around. */
  | { readonly tag: 'unsigned' };

/** How the values of one column travel. Decided in the plan; the copy has no opinions. */
export type Kind =
  | { readonly tag: 'bool' }
  | { readonly tag: 'int2' | 'int4' | 'int8' }
  | { readonly tag: 'float4' | 'float8' }
  | { readonly tag: 'numeric'; readonly precision: number | null; readonly scale: number | null }
  /** text, varchar(n), name, citext; maxChars null where unlimited. Only name counts bytes. */
  | { readonly tag: 'text'; readonly maxChars: number | null; readonly maxBytes?: number }
  | { readonly tag: 'char'; readonly chars: number }
  | { readonly tag: 'bytea' | 'uuid' | 'json' | 'jsonb' }
  | { readonly tag: 'enum'; readonly labels: readonly string[] }
  | ({ readonly tag: 'date' } & Partial<Reading>)
  /** precision: fraction digits the target keeps, 0 to 6. */
  | { readonly tag: 'time'; readonly precision: number }
  | ({ readonly tag: 'timestamp' | 'timestamptz'; readonly precision: number } & Reading)
  /** Any other type: its text form goes through Postgres' own input function, in text format only. */
  | { readonly tag: 'literal'; readonly form?: LiteralForm };

export interface ColumnPlan {
  readonly source: string;
  readonly target: string;
  readonly declaredType: string;
  /** Source affinity: a number in a text column renders as SQLite's CAST does. */
  readonly affinity: Affinity;
  readonly targetType: string;
  readonly kind: Kind;
  /** Why this kind, in words, for the printed plan. */
  readonly reason: string;
  readonly isTextual: boolean;
  /** Whether the target column takes no NULL. */
  readonly notNull?: boolean;
  /** What happens to values that cannot arrive as they are, resolved for this column; nothing named is `fail`. */
  readonly policies?: Policies;
}

export interface KeyPlan {
  /** primary: the primary key; unique: a unique key of NOT NULL columns; none: every column, in order. */
  readonly origin: 'primary' | 'unique' | 'none';
  /** Indexes into TablePlan.columns. For `none` all columns. */
  readonly columns: readonly number[];
}

/** A bound of a key range: integers as decimal strings so that it survives JSON. */
export type BoundValue =
  | { readonly tag: 'integer'; readonly value: string }
  | { readonly tag: 'real'; readonly value: number }
  | { readonly tag: 'text'; readonly value: string }
  | { readonly tag: 'blob'; readonly hex: string };

/** after is exclusive, through inclusive; null is open. Rowids are decimal strings. */
export type ChunkRange =
  | { readonly tag: 'whole' }
  | { readonly tag: 'rowid'; readonly after: string | null; readonly through: string | null }
  | {
      readonly tag: 'key';
      readonly after: readonly BoundValue[] | null;
      readonly through: readonly BoundValue[] | null;
    };

export interface Chunk {
  readonly table: string;
  readonly index: number;
  readonly range: ChunkRange;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

export interface TablePlan {
  readonly source: string;
  readonly targetSchema: string;
  readonly target: string;
  readonly columns: readonly ColumnPlan[];
  /** What happens to rows that cannot arrive as they are, for hazards of no single column. */
  readonly policies?: Policies;
  /** Of the target, by its names; kept only where the operator has policies, for rows that can stay only with others. */
  readonly foreignKeys?: readonly TargetForeignKey[];
  readonly uniqueKeys?: readonly (readonly string[])[];
  readonly key: KeyPlan;
  /** 0 for tables without parents; a component of a cycle shares one layer. */
  readonly layer: number;
  /** Rows counted in the snapshot. */
  readonly rows: number;
  readonly estimatedBytes: number;
  readonly rootPage: number;
  readonly isWithoutRowid: boolean;
  readonly rowidName: string | null;
  /** Name of the column that is the rowid, else null. */
  readonly rowidAlias: string | null;
  /** Columns of a WITHOUT ROWID key in key order, for key ranges; else empty. */
  readonly sourceKey: readonly string[];
  readonly reader: 'rows' | 'pages';
  readonly readerReason: string;
  readonly format: 'binary' | 'text';
  readonly formatReason: string;
  readonly chunks: readonly Chunk[];
}

export type Severity = 'error' | 'warning' | 'note';

/** Something a person must know: named by table, column and key, with what to do next. */
export interface Finding {
  readonly severity: Severity;
  readonly code: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly key: string | null;
  readonly message: string;
  readonly hint: string;
}

/** A parent → child edge of the foreign-key graph, by table name. */
export interface ForeignKeyEdge {
  readonly child: string;
  readonly parent: string;
}

export interface Plan {
  readonly version: 1;
  /** SHA-256 over every decision below, lower-case hex: equal plans copy equally. */
  readonly hash: string;
  readonly tables: readonly TablePlan[];
  /** Table names per layer; order within a layer is by size, biggest first. */
  readonly layers: readonly (readonly string[])[];
  /** Strongly connected components with more than one table. */
  readonly cycles: readonly (readonly string[])[];
  readonly edges: readonly ForeignKeyEdge[];
  readonly leftOut: readonly LeftOut[];
  readonly keepsConstraints: boolean;
  readonly findings: readonly Finding[];
}
