import { availableParallelism } from 'node:os';
import { cutoverOptions } from './cutover-options.js';
import type { FlagSettings } from './settings.js';

export type CommandName =
  | 'census'
  | 'init'
  | 'plan'
  | 'copy'
  | 'verify'
  | 'shadow'
  | 'accept'
  | 'migrate'
  | 'quarantine'
  | 'cutover'
  | 'rollback'
  | 'release'
  | 'status';

export type Reading =
  | { readonly tag: 'text' }
  | { readonly tag: 'flag' }
  /** On or off by its value, for what is on where nobody says anything. */
  | { readonly tag: 'switch' }
  | { readonly tag: 'count'; readonly min: number; readonly max: number }
  | { readonly tag: 'bytes'; readonly min: number; readonly max: number }
  | { readonly tag: 'rate' }
  | { readonly tag: 'list' }
  | { readonly tag: 'choice'; readonly choices: readonly string[] };

export interface OptionRow {
  readonly setting: keyof FlagSettings;
  /** Long flag without its dashes; its value's name in help is `value`. */
  readonly flag: string;
  readonly value: string | null;
  /** Environment variables, the first that is set counts. */
  readonly env: readonly string[];
  readonly reading: Reading;
  readonly standard: FlagSettings[keyof FlagSettings];
  /** How help names the default where the value itself would say nothing, or something else on each machine. */
  readonly standardText?: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}

const targeted: readonly CommandName[] = [
  'init',
  'plan',
  'copy',
  'verify',
  'shadow',
  'accept',
  'migrate',
  'quarantine',
  'cutover',
  'rollback',
  'release',
  'status',
];
const all: readonly CommandName[] = ['census', ...targeted];
const loading: readonly CommandName[] = ['plan', 'copy', 'migrate', 'cutover'];
const making: readonly CommandName[] = ['init', 'plan', 'migrate', 'cutover'];
const comparing: readonly CommandName[] = ['verify', 'shadow', 'accept', 'cutover'];
const surveying: readonly CommandName[] = ['plan', 'copy', 'migrate', 'init', ...comparing];
const reading: readonly CommandName[] = ['census', ...surveying];
const MiB = 1024 * 1024;
/** Where Prisma applications keep the SQL of the target; it need not be there. */
export const standardSqlFolder = 'prisma/postgres';

