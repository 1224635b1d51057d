/** Where and how to reach Postgres. Never printed: `password` is inside. */
export interface TargetAddress {
  /** Host name, address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly schema: string;
  /** Where the ledger of runs is, in place of a schema of its own. */
  readonly ledgerSchema?: string;
  readonly sslmode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslRootCertPath: string | null;
  readonly sslCertPath: string | null;
  readonly sslKeyPath: string | null;
  readonly connectTimeoutMs: number;
  /** Silence of the server after which a connection counts as lost; the standard value where left out. */
  readonly stallTimeoutMs?: number;
  /** A snapshot that another session has exported: every session then sees the target as that one does, and only reads. */
  readonly frozenAs?: string;
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
  /** Fraction digits that money has on this server; null where it reads a point otherwise than as the beginning of them. */
  readonly moneyDigits?: number | null;
  readonly isDomain: boolean;
  /** Labels in sort order where the base type is an enum. */
  readonly enumLabels: readonly string[] | null;
  readonly notNull: boolean;
  /** pg_get_expr of the default, null where there is none. */
  readonly defaultSql: string | null;
  readonly identity: 'no' | 'always' | 'default';
  readonly isGenerated: boolean;
  /** Of a generated column, whose expression is `defaultSql`: the columns that it is made from. */
  readonly generatedFrom?: readonly string[] | null;
}

export interface TargetForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  /** MATCH FULL: of several columns all are NULL, or none. */
  readonly isMatchFull?: boolean;
}

/** A unique index that is partial, or over expressions. */
export interface UniqueIndex {
  readonly name: string;
  /** Each term of its key as SQL over the columns of the table. */
  readonly terms: readonly string[];
  /** Its condition as SQL; null where it is whole. */
  readonly where: string | null;
  /** The columns that it looks at. */
  readonly columns: readonly string[];
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
  /** Names of enabled user triggers, without those that only fill a tsvector. */
  readonly triggers: readonly string[];
  /** Columns that such triggers fill from other columns of the row, also while rows are copied. */
  readonly searchColumns?: readonly string[];
  /** Unique indexes that are partial or over expressions. */
  readonly uniqueIndexes?: readonly UniqueIndex[];
  /** Why a load cannot close it to other writers; null where it can. */
  readonly staysOpen: string | null;
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
  readonly ledgerSchema: string;
  readonly ledgerSchemaExists: boolean;
  /** Whether our role may write the ledger that is there, or make one. */
  readonly canKeepLedger: boolean;
  readonly isReadOnly: boolean;
  /** Places in the server's lock table that it promises to all sessions together. */
  readonly lockCapacity: number;
  /** Places that a transaction takes which detaches, empties and closes every table of the schema. */
  readonly locksNeeded: number;
  readonly tables: readonly TargetTable[];
  /** Sequences of the schema, quoted and with its name, that no column owns and no default names. */
  readonly freeSequences?: readonly string[];
  /** Views of the schema, materialized ones too: names that no table can have. */
  readonly views?: readonly string[];
}

/** Settings of PostgreSQL by name. */
export type SessionSettings = Readonly<Record<string, string>>;
