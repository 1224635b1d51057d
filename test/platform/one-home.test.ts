import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/page.js';

/** What only some systems have, or another way, and how a file would come to know it. */
const signs: readonly (readonly [string, RegExp])[] = [
  [
    'which system this is',
    /\b(?:arch|platform|userInfo|release|machine)\b[^;]*from 'node:os'|\bprocess\.(?:platform|arch)\b/,
  ],
  ['the name of a system', /(?:===?|!==?|case) '(?:win32|darwin|linux|musl)'/],
  ['a folder of Linux', /['"`]\/(?:proc|sys|etc)\//],
  ['flags of open(2)', /\bO_[A-Z]+\b/],
  ['a program of Linux', /'(?:setpriv|unshare|prlimit)'/],
];

/** This one must need nothing of ours. */
const exempt = ['src/start.ts'];

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(,])\/\/.*$/gm, '');

function found(inside: boolean): string[] {
  return ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
      .filter((path) => path.startsWith('src/platform/') === inside && !exempt.includes(path))
      .flatMap((path) => {
        const text = withoutComments(readFileSync(join(root, path), 'utf8'));
        return signs.filter(([, sign]) => sign.test(text)).map(([what]) => `${path}: ${what}`);
      }),
  );
}

test('nothing outside of src/platform knows the operating system', () => {
  assert.deepEqual(found(false), []);
});

test('every sign is one that is found where it may be', () => {
  for (const [what] of signs)
    assert.ok(
      found(true).some((line) => line.endsWith(what)),
      what,
    );
});
