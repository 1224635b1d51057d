import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { checkSentinel } from '../encode/sentinel.js';
import { CopierError } from '../errors.js';

/** Everything an operator can decide, with its unit at the end of the name. See `optionTable` for the meanings. */
export interface Settings {
  readonly sourcePath: string;
  /** null: the embedded server. */
  readonly targetUrl: string | null;
  readonly sqlFolder: string;
  readonly fromSource: boolean;
  readonly resetSchema: boolean;
  readonly truncateTarget: boolean;
  readonly nullSentinel: string;
  readonly allowSentinel: boolean;
  readonly backupFolder: string;
  readonly runFolder: string | null;
  readonly workers: number;
  readonly connections: number;
  readonly chunkBytes: number;
  readonly blockBytes: number;
  readonly reader: 'auto' | 'rows' | 'pages';
  readonly format: 'binary' | 'text';
  readonly maxMbps: number | null;
  readonly maxRowsPerSecond: number | null;
  readonly memoryLimitMb: number | null;
  readonly stallTimeoutSeconds: number;
  readonly keepConstraints: boolean;
  readonly maintenanceWorkMem: string | null;
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
  readonly fresh: boolean;
  readonly differencesMax: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

export type CommandName = 'init' | 'plan' | 'copy' | 'verify' | 'migrate' | 'status';

type Reading =
  | { readonly tag: 'text' }
  | { readonly tag: 'flag' }
  | { readonly tag: 'count'; readonly min: number; readonly max: number }
  | { readonly tag: 'bytes'; readonly min: number; readonly max: number }
  | { readonly tag: 'rate' }
  | { readonly tag: 'list' }
  | { readonly tag: 'choice'; readonly choices: readonly string[] };

export interface OptionRow {
  readonly setting: keyof Settings;
  /** Long flag without its dashes; its value's name in help is `value`. */
  readonly flag: string;
  readonly value: string | null;
  /** Environment variables, the first that is set counts. */
  readonly env: readonly string[];
  readonly reading: Reading;
  readonly standard: Settings[keyof Settings];
  /** How help names the default where the value itself would say nothing, or something else on each machine. */
  readonly standardText?: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}

const all: readonly CommandName[] = ['init', 'plan', 'copy', 'verify', 'migrate', 'status'];
const loading: readonly CommandName[] = ['plan', 'copy', 'migrate'];
const making: readonly CommandName[] = ['init', 'plan', 'migrate'];
const reading: readonly CommandName[] = ['plan', 'copy', 'migrate', 'verify', 'init'];
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
    commands: all,
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
    commands: ['init', 'migrate'],
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
    commands: ['plan', 'copy', 'migrate', 'verify'],
  },
  {
    setting: 'allowSentinel',
    flag: 'allow-sentinel',
    value: null,
    env: ['ALLOW_SENTINEL'],
    reading: { tag: 'flag' },
    standard: false,
    help: 'let a text equal to the sentinel through; binary COPY can carry it',
    commands: loading,
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
    commands: reading,
  },
  {
    setting: 'connections',
    flag: 'connections',
    value: 'n',
    env: ['CONNECTIONS'],
    reading: { tag: 'count', min: 1, max: 256 },
    standard: 0,
    standardText: 'as --workers',
    help: 'chunks in COPY at once, and index builds at once',
    commands: loading,
  },
  {
    setting: 'chunkBytes',
    flag: 'chunk-bytes',
    value: 'bytes',
    env: ['CHUNK_BYTES'],
    reading: { tag: 'bytes', min: 65_536, max: 4_294_967_296 },
    standard: 16 * MiB,
    standardText: '16M',
    help: 'source bytes per chunk, the unit of commit, retry and resume; k, M and G are understood',
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
    commands: loading,
  },
  {
    setting: 'reader',
    flag: 'reader',
    value: 'name',
    env: ['READER'],
    reading: { tag: 'choice', choices: ['auto', 'rows', 'pages'] },
    standard: 'auto',
    help: 'rows: through SQLite; pages: b-tree pages of the snapshot; auto: pages where they can be read',
    commands: loading,
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
    commands: ['copy', 'migrate'],
  },
  {
    setting: 'maxRowsPerSecond',
    flag: 'max-rows-per-second',
    value: 'n',
    env: ['MAX_ROWS_PER_SECOND'],
    reading: { tag: 'rate' },
    standard: null,
    help: 'at most n rows per second, over all threads',
    commands: ['copy', 'migrate'],
  },
  {
    setting: 'memoryLimitMb',
    flag: 'memory-limit',
    value: 'MB',
    env: ['MEMORY_LIMIT'],
    reading: { tag: 'count', min: 128, max: 1_048_576 },
    standard: null,
    help: 'memory the whole process may take, in MB: fewer threads where needed',
    commands: ['copy', 'migrate'],
  },
  {
    setting: 'stallTimeoutSeconds',
    flag: 'stall-timeout',
    value: 'seconds',
    env: ['STALL_TIMEOUT'],
    reading: { tag: 'count', min: 1, max: 86_400 },
    standard: 300,
    help: 'silence of the server, or of a thread, after which it counts as lost and its chunk is tried again',
    commands: ['copy', 'migrate', 'verify'],
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
    commands: ['copy', 'migrate'],
  },
  {
    setting: 'tables',
    flag: 'tables',
    value: 'names',
    env: ['TABLES'],
    reading: { tag: 'list' },
    standard: [],
    help: 'only these tables, separated by commas',
    commands: reading,
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
    commands: ['verify'],
  },
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

