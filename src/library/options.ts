import type { GroupRule, HealthRule, HookRules, SwitchRule } from '../model/application/rules.js';
import type { RunEvent } from '../model/event.js';
import type { FleetAction } from '../model/fleet/fleet.js';
import type { FleetForm } from '../model/fleet/form.js';
import type { OwnRead } from '../model/shadow.js';
import type { HabitRules, Policies, TableRules } from './rules.js';
import type { VirtualForm } from '../model/rules.js';

/* What each function of the library takes. A default that is not said here is the one of the command's flag. */

/** What every function takes. */
export interface CallOptions {
  /**
   * Stops the call as Ctrl-C stops the command: a copy stops between two chunks, and the same call later resumes it.
   */
  readonly signal?: AbortSignal;
  /** Phases, tables, progress and notes as they happen. Nothing is printed. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** The SQLite side: one of the two is needed. */
export interface SourceOptions {
  /** SQLite file, as a path or a `file:` URL. */
  readonly sourcePath?: string;
  /** A command of the shell whose output is the source: a database, or a dump. Not for what needs the live file. */
  readonly sourceCommand?: string;
}

/** The PostgreSQL side. */
export interface TargetOptions {
  /** PostgreSQL URL; Prisma's form with `?schema=` is understood. Without a password PGPASSWORD or PGPASSFILE is read. */
  readonly targetUrl: string;
  /** Schema in which the ledger is kept, where none may be made also the one of the tables: `pgferry`. The same for every call. */
  readonly ledgerSchema?: string;
  /** Seconds of silence of the server, or of a thread, after which it counts as lost and its chunk is tried again: 300. */
  readonly stallTimeoutSeconds?: number;
}

/** How the source is read. */
export interface ReadingOptions {
  /** Folder for snapshots; a run makes its own folder under it: `.db-migration-backups`. */
  readonly backupFolder?: string;
  /** Worker threads: one per core. */
  readonly workers?: number;
}

/** Which tables are meant; at most one of the two. */
export interface TableOptions {
  /** Only these tables, by source name. */
  readonly tables?: readonly string[];
  /** All but these tables, by source name. */
  readonly exclude?: readonly string[];
}

/** What is decided about tables, columns and values that cannot arrive as they are. */
export interface RuleOptions {
  /** Time zone of texts without one that go into timestamptz and date, where no column says another. */
  readonly zone?: string;
  /** Time zone whose clocks the timestamps without time zone show on the target, where no column says another. */
  readonly targetZone?: string;
  /** For all tables. */
  readonly policies?: Policies;
  /** By source table. */
  readonly tableRules?: Readonly<Record<string, TableRules>>;
  /** By pattern of a source column's name, in which `*` is any run of characters. */
  readonly columns?: Readonly<Record<string, HabitRules>>;
  /** By pattern of a declared type; one without parentheses fits every length. A text alone is the type. */
  readonly declared?: Readonly<Record<string, string | HabitRules>>;
  /** Text search configuration by full-text table of the source that becomes a tsvector column. */
  readonly search?: Readonly<Record<string, string>>;
  /** What virtual tables whose rows stand nowhere else become, by pattern of their names. */
  readonly virtualTables?: Readonly<Record<string, VirtualForm>>;
  /** What may be lost of the schema, by the names that findings give, such as `index:by_title`. */
  readonly waive?: readonly string[];
}

/** How the target schema is made where it is not there. */
export interface SchemaOptions {
  /** Folder of .sql files that make the schema, run in name order: `prisma/postgres`, which need not be there. */
  readonly sqlFolder?: string;
  /** Translate the SQLite schema even where there are .sql files. */
  readonly fromSource?: boolean;
  /** Make the tables that the target lacks beside those that it has: false. */
  readonly makeMissing?: boolean;
}

/** How rows are read, cut and sent. */
export interface LoadOptions {
  /** Connections at work on the target: as many as `workers`. */
  readonly connections?: number;
  /** Source bytes per chunk at most, the unit of commit, retry and resume: 16 MiB, or whole tables. */
  readonly chunkBytes?: number;
  /** COPY bytes handed to the socket at once: 256 KiB. */
  readonly blockBytes?: number;
  /** `rows`: through SQLite; `pages`: b-tree pages of the snapshot; `auto`: pages where they can be read. */
  readonly reader?: 'auto' | 'rows' | 'pages';
  /** COPY format: `binary`. */
  readonly format?: 'binary' | 'text';
  /** Leave indexes, keys and foreign keys in force during the copy. */
  readonly keepConstraints?: boolean;
  /** Rows of each table that are kept whole, as the source has them, where a rule changed a value: 1000. */
  readonly keepConverted?: number | 'all';
  /** Empty the planned tables before the copy, whatever rows they hold. */
  readonly truncateTarget?: boolean;
  /** Tables, by source name, whose rows on the target stay where the source does not have their keys. */
  readonly keepTargetRows?: readonly string[];
  /** Text that stands for NULL wherever values travel as text. */
  readonly nullSentinel?: string;
  /** Let a text equal to the sentinel through; binary COPY can carry it. */
  readonly allowSentinel?: boolean;
}

/** What a copy may take of the machine and the network. */
export interface LimitOptions {
  /** Limit of megabits of COPY data per second, over all threads. */
  readonly maxMbps?: number;
  /** Limit of rows per second, over all threads. */
  readonly maxRowsPerSecond?: number;
  /** Memory that the whole process may take, in MB: fewer threads where needed. */
  readonly memoryLimitMb?: number;
  /** PostgreSQL memory per index build, such as `256MB`: 128MB. */
  readonly maintenanceWorkMem?: string;
}

/** The folder of a run, and whether an earlier run is resumed. */
export interface RunFolderOptions {
  /** The run's own folder, which must be new or empty: `<backupFolder>/<timestamp>`. */
  readonly runFolder?: string;
  /** Begin anew with a new snapshot instead of going on with an unfinished run. */
  readonly fresh?: boolean;
}

/** What a comparison names. */
export interface DifferenceOptions {
  /** Differences named per table: 20. */
  readonly differencesMax?: number;
}

/** Which reads a shadow comparison runs. */
export interface ReadOptions {
  /** Rows per read: 50. */
  readonly shadowLimit?: number;
  /** Reads of your own, besides those that pgferry makes. */
  readonly shadowReads?: readonly OwnRead[];
}

interface SidesOptions extends CallOptions, SourceOptions, TargetOptions {}
interface ComparingOptions extends SidesOptions, ReadingOptions, TableOptions, RuleOptions {
  /** Text that stands for NULL wherever values travel as text. */
  readonly nullSentinel?: string;
}

export interface CensusOptions extends CallOptions, SourceOptions, ReadingOptions, TableOptions {
  /** How the source is read; see `LoadOptions`. */
  readonly reader?: 'auto' | 'rows' | 'pages';
}

export interface InitOptions extends SidesOptions, ReadingOptions, TableOptions, RuleOptions, SchemaOptions {
  /** Drop the target schema with all it holds, and make it again. */
  readonly resetSchema?: boolean;
  /** What `resetSchema` may drop although the source knows nothing of it, by the names that the refusal gives; `*` for all. */
  readonly resetAlso?: readonly string[];
}

export interface PlanOptions
  extends SidesOptions,
    ReadingOptions,
    TableOptions,
    RuleOptions,
    SchemaOptions,
    LoadOptions,
    KeepClosedOption {}

export interface CopyOptions
  extends SidesOptions,
    KeepClosedOption,
    ReadingOptions,
    TableOptions,
    RuleOptions,
    LoadOptions,
    LimitOptions,
    RunFolderOptions {}

export interface KeepClosedOption {
  /** Keep the loaded tables closed to other writers until the switch, or until `release`. */
  readonly keepClosed?: boolean;
}

export interface MigrateOptions extends CopyOptions, SchemaOptions {
  /** Drop the target schema with all it holds, and make it again. */
  readonly resetSchema?: boolean;
  /** What `resetSchema` may drop although the source knows nothing of it, by the names that the refusal gives; `*` for all. */
  readonly resetAlso?: readonly string[];
}

/** What rounds and repairs take of the machine; how rows travel was decided with the load. */
interface CarryingOptions extends SidesOptions, DifferenceOptions {
  /** Worker threads: one per core. */
  readonly workers?: number;
  /** COPY bytes handed to the socket at once: 256 KiB. */
  readonly blockBytes?: number;
  /** Memory that the whole process may take, in MB: fewer threads where needed. */
  readonly memoryLimitMb?: number;
}

export interface FollowOptions extends CarryingOptions {
  /** Rounds at most: 1, or no end where one of the two below says when. */
  readonly followRounds?: number;
  /** End with the first round in which nothing had changed. */
  readonly followUntilQuiet?: boolean;
  /** Seconds from the beginning of a round to that of the next. */
  readonly followEverySeconds?: number;
  /** Rows of each table and round that are kept whole where a rule changed a value: 1000. */
  readonly keepConverted?: number | 'all';
  /** Bring one round and take it back: shows what it would change. */
  readonly followDryRun?: boolean;
}

export interface RepairOptions extends CarryingOptions {
  /** Only these tables, by source name. */
  readonly tables?: readonly string[];
}

export interface VerifyOptions extends ComparingOptions, DifferenceOptions {
  /** The folder of the comparison's files, which must be new or empty: `<backupFolder>/<timestamp>`. */
  readonly runFolder?: string;
}

export interface ShadowOptions extends ComparingOptions, ReadOptions {}

export interface AcceptOptions extends ComparingOptions, DifferenceOptions, ReadOptions {
  /** Folder under which each acceptance makes its own folder: `.db-cutover-acceptance`. */
  readonly acceptanceFolder?: string;
  /** The acceptance's own folder, which must be new or empty: `<acceptanceFolder>/<timestamp>`. */
  readonly acceptanceRunFolder?: string;
}

export interface QuarantineOptions extends SidesOptions, RuleOptionsOfRetry {
  /** `list`: what stayed behind or was converted, and why; `retry`: bring in what fits now. */
  readonly action: 'list' | 'retry';
  /** Worker threads: one per core. */
  readonly workers?: number;
  /** Rows that are named one by one; counts cover all: 100. */
  readonly listMax?: number;
  /** COPY bytes handed to the socket at once: 256 KiB. */
  readonly blockBytes?: number;
  /** Text that stands for NULL wherever values travel as text. */
  readonly nullSentinel?: string;
  /** Let a text equal to the sentinel through; binary COPY can carry it. */
  readonly allowSentinel?: boolean;
}

interface RuleOptionsOfRetry {
  /** Time zone of texts without one, as of the run. */
  readonly zone?: string;
  /** Time zone of the target's timestamps, as of the run. */
  readonly targetZone?: string;
  /** What happens now to what stayed behind. */
  readonly policies?: Policies;
  /** The same by source table. */
  readonly tableRules?: Readonly<Record<string, TableRules>>;
  /** The same by pattern of a source column's name. */
  readonly columns?: Readonly<Record<string, HabitRules>>;
  /** The same by pattern of a declared type. */
  readonly declared?: Readonly<Record<string, string | HabitRules>>;
}

/** What `doctor` looks at. */
export interface DoctorOptions extends SidesOptions {
  /** The folder whose disk must have room for snapshots: `.db-migration-backups`. */
  readonly backupFolder?: string;
}

export interface StatusOptions extends SidesOptions {}

export interface CutoverOptions
  extends SidesOptions,
    ReadingOptions,
    RuleOptions,
    SchemaOptions,
    LoadOptions,
    LimitOptions,
    DifferenceOptions,
    ReadOptions {
  /** true rehearses into a schema that is dropped again; false switches the application. There is no default. */
  readonly dryRun: boolean;
  /** Load, accept and follow while the application writes, and fence writers for the last round alone: false. */
  readonly live?: boolean;
  /** How many seconds writers may have to wait with `live`: 5. */
  readonly downtimeMaxSeconds?: number;
  /** All but these tables, by source name. */
  readonly exclude?: readonly string[];
  /** Drop the target schema with all it holds, and make it again. */
  readonly resetSchema?: boolean;
  /** What `resetSchema` may drop although the source knows nothing of it, by the names that the refusal gives; `*` for all. */
  readonly resetAlso?: readonly string[];
  /** Folder under which each cutover makes its own folder: `.db-cutover-runs`. */
  readonly cutoverBaseFolder?: string;
  /** The cutover's own folder, which must be new or empty: `<cutoverBaseFolder>/<timestamp>`. */
  readonly cutoverRunFolder?: string;
  /** The application's env file, whose VPS_DB_PROVIDER is switched: `.vps.env`. */
  readonly envFile?: string;
  /** Add VPS_DB_PROVIDER to an env file that does not set it, instead of refusing: false. */
  readonly addEnvKey?: boolean;
  /** Prisma schema of the client for PostgreSQL: `prisma/schema.postgres.prisma`. */
  readonly postgresPrismaSchema?: string;
  /** Prisma schema of the client for SQLite: `prisma/schema.prisma`. */
  readonly sqlitePrismaSchema?: string;
  /** false leaves the Prisma client alone: true. */
  readonly cutoverGenerate?: boolean;
  /** false leaves the env file alone: true. */
  readonly cutoverSwitchEnv?: boolean;
  /** How the application is switched, in this order: VPS_DB_PROVIDER of the env file. */
  readonly switch?: readonly SwitchRule[];
  /** Commands that run at the edges of a cutover and of its rollback: none. */
  readonly hooks?: HookRules;
  /** What must answer once the application is switched: nothing. */
  readonly health?: readonly HealthRule[];
  /** Files that are cut over together, each with its schema; the first stands for `sourcePath`. */
  readonly group?: readonly GroupRule[];
  /** What happens where a hook or a health check after the switch fails: rollback. */
  readonly onUnhealthy?: 'rollback' | 'stay';
  /** Note in PostgreSQL which rows change from the switch on, so that a rollback costs what changed: false. */
  readonly reverseJournal?: boolean;
}

export interface RollbackOptions extends SidesOptions {
  /** The cutover to take back: the youngest. */
  readonly rollbackCutoverId?: string;
  /** The application's env file: the one that was switched. */
  readonly envFile?: string;
  /** Prisma schema of the client for SQLite: `prisma/schema.prisma`. */
  readonly sqlitePrismaSchema?: string;
  /** false leaves the Prisma client alone: true. */
  readonly rollbackGenerate?: boolean;
  /** false leaves the env file alone: true. */
  readonly rollbackSwitchEnv?: boolean;
  /** What becomes of rows that PostgreSQL took since the switch; discarded ones are saved to a file first: carry. */
  readonly targetWrites?: 'carry' | 'refuse' | 'discard';
  /** Tables, or columns as `TABLE.COLUMN`, of which nothing is carried: none. */
  readonly leaveBehind?: readonly string[];
  /** The same as `targetWrites: 'discard'`. */
  readonly discardTargetWrites?: boolean;
  /** Only say what would be brought back: false. */
  readonly rollbackDryRun?: boolean;
  /** Keep the proof of the way back, as `accept` makes it: false. */
  readonly rollbackAccept?: boolean;
  /** What becomes of rows that SQLite took after it was moved or restored: refuse. */
  readonly sourceWrites?: 'refuse' | 'keep' | 'discard';
}

export interface ReleaseOptions extends SidesOptions {}

export interface SettleOptions extends SidesOptions {}
export interface FleetOptions
  extends CallOptions,
    TargetOptions,
    ReadingOptions,
    TableOptions,
    RuleOptions,
    SchemaOptions,
    LoadOptions,
    LimitOptions,
    DifferenceOptions {
  /** `plan`, `enqueue`, `work`, `status`, `retry`, `verify` or `report`: as the command of this name. */
  readonly action: FleetAction;
  /** The files, by a pattern; of `plan` and `enqueue`. */
  readonly fleetSources?: string;
  /** The files, by a file of lines: a source, or a source, a tab and its schema, or these, a tab and its options. */
  readonly fleetManifest?: string;
  /** What the files become: `schema-per-file`, or `tenant-column`. */
  readonly fleetForm?: FleetForm;
  /** With `tenant-column`: the column that says the tenant: `tenant`. */
  readonly tenantColumn?: string;
  /** The name of the fleet: `main`. */
  readonly fleetName?: string;
  /** Files that this process works on at once: one per core. */
  readonly concurrency?: number;
  /** A command of the shell that brings a file which is not on this machine. */
  readonly fetchCommand?: string;
  /** With `plan`: a new file for the manifest. */
  readonly writeManifest?: string;
}
