import assert from 'node:assert/strict';
import test from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { renderExpression } from '../../src/translate/expression/expression-sql.js';
import { readExpression } from '../../src/translate/expression/expression.js';
import { columnScope } from '../../src/translate/expression/functions.js';
import { yields } from '../../src/translate/expression/rendered.js';
import { readExpressionTokens } from '../../src/translate/expression/sql-tokens.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Declaration of a column, its CHECK, values that SQLite takes, and values that it refuses. The first stands in the file. */
const checks: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['text', 'json_valid(x)', [`'{"a":1}'`, 'NULL', `'[1, 2]'`], [`'{'`, `'nul'`, `''`]],
  ['text', `json_valid(x) OR x = ''`, [`'{}'`, `''`], [`'{'`]],
  ['integer', 'length(x) = 4', ['2024', '-123'], ['5', '12345']],
  ['blob', 'length(x) = 2', [`x'0102'`], [`x'01'`]],
  ['text', `x LIKE 'a\\_%' ESCAPE '\\'`, [`'a_b'`, `'A_'`], [`'ab'`, `'b_'`]],
  ['text', `like('%@%', x)`, [`'a@b'`], [`'ab'`]],
  ['text COLLATE NOCASE', `x LIKE '%@%.%'`, [`'a@b.c'`], [`'ab'`]],
  ['text', `x GLOB '[0-9]*'`, [`'1a'`], [`'a1'`]],
  ['text', `glob('*[^a-z]*', x)`, [`'aB'`, `'1'`], [`'ab'`]],
  ['integer', `x NOT LIKE '1%'`, ['21'], ['12']],
  ['integer', `typeof(x) IN ('integer', 'null')`, ['1', 'NULL'], []],
  ['datetime', `typeof(x) = 'text'`, [`'2024-02-29 12:00:00'`], []],
  ['text', `NULL OR x <> ''`, [`'a'`, `''`, 'NULL'], []],
  ['text', `(NULL OR x <> '') AND x <> 'b'`, [`'a'`, `''`], [`'b'`]],
  ['date', `x >= '2000-01-01'`, [`'2000-01-01'`, `'2024-02-29'`], [`'1999-12-31'`]],
  ['date', `x BETWEEN '2000-01-01' AND '2009-12-31'`, [`'2009-12-31'`], [`'2010-01-01'`]],
  ['datetime', `x < '2025-01-01'`, [`'2024-12-31 23:59:59'`], [`'2025-01-01 00:00:00'`]],
  ['date', 'date(x) IS NOT NULL AND x IS date(x)', [`'2024-02-29'`], []],
  ['date', `strftime('%Y-%m-%d', x) = x`, [`'2024-02-29'`, 'NULL'], []],
  ['datetime', `strftime('%Y', x) > '2019'`, [`'2020-01-01 00:00:00'`], [`'2019-12-31 23:59:59'`]],
  ['datetime', `unixepoch(x) > 86400`, [`'1970-01-03 00:00:00'`], [`'1970-01-01 12:00:00'`]],
  ['datetime', 'datetime(x) = x', [`'2024-02-29 12:00:00'`], [`'2024-02-29 12:00:00.500'`]],
];

test('CHECKs of frameworks and of people take and refuse the same values on both sides', async () => {
  const tables = checks.map(
    ([type, check, [first]], at) =>
      `CREATE TABLE t${at} (id integer PRIMARY KEY, x ${type} CHECK (${check})); INSERT INTO t${at} VALUES (1, ${first});`,
  );
  const pair = `CREATE TABLE pair (id integer PRIMARY KEY, a datetime, b datetime, d date, e date, CHECK (b >= a), CHECK (e > d OR e IS NULL));
    INSERT INTO pair VALUES (1, '2024-01-01 00:00:00', '2024-01-01 00:00:00', '2024-01-01', '2024-01-02');`;
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const source = makeSqlite(folder, tables.join('\n') + pair);
      const sides = ['--source', source, '--target', url];
      const moved = await runJson(['migrate', ...sides, '--from-source'], { cwd: folder });
      assert.equal(moved.exitCode, 0, `${moved.stdout}${moved.stderr}`);
      const sqlite = new Database(source);
      const takes = async (sql: string) => {
        const here = await client.query(sql).then(
          () => true,
          (error: { code?: string }) => {
            // A type that says the same refuses it as no value of its own.
            assert.match(error.code ?? '', /^(23514|22P02)$/, sql);
            return false;
          },
        );
        return here;
      };
      const took = (sql: string) => {
        try {
          sqlite.exec(sql);
          return true;
        } catch {
          return false;
        }
      };
      for (const [at, [, check, taken, refused]] of checks.entries()) {
        for (const [index, value] of [...taken, ...refused].entries()) {
          const bytes = value.startsWith('x') ? `'\\x${value.slice(2)}` : value;
          const there = took(`INSERT INTO t${at} (x) VALUES (${value})`);
          assert.equal(there, taken.includes(value), `SQLite: ${check}: ${value}`);
          assert.equal(
            await takes(`INSERT INTO t${at} (id, x) VALUES (${index + 2}, ${bytes})`),
            there,
            `${check}: ${value}`,
          );
        }
      }
      sqlite.close();
      assert.equal(await takes(`INSERT INTO pair VALUES (2, '2024-01-02', '2024-01-01')`), false);
      assert.equal(await takes(`INSERT INTO pair (id, d, e) VALUES (3, '2024-01-02', '2024-01-02')`), false);
      assert.equal(await takes(`INSERT INTO pair (id, d) VALUES (4, '2024-01-02')`), true);
    }),
  );
});

/** What has no sure equivalent is refused by its name, never made. */
const unsure: readonly (readonly [string, string, string])[] = [
  ['datetime', `x > '2024-01-01'`, `'2024-02-29 12:00:00'`],
  ['datetime', `date(x) > '2024-01-01'`, '1700000000000'],
  ['decimal', 'length(x) < 9', '1.5'],
  ['text', `date(x) IS NOT NULL`, `'2024-01-01'`],
];

test('a name in double quotes that is no column is a text, as SQLite reads it, and the rowid is none', () => {
  const read = (sql: string) => {
    const column = (name: string) => (name === 'x' ? yields('text', '"x"') : null);
    const scope = columnScope({ column, isText: (name) => name !== 'rowid' });
    return renderExpression(readExpression(readExpressionTokens(sql) ?? []), scope).sql;
  };
  assert.equal(read(`x IN ("open", "it's")`), `("x" IN ('open', 'it''s'))`);
  assert.equal(read(`"x" = 'open'`), `("x" = 'open')`);
  for (const sql of [`"rowid" = 1`, '`open` = x', '[open] = x', 'open = x']) assert.throws(() => read(sql), sql);
});

test('a CHECK whose meaning is not sure is named, and blocks until it is given up', async () => {
  const tables = unsure.map(
    ([type, check, value], at) =>
      `CREATE TABLE t${at} (id integer PRIMARY KEY, x ${type} CHECK (${check})); INSERT INTO t${at} VALUES (1, ${value});`,
  );
  await withDatabase((url) =>
    withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, tables.join('\n')), '--target', url];
      const { exitCode, json } = await runJson(['plan', ...sides, '--from-source'], { cwd: folder });
      assert.equal(exitCode, 20);
      const named = json.findings.filter(({ code }) => code === 'plan.check_untranslated');
      assert.deepEqual(
        named.map(({ table }) => table),
        unsure.map((_, at) => `t${at}`),
      );
    }),
  );
});
