/**
 * The nouns of pgferry as types. Plain data only: everything here can be sent to a thread
 * (structured clone) and, with bigints written as decimal strings, printed as JSON.
 */

// ---------------------------------------------------------------- values

/**
 * How one value is stored in a row, as small integers so that a row can be held in typed arrays.
 * `Wide` is an integer outside ±(2^53 − 1): its eight bytes stand in `RowView.wide`.
 */
export const Storage = { Null: 0, Integer: 1, Wide: 2, Real: 3, Text: 4, Blob: 5 } as const;
export type StorageCode = (typeof Storage)[keyof typeof Storage];

/**
 * How a column is written by a loop that knows no kinds: the values that most rows have. Every other value is written
 * aside, by a call of the column's encoder.
 */
export type DirectField =
  | { readonly tag: 'int2' | 'int4' | 'int8' | 'float8' | 'bool' | 'day' | 'uuid' }
  /**
   * Microseconds since 2000-01-01 are (an integer + shift) · factor; factor 0 writes integers aside. A text must be a
   * multiple of `grainMicros`, and one without an offset is not local time unless `needsOffset`.
   */
  | {
      readonly tag: 'moment';
      readonly factor: number;
      readonly shift: number;
      readonly grainMicros: number;
      readonly needsOffset: boolean;
    }
  /** `bytesMax`: so many are sure to fit; `guardBytes`: length of the null sentinel where no value may equal it. */
  | { readonly tag: 'text' | 'blob' | 'jsonb'; readonly bytesMax: number; readonly guardBytes: number | null }
  | { readonly tag: 'label'; readonly labels: readonly string[]; readonly guardBytes: number | null }
  | { readonly tag: 'aside'; readonly isHashed: boolean };

/** What a loop that writes rows by itself calls for the columns that are written aside. */
export interface FieldAside {
  /** Writes a value that is not NULL at the end of the encoder's block; gives back its length, −1 where it does not fit. */
  readonly write: (view: RowView, column: number) => number;
  /** The hash of the field of `length` bytes at `start` of the block, with a seed in halves; the same object each time. */
  readonly hash: (place: FieldPlace, seedHigh: number, seedLow: number) => { readonly hi: number; readonly lo: number };
}

export interface FieldPlace {
  column: number;
  start: number;
  length: number;
  isKey: boolean;
}

/** Where the values of a record go. */
export interface RecordShape {
  /** Per record position: index of the column, or −1 where nobody reads it. */
  readonly slots: Int32Array;
  /** Per record position: whether a record that ends before it means NULL. */
  readonly absentIsNull: readonly boolean[];
  /** Per column: whether an integer on disk is a real. */
  readonly integerIsReal: readonly boolean[];
  /** Column that takes the rowid, or −1. */
  readonly rowidSlot: number;
}

/** The cells of one leaf that are still to be read; positions in `bytes`. Whoever reads them moves `pointer`. */
export interface LeafCursor {
  bytes: Buffer;
  /** The next cell pointer, and one past the last. */
  pointer: number;
  pointersEnd: number;
  /** First byte of the page and of its first possible cell, and one past its last usable byte. */
  page: number;
  cells: number;
  end: number;
  /** Most bytes of a payload that stay whole in a leaf. */
  localMax: number;
  /** Whether a row came before, and the halves of its rowid as signed 32-bit numbers. */
  hasRow: boolean;
  high: number;
  low: number;
}

/** Bytes that are filled at their end, up to `limit`. */
export interface ByteRun {
  readonly bytes: Buffer;
  readonly limit: number;
  length: number;
}

/** What rows came to: hashes summed mod 2^64, as in `TableFingerprint`. */
export interface RowSums {
  readonly rows: number;
  readonly keyset: bigint;
  readonly columns: readonly { readonly sum: bigint; readonly nulls: number; readonly empties: number }[];
}

/**
 * One source row as both readers yield it and as the encoder takes it; index i is the i-th column of
 * `TablePlan.columns`. The reader fills the same object again for each row, so nothing may keep it.
 */