/** The single list of options: flags, environment, config keys, checks and help all come from here. */
export const optionTable: readonly OptionRow[] = [
  {
    setting: 'sourcePath',
    flag: 'source',
    value: 'path',
    env: ['SQLITE_DB_PATH'],
    reading: { tag: 'text' },
    standard: 'prisma/dev.db',
    help: 'SQLite file, as a path or a file: URL',
    commands: all,
  },
  {
    setting: 'targetUrl',
    flag: 'target',
    value: 'url',
    env: ['POSTGRES_DATABASE_URL', 'PG_URL'],
    reading: { tag: 'text' },
    standard: null,
    standardText: 'an embedded PostgreSQL',
    help: 'PostgreSQL URL; Prisma’s form with ?schema= is understood',
    commands: targeted,
  },
  {
    setting: 'sqlFolder',
    flag: 'sql-dir',
    value: 'folder',
    env: ['POSTGRES_SQL_DIR'],
    reading: { tag: 'text' },
    standard: standardSqlFolder,
    help: 'folder of .sql files that make the target schema, run in name order',
    commands: making,
  },
  {
    setting: 'fromSource',
    flag: 'from-source',
    value: null,
    env: ['FROM_SOURCE'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'translate the SQLite schema even where there are .sql files',
    commands: making,
  },
  {
    setting: 'resetSchema',
    flag: 'reset-schema',
    value: null,
    env: ['RESET_PUBLIC_SCHEMA'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'drop the target schema with all it holds, and make it again',
    commands: ['init', 'migrate', 'cutover'],
  },
  {
    setting: 'truncateTarget',
    flag: 'truncate-target',
    value: null,
    env: ['TRUNCATE_TARGET'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'empty the planned tables before the copy, whoever filled them',
    commands: loading,
  },
  {
    setting: 'nullSentinel',
    flag: 'null-sentinel',
    value: 'text',
    env: ['NULL_SENTINEL'],
    reading: { tag: 'text' },
    standard: '__PGFERRY_NULL__',
    help: 'text that stands for NULL wherever values travel as text',
    commands: ['plan', 'copy', 'migrate', 'quarantine', ...comparing],
  },
  {
    setting: 'allowSentinel',
    flag: 'allow-sentinel',
    value: null,
    env: ['ALLOW_SENTINEL'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'let a text equal to the sentinel through; binary COPY can carry it',
    commands: [...loading, 'quarantine'],
  },
  {
    setting: 'backupFolder',
    flag: 'backup-dir',
    value: 'folder',
    env: ['BACKUP_DIR'],
    reading: { tag: 'text' },
    standard: '.db-migration-backups',
    help: 'folder under which each run makes its own folder; a passing snapshot goes there too',
    commands: reading,
  },
  {
    setting: 'runFolder',
    flag: 'run-dir',
    value: 'folder',
    env: ['MIGRATION_RUN_DIR'],
    reading: { tag: 'text' },
    standard: null,
    standardText: '<backup-dir>/<timestamp>',
    help: 'the run’s own folder, which must be new or empty',
    commands: ['copy', 'migrate', 'verify'],
  },
  {
    setting: 'workers',
    flag: 'workers',
    value: 'n',
    env: ['WORKERS'],
    reading: { tag: 'count', min: 1, max: 256 },
    standard: Math.max(1, availableParallelism()),
    standardText: 'one per core',
    help: 'worker threads',
    commands: [...reading, 'quarantine'],
  },
  {
    setting: 'connections',
    flag: 'connections',
    value: 'n',
    env: ['CONNECTIONS'],
    reading: { tag: 'count', min: 1, max: 256 },
    standard: 0,
    standardText: 'as --workers',
    help: 'connections at work on the target: chunks first, proofs and index builds on what they leave',
    commands: loading,
  },
  {
    setting: 'chunkBytes',
    flag: 'chunk-bytes',
    value: 'bytes',
    env: ['CHUNK_BYTES'],
    reading: { tag: 'bytes', min: 65_536, max: 4_294_967_296 },
    standard: null,
    standardText: '16M, or whole tables',
    help: 'source bytes per chunk at most, the unit of commit, retry and resume; k, M and G are understood',
    commands: loading,
  },
  {
    setting: 'blockBytes',
    flag: 'block-bytes',
    value: 'bytes',
    env: ['BLOCK_BYTES'],
    reading: { tag: 'bytes', min: 4096, max: 16 * MiB },
    standard: 256 * 1024,
    standardText: '256k',
    help: 'COPY bytes handed to the socket at once; each thread has two such blocks',
    commands: [...loading, 'quarantine'],
  },
  {
    setting: 'reader',
    flag: 'reader',
    value: 'name',
    env: ['READER'],
    reading: { tag: 'choice', choices: ['auto', 'rows', 'pages'] },
    standard: 'auto',
    help: 'rows: through SQLite; pages: b-tree pages of the snapshot; auto: pages where they can be read',
    commands: ['census', ...loading],
  },
  {
    setting: 'format',
    flag: 'format',
    value: 'name',
    env: ['COPY_FORMAT'],
    reading: { tag: 'choice', choices: ['binary', 'text'] },
    standard: 'binary',
    help: 'COPY format, binary or text',
    commands: loading,
  },
  {
    setting: 'maxMbps',
    flag: 'max-mbps',
    value: 'n',
    env: ['MAX_MBPS'],
    reading: { tag: 'rate' },
    standard: null,
    help: 'at most n megabits of COPY data per second, over all threads',
    commands: ['copy', 'migrate', 'cutover'],
  },
  {
    setting: 'maxRowsPerSecond',
    flag: 'max-rows-per-second',
    value: 'n',
    env: ['MAX_ROWS_PER_SECOND'],
    reading: { tag: 'rate' },
    standard: null,
    help: 'at most n rows per second, over all threads',
    commands: ['copy', 'migrate', 'cutover'],
  },
  {
    setting: 'memoryLimitMb',
    flag: 'memory-limit',
    value: 'MB',
    env: ['MEMORY_LIMIT'],
    reading: { tag: 'count', min: 128, max: 1_048_576 },
    standard: null,
    help: 'memory the whole process may take, in MB: fewer threads where needed',
    commands: ['copy', 'migrate', 'cutover'],
  },
  {
    setting: 'stallTimeoutSeconds',
    flag: 'stall-timeout',
    value: 'seconds',
    env: ['STALL_TIMEOUT'],
    reading: { tag: 'count', min: 1, max: 86_400 },
    standard: 300,
    help: 'silence of the server, or of a thread, after which it counts as lost and its chunk is tried again',
    commands: targeted,
  },
  {
    setting: 'keepConstraints',
    flag: 'keep-constraints',
    value: null,
    env: ['KEEP_CONSTRAINTS'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'leave indexes, keys and foreign keys in force during the copy; layers become barriers',
    commands: loading,
  },
  {
    setting: 'maintenanceWorkMem',
    flag: 'maintenance-work-mem',
    value: 'size',
    env: ['MAINTENANCE_WORK_MEM'],
    reading: { tag: 'text' },
    standard: null,
    standardText: '128MB',
    help: 'PostgreSQL memory per index build, such as 256MB',
    commands: ['copy', 'migrate', 'cutover'],
  },
  {
    setting: 'tables',
    flag: 'tables',
    value: 'names',
    env: ['TABLES'],
    reading: { tag: 'list' },
    standard: [],
    help: 'only these tables, separated by commas',
    // An application that is switched needs all of its tables, whatever was last set for a copy.
    commands: reading.filter((command) => command !== 'cutover'),
  },
  {
    setting: 'exclude',
    flag: 'exclude',
    value: 'names',
    env: ['EXCLUDE'],
    reading: { tag: 'list' },
    standard: [],
    help: 'all but these tables, separated by commas',
    commands: reading,
  },
  {
    setting: 'waive',
    flag: 'waive',
    value: 'names',
    env: ['WAIVE'],
    reading: { tag: 'list' },
    standard: [],
    help: 'what may be lost of the schema, by the names that findings give, such as index:by_title',
    commands: surveying,
  },
  {
    setting: 'fresh',
    flag: 'fresh',
    value: null,
    env: ['FRESH'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'begin anew with a new snapshot instead of going on with an unfinished run',
    commands: ['copy', 'migrate'],
  },
  {
    setting: 'differencesMax',
    flag: 'differences-max',
    value: 'n',
    env: ['DIFFERENCES_MAX'],
    reading: { tag: 'count', min: 1, max: 100_000 },
    standard: 20,
    help: 'differences shown per table',
    commands: ['verify', 'accept', 'cutover'],
  },
  {
    setting: 'listMax',
    flag: 'list-max',
    value: 'n',
    env: ['LIST_MAX'],
    reading: { tag: 'count', min: 1, max: 1_000_000 },
    standard: 100,
    help: 'rows that quarantine names one by one; its counts cover all',
    commands: ['quarantine'],
  },
  {
    setting: 'shadowLimit',
    flag: 'shadow-limit',
    value: 'n',
    env: ['SHADOW_LIMIT'],
    reading: { tag: 'count', min: 1, max: 10_000 },
    standard: 50,
    help: 'rows per shadow read',
    commands: ['shadow', 'accept', 'cutover'],
  },
  {
    setting: 'acceptanceFolder',
    flag: 'acceptance-dir',
    value: 'folder',
    env: ['ACCEPTANCE_BASE_DIR'],
    reading: { tag: 'text' },
    standard: '.db-cutover-acceptance',
    help: 'folder under which each acceptance makes its own folder',
    commands: ['accept'],
  },
  {
    setting: 'acceptanceRunFolder',
    flag: 'acceptance-run-dir',
    value: 'folder',
    env: ['ACCEPTANCE_RUN_DIR'],
    reading: { tag: 'text' },
    standard: null,
    standardText: '<acceptance-dir>/<timestamp>',
    help: 'the acceptance’s own folder, which must be new or empty',
    commands: ['accept'],
  },
  ...cutoverOptions,
  {
    setting: 'json',
    flag: 'json',
    value: null,
    env: [],
    reading: { tag: 'flag' },
    standard: false,
    help: 'print the result as one JSON object',
    commands: all,
  },
  {
    setting: 'quiet',
    flag: 'quiet',
    value: null,
    env: [],
    reading: { tag: 'flag' },
    standard: false,
    help: 'no progress and no notes on stderr',
    commands: all,
  },
];
