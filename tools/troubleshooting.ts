import { codes } from '../src/model/codes/codes.js';
import type { CodeText } from '../src/model/codes/code-text.js';
import { codeText, markdownTable } from './markdown.js';

/** The classes of codes in the order of the page: title, and what they have in common. */
const classes: readonly { readonly name: string; readonly title: string; readonly about: string }[] = [
  {
    name: 'usage',
    title: 'The way it was called',
    about: 'Exit code 2: a flag, variable, path or URL, or a limit of the process.',
  },
  {
    name: 'plan',
    title: 'Found by the plan',
    about:
      'Exit code 20 where it refuses: all reasons are listed at once, and nothing was written. Warnings and notes let the run go on. Where “name a policy” is said, see [values.md](values.md).',
  },
  { name: 'source', title: 'The SQLite side, and the files of the run', about: 'Exit code 21.' },
  { name: 'target', title: 'The PostgreSQL side', about: 'Exit code 22.' },
  {
    name: 'data',
    title: 'Values and rows',
    about:
      'Exit code 23: a value cannot be carried exactly, or a constraint does not hold. The message names table, column, key and value. After such an error of the copy the run is unfinished: correct the source and run again with `--fresh`, or name a policy, see [values.md](values.md).',
  },
  { name: 'verify', title: 'Differences', about: 'Exit code 1 where it is an error: the two sides differ.' },
  { name: 'shadow', title: 'Shadow reads', about: 'Exit code 1 where it is an error.' },
  {
    name: 'cutover',
    title: 'Cutover',
    about: 'Exit code 24: refused, or undone; the application is where it was. See [cutover.md](cutover.md).',
  },
  { name: 'rollback', title: 'Rollback', about: 'Exit code 24: the application is where it was.' },
  { name: 'stuck', title: 'Stuck', about: 'Exit code 25: the message says what stands where, and what to do next.' },
  { name: 'thread', title: 'Threads', about: 'Exit code 26.' },
  { name: 'interrupted', title: 'Interrupted', about: 'Exit code 130 (SIGINT) or 143 (SIGTERM).' },
  { name: 'bug', title: 'Bugs', about: 'Exit code 70; the message has a stack.' },
];

/** Every code with what it means and what to do, class by class. */
export function renderCodes(): string {
  return classes.map(({ name, title, about }) => `## ${title}\n\n${about}\n\n${tableOf(name)}`).join('\n\n');
}

function tableOf(name: string): string {
  const rows = Object.entries<CodeText>(codes)
    .filter(([code]) => code.startsWith(`${name}.`))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { means, todo }]) => [codeText(code), means, todo]);
  return markdownTable(['code', 'what it means', 'what to do'], rows);
}