export interface RowView {
  /** StorageCode per column. */
  readonly storage: Uint8Array;
  /** The value where storage is Integer or Real. */
  readonly number: Float64Array;
  /** The value where storage is Wide: 8 bytes per column, two's complement, big-endian, at 8 * i. */
  readonly wide: DataView;
  /** Holds the bytes of Text (UTF-8, not necessarily valid) and Blob values; may be replaced between rows. */
  bytes: Buffer;
  /** First byte of a Text or Blob value in `bytes`. */
  readonly start: Int32Array;
  /** One past its last byte. */
  readonly end: Int32Array;
}

/** A value as better-sqlite3 yields it in raw mode. */
export type SqliteValue = null | number | bigint | string | Buffer;

// ---------------------------------------------------------------- source

/** https://www.sqlite.org/datatype3.html section 3.1 */
export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric';

export interface SourceColumn {
  readonly name: string;
  /** As written, '' where there is none. */
  readonly declaredType: string;
  readonly affinity: Affinity;
  readonly notNull: boolean;
  /** The default's SQL text as SQLite keeps it, null where there is none. */
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
  /** The INTEGER PRIMARY KEY column that is the rowid itself, else null. */
  readonly rowidAlias: string | null;
  /** A name by which SQL can reach the rowid (no column hides it); null for WITHOUT ROWID or where all are hidden. */
  readonly rowidName: string | null;
  readonly isAutoincrement: boolean;
  /** seq of sqlite_sequence as a decimal string, null where there is none. */
  readonly sequence: string | null;
  readonly foreignKeys: readonly SourceForeignKey[];
  readonly indexes: readonly SourceIndex[];
}

export interface LeftOut {
  readonly name: string;
  readonly type: 'virtual' | 'shadow' | 'internal' | 'bookkeeping' | 'view' | 'trigger' | 'excluded';
  readonly reason: string;
  readonly sql: string | null;
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
  /** They stand in `leftOut` too, until they are made on the target. */
  readonly views: readonly SourceView[];
  readonly leftOut: readonly LeftOut[];
}

/** What one column really holds, counted over every row. */
export interface ColumnCensus {
  readonly column: string;
  readonly nulls: number;
  readonly integers: number;
  readonly reals: number;
  readonly texts: number;
  readonly blobs: number;
  /** Texts of zero length. */
  readonly emptyTexts: number;
  /** Smallest and largest stored integer as decimal strings, null where there is none. */
  readonly integerMin: string | null;
  readonly integerMax: string | null;
  /** Smallest and largest real as read (integers of a REAL column are reals), null where there is none. */
  readonly realMin: number | null;
  readonly realMax: number | null;
  /** Longest text in characters and bytes of the longest text or blob; 0 where there is none. */
  readonly charsMax: number;
  readonly bytesMax: number;
}

export interface TableCensus {
  readonly table: string;
  readonly rows: number;
  readonly columns: readonly ColumnCensus[];
}

/**
 * What a single value looks like. Each value has one class: the first that fits, in this order. An integer or real that
 * reads as a time from 1971 to 2100 in a unit is of that unit's class; a text is judged whole, without trimming.
 */
export const valueClasses = [
  'null',
  'zero_or_one',
  'int16',
  'epoch_s',
  'int32',
  'epoch_ms',
  'epoch_us',
  'epoch_ns',
  'int64',
  'real_infinite',
  'real_julian',
  'real_whole',
  'real_fraction',
  'text_empty',
  'text_nul',
  'text_invalid_utf8',
  'text_bool',
  'text_integer',
  'text_decimal',
  'text_date',
  'text_time',
  'text_iso',
  'text_iso_offset',
  'text_uuid',
  'text_json',
  'text_other',
  'blob_empty',
  'blob_16',
  'blob_other',
] as const;
export type ValueClass = (typeof valueClasses)[number];

/** A value for a person: on one line, short; `key` is empty where the table has none. */
export interface ValueExample {
  readonly key: string;
  readonly value: string;
}

