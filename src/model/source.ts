import type { VirtualForm } from './rules.js';

/** https://www.sqlite.org/datatype3.html section 3.1 */
export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric';

export interface SourceColumn {
  readonly name: string;
  /** As written, '' where there is none. */
  readonly declaredType: string;
  readonly affinity: Affinity;
  readonly notNull: boolean;
  /** The default's SQL text as SQLite stores it, or null. */
  readonly defaultSql: string | null;
  readonly generated: 'no' | 'virtual' | 'stored';
  /** BINARY, NOCASE, RTRIM or the name of another collation. */
  readonly collation: string;
}

export interface SourceForeignKey {
  readonly id: number;
  readonly columns: readonly string[];
  readonly parentTable: string;
  /** `REFERENCES t` without columns is resolved to t's primary key; empty where that is not possible. */
  readonly parentColumns: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly deferrable: 'no' | 'immediate' | 'deferred';
}

export interface SourceIndexColumn {
  /** null for an expression. */
  readonly column: string | null;
  readonly descending: boolean;
  readonly collation: string;
}

export interface SourceIndex {
  readonly name: string;
  readonly isUnique: boolean;
  /** c: CREATE INDEX, u: UNIQUE constraint, pk: PRIMARY KEY. */
  readonly origin: 'c' | 'u' | 'pk';
  readonly isPartial: boolean;
  readonly columns: readonly SourceIndexColumn[];
  /** null for the automatic indexes of constraints. */
  readonly sql: string | null;
}

export interface SourceTable {
  readonly name: string;
  readonly sql: string;
  /** Page number of the b-tree's root, from sqlite_schema. */
  readonly rootPage: number;
  readonly isWithoutRowid: boolean;
  readonly isStrict: boolean;
  readonly columns: readonly SourceColumn[];
  /** Column names in key order; empty where there is no PRIMARY KEY. */
  readonly primaryKey: readonly string[];
  /** The INTEGER PRIMARY KEY column that is the rowid itself, or null. */
  readonly rowidAlias: string | null;
  /** A name by which SQL can reach the rowid (no column hides it); null for WITHOUT ROWID or where all are hidden. */
  readonly rowidName: string | null;
  readonly isAutoincrement: boolean;
  /** seq of sqlite_sequence as a decimal string, null where there is none. */
  readonly sequence: string | null;
  readonly foreignKeys: readonly SourceForeignKey[];
  readonly indexes: readonly SourceIndex[];
  /** Whose bookkeeping it is; such a table is carried with a translated schema only. */
  readonly framework?: Framework;
  /** Of a virtual table that is carried as a plain one. `sql` and `columns` are then those of the plain table. */
  readonly virtual?: VirtualSource;
}

/** Virtual tables that can be carried, by what their module makes of them. */
export type VirtualClass = 'full text' | 'r-tree' | 'geopoly';

export interface VirtualSource {
  readonly class: VirtualClass;
  readonly form: VirtualForm;
  readonly forms: readonly VirtualForm[];
  /** Of an R-Tree: the columns of each dimension, smallest and largest. */
  readonly dimensions: readonly (readonly [string, string])[];
  /** The CREATE VIRTUAL TABLE. */
  readonly sql: string;
  /** Root page of the table of the module's own that takes most of the room, 0 where it is not known. */
  readonly storeRoot: number;
}

export interface LeftOut {
  readonly name: string;
  readonly type: 'virtual' | 'shadow' | 'internal' | 'bookkeeping' | 'view' | 'trigger' | 'excluded';
  readonly reason: string;
  readonly sql: string | null;
  /** Of a virtual table: its rows stand nowhere else in the file. */
  readonly holdsRows?: true;
  /** Of such a virtual table: what it could be carried as; left out where it cannot. */
  readonly forms?: readonly VirtualForm[];
  /** Whose bookkeeping it is. */
  readonly framework?: Framework;
}

/** A framework or application that makes the tables of a database itself. */
export interface Framework {
  readonly name: string;
  /** What shows it: the name of a table, an index or a constraint. */
  readonly mark: string;
  /** The command by which it makes its tables in PostgreSQL, null where there is none. */
  readonly command: string | null;
  /** Of a table of bookkeeping: whether it holds names of migrations only, which say as much of a translated schema. */
  readonly namesOnly?: true;
}

export interface SourceView {
  readonly name: string;
  readonly sql: string;
  /** As SQLite names them; null where it cannot read the view itself. */
  readonly columns: readonly string[] | null;
}

export interface SourceCatalog {
  readonly encoding: 'UTF-8' | 'UTF-16le' | 'UTF-16be';
  readonly pageSize: number;
  readonly pageCount: number;
  /** Bytes at the end of each page that belong to an extension (file format, section 1.3.4). */
  readonly reservedBytes: number;
  readonly schemaVersion: number;
  readonly tables: readonly SourceTable[];
  /** The views. They are in `leftOut` too, until they are made on the target. */
  readonly views: readonly SourceView[];
  readonly leftOut: readonly LeftOut[];
}

export interface ForeignKeyViolation {
  readonly table: string;
  readonly foreignKeyId: number;
  readonly parentTable: string;
  readonly count: number;
  /** Up to three keys (or rowids) of offending rows, as text. */
  readonly examples: readonly string[];
  /** Found as the target compares values: SQLite's own check does not list all of these rows. */
  readonly isOfTarget?: true;
}

/** A table whose pages SQLite alone could not check, and what it says of it. */
export interface UncheckedTable {
  readonly table: string;
  readonly reason: string;
}

/** The page-exact private copy that everything reads. */
/** A dump in SQL, or a copy of the database file that came compressed or from elsewhere. */
export type ImportedAs = 'dump' | 'copy';

export interface Snapshot {
  readonly path: string;
  readonly sourcePath: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** Tables that quick_check could not judge; left out where there are none. */
  readonly unchecked?: readonly UncheckedTable[];
  /** Left out where the source is the database file itself. */
  readonly imported?: ImportedAs;
  /** Where keys of the target stand in this one: the snapshot as it was taken, and which key stands for which. */
  readonly unmapped?: { readonly snapshot: HashedFile; readonly keys: HashedFile };
}

/** A file that is never written again. */
export interface HashedFile {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}
