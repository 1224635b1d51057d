import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits, providerEdits, readProvider, undoEdits } from '../../src/cutover/env-text.js';
import { quoteShell } from '../../src/lib/shell-word.js';

/** One env file, what it says before, and how it looks after the switch to postgres. Undone it must be the same again, byte for byte. */
function check(before: string, said: string | null, after: string): void {
  assert.equal(readProvider(before), said);
  const edits = providerEdits(before, 'postgres');
  assert.equal(applyEdits(before, edits), after);
  assert.equal(readProvider(after), 'postgres');
  assert.equal(undoEdits(after, edits), before);
  assert.deepEqual(providerEdits(after, 'postgres'), []);
}

const rows: readonly (readonly [name: string, before: string, said: string | null, after: string])[] = [
  ['a plain line', 'VPS_DB_PROVIDER=sqlite\n', 'sqlite', 'VPS_DB_PROVIDER=postgres\n'],
  ['no line end at the end', 'A=1\nVPS_DB_PROVIDER=sqlite', 'sqlite', 'A=1\nVPS_DB_PROVIDER=postgres'],
  ['CRLF', 'A=1\r\nVPS_DB_PROVIDER=sqlite\r\nB=2\r\n', 'sqlite', 'A=1\r\nVPS_DB_PROVIDER=postgres\r\nB=2\r\n'],
  ['export and double quotes', 'export VPS_DB_PROVIDER="sqlite"\n', 'sqlite', 'export VPS_DB_PROVIDER="postgres"\n'],
  ['single quotes', "VPS_DB_PROVIDER='sqlite'\n", 'sqlite', "VPS_DB_PROVIDER='postgres'\n"],
  ['a comment behind', 'VPS_DB_PROVIDER=sqlite # or postgres\n', 'sqlite', 'VPS_DB_PROVIDER=postgres # or postgres\n'],
  ['blanks around', '  VPS_DB_PROVIDER = sqlite  \n', 'sqlite', '  VPS_DB_PROVIDER = postgres  \n'],
  ['an empty value', 'VPS_DB_PROVIDER=\nA=1\n', '', 'VPS_DB_PROVIDER=postgres\nA=1\n'],
  [
    'twice: the last counts, both are switched',
    'VPS_DB_PROVIDER=other\nA=1\nVPS_DB_PROVIDER="sqlite"\n',
    'sqlite',
    'VPS_DB_PROVIDER=postgres\nA=1\nVPS_DB_PROVIDER="postgres"\n',
  ],
  [
    'in a comment only',
    '#VPS_DB_PROVIDER=sqlite\nA=1\n',
    null,
    '#VPS_DB_PROVIDER=sqlite\nA=1\nVPS_DB_PROVIDER=postgres\n',
  ],
  ['not at all, CRLF, no line end at the end', 'A=1\r\nB=2', null, 'A=1\r\nB=2\r\nVPS_DB_PROVIDER=postgres\r\n'],
  ['an empty file', '', null, 'VPS_DB_PROVIDER=postgres\n'],
  [
    'names that only look like it',
    'MY_VPS_DB_PROVIDER=sqlite\nVPS_DB_PROVIDER_OLD=sqlite\nVPS_DB_PROVIDER=sqlite\n',
    'sqlite',
    'MY_VPS_DB_PROVIDER=sqlite\nVPS_DB_PROVIDER_OLD=sqlite\nVPS_DB_PROVIDER=postgres\n',
  ],
  [
    'a value over several lines that looks like it',
    'KEY="-----\nVPS_DB_PROVIDER=no\n-----"\nVPS_DB_PROVIDER=sqlite\n',
    'sqlite',
    'KEY="-----\nVPS_DB_PROVIDER=no\n-----"\nVPS_DB_PROVIDER=postgres\n',
  ],
  [
    'a byte order mark, and bytes that are no UTF-8',
    '\u00ef\u00bb\u00bfVPS_DB_PROVIDER=sqlite\nX=\u00ff\u0000\u00e9\n',
    'sqlite',
    '\u00ef\u00bb\u00bfVPS_DB_PROVIDER=postgres\nX=\u00ff\u0000\u00e9\n',
  ],
];

for (const [name, before, said, after] of rows) {
  test(`an env file with ${name} is switched in its provider alone, and comes back byte for byte`, () =>
    check(before, said, after));
}

test('a text becomes one word of the shell, whatever is in it', () => {
  assert.equal(quoteShell(`/a b/it's $HOME "x" \`y\`\n`), `'/a b/it'\\''s $HOME "x" \`y\`\n'`);
});
