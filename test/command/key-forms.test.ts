import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { AcceptResult } from '../../src/model/shadow.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/*
 * What the keyset of each kind of key is: the lines are written down here by hand, hashed by Node, and must be what the
 * command hashes on both sides and what sqlite3, psql and sha256sum come to in the audit.
 */

interface KeyCase {
  /** Columns in SQLite and PostgreSQL. */
  readonly source: string;
  readonly target: string;
  /** Rows as SQL of SQLite. */
  readonly rows: readonly string[];
  /** One line per row, in their order; without columns that are left out. */
  readonly lines: readonly string[];
  readonly leftOut?: readonly string[];
}

const key = (sourceType: string, targetType: string, rows: readonly string[], lines: readonly string[]): KeyCase => ({
  source: `k ${sourceType} PRIMARY KEY NOT NULL`,
  target: `k ${targetType} PRIMARY KEY`,
  rows,
  lines,
});

const wide = Array.from({ length: 1000 }, (_, i) => `c${i}`);

const cases: Readonly<Record<string, KeyCase>> = {
  integers: key('INTEGER', 'bigint', ['-5', '10', '9', '9007199254740993'], ['-5', '9', '10', '9007199254740993']),
  texts: key(
    'TEXT',
    'text',
    [
      `'a'`,
      `'B'`,
      `''`,
      `'é'`,
      `'~'`,
      `'🚀'`,
      `char(65374)`,
      `'a' || char(9) || 'b'`,
      `'a' || char(10, 13) || 'b'`,
      `'a\\b'`,
      `'\\N'`,
    ],
    ['', 'B', '\\\\N', 'a', 'a\\tb', 'a\\n\\rb', 'a\\\\b', '~', 'é', '～', '🚀'],
  ),
  control: key('TEXT', 'text', ['char(8, 11, 12)', 'char(1)', 'char(127)'], ['\u0001', '\\b\\v\\f', '\u007f']),
  untyped: key('', 'text', ['5', `'x'`, '12'], ['12', '5', 'x']),
  varchars: key('VARCHAR(9)', 'varchar(9)', [`'a '`, `'a'`], ['a', 'a ']),
  padded: key('CHAR(5)', 'char(5)', [`'ab'`, `'a'`], ['a', 'ab']),
  booleans: key('BOOLEAN', 'boolean', ['1', '0'], ['0', '1']),
  blobs: key('BLOB', 'bytea', [`x'00ff'`, `x''`, `x'7a'`], ['', '00ff', '7a']),
  uuids: key(
    'TEXT',
    'uuid',
    [`'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'`, `'{00000000-0000-0000-0000-000000000001}'`],
    ['00000000000000000000000000000001', '6ba7b8109dad11d180b400c04fd430c8'],
  ),
  'uuids as blobs': key('BLOB', 'uuid', [`x'6ba7b8109dad11d180b400c04fd430c8'`], ['6ba7b8109dad11d180b400c04fd430c8']),
  decimals: key('DECIMAL(10,2)', 'numeric', ['7', '-12', '100'], ['-12', '100', '7']),
  dates: key('DATE', 'date', [`'2024-02-29'`, `'1999-12-31'`], ['1999-12-31', '2024-02-29']),
  times: key('TEXT', 'time', [`'12:34:56.5'`, `'00:00:00'`], ['0', '45296500000']),
  moments: key(
    'DATETIME',
    'timestamp(6)',
    ['1709208000123', `'2024-02-29T12:00:00.5+02:00'`, `'2024-02-29 12:00:00'`, `'1969-12-31 23:59:59.999999'`],
    ['-1', '1709200800500000', '1709208000000000', '1709208000123000'],
  ),
  seconds: key('INTEGER', 'timestamptz', ['1709208000', '1609208000'], ['1609208000000000', '1709208000000000']),
  enums: key('TEXT', 'mood', [`'sad'`, `'happy'`], ['happy', 'sad']),
  pairs: {
    source: 'a TEXT NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)',
    target: 'a text, b int, PRIMARY KEY (a, b)',
    rows: [`'x', 10`, `'x', 9`, `'a', 1`],
    lines: ['a\t1', 'x\t9', 'x\t10'],
  },
  // Keys in the order of their rows are hashed with the rows that are compared.
  'integers in order': key('INTEGER', 'bigint', ['-10', '-9', '0', '9', '10'], ['-10', '-9', '0', '9', '10']),
  'texts in order': key(
    'TEXT',
    'text',
    [`''`, 'char(8, 11, 12)', `'\\N'`, `'a' || char(9)`, `'a' || char(10, 13) || 'b'`, `'é'`, 'char(65374)', `'🚀'`],
    ['', '\\b\\v\\f', '\\\\N', 'a\\t', 'a\\n\\rb', 'é', '～', '🚀'],
  ),
  'pairs in order': {
    source: 'a TEXT NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (b, a)',
    target: 'a text, b int, PRIMARY KEY (b, a)',
    rows: [`'x', -3`, `'a', 9`, `'b', 9`, `'a', 10`],
    lines: ['-3\tx', '9\ta', '9\tb', '10\ta'],
  },
  'no key': {
    source: 'a TEXT, b INTEGER',
    target: 'a text, b int',
    rows: [`'x', 1`, `'x', 1`, 'NULL, 2', `'', NULL`],
    lines: ['\\N\t2', '\t\\N', 'x\t1', 'x\t1'],
  },
  'floats and documents': {
    source: 'a REAL, b TEXT, c TEXT',
    target: 'a float8, b jsonb, c text',
    rows: [`0.1, '{}', 'y'`, `0.2, '[]', 'x'`],
    lines: ['x', 'y'],
    leftOut: ['a', 'b'],
  },
  fractions: {
    source: 'a DECIMAL(9,2), b TEXT',
    target: 'a numeric, b text',
    rows: [`0.5, 'x'`, `2, 'y'`],
    lines: ['x', 'y'],
    leftOut: ['a'],
  },
  // More fields than SQLite lets stand in one row of concatenations, or PostgreSQL in a target list beside as many to sort by.
  'no key, 1000 columns': {
    source: wide.map((name) => `${name} INTEGER`).join(),
    target: wide.map((name) => `${name} int`).join(),
    rows: [wide.map((_, i) => i).join()],
    lines: [wide.map((_, i) => i).join('\t')],
  },
  empty: key('INTEGER', 'int', [], []),
  'a "table" of \'$(hostile)\'\n`names`; --': key('TEXT', 'text', [`'it''s'`], [`it's`]),
  'carriage\r\nreturn': key('TEXT', 'text', [`'a'`], ['a']),
};

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

