import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { applySqlFiles, applyStatements, ensureSchema, readSqlFolder } from '../../../src/target/schema/schema.js';
import { resetSchema } from '../../../src/target/schema/reset.js';
import { splitStatements } from '../../../src/target/schema/sql-statements.js';
import { databaseUrl, withDatabase } from '../../support/database.js';
import { withFolder } from '../../support/folder.js';
import { runCount } from '../../support/run-count.js';

const numRuns = runCount({ usual: 500, full: 20_000 });

function withClient(use: (client: TargetClient) => Promise<void>): Promise<void> {
  return withDatabase(async (url) => {
    await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, use);
  });
}

/** Lends a folder with these files. */
function withFiles(files: Readonly<Record<string, string>>, use: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await use(folder);
  });
}

async function failureOf(act: Promise<unknown>): Promise<CopierError> {
  const error = await act.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CopierError, String(error));
  return error;
}

async function applySqlFolder(
  client: TargetClient,
  { folder, schema }: { folder: string; schema: string },
): Promise<void> {
  await applySqlFiles(client, { files: await readSqlFolder(folder), schema });
}

async function tablesOf(client: TargetClient, schema: string): Promise<string[]> {
  const sql = 'SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1';
  return (await client.query<{ name: string }>(sql, [schema])).map((row) => row.name);
}

test('a text is cut at the semicolons that end a statement, and only there', () => {
  const check = (text: string, wanted: readonly (readonly [number, string])[]) => {
    const found = splitStatements(text).map((statement) => [statement.line, statement.text]);
    assert.deepEqual(found, wanted, text);
  };
  check('', []);
  check(' ; ;\n-- only words\n/* and */', []);
  check('a;b', [
    [1, 'a'],
    [1, 'b'],
  ]);
  check('-- why; so\na;\n\n/* x; /* y; */ z; */ b ;', [
    [2, 'a'],
    [4, 'b'],
  ]);
  check(`select ';', E'\\';', "a;""b", 'it''s;' ; x`, [
    [1, `select ';', E'\\';', "a;""b", 'it''s;'`],
    [1, 'x'],
  ]);
  check('do $$ a; $x$ ; $$; do $ü1$ b; $$ ; $ü1$; c', [
    [1, 'do $$ a; $x$ ; $$'],
    [1, 'do $ü1$ b; $$ ; $ü1$'],
    [1, 'c'],
  ]);
  check('select $1; select a$b$; c', [
    [1, 'select $1'],
    [1, 'select a$b$'],
    [1, 'c'],
  ]);
  check('create rule r as on insert to t do (a; b); c', [
    [1, 'create rule r as on insert to t do (a; b)'],
    [1, 'c'],
  ]);
  const body = 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END';
  check(`${body}; BEGIN; x; END; y`, [
    [1, body],
    [1, 'BEGIN'],
    [1, 'x'],
    [1, 'END'],
    [1, 'y'],
  ]);
  check("x 'never closed; y", [[1, "x 'never closed; y"]]);
});

test('cutting loses nothing: the statements come back from their joined text', () => {
  const piece = fc.constantFrom(
    'a',
    '1',
    ' ',
    '\n',
    "'x;y'",
    '"p;q"',
    '$$;$$',
    '/*;*/',
    '(b)',
    '=',
    '-- ;\n',
    "E'\\';'",
  );
  const statement = fc.array(piece, { minLength: 1 }).map((pieces) => `s ${pieces.join(' ')} e`);
  const property = fc.property(fc.array(statement, { minLength: 1 }), (statements) => {
    assert.deepEqual(
      splitStatements(statements.join(';\n')).map((found) => found.text),
      statements,
    );
  });
  fc.assert(property, { numRuns });
});