export interface SettingsInput {
  readonly command: CommandName;
  /** Flag values as given, by setting; flags without value are true. */
  readonly flags: Readonly<Partial<Record<keyof Settings, string | boolean>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Keys are names of `Settings`: a config file's content, or the options of the library. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Flags beat environment beats config beats standard values. Throws `usage.*` naming where a bad value came from. */
export function readSettings(input: SettingsInput): Settings {
  checkKeys(input.config);
  const settings: Record<string, unknown> = {};
  for (const row of optionTable) settings[row.setting] = readSetting(row, input);
  if (settings['connections'] === 0) settings['connections'] = settings['workers'];
  const result = settings as unknown as Settings;
  checkCombination(result);
  return result;
}

/** Which tables the operator wants, as the plan asks for it. */
export function choiceOf({ tables, exclude }: Pick<Settings, 'tables' | 'exclude'>) {
  return { tables: tables.length === 0 ? null : tables, exclude };
}

function readSetting(row: OptionRow, input: SettingsInput): unknown {
  const flag = input.flags[row.setting];
  if (flag !== undefined) return parseValue(row, flag, `--${row.flag}`);
  if (!row.commands.includes(input.command)) return row.standard;
  // An empty variable is one that was not set, as in shells' ${X:-default}; only the sentinel may not be empty.
  const isSet = (text: string | undefined) => text !== undefined && (text !== '' || row.setting === 'nullSentinel');
  const name = row.env.find((variable) => isSet(input.env[variable]));
  if (name !== undefined) return parseValue(row, input.env[name] ?? '', name);
  const configured = input.config[row.setting];
  return configured === undefined || configured === null ? row.standard : parseConfigValue(row, configured);
}

function parseValue(row: OptionRow, value: string | boolean, origin: string): unknown {
  const { reading } = row;
  if (reading.tag === 'flag') return typeof value === 'boolean' ? value : parseSwitch(value, origin);
  const text = String(value);
  switch (reading.tag) {
    case 'text':
      return parseText(row, text, origin);
    case 'count':
      return parseCount(text, reading, origin, 1);
    case 'bytes':
      return parseCount(text, reading, origin, byteSuffix(text));
    case 'rate':
      return parseRate(text, origin);
    case 'list':
      return parseList(text, origin);
    case 'choice':
      if (reading.choices.includes(text)) return text;
      throw badValue(origin, text, `use one of: ${reading.choices.join(', ')}`);
  }
}

/** A list of nothing would mean all tables, which nobody asks for by naming none. */
function parseList(text: string, origin: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0) return names;
  throw new CopierError('usage.empty_value', `${origin} names no table`, {
    hint: `give ${origin} the names of tables, separated by commas, or leave it out`,
  });
}

function parseText(row: OptionRow, text: string, origin: string): string {
  if (text !== '') return text;
  throw new CopierError('usage.empty_value', `${origin} is empty`, {
    hint:
      row.setting === 'nullSentinel'
        ? 'give NULL_SENTINEL a text that occurs nowhere in the data: an empty one would make NULL and the empty string equal'
        : `give ${origin} a value, or leave it out`,
  });
}

function parseSwitch(text: string, origin: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true;
  if (['0', 'false', 'no', 'off'].includes(text.toLowerCase())) return false;
  throw badValue(origin, text, 'use 1 or 0');
}