type Cases = readonly (readonly [string, (typeof cases)[string]])[];

/** The copy in UTF-8 that an audit of a UTF-16 file reads goes through a pipe, which keeps no carriage return in a name. */
function casesOf(encoding: string): Cases {
  return Object.entries(cases).filter(([name]) => encoding === 'UTF-8' || !name.includes('\r'));
}

function sourceSql(chosen: Cases): string {
  return chosen
    .map(([name, { source, rows }]) => {
      const table = quote(name);
      return `CREATE TABLE ${table} (${source});${rows.map((row) => `INSERT INTO ${table} VALUES (${row});`).join('')}`;
    })
    .join('\n');
}

function targetSql(chosen: Cases): string {
  return chosen.map(([name, { target }]) => `CREATE TABLE public.${quote(name)} (${target});`).join('\n');
}

for (const encoding of ['UTF-8', 'UTF-16le']) {
  const chosen = casesOf(encoding);
  test(`the keys of a ${encoding} file hash to what is written down, on both sides and in the audit`, async (t) => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const source = makeSqlite(folder, `PRAGMA encoding = '${encoding}'; BEGIN; ${sourceSql(chosen)} COMMIT;`);
        await client.query(`CREATE TYPE public.mood AS ENUM ('sad', 'happy'); ${targetSql(chosen)}`);
        const at = ['--source', source, '--target', url];
        const migrated = await runJson(['migrate', ...at], { cwd: folder });
        assert.equal(migrated.exitCode, 0, migrated.stderr);
        const runDir = join(folder, 'it is "here"');
        const ended = await runJson(['accept', ...at, '--acceptance-run-dir', runDir], { cwd: folder });
        assert.equal(ended.exitCode, 0, `${ended.stderr}${ended.stdout}`);
        const { keysets } = ended.json as unknown as AcceptResult;
        for (const [name, { lines, leftOut = [] }] of chosen) {
          await t.test(name, () => {
            const [keyset] = keysets.filter(({ table }) => table === name);
            const expected = sha256(lines.map((line) => `${line}\n`).join(''));
            assert.deepEqual(
              keyset?.leftOut.map(({ column }) => column),
              leftOut,
            );
            assert.deepEqual(keyset?.sha256, { source: expected, target: expected });
            assert.deepEqual(keyset?.rows, { source: lines.length, target: lines.length });
          });
        }
        const audited = await promisify(execFile)('sh', [join(runDir, 'audit.sh')], {
          env: { PATH: process.env['PATH'] ?? '', PG_URL: url },
        }).catch((error: { readonly stdout: string; readonly stderr: string }) => error);
        assert.match(
          audited.stdout,
          /^equal: every count and hash is as it was accepted$/m,
          audited.stdout + audited.stderr,
        );
        assert.equal(audited.stdout.match(/^equal {4}/gm)?.length, chosen.length + 1);
      }),
    );
  });
}
