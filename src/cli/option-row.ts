import type { FlagSettings, CommandName } from '../model/settings.js';

export type OptionSyntax =
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
  readonly syntax: OptionSyntax;
  readonly standard: FlagSettings[keyof FlagSettings];
  /** How help names the default where the value itself would say nothing, or something else on each machine. */
  readonly standardText?: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}