test('files run in name order with the schema as search path, and the session is as before', () =>
  withFiles(
    {
      '002_b.sql': 'ALTER TABLE t ADD b text; CREATE INDEX t_b ON t (b);',
      '001_a.sql': `\uFEFFCREATE TYPE "Plan" AS ENUM ('A;B'); CREATE TABLE t (a "Plan");
        SET timezone = 'Asia/Tokyo'; SELECT pg_catalog.set_config('search_path', '', false);`,
      'notes.txt': 'not sql',
    },
    (folder) =>
      withClient(async (client) => {
        await ensureSchema(client, 'My Shop');
        await applySqlFolder(client, { folder, schema: 'My Shop' });
        assert.deepEqual(await tablesOf(client, 'My Shop'), ['t']);
        const sql = `SELECT current_setting('search_path') AS p, current_setting('TimeZone') AS z`;
        assert.deepEqual(await client.query(sql), [{ p: 'pg_catalog', z: 'UTC' }]);
      }),
  ));

test('a file that fails is rolled back whole, earlier files stay, and the error names file, line and statement', () =>
  withFiles(
    {
      '1.sql': 'CREATE TABLE kept (a int);',
      '2.sql': '-- häß 😀\nCREATE TABLE gone (a int);\n\nCREATE TABLE bad (\n  a int,\n  😀 nonsense\n);\n',
    },
    (folder) =>
      withClient(async (client) => {
        const error = await failureOf(applySqlFolder(client, { folder, schema: 'public' }));
        assert.match(error.message, /^2\.sql line 6: .*nonsense.*; statement: CREATE TABLE bad \( a int,/);
        assert.equal(error.foreignCode, '42704');
        assert.equal(error.exitCode, 22);
        assert.deepEqual(await tablesOf(client, 'public'), ['kept']);
        assert.deepEqual(await client.query(`SELECT current_setting('search_path') AS p`), [{ p: 'pg_catalog' }]);
      }),
  ));

test('files with a transaction of their own, or with statements that refuse one, run as they are', () =>
  withFiles(
    {
      '1.sql': 'BEGIN; CREATE TABLE t (a int); COMMIT; BEGIN; CREATE TABLE u (a int); ROLLBACK;',
      '2.sql': 'CREATE INDEX CONCURRENTLY t_a ON t (a); VACUUM t;',
      '3.sql': 'SAVEPOINT s; DROP TABLE t; ROLLBACK TO s;',
      '4.sql': 'BEGIN; CREATE TABLE v (a int); COMMIT; BEGIN; CREATE TABLE w (a int); COMMIT;',
    },
    (folder) =>
      withClient(async (client) => {
        await applySqlFolder(client, { folder, schema: 'public' });
        assert.deepEqual(await tablesOf(client, 'public'), ['t', 'v', 'w']);
      }),
  ));

test('inside a transaction of the caller everything comes back when it fails, and files with their own are refused', () =>
  withFiles({ '1.sql': 'CREATE TABLE t (a int);', '2.sql': 'CREATE TABLE u (a nonsense);' }, (folder) =>
    withClient(async (client) => {
      await client.query('CREATE TABLE public.before (a int)');
      const act = () =>
        withTransaction(client, async () => {
          await resetSchema(client, 'public');
          await applyStatements(client, 'public', ['CREATE TABLE s (a int)']);
          await applySqlFolder(client, { folder, schema: 'public' });
        });
      assert.match((await failureOf(act())).message, /^2\.sql line 1: .*nonsense/);
      assert.deepEqual(await tablesOf(client, 'public'), ['before']);
      writeFileSync(
        join(folder, '2.sql'),
        'BEGIN; CREATE TABLE u (a int); COMMIT; BEGIN; CREATE TABLE v (a int); COMMIT;',
      );
      const error = await failureOf(act());
      assert.deepEqual([error.code, await tablesOf(client, 'public')], ['target.sql_file', ['before']]);
      writeFileSync(join(folder, '2.sql'), 'BEGIN TRANSACTION; CREATE TABLE u (a int); COMMIT;');
      await act();
      assert.deepEqual(await tablesOf(client, 'public'), ['s', 't', 'u']);
      assert.deepEqual(await client.query(`SELECT current_setting('search_path') AS p`), [{ p: 'pg_catalog' }]);
    }),
  ));

test('the migration.sql of each folder counts in the order of all names, and other files in them do not', () =>
  withFiles({ '2.sql': 'SELECT 2', 'notes.txt': 'no' }, async (folder) => {
    for (const [name, sql] of [
      ['10_init', 'SELECT 1'],
      ['30_more', 'SELECT 3'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'migration.sql'), sql);
      writeFileSync(join(folder, name, 'down.sql'), 'SELECT 0');
    }
    mkdirSync(join(folder, 'empty'));
    const files = await readSqlFolder(folder);
    assert.deepEqual(
      files.map(({ name, statements }) => [name, statements.map(({ text }) => text)]),
      [
        ['10_init/migration.sql', ['SELECT 1']],
        ['2.sql', ['SELECT 2']],
        ['30_more/migration.sql', ['SELECT 3']],
      ],
    );
  }));

test('a file that leaves its transaction open is rolled back and refused', () =>
  withFiles({ '1.sql': 'BEGIN; CREATE TABLE t (a int);' }, (folder) =>
    withClient(async (client) => {
      const error = await failureOf(applySqlFolder(client, { folder, schema: 'public' }));
      assert.equal(error.code, 'target.sql_file');
      assert.deepEqual(await tablesOf(client, 'public'), []);
    }),
  ));

test('a file that fails inside its own transaction names its first error', () =>
  withFiles({ '1.sql': 'BEGIN;\nSELECT 1/0;\nCOMMIT;' }, (folder) =>
    withClient(async (client) => {
      const error = await failureOf(applySqlFolder(client, { folder, schema: 'public' }));
      assert.match(error.message, /^1\.sql line 2: .*division by zero/);
      assert.deepEqual(await client.query('SELECT 1 AS a'), [{ a: 1 }]);
    }),
  ));

test('a command of psql is explained, and a folder or file that cannot be read is a usage error', () =>
  withFiles({ '1.sql': '\\connect app\nSELECT 1;' }, (folder) =>
    withClient(async (client) => {
      assert.match((await failureOf(applySqlFolder(client, { folder, schema: 'public' }))).hint, /psql/);
      writeFileSync(join(folder, '1.sql'), Buffer.from([0xff, 0xfe, 0x00]));
      assert.equal((await failureOf(applySqlFolder(client, { folder, schema: 'public' }))).code, 'usage.sql_file');
      const absent = join(folder, 'absent');
      assert.equal(
        (await failureOf(applySqlFolder(client, { folder: absent, schema: 'public' }))).code,
        'usage.sql_folder',
      );
    }),
  ));

test('a connection that is lost while a file runs is named as that', () =>
  withFiles({ '1.sql': 'SELECT pg_terminate_backend(pg_backend_pid());' }, (folder) =>
    withClient(async (client) => {
      const error = await failureOf(applySqlFolder(client, { folder, schema: 'public' }));
      assert.equal(error.code, 'target.connection_lost');
    }),
  ));

test('statements are applied all or none, with the schema as search path', () =>
  withClient(async (client) => {
    await ensureSchema(client, 'shop');
    await applyStatements(client, 'shop', ['CREATE TABLE t (a int)', 'CREATE INDEX ON t (a)']);
    const error = await failureOf(
      applyStatements(client, 'shop', ['CREATE TABLE u (a int)', 'CREATE TABLE t (a int)']),
    );
    assert.match(error.message, /CREATE TABLE t \(a int\) failed/);
    assert.deepEqual(await tablesOf(client, 'shop'), ['t']);
    assert.deepEqual(await client.query(`SELECT current_setting('search_path') AS p`), [{ p: 'pg_catalog' }]);
  }));

test('a schema is made once', () =>
  withClient(async (client) => {
    assert.equal(await ensureSchema(client, 'a "b"'), true);
    assert.equal(await ensureSchema(client, 'a "b"'), false);
  }));

test('a server that is not there is said before anything is read', async () => {
  const address = { ...parseTargetUrl(databaseUrl('x')).address, database: 'no_such_database' };
  const act = withTarget(address, { applicationName: 'pgferry test' }, (client) => resetSchema(client, 'public'));
  assert.equal((await failureOf(act)).code, 'target.no_database');
});
