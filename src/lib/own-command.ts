import { quoteShell } from './shell-word.js';

/*
 * How this user calls pgferry, so that a next step can be pasted: make in a clone, npx where npx ran us, the plain name
 * after an installation.
 */

export type OwnCommand =
  /** What stands before the name of a command: `pgferry`, `npx pgferry`, `node dist/src/start.js`. */
  { readonly tag: 'program'; readonly program: string } | { readonly tag: 'make' };

/** The name that an installed package has, and that a program which uses the library is told. */
export const installed: OwnCommand = { tag: 'program', program: 'pgferry' };

const builtEntry = 'dist/src/start.js';

/**
 * @param script the path of the program's first file as it was called, relative to the current folder where it is below
 * @param env of the environment only what npm and make say of themselves is read
 */
export function ownCommand(
  script: string,
  env: { readonly [name in 'MAKELEVEL' | 'npm_command' | 'npm_config_user_agent']?: string | undefined },
): OwnCommand {
  const path = script.replaceAll('\\', '/');
  const isOfClone = path.endsWith(builtEntry) && !/(^|\/)node_modules\//.test(path);
  if (isOfClone && path === builtEntry && Number(env.MAKELEVEL ?? 0) > 0) return { tag: 'make' };
  if (isOfClone) return { tag: 'program', program: `node ${shellWord(script)}` };
  if (/^pnpm\b/.test(env.npm_config_user_agent ?? '')) return { tag: 'program', program: 'pnpm exec pgferry' };
  return env.npm_command === 'exec' ? { tag: 'program', program: 'npx pgferry' } : installed;
}

/** The make targets that are not named as their command. */
const makeTargets: Readonly<Record<string, string>> = {
  accept: 'db-pg-acceptance',
  'quarantine list': 'db-pg-quarantine',
  'embedded stop': 'db-pg-stop',
};

/** Commands without a make target. */
const noTarget: ReadonlySet<string> = new Set(['embedded start', 'embedded status', 'help', 'doctor', 'init-config']);

/** A command as this user can paste it. `name` may have two words: `quarantine list`. */
export function ownLine(own: OwnCommand, name: string, args: readonly string[] = []): string {
  const words = args.map(shellWord).join(' ');
  if (own.tag === 'make' && !noTarget.has(name)) {
    const target = makeTargets[name] ?? `db-pg-${name.replace(' ', '-')}`;
    return words === '' ? `make ${target}` : `make ${target} ARGS=${shellWord(words.replaceAll('$', '$$$$'))}`;
  }
  const program = own.tag === 'make' ? `node ${builtEntry}` : own.program;
  return [program, name, words].filter((part) => part !== '').join(' ');
}

/** A word as a shell takes it, in quotes only where it must be. */
function shellWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : quoteShell(text);
}
