import { maskSecrets } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import type { CommandName, FlagSettings } from '../model/settings.js';
import { isServer } from './options/side-syntax.js';
import { optionsOf } from './options/table.js';

/** Flag values as given, by setting; flags without value are true. */
export type GivenFlags = Readonly<Partial<Record<keyof FlagSettings, string | boolean>>>;

const sides = [
  { setting: 'sourcePath', name: 'source', help: 'the SQLite file, in place of --source' },
  { setting: 'targetUrl', name: 'target', help: 'the PostgreSQL URL, in place of --target' },
] as const;

/** The sides that may follow the name of a command without a flag, in this order. */
export function positionalSides(command: CommandName): readonly (typeof sides)[number][] {
  const known = optionsOf(command).map(({ setting }) => setting);
  return sides.filter(({ setting }) => known.includes(setting));
}

/**
 * The words after the command as the flags that they stand for: the source, then the target. One word alone that is a
 * PostgreSQL URL is the target. Throws `usage.swapped_sides`, and `usage.combination` where a flag names the side too.
 */
export function assignSides(words: readonly string[], flags: GivenFlags): GivenFlags {
  const [first, second] = words;
  if (first === undefined) return flags;
  if (second === undefined)
    return isServer(first) ? assign({ targetUrl: first }, flags) : assign({ sourcePath: first }, flags);
  if (isServer(first) && !isServer(second)) {
    throw new CopierError('usage.swapped_sides', `${shown(first)} is the target, and stands before the source`, {
      hint: 'name the SQLite file first, the PostgreSQL URL second: pgferry migrate app.db postgresql://USER@HOST/DB',
    });
  }
  return assign({ sourcePath: first, targetUrl: second }, flags);
}

function assign(named: GivenFlags, flags: GivenFlags): GivenFlags {
  for (const { setting, name } of sides) {
    const word = named[setting];
    if (word === undefined || flags[setting] === undefined) continue;
    throw new CopierError(
      'usage.combination',
      `the ${name} is named twice: ${shown(String(word))}, and with --${name}`,
      {
        hint: 'leave one of the two out',
      },
    );
  }
  return { ...flags, ...named };
}

function shown(word: string): string {
  return JSON.stringify(maskSecrets(word));
}