export interface ClassCount {
  readonly class: ValueClass;
  readonly count: number;
  /** Most digits after the point: of decimals, and of the seconds of a time. */
  readonly scaleMax: number;
  /** The first ones in the order of the table. */
  readonly examples: readonly ValueExample[];
}

/** The values of one column by class, counted one by one. */
export interface ColumnValues {
  readonly column: string;
  /** Those that are there, in the order of `valueClasses`. */
  readonly classes: readonly ClassCount[];
  /** Most digits before the point of reals and of texts that are numbers. */
  readonly wholeDigitsMax: number;
}

export interface TableValues {
  readonly table: string;
  readonly columns: readonly ColumnValues[];
}

/** Values of one column that the copy would refuse for one reason. */
export interface RefusedValues {
  /** The error's, `data.not_a_date`. */
  readonly code: string;
  readonly reason: string;
  readonly hint: string;
  readonly count: number;
  readonly examples: readonly ValueExample[];
}

/** A value and what it becomes on the target. */
export interface ConvertedExample {
  readonly value: string;
  readonly becomes: string;
}

/** How the values of a column took its kind, tried before the copy. */
export interface ColumnTrial {
  readonly column: string;
  readonly refused: readonly RefusedValues[];
  /** Of a temporal column, one of each form. */
  readonly converted: readonly ConvertedExample[];
  /** Whether every value was tried: a column of refused values only is given up. */
  readonly isWhole: boolean;
}

export interface TableTrial {
  readonly table: string;
  readonly columns: readonly ColumnTrial[];
}

export interface ForeignKeyViolation {
  readonly table: string;
  readonly foreignKeyId: number;
  readonly parentTable: string;
  readonly count: number;
  /** Up to three keys (or rowids) of offending rows, as text. */
  readonly examples: readonly string[];
}

/** The page-exact private copy that everything reads. */
export interface Snapshot {
  readonly path: string;
  readonly sourcePath: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
}

// ---------------------------------------------------------------- target

/** Where and how to reach Postgres. Never printed: `password` is inside. */
export interface TargetAddress {
  /** Host name, address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly schema: string;
  readonly sslmode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslRootCertPath: string | null;
  readonly sslCertPath: string | null;
  readonly sslKeyPath: string | null;
  readonly connectTimeoutMs: number;
  /** Silence of the server after which a connection counts as lost; the standard value where left out. */
  readonly stallTimeoutMs?: number;
  /** Server settings from `options=-c name=value`. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface TargetColumn {
  readonly name: string;
  /** format_type(): `timestamp(3) without time zone`, `public."Plan"`. */
  readonly type: string;
  /** pg_type.typname of the type itself, domains resolved: int4, text, timestamp, numeric, bpchar … */
  readonly baseType: string;
  /** pg_type.typtype of the base type: b base, e enum, c composite, r range, m multirange. */
  readonly typeClass: string;
  /** atttypmod of the column or of its domain; -1 where there is none. */
  readonly typmod: number;
  readonly isDomain: boolean;
  /** Labels in sort order where the base type is an enum. */
  readonly enumLabels: readonly string[] | null;
  readonly notNull: boolean;
  /** pg_get_expr of the default, null where there is none. */
  readonly defaultSql: string | null;
  readonly identity: 'no' | 'always' | 'default';
  readonly isGenerated: boolean;
}

export interface TargetForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
}

export interface TargetTable {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  /** pg_class.relkind: r table, p partitioned table, f foreign table. Others are not listed. */
  readonly kind: 'r' | 'p' | 'f';
  readonly isUnlogged: boolean;
  readonly hasRowSecurity: boolean;
  readonly columns: readonly TargetColumn[];
  readonly primaryKey: readonly string[];
  /** Columns of each UNIQUE constraint or whole, non-partial unique index. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly TargetForeignKey[];
  /** Whether at least one row is there. */
  readonly hasRows: boolean;
  /** Whether our role owns it (or is a member of the owner). */
  readonly isOwned: boolean;
  /** Missing privileges out of SELECT, INSERT, UPDATE, TRUNCATE. */
  readonly missingPrivileges: readonly string[];
  /** Names of enabled user triggers. */
  readonly triggers: readonly string[];
}

