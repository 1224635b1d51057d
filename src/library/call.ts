import { readFileOptions } from '../cli/file-options.js';
import { checkRules } from '../cli/config-file.js';
import { readSettings } from '../cli/settings.js';
import { toolVersion } from '../cli/version.js';
import { installed } from '../lib/own-command.js';
import { maskSecrets } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import { checkSqlite } from '../run/check-sqlite.js';
import type { Context } from '../run/context.js';
import { Orders } from '../run/control/orders.js';
import { Journal } from '../run/journal.js';
import { type FunctionName, optionNames } from './option-names.js';
import type { CallOptions, SourceOptions, TargetOptions } from './options.js';
import type { HabitRules, Policies, TableRules } from './rules.js';

/** The part of any function's options that this file uses. */
interface Given extends CallOptions, Partial<SourceOptions>, Partial<TargetOptions> {
  readonly policies?: Policies;
  readonly tableRules?: Readonly<Record<string, TableRules>>;
  readonly columns?: Readonly<Record<string, HabitRules>>;
  readonly declared?: Readonly<Record<string, string | HabitRules>>;
}

/**
 * What the command of this name runs with. `fixed` are settings that the function itself decides. Throws `usage.*` for
 * options that are missing, unknown or wrong.
 */
export async function contextOf(
  name: FunctionName,
  options: Given,
  fixed: Readonly<Record<string, unknown>> = {},
): Promise<Context> {
  checkNames(name, options);
  checkSqlite(name);
  const { signal, onEvent, ...given } = options;
  const config = { ...given, ...fixed };
  await checkRules(rulesIn(config));
  const journal = new Journal();
  if (onEvent !== undefined) journal.listen(onEvent);
  const settings = readSettings({ command: name, flags: {}, env: {}, config, configWord: 'option' });
  const orders = new Orders();
  const signals = signal === undefined ? [] : [signal];
  return {
    settings,
    journal,
    signal: AbortSignal.any([...signals, orders.stopping]),
    orders,
    toolVersion: toolVersion(),
    own: installed,
    calledAs: `${name}() of the library`,
    readFileOptions,
    ask: null,
  };
}

/** Options are typed, but programs in JavaScript, and those that read them from somewhere, are not. */
function checkNames(name: FunctionName, options: Given): void {
  const known = optionNames(name);
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    const list = unknown.map((key) => JSON.stringify(maskSecrets(key))).join(', ');
    throw new CopierError('usage.config_key', `${name}() knows no option ${list}`, {
      hint: `options of ${name}(): ${known.join(', ')}`,
    });
  }
  const given = Object.entries(options).flatMap(([key, value]) => (value == null ? [] : [key]));
  // What a command writes stands in for the file.
  const said = given.includes('sourceCommand') ? ['sourcePath', ...given] : given;
  const missing = ['sourcePath', 'targetUrl'].filter((key) => known.includes(key) && !said.includes(key));
  if (missing.length === 0) return;
  throw new CopierError('usage.empty_value', `${name}() needs the option ${missing.join(' and ')}`, {
    hint: 'give the path of the SQLite file as sourcePath and the PostgreSQL URL as targetUrl',
  });
}

const ruleNames = [
  'policies',
  'tableRules',
  'columns',
  'declared',
  'search',
  'virtualTables',
  'shadowReads',
  'switch',
  'hooks',
  'health',
  'group',
];

function rulesIn(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(config).filter(([key, value]) => ruleNames.includes(key) && value !== undefined),
  );
}
