import { checkSentinel } from '../encode/sentinel.js';
import { CopierError } from '../errors.js';
import type { OwnRead, Policies, Rules, TableRules } from '../model.js';
import { type CommandName, type OptionRow, optionTable } from './option-table.js';
import { parseConfigValue, parseValue } from './option-value.js';

/** What a flag, a variable or the config file can say, its unit at the end of the name. See `optionTable` for the meanings. */
export interface FlagSettings {
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
  /** null where the plan decides: chunks of 16 MiB, or whole tables. */
  readonly chunkBytes: number | null;
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
  readonly waive: readonly string[];
  readonly fresh: boolean;
  readonly differencesMax: number;
  readonly listMax: number;
  readonly shadowLimit: number;
  readonly acceptanceFolder: string;
  readonly acceptanceRunFolder: string | null;
  /** The phrase without which nothing is cut over. */
  readonly confirm: string | null;
  readonly dryRun: boolean;
  readonly cutoverBaseFolder: string;
  readonly cutoverRunFolder: string | null;
  /** null: .vps.env; the rollback takes the one that was switched. */
  readonly envFile: string | null;
  readonly postgresPrismaSchema: string;
  readonly sqlitePrismaSchema: string;
  readonly cutoverGenerate: boolean;
  readonly cutoverSwitchEnv: boolean;
  readonly rollbackGenerate: boolean;
  readonly rollbackSwitchEnv: boolean;
  /** null: as the ledger knows it. */
  readonly rollbackSnapshot: string | null;
  readonly rollbackSha256: string | null;
  readonly rollbackCutoverId: string | null;
  readonly discardTargetWrites: boolean;
  readonly withoutTarget: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What only a config file or the library can say, since no flag has room for it. See `configSchema` for the meanings. */
export interface RuleSettings {
  readonly policies: Policies;
  /** By source table. */
  readonly tableRules: Readonly<Record<string, TableRules>>;
  /** Text search configuration by full-text table of the source. */
  readonly search: Readonly<Record<string, string>>;
  readonly shadowReads: readonly OwnRead[];
}

/** Everything an operator can decide. */
export interface Settings extends FlagSettings, RuleSettings {}

export interface SettingsInput {
  readonly command: CommandName;
  /** Flag values as given, by setting; flags without value are true. */
  readonly flags: Readonly<Partial<Record<keyof FlagSettings, string | boolean>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Keys are names of `Settings`: a config file's content, or the options of the library. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Flags beat environment beats config beats standard values. Throws `usage.*` naming where a bad value came from. */
export function readSettings(input: SettingsInput): Settings {
  checkKeys(input.config);
  const settings: Record<string, unknown> = { ...standardRules };
  for (const name of ruleNames) settings[name] = input.config[name] ?? standardRules[name];
  for (const row of optionTable) settings[row.setting] = readSetting(row, input);
  if (settings['connections'] === 0) settings['connections'] = settings['workers'];
  const result = settings as unknown as Settings;
  checkCombination(result);
  return result;
}

const standardRules: RuleSettings = { policies: {}, tableRules: {}, search: {}, shadowReads: [] };
const ruleNames = Object.keys(standardRules) as readonly (keyof RuleSettings)[];

/** Settings that are read before any config file is: how the command talks. */
const commandLineOnly: ReadonlySet<string> = new Set<keyof Settings>(['json', 'quiet']);

/** The keys that a config file may have. */
export const configKeys: readonly string[] = [
  ...optionTable.map((row) => row.setting).filter((name) => !commandLineOnly.has(name)),
  ...ruleNames,
];

function checkKeys(config: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(config).filter((key) => key !== '$schema' && !configKeys.includes(key));
  if (unknown.length === 0) return;
  const list = unknown.map((key) => JSON.stringify(key)).join(', ');
  throw new CopierError('usage.config_key', `unknown settings: ${list}`, {
    hint: `known settings: ${configKeys.join(', ')}`,
  });
}

/** The operator's rules, as the plan asks for them. */
export function rulesOf({ policies, tableRules, search }: RuleSettings): Rules {
  return { policies, tableRules, search };
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
