import { maskSecrets } from '../lib/mask-secrets.js';
import { type OwnCommand, ownLine } from '../lib/own-command.js';
import type { CommandName } from '../model/settings.js';
import type { NextStep } from './next-step.js';
import { describeTarget, parseTargetUrl } from '../target/connection/address.js';
import { optionsOf } from './options/table.js';
import { type GivenFlags, positionalSides } from './positional.js';

/** What the command line of this command said. */
export interface Said {
  readonly own: OwnCommand;
  readonly flags: GivenFlags;
  readonly configPath: string | null;
}

/** A next step as --json names it: a command that can be pasted, and why. */
export interface NextCommand {
  readonly command: string;
  readonly why: string;
  /** Whether the URL was given with a password, which is not repeated. */
  readonly lacksPassword: boolean;
}

/** What is of one command alone, or must be said anew each time. */
const notRepeated: ReadonlySet<string> = new Set([
  'sourcePath',
  'targetUrl',
  'json',
  'quiet',
  'fresh',
  'runFolder',
  'acceptanceRunFolder',
  'cutoverRunFolder',
  'confirm',
  'yes',
  'dryRun',
  'rollbackDryRun',
  'writeManifest',
]);

/** What says which files a fleet has, and as what: once they are entered the ledger knows. */
const ofEntering: ReadonlySet<string> = new Set(['fleetSources', 'fleetManifest', 'fleetForm', 'tenantColumn']);

/**
 * The command that comes next, with the sides and flags of this one as far as it knows them. What the environment said
 * is left to the environment, and a password is never repeated.
 */
export function nextCommand({ command, words, flags: more = [], why, isAnew }: NextStep, said: Said): NextCommand {
  const name = [command, ...words].join(' ');
  if (command === 'help' || command === 'embedded' || isAnew === true)
    return { command: ownLine(said.own, name, more), why, lacksPassword: false };
  const { flags, configPath, own } = said;
  const config = configPath === null ? [] : ['--config', maskSecrets(configPath)];
  const args = [...sidesFor(command, flags), ...flagsFor(command, words, flags), ...config, ...more];
  const lacksPassword = typeof flags.targetUrl === 'string' && withoutPassword(flags.targetUrl)?.hadPassword !== false;
  return { command: ownLine(own, name, args), why, lacksPassword };
}

/** The last lines of a page. */
export function nextText({ command, why, lacksPassword }: NextCommand): string {
  const aside = lacksPassword ? '      (the password of the URL is left out)\n' : '';
  return `next: ${command}\n      (${why})\n${aside}`;
}

function sidesFor(command: CommandName, flags: GivenFlags): string[] {
  return positionalSides(command).flatMap(({ setting }) => {
    const given = flags[setting];
    if (typeof given !== 'string') return [];
    const text = setting === 'targetUrl' ? withoutPassword(given)?.text : maskSecrets(given);
    return text === undefined ? [] : [text];
  });
}

function flagsFor(command: CommandName, words: readonly string[], flags: GivenFlags): string[] {
  const enters = words.some((word) => word === 'plan' || word === 'enqueue');
  return optionsOf(command).flatMap(({ setting, flag }) => {
    const given = flags[setting];
    if (given === undefined || given === false || notRepeated.has(setting)) return [];
    if (command === 'fleet' && !enters && ofEntering.has(setting)) return [];
    return given === true ? [`--${flag}`] : [`--${flag}`, maskSecrets(given)];
  });
}

/** A URL as it may be repeated; null where it cannot be read, and any part of it may be a piece of the password. */
function withoutPassword(url: string): { readonly text: string; readonly hadPassword: boolean } | null {
  try {
    const { address } = parseTargetUrl(url);
    const ssl = address.sslmode === 'prefer' ? '' : `&sslmode=${address.sslmode}`;
    return { text: `${describeTarget(address)}${ssl}`, hadPassword: address.password !== null };
  } catch {
    return null;
  }
}
