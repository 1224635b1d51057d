import type { HealthRule, GroupRule, HookRules, SwitchRule } from './application/rules.js';
import type { FleetForm } from './fleet/form.js';
import type { TenantPartition } from './fleet/tenant.js';
import type { HabitRules, Policies, TableRules, VirtualForm } from './rules.js';
import type { OwnRead } from './shadow.js';

/** The commands of the program. */
export type CommandName =
  | 'doctor'
  | 'init-config'
  | 'census'
  | 'init'
  | 'plan'
  | 'copy'
  | 'verify'
  | 'shadow'
  | 'accept'
  | 'migrate'
  | 'quarantine'
  | 'follow'
  | 'repair'
  | 'cutover'
  | 'rollback'
  | 'release'
  | 'settle-cutover'
  | 'status'
  | 'control'
  | 'fleet';

/** Where Prisma applications keep the SQL of the target; it need not be there. */
export const standardSqlFolder = 'prisma/postgres';

/** What a flag, a variable or the config file can say, its unit at the end of the name. See `optionTable` for the meanings. */
export interface FlagSettings {
  readonly sourcePath: string;
  /** A command whose output is the source, in place of `sourcePath`. */
  readonly sourceCommand: string | null;
  /** null: the embedded server. */
  readonly targetUrl: string | null;
  /** Where the ledger of runs is; null: in a schema of its own. */
  readonly ledgerSchema: string | null;
  /** The application whose recipe is used, by its name. */
  readonly app: string | null;
  readonly sqlFolder: string;
  /** Time zone of texts without one, where no column says another. */
  readonly zone: string | null;
  /** Time zone that the target's timestamps without time zone show, where no column says another. */
  readonly targetZone: string | null;
  /** A new file for the decisions that a plan leaves open. */
  readonly writeConfig: string | null;
  readonly fromSource: boolean;
  /** Whether tables that the target lacks are made beside those that it has. */
  readonly makeMissing: boolean;
  readonly resetSchema: boolean;
  readonly resetAlso: readonly string[];
  /** Whether what would be asked on a terminal is agreed to beforehand. */
  readonly yes: boolean;
  readonly truncateTarget: boolean;
  /** Source tables into whose target tables their rows are merged by key; the same as `seeded: merge`, which they become. */
  readonly keepTargetRows: readonly string[];
  readonly nullSentinel: string;
  readonly allowSentinel: boolean;
  readonly backupFolder: string;
  readonly runFolder: string | null;
  readonly workers: number;
  readonly connections: number;
  /** null where the plan decides: chunks of 16 MiB, or whole tables. */
  readonly chunkBytes: number | null;
  readonly blockBytes: number;
  readonly reader: 'auto' | 'rows' | 'pages';
  readonly format: 'binary' | 'text';
  readonly maxMbps: number | null;
  readonly maxRowsPerSecond: number | null;
  /** Whether fewer chunks are in work while the server is slow or busy. */
  readonly adaptive: boolean;
  readonly memoryLimitMb: number | null;
  readonly stallTimeoutSeconds: number;
  readonly keepConstraints: boolean;
  readonly maintenanceWorkMem: string | null;
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
  readonly waive: readonly string[];
  readonly fresh: boolean;
  readonly differencesMax: number;
  readonly listMax: number;
  /** Rows of each table that are kept whole beside the ledger where rules changed them. */
  readonly keepConverted: number | 'all';
  /** null: one, or without end where `followEverySeconds` or `followUntilQuiet` says when. */
  readonly followRounds: number | null;
  /** Whether the tables stay closed to others after the load, for rounds and a switch. */
  readonly keepClosed: boolean;
  readonly followUntilQuiet: boolean;
  readonly followEverySeconds: number | null;
  readonly followDryRun: boolean;
  readonly shadowLimit: number;
  readonly acceptanceFolder: string;
  readonly acceptanceRunFolder: string | null;
  /** The phrase without which nothing is cut over. */
  readonly confirm: string | null;
  readonly dryRun: boolean;
  /** Whether the source is followed while the application writes, so that it waits for the last round alone. */
  readonly live: boolean;
  /** How long writers may have to wait for a live cutover; one that is predicted to take longer is not begun. */
  readonly downtimeMaxSeconds: number;
  readonly cutoverBaseFolder: string;
  readonly cutoverRunFolder: string | null;
  /** null: .vps.env; the rollback takes the one that was switched. */
  readonly envFile: string | null;
  /** Whether VPS_DB_PROVIDER may be added to an env file that does not set it. */
  readonly addEnvKey: boolean;
  readonly postgresPrismaSchema: string;
  readonly sqlitePrismaSchema: string;
  readonly cutoverGenerate: boolean;
  readonly cutoverSwitchEnv: boolean;
  /** What a cutover does where a hook or a health check after the switch fails. */
  readonly onUnhealthy: 'rollback' | 'stay';
  readonly rollbackGenerate: boolean;
  readonly rollbackSwitchEnv: boolean;
  /** Where a cutover noted the operator's own switches; asked for where there is no ledger. */
  readonly rollbackSwitches: string | null;
  /** Where a cutover noted the operator's hooks; asked for where there is no ledger. */
  readonly rollbackHooks: string | null;
  /** Where a cutover noted the files that went over together; asked for where there is no ledger. */
  readonly rollbackGroup: string | null;
  /** null: as the ledger knows it. */
  readonly rollbackSnapshot: string | null;
  readonly rollbackSha256: string | null;
  readonly rollbackCutoverId: string | null;
  /** What a rollback does with what PostgreSQL took since the switch. */
  readonly targetWrites: 'carry' | 'refuse' | 'discard';
  /** Whether a cutover notes what changes on the target from the switch on. */
  readonly reverseJournal: boolean;
  /** Tables, and columns as `TABLE.COLUMN`, whose writes are not carried. */
  readonly leaveBehind: readonly string[];
  /** The older name of `targetWrites: 'discard'`. */
  readonly discardTargetWrites: boolean;
  readonly rollbackDryRun: boolean;
  /** Whether a rollback makes the artefacts of an acceptance once the application is back. */
  readonly rollbackAccept: boolean;
  /** What a rollback does where SQLite took writes since it was moved or restored. */
  readonly sourceWrites: 'refuse' | 'keep' | 'discard';
  readonly withoutTarget: boolean;
  readonly watch: boolean;
  /** A pattern, or a file of lines, that names the files of a fleet. */
  readonly fleetSources: string | null;
  readonly fleetManifest: string | null;
  readonly fleetForm: FleetForm;
  /** The column that says the tenant of a row. */
  readonly tenantColumn: string;
  readonly fleetName: string;
  /** How many files of a fleet are worked on at once. */
  readonly concurrency: number;
  /** A command of the shell that brings a file of a fleet which is not on this machine. */
  readonly fetchCommand: string | null;
  /** A new file for the manifest of a fleet. */
  readonly writeManifest: string | null;
  readonly all: boolean;
  /** How progress is told on stderr: for people, or one JSON object per line. */
  readonly progress: 'screen' | 'json';
  readonly metricsFile: string | null;
  readonly metricsPort: number | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Rules that only a config file or the library can set, since no flag can hold them. See `configSchema` for the
 * meanings.
 */
export interface RuleSettings {
  readonly policies: Policies;
  /** By source table. */
  readonly tableRules: Readonly<Record<string, TableRules>>;
  /** By pattern of a source column's name. */
  readonly columns: Readonly<Record<string, HabitRules>>;
  /** By pattern of a declared type; a word alone is the type. */
  readonly declared: Readonly<Record<string, string | HabitRules>>;
  /** Text search configuration by full-text table of the source. */
  readonly search: Readonly<Record<string, string>>;
  /** What virtual tables become, by pattern of their names. */
  readonly virtualTables: Readonly<Record<string, VirtualForm>>;
  readonly shadowReads: readonly OwnRead[];
  /** How the application is switched, in this order; null: VPS_DB_PROVIDER of the env file. */
  readonly switch: readonly SwitchRule[] | null;
  readonly hooks: HookRules;
  /** What must answer once the application is switched. */
  readonly health: readonly HealthRule[];
  /** The files that go over together; none: the source alone. */
  readonly group: readonly GroupRule[];
}

/** Everything an operator can decide. */
export interface Settings extends FlagSettings, RuleSettings {
  /** Of the run of one file of a fleet: where its tables belong. No operator says so. */
  readonly tenant?: TenantPartition;
}
