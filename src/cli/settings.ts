import { resolve } from 'node:path';
import type { HookRule, HookRules } from '../model/application/rules.js';
import { withMerged } from '../plan/rules/seeded.js';
import { checkSentinel } from '../encode/value/sentinel.js';
import { maskSecrets, refuseSecret } from '../lib/mask-secrets.js';
import { assert, CopierError } from '../model/error.js';
import { readRecipes, unknownRecipe } from '../run/recipes.js';
import type { CommandName, FlagSettings, RuleSettings, Settings } from '../model/settings.js';
import type { Option } from './options/option.js';
import { optionRows, optionTable, settingNames } from './options/table.js';

/**
 * The content of a config file, or the options of the library. Rules are data already; any other setting is as it was
 * written.
 */
export interface Config extends Partial<RuleSettings> {
  readonly [key: string]: unknown;
}

export interface SettingsInput {
  readonly command: CommandName;
  /** Flag values as given, by setting; flags without value are true. */
  readonly flags: Readonly<Partial<Record<keyof FlagSettings, string | boolean>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Keys are names of `Settings`; the rules are checked already. */
  readonly config: Config;
  /** What messages call a setting of `config`: `config key` where nothing else is said. */
  readonly configWord?: string;
}

/** Flags beat environment beats config beats standard values. Throws `usage.*` naming where a bad value came from. */
export function readSettings(given: SettingsInput): Settings {
  const input = withRecipe(given);
  checkKeys(input.config);
  const flagged = readFlagSettings(input);
  const { policies = {}, tableRules = {}, columns = {}, declared = {} } = input.config;
  const { search = {}, virtualTables = {}, shadowReads = [] } = input.config;
  const { switch: switches = null, hooks = {}, health = [], group = [] } = input.config;
  for (const { source } of group) refuseSecret(source, 'a source of "group" in the config file');
  const connections = flagged.connections === 0 ? flagged.workers : flagged.connections;
  const rules = {
    policies,
    tableRules,
    columns,
    declared,
    search,
    virtualTables,
    shadowReads,
    switch: switches,
    hooks: inFolders(hooks),
    health,
    group,
  };
  const settings = { ...flagged, connections, ...rules };
  checkCombination(settings);
  return { ...settings, tableRules: withMerged(tableRules, settings.keepTargetRows) };
}

/** The hooks with the folder that each runs in: a rollback may be called from another one. */
function inFolders(hooks: HookRules): HookRules {
  const placed = (hook: string | HookRule): HookRule => {
    const rule = typeof hook === 'string' ? { run: hook } : hook;
    return { ...rule, in: resolve(rule.in ?? '.') };
  };
  return Object.fromEntries(Object.entries(hooks).map(([edge, list]) => [edge, list.map(placed)]));
}

/** What the recipe of the application decides, beneath what the config says itself. */
function withRecipe(input: SettingsInput): SettingsInput {
  const name = readSetting('app', optionTable.app, input);
  if (name === null) return input;
  const recipe = readRecipes().find((one) => one.name === name);
  if (recipe === undefined) throw unknownRecipe(name);
  return { ...input, config: { ...(recipe.config as Config), ...input.config } };
}

/** Keys that only a config file or the library can say. */
const ruleNames: Readonly<Record<keyof RuleSettings, true>> = {
  policies: true,
  tableRules: true,
  columns: true,
  declared: true,
  search: true,
  virtualTables: true,
  shadowReads: true,
  switch: true,
  hooks: true,
  health: true,
  group: true,
};

/** The keys that a config file may have. */
export const configKeys: readonly string[] = [
  ...optionRows.filter((row) => row.isFlagOnly !== true).map(({ setting }) => setting),
  ...Object.keys(ruleNames),
];

function checkKeys(config: Config): void {
  const unknown = Object.keys(config).filter((key) => key !== '$schema' && !configKeys.includes(key));
  if (unknown.length === 0) return;
  const list = unknown.map((key) => JSON.stringify(maskSecrets(key))).join(', ');
  throw new CopierError('usage.config_key', `unknown settings: ${list}`, {
    hint: `known settings: ${configKeys.join(', ')}`,
  });
}

/** Settings that are being read. */
type Unfinished = { -readonly [S in keyof FlagSettings]?: FlagSettings[S] };

function readFlagSettings(input: SettingsInput): FlagSettings {
  const settings: Unfinished = {};
  const read = <S extends keyof FlagSettings>(name: S): void => {
    const option: Option<FlagSettings[S]> = optionTable[name];
    settings[name] = readSetting(name, option, input);
  };
  settingNames.forEach(read);
  assert(isFinished(settings), 'every setting has a value');
  return settings;
}

function isFinished(settings: Unfinished): settings is FlagSettings {
  return settingNames.every((name) => settings[name] !== undefined);
}

function readSetting<V>(setting: keyof FlagSettings, option: Option<V>, input: SettingsInput): V {
  const { flag, syntax, standard } = option;
  const given = input.flags[setting];
  if (given !== undefined) return syntax.accept(given) ?? syntax.parse(String(given), `--${flag}`);
  if (!option.commands.includes(input.command)) return standard;
  const isSet = (text: string | undefined) => text !== undefined && (text !== '' || option.isEmptyRefused === true);
  const name = variablesOf(option).find((variable) => isSet(input.env[variable]));
  if (name !== undefined) return syntax.parse(input.env[name] ?? '', name);
  const configured = input.config[setting];
  return configured === undefined || configured === null
    ? standard
    : readConfigured(`${input.configWord ?? 'config key'} ${setting}`, option, configured);
}

/** The variables that can say an option, the first that is set counts: `PGFERRY_WORKERS` is surely meant for us. */
function variablesOf({ env }: Pick<Option<unknown>, 'env'>): readonly string[] {
  return [...env.map((name) => `PGFERRY_${name}`), ...env];
}

/** A value as a config file or the library gives it. */
function readConfigured<V>(origin: string, { syntax }: Option<V>, value: unknown): NonNullable<V> {
  const accepted = syntax.accept(value);
  if (accepted !== null) return accepted;
  if (typeof value === 'string' || typeof value === 'number') return syntax.parse(String(value), origin);
  // What was given is not repeated: it may hold a password.
  const kind = Array.isArray(value) ? 'a list' : typeof value === 'boolean' ? 'true or false' : 'an object';
  throw new CopierError('usage.bad_value', `${origin} cannot be ${kind}`, { hint: `give it ${syntax.words}` });
}

function checkCombination(settings: Settings): void {
  // Any table may have to go in text format, so the sentinel must be one that text can carry.
  checkSentinel(settings.nullSentinel, 'text');
  if (settings.tables.length > 0 && settings.exclude.length > 0) {
    throw new CopierError('usage.combination', '--tables and --exclude cannot be used together', {
      hint: 'name the tables wanted, or those not wanted',
    });
  }
  if (settings.sourceCommand !== null && settings.sourcePath !== optionTable.sourcePath.standard) {
    throw new CopierError('usage.combination', '--source and --source-command cannot be used together', {
      hint: 'leave one of the two out, also as a variable: SQLITE_DB_PATH is --source',
    });
  }
  if (settings.allowSentinel && settings.format === 'text') {
    throw new CopierError('usage.combination', '--allow-sentinel needs --format binary', {
      hint: 'in text format the sentinel is NULL on the wire; choose another --null-sentinel instead',
    });
  }
}