export interface TargetCatalog {
  readonly schema: string;
  readonly schemaExists: boolean;
  /** server_version_num, for example 180004. */
  readonly serverVersion: number;
  readonly serverVersionText: string;
  readonly encoding: string;
  readonly database: string;
  readonly role: string;
  readonly canCreateInDatabase: boolean;
  /** Whether our role may reach what is in the schema; true where it is not there. */
  readonly canUseSchema: boolean;
  readonly canCreateInSchema: boolean;
  readonly ledgerSchemaExists: boolean;
  /** Whether our role may write the ledger that is there, or make one. */
  readonly canKeepLedger: boolean;
  readonly isReadOnly: boolean;
  readonly tables: readonly TargetTable[];
}

// ---------------------------------------------------------------- rules

/**
 * What happens to a value or a row that cannot arrive as it is. `fail`: the run stops, or the plan refuses. `quarantine`:
 * the row is kept whole beside the ledger and the others go on. `convert`: the named rule changes the value, and each
 * such cell is counted and reported.
 */
export type Policy = 'fail' | 'quarantine' | { readonly convert: string };

/** By name of the hazard; `*` is for every hazard that is not named. */
export type Policies = Readonly<Record<string, Policy>>;

/** What the operator decided about one source column. */
export interface ColumnRules {
  /** Name of the target column. */
  readonly target?: string;
  /** PostgreSQL type of the target column, where pgferry makes the schema. */
  readonly type?: string;
  /** Unit of the numbers of a temporal column. */
  readonly unit?: TimeUnit;
  /** Time zone of texts without one: an IANA name or an offset. */
  readonly zone?: string;
  readonly policies?: Policies;
}

/** What the operator decided about one source table. */
export interface TableRules {
  /** Name of the target table. */
  readonly target?: string;
  readonly policies?: Policies;
  /** By source column. */
  readonly columns?: Readonly<Record<string, ColumnRules>>;
}

/** Everything the operator decided in the config file that shapes a plan. Names are compared without ASCII case. */
export interface Rules {
  readonly policies: Policies;
  /** By source table. */
  readonly tableRules: Readonly<Record<string, TableRules>>;
  /** Text search configuration by full-text table of the source that is to become a tsvector column. */
  readonly search?: Readonly<Record<string, string>>;
}

/**
 * One thing that a table of the target has besides its rows, in PostgreSQL's own words: equal before and after a load,
 * unless something was lost or changed.
 */
export interface SchemaObject {
  readonly kind:
    | 'column'
    | 'primary_key'
    | 'unique'
    | 'foreign_key'
    | 'check'
    | 'exclusion'
    | 'index'
    | 'trigger'
    | 'sequence';
  readonly table: string;
  readonly name: string;
  /** Plain columns in order; an expression of an index is ''. Empty for triggers. */
  readonly columns: readonly string[];
  readonly definition: string;
  /** Why it is not in force (an index that is invalid, a trigger that is disabled), else null. */
  readonly trouble: string | null;
  /** Foreign keys only. */
  readonly reference: SchemaReference | null;
  /** Whether it is an index without a condition that keeps rows unique. */
  readonly isUnique: boolean;
}

export interface SchemaReference {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT. */
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly deferrable: SourceForeignKey['deferrable'];
}

/** One row of both schemas side by side, for a person. */
export interface SchemaSide {
  /** The source's name of the table, or of what is left out. */
  readonly table: string;
  readonly what: SchemaObject['kind'] | LeftOut['type'] | 'table';
  /** As either side writes it; null where it has nothing like it. */
  readonly source: string | null;
  readonly target: string | null;
  readonly reason: string;
  /** The line of the config file that would change it, null where none does. */
  readonly config: string | null;
}

/** How many of one kind were to be there, and how many are, in force. */
export interface ObjectCount {
  readonly kind: SchemaObject['kind'];
  readonly expected: number;
  readonly found: number;
}

