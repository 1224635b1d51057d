import type { CommandName, FlagSettings } from '../../model/settings.js';
import type { Syntax } from './syntax.js';

/** The groups of flags, in the order in which help prints them. */
export const headings = {
  sides: 'Both sides:',
  schema: 'Target schema:',
  rows: 'Rows:',
  run: 'The run:',
  follow: 'Rounds:',
  cutover: 'Cutover and rollback:',
  fleet: 'Fleet:',
  speed: 'Speed and memory:',
  output: 'Output:',
} as const;

/** One option: how each of flags, environment and config file says it, what it means, and which commands know it. */
export interface Option<V> {
  readonly heading: keyof typeof headings;
  /** Long flag without its dashes; its value's name in help is `value`. */
  readonly flag: string;
  readonly value: string | null;
  /** Environment variables, the first that is set counts. */
  readonly env: readonly string[];
  readonly syntax: Syntax<NonNullable<V>>;
  /** Whether an empty variable is refused. Others count as not set, as in shells' `${X:-default}`. */
  readonly isEmptyRefused?: true;
  /** Whether no config file can say it: how the command talks is settled before any file is read. */
  readonly isFlagOnly?: true;
  readonly standard: V;
  /** How help names the default where the value itself would be unclear, or differs between machines. */
  readonly standardText?: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}

/** Exactly one option for each setting, whose values have the setting's type. */
export type OptionTable = { readonly [S in keyof FlagSettings]: Option<FlagSettings[S]> };

/** An option with the name of its setting, which is its key in the config file too. */
export interface OptionRow extends Option<FlagSettings[keyof FlagSettings]> {
  readonly setting: keyof FlagSettings;
}
