import type { CommandName, FlagSettings } from '../../model/settings.js';
import { cutoverOptions } from './cutover-options.js';
import { fleetOptions } from './fleet-options.js';
import { followOptions } from './follow-options.js';
import { outputOptions } from './output-options.js';
import { rowOptions } from './row-options.js';
import { runOptions } from './run-options.js';
import { schemaOptions } from './schema-options.js';
import { sideOptions } from './side-options.js';
import { speedOptions } from './speed-options.js';
import type { OptionRow, OptionTable } from './option.js';

/**
 * The single list of options: flags, environment, config keys, checks, headings and help all come from here. That it has
 * every setting, no other, and values of the setting's type is proven by the compiler.
 */
export const optionTable: OptionTable = {
  ...sideOptions,
  ...schemaOptions,
  ...rowOptions,
  ...runOptions,
  ...followOptions,
  ...cutoverOptions,
  ...fleetOptions,
  ...speedOptions,
  ...outputOptions,
};

/** The names of all settings. */
export const settingNames: readonly (keyof FlagSettings)[] = Object.keys(optionTable).filter(isSetting);

function isSetting(name: string): name is keyof FlagSettings {
  return Object.hasOwn(optionTable, name);
}

/** All options in the order of the headings, in which help and reference name them. */
export const optionRows: readonly OptionRow[] = settingNames.map((setting) => ({ setting, ...optionTable[setting] }));

/** The options that a command knows, in the order of the headings. */
export function optionsOf(command: CommandName): readonly OptionRow[] {
  return optionRows.filter(({ commands }) => commands.includes(command));
}