// ---------------------------------------------------------------- plan

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

// ---------------------------------------------------------------- copy

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
 * held: the target has not got the row; converted: it has, with changed values; released: it was held and has come in since.
 */
export type KeptState = 'held' | 'converted' | 'released';

/** Why the quarantine keeps a row. */
export interface KeptRowNote {
  /** Position in the chunk, from 0, in the order of the source. */
  readonly rowNumber: number;
  readonly state: KeptState;
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
  readonly state: KeptState;
  readonly column: string | null;
  readonly hazard: string;
  readonly rule: string;
  readonly rows: number;
  /** Up to three keys. */
  readonly examples: readonly string[];
}

/** A kept row as it is listed. */
export interface QuarantinedRowReport extends Omit<KeptRowNote, 'rowNumber'> {
  readonly table: string;
}

// ---------------------------------------------------------------- verify

/**
 * Some rows of one side as the verifier reads them: cell i of row r stands at index r * columnCount + i.
 * A reader fills the same object again for each batch, so nothing may keep it.
 */
export interface CellBatch {
  rowCount: number;
  readonly columnCount: number;
  /** Texts and blobs as they are; integers and reals of the source as SQLite's own decimal text. */
  bytes: Buffer;
  /** First byte of a cell in `bytes`. */
  start: Int32Array;
  /** One past its last byte. */
  end: Int32Array;
  /** StorageCode per cell: what SQLite holds (never Wide: integers are text here); of the target only Null and Text. */
  storage: Uint8Array;
  /** The exact value of a Real cell of the source, in columns whose kind is a number or a point in time. */
  number: Float64Array;
}

// ---------------------------------------------------------------- results

export interface Sides<T> {
  readonly source: T;
  readonly target: T;
}

export interface ColumnReport {
  readonly column: string;
  readonly nulls: Sides<number>;
  readonly empty: Sides<number>;
  readonly fingerprint: Sides<string>;
}

export interface TableReport {
  readonly table: string;
  readonly sourceRows: number;
  readonly copiedRows: number;
  readonly quarantinedRows: number;
  readonly targetRows: number;
  readonly keyset: Sides<string>;
  readonly columns: readonly ColumnReport[];
  readonly ok: boolean;
}

/** One proven difference between the sides, as `verify` prints it. */
export interface Difference {
  readonly table: string;
  /** The key as text, `a=1, b='x'`. */
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'changed' | 'repeated';
  /** null unless changed. */
  readonly column: string | null;
  readonly source: string | null;
  readonly target: string | null;
}

/** An error as plain data, as it crosses a thread boundary or goes into JSON. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly key: string | null;
  readonly exitCode: number;
  /** SQLSTATE or SQLite result code where there is one. */
  readonly foreignCode: string | null;
  readonly stack: string | null;
}

/** What a worker entry answers: errors cross as plain data, since postMessage drops their class and code. */
export type JobAnswer<T> =
  | { readonly tag: 'done'; readonly result: T }
  | { readonly tag: 'failed'; readonly error: WireError };

// ---------------------------------------------------------------- cutover

/** Which database the application uses. */
export type Provider = 'sqlite' | 'postgres';

/**
 * preparing: nothing has changed for the application yet; closing: the SQLite file is, or is about to be, closed to
 * writers; switched: the application is on PostgreSQL; undone: a failed cutover took everything back; rolling_back,
 * rolled_back: the way back; released: the closed SQLite file was opened again without a rollback.
 */
export type CutoverState =
  | 'preparing'
  | 'closing'
  | 'switched'
  | 'undone'
  | 'rolling_back'
  | 'rolled_back'
  | 'released';

/** One piece of a text that was replaced: `before` stood at `at` (in bytes of the old text), `after` stands there now. */
export interface TextEdit {
  readonly at: number;
  readonly before: string;
  readonly after: string;
}

