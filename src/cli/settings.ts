import { checkSentinel } from '../encode/value/sentinel.js';
import { CopierError } from '../model/error.js';
import type { CommandName, FlagSettings, RuleSettings, Settings } from '../model/settings.js';
import { optionTable } from './option-table.js';
import type { OptionRow } from './option-row.js';
import { parseConfigValue, parseValue } from './option-value.js';

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
