import type { Code } from './codes/codes.js';
import type { ColumnLoss, TableFingerprint } from './copy.js';
import type { Kind } from './kind.js';
import type { Policies } from './rules.js';
import type { Affinity, LeftOut } from './source.js';
import type { TargetForeignKey, UniqueIndex } from './target.js';

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
  /** Whether a temporal column holds no number, so that its unit means nothing. */
  readonly isUnitMoot?: boolean;
  /** Whether the target column takes no NULL. */
  readonly notNull?: boolean;
  /** The default of the target column where it is a literal: what the rule `default` sets. */
  readonly defaultValue?: string | boolean;
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

/** Rows of a target table that stay beside those of the source, which has none of their keys. */
export interface StayingRows {
  /** The columns of the key, by their names on the target. */
  readonly columns: readonly string[];
  /** The keys as PostgreSQL prints them. */
  readonly keys: readonly (readonly string[])[];
  /** What these rows held when the run was planned. */
  readonly held: TableFingerprint;
  /** Whether these rows are meant, and not the others. */
  readonly isMeant?: true;
}

export interface TablePlan {
  readonly source: string;
  readonly targetSchema: string;
  readonly target: string;
  readonly columns: readonly ColumnPlan[];
  /** What happens to rows that cannot arrive as they are, for hazards of no single column. */
  readonly policies?: Policies;
  /**
   * Foreign keys and unique keys of the target, by its names. Present only where the operator has policies, to find
   * rows that cannot stay without others.
   */
  readonly foreignKeys?: readonly TargetForeignKey[];
  readonly uniqueKeys?: readonly (readonly string[])[];
  readonly uniqueIndexes?: readonly UniqueIndex[];
  readonly key: KeyPlan;
  /** 0 for tables without parents; a component of a cycle shares one layer. */
  readonly layer: number;
  /** Rows counted in the snapshot. */
  readonly rows: number;
  readonly estimatedBytes: number;
  readonly rootPage: number;
  readonly isWithoutRowid: boolean;
  readonly rowidName: string | null;
  /** Name of the column that is the rowid, or null. */
  readonly rowidAlias: string | null;
  /** Columns of a WITHOUT ROWID key in key order, for key ranges; empty for other tables. */
  readonly sourceKey: readonly string[];
  readonly reader: 'rows' | 'pages';
  readonly readerReason: string;
  readonly format: 'binary' | 'text';
  readonly formatReason: string;
  readonly chunks: readonly Chunk[];
  /** Rows of the target that stay, and that no proof holds against the source. */
  readonly staying?: StayingRows;
}

export type Severity = 'error' | 'warning' | 'note';

/** Something a person must know: named by table, column and key, with what to do next. */
export interface Finding {
  readonly severity: Severity;
  readonly code: Code;
  readonly table: string | null;
  readonly column: string | null;
  readonly key: string | null;
  readonly message: string;
  readonly hint: string;
  /** Lines of JSON, each the content of a config file that settles it. */
  readonly choices?: readonly string[];
  /** What of the source it is about where that is no table or column: an index by its name, a check or foreign key by its SQL. */
  readonly object?: string;
  /** The name by which `--waive` accepts it, where it can be accepted. */
  readonly waiver?: string;
  /** What a rule took from the values of the column. */
  readonly loss?: Omit<ColumnLoss, 'table' | 'column' | 'examples'>;
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