/** What was done to the env file: enough to know it again, and to undo it byte for byte. Holds no other line of it. */
export interface EnvSwitch {
  readonly path: string;
  /** SHA-256 of the whole file, lower-case hex. */
  readonly sha256Before: string;
  readonly sha256After: string;
  readonly edits: readonly TextEdit[];
}

/** What a table of the target held when the application was switched, whatever its types: rows and a sum of row hashes. */
export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** Decimal. */
  readonly sum: string;
}

/** Everything that going on with a cutover, or the way back from it, must know. Paths are absolute; no secret. */
export interface CutoverFacts {
  readonly runId: string;
  readonly snapshotPath: string;
  readonly snapshotSha256: string;
  /** journal_mode of the live database, which a restored one gets again. */
  readonly journalMode: string;
  /** schema_version of the live database once it is closed: another one means that somebody changed it since. */
  readonly schemaVersion: number;
  /** null: the env file is the operator's to switch. */
  readonly env: EnvSwitch | null;
  /** null: the Prisma client is the operator's to generate. */
  readonly prismaSchemas: { readonly sqlite: string; readonly postgres: string } | null;
  /** Of every table of the target schema, by name. */
  readonly digests: readonly TableDigest[];
  readonly fencedAt: string;
}

/** A cutover as the ledger knows it. */
export interface Cutover {
  readonly cutoverId: string;
  readonly schema: string;
  readonly state: CutoverState;
  /** Counts the times that it was begun. */
  readonly attempt: number;
  readonly folder: string;
  readonly sourcePath: string;
  /** null where the env file is left alone. */
  readonly envPath: string | null;
  /** null until the copy was accepted. */
  readonly facts: CutoverFacts | null;
  readonly host: string;
  readonly pid: number;
  readonly toolVersion: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly updatedAt: string;
}

/** One step of a cutover or a rollback, as the ledger noted it. */
export interface CutoverStep {
  readonly step: string;
  readonly attempt: number;
  readonly state: 'begun' | 'done' | 'failed';
  readonly begunAt: string;
  readonly endedAt: string | null;
}

// ---------------------------------------------------------------- runs

export type PhaseName =
  | 'snapshot'
  | 'check'
  | 'dump'
  | 'census'
  | 'init'
  | 'plan'
  | 'detach'
  | 'copy'
  | 'indexes'
  | 'constraints'
  | 'sequences'
  | 'analyze'
  | 'verify'
  | 'compare'
  | 'keysets'
  | 'shadow'
  | CutoverPhase;

/** The steps of a cutover and of a rollback that a person waits for. */
export type CutoverPhase =
  | 'fence'
  | 'migrate'
  | 'accept'
  | 'digest'
  | 'generate'
  | 'close'
  | 'switch'
  | 'undo'
  | 'look'
  | 'lock'
  | 'save'
  | 'restore';

export interface PhaseTime {
  readonly name: PhaseName;
  readonly ms: number;
}

/** What a run tells while it goes on; the display, the log and the library's `onEvent` all get the same. */
export type RunEvent =
  | { readonly tag: 'note'; readonly message: string }
  | { readonly tag: 'warning'; readonly message: string }
  | { readonly tag: 'phase-begin'; readonly name: PhaseName }
  | { readonly tag: 'phase-end'; readonly name: PhaseName; readonly ms: number }
  | { readonly tag: 'table-copied'; readonly table: string; readonly rows: number }
  | { readonly tag: 'table-verified'; readonly table: string; readonly isEqual: boolean }
  | { readonly tag: 'progress'; readonly progress: Progress };

export interface Progress {
  readonly rows: number;
  readonly rowsTotal: number;
  /** COPY bytes sent so far. */
  readonly bytes: number;
  /** Tables with a chunk in COPY now. */
  readonly tablesInWork: readonly string[];
  readonly tablesDone: number;
  readonly tablesTotal: number;
}

/** The result of a command, as printed with --json. Fields are added, never changed. */
/** Settings of PostgreSQL by name. */
export type SessionSettings = Readonly<Record<string, string>>;