const suffixes: Readonly<Record<string, number>> = { k: 1024, m: MiB, g: 1024 * MiB };

function byteSuffix(text: string): number {
  return suffixes[text.slice(-1).toLowerCase()] ?? 1;
}

function parseCount(
  text: string,
  range: { readonly min: number; readonly max: number },
  origin: string,
  factor: number,
): number {
  const digits = factor === 1 ? text : text.slice(0, -1);
  const count = Number(digits) * factor;
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(count) || count < range.min || count > range.max) {
    throw badValue(origin, text, `use a whole number from ${range.min} to ${range.max}`);
  }
  return count;
}

function parseRate(text: string, origin: string): number {
  const rate = Number(text);
  if (text.trim() === '' || !Number.isFinite(rate) || rate <= 0) throw badValue(origin, text, 'use a number above 0');
  return rate;
}

function badValue(origin: string, text: string, hint: string): CopierError {
  return new CopierError('usage.bad_value', `${origin} cannot be ${JSON.stringify(text)}`, { hint });
}

function parseConfigValue(row: OptionRow, value: unknown): unknown {
  const origin = `config key ${row.setting}`;
  if (row.reading.tag === 'list' && Array.isArray(value) && value.every((name) => typeof name === 'string'))
    return value;
  if (typeof value === 'string' || (typeof value === 'boolean' && row.reading.tag === 'flag'))
    return parseValue(row, value, origin);
  if (typeof value === 'number') return parseValue(row, String(value), origin);
  // What was given is not repeated: it may hold a password.
  const kind = Array.isArray(value) ? 'a list' : typeof value === 'boolean' ? 'true or false' : 'an object';
  throw new CopierError('usage.bad_value', `${origin} cannot be ${kind}`, {
    hint: `give it ${wordsFor[row.reading.tag]}`,
  });
}

const wordsFor: Readonly<Record<Reading['tag'], string>> = {
  text: 'a text',
  flag: 'true or false',
  count: 'a whole number',
  bytes: 'a number of bytes, such as "16M"',
  rate: 'a number above 0',
  list: 'a list of names',
  choice: 'one of its words, which help names',
};

/** The object in a JSON file of settings. */
export function readConfig(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CopierError('usage.config_unreadable', `config file ${path} cannot be read`, {
      hint: 'check the path given with --config, and that you may read the file',
      cause,
    });
  }
  return parseConfig(text, path);
}

/** Settings that are read before any config file is: how the command talks. */
const commandLineOnly: ReadonlySet<string> = new Set<keyof Settings>(['json', 'quiet']);

function checkKeys(config: Readonly<Record<string, unknown>>): void {
  const names = optionTable.map((row) => row.setting).filter((name) => !commandLineOnly.has(name));
  const known = new Set<string>([...names, '$schema']);
  const unknown = Object.keys(config).filter((key) => !known.has(key));
  if (unknown.length === 0) return;
  throw new CopierError(
    'usage.config_key',
    `unknown settings: ${unknown.map((key) => JSON.stringify(key)).join(', ')}`,
    {
      hint: `known settings: ${names.join(', ')}`,
    },
  );
}

function parseConfig(text: string, path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (error) {
    // The parser's own words repeat a piece of the text, which may be a password; where it stopped is no secret.
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const where = position === undefined ? '' : ` (see line ${text.slice(0, Number(position)).split('\n').length})`;
    throw new CopierError('usage.config_json', `config file ${path} is not valid JSON${where}`, {
      hint: 'mend the file: names and texts in double quotes, a comma between settings and none after the last',
    });
  }
  throw new CopierError('usage.config_json', `config file ${path} does not hold a JSON object`, {
    hint: 'write it as {"sourcePath": "app.db", "workers": 4}',
  });
}

function checkCombination(settings: Settings): void {
  // Any table may have to go in text format, so the sentinel must be one that text can carry.
  checkSentinel(settings.nullSentinel, 'text');
  if (settings.tables.length > 0 && settings.exclude.length > 0) {
    throw new CopierError('usage.combination', '--tables and --exclude cannot be used together', {
      hint: 'name the tables wanted, or those not wanted',
    });
  }
  if (settings.allowSentinel && settings.format === 'text') {
    throw new CopierError('usage.combination', '--allow-sentinel needs --format binary', {
      hint: 'in text format the sentinel is NULL on the wire; choose another --null-sentinel instead',
    });
  }
}