export interface RunResult {
  readonly ok: boolean;
  readonly command: string;
  readonly runId: string | null;
  readonly runDir: string | null;
  readonly durationMs: number;
  readonly tables: readonly TableReport[];
  readonly findings: readonly Finding[];
  readonly phases: readonly PhaseTime[];
  readonly source: string;
  /** The target's URL without its password. */
  readonly target: string;
  readonly snapshot: Snapshot | null;
  /** Chunks that an earlier attempt of the same run had committed. */
  readonly chunksResumed: number;
  readonly chunksCopied: number;
  readonly bytesCopied: number;
  /** Time in which the copy threads read and encoded, ms, all together; the rest of the copy they waited for the server. */
  readonly fillMs?: number;
  /** The settings that were chosen for the sessions of the copy, and of proof, indexes and constraints. */
  readonly sessions?: { readonly copy: SessionSettings; readonly finish: SessionSettings };
  readonly differences: readonly Difference[];
  /** Columns, keys, constraints, indexes, triggers and sequences of the compared tables, by kind. */
  readonly objects: readonly ObjectCount[];
}

// ---------------------------------------------------------------- shadow and acceptance

/** The keys of one table on both sides, as anyone can hash them again with sqlite3, psql and sha256sum. */
export interface KeysetReport {
  readonly table: string;
  /** Source names of the columns that are hashed, in order. */
  readonly columns: readonly string[];
  /** What the key is: the primary key, a unique key, or every column in order where there is neither. */
  readonly origin: KeyPlan['origin'];
  /** Columns of the key whose values plain SQL cannot write alike on both sides; they are not in the hash. */
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
  readonly rows: Sides<number>;
  /** Lower-case hex; '' where no column of the key can be hashed. */
  readonly sha256: Sides<string>;
  /** The statements that print what is hashed: one line per row. */
  readonly sql: Sides<string>;
  /** Whether rows are in quarantine or were converted, so that the two hashes need not be the same. */
  readonly isKept: boolean;
  readonly ok: boolean;
}

/** A read that the operator names in the config file. */
export interface OwnRead {
  readonly name: string;
  /** One statement for both sides, or one each; `$1` and so on stand for the parameters. */
  readonly sql: string | Sides<string>;
  readonly params?: readonly OwnParameter[];
}

/** A value as it is, or one sampled from a column of the source, both by the source's names. */
export type OwnParameter = string | number | boolean | null | { readonly table: string; readonly column: string };

export type ShadowVerdict = 'equal' | 'differs' | 'failed';

/** One value, or one row, that a read shows differently. */
export interface ShadowDifference {
  /** Where the row stands in the read: its key as text, or its place where the read has no key. */
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'changed' | 'order';
  readonly column: string | null;
  readonly source: string | null;
  readonly target: string | null;
}

/** One read that ran on both sides. */
export interface ShadowReport {
  readonly name: string;
  /** Where the read comes from: the application, a key, an index, a foreign key, the operator. */
  readonly why: string;
  readonly table: string | null;
  readonly sql: Sides<string>;
  readonly rows: Sides<number>;
  /** Median of a few runs. */
  readonly ms: Sides<number>;
  readonly verdict: ShadowVerdict;
  readonly differences: readonly ShadowDifference[];
  /** What lies behind a difference, or behind another order that an application may see, in words. */
  readonly explanations: readonly string[];
}

/** What the shadow command gives. */
export interface ShadowResult {
  readonly ok: boolean;
  readonly command: 'shadow';
  readonly runId: string | null;
  readonly runDir: null;
  readonly durationMs: number;
  readonly tables: readonly TableReport[];
  readonly findings: readonly Finding[];
  readonly phases: readonly PhaseTime[];
  readonly source: string;
  readonly target: string;
  readonly snapshot: Snapshot;
  readonly reads: readonly ShadowReport[];
}

/** What the accept command gives: the proof of verify, the reads of shadow, and the keysets. */
export interface AcceptResult extends RunResult {
  readonly reads: readonly ShadowReport[];
  readonly keysets: readonly KeysetReport[];
}
