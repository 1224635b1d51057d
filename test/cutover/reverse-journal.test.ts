import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { noteRowsSql } from '../../src/target/reverse/note-sql.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor, statusOf } from '../support/journey.js';

/*
 * A cutover with a reverse journal notes which rows change on the target, whoever changes them and however, and the rollback
 * reads these alone. Where the journal does not say for certain what changed, all rows are compared.
 */

const schema = `
  CREATE TABLE plain (id INTEGER PRIMARY KEY, t TEXT);
  INSERT INTO plain WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, 'row ' || i FROM n;
  CREATE TABLE word (w TEXT, n INTEGER, t TEXT, PRIMARY KEY (w, n));
  INSERT INTO word VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('B''"\\', 1, NULL);
  CREATE TABLE stamped (at DATETIME PRIMARY KEY, t TEXT);
  INSERT INTO stamped VALUES ('2024-05-01 10:00:00', 'a'), ('2024-05-01 10:00:01.5', 'b');
  CREATE TABLE ident (k UUID PRIMARY KEY, t TEXT);
  INSERT INTO ident VALUES ('00112233-4455-6677-8899-aabbccddeeff', 'a'), ('{AABBccdd-0000-1111-2222333344445555}', 'b');
  CREATE TABLE bytes (k BLOB, price DECIMAL(10,2), t TEXT, PRIMARY KEY (k, price)) WITHOUT ROWID;
  INSERT INTO bytes VALUES (x'00', 7, 'a'), (x'', 12, 'b'), (x'01', 3, 'c');
  CREATE TABLE priced (price DECIMAL(10,2) PRIMARY KEY, t TEXT);
  INSERT INTO priced VALUES (1.1, 'a'), (2, 'b'), (3.5, 'c');
  CREATE TABLE bag (x INTEGER, y TEXT);
  INSERT INTO bag VALUES (1, 'one'), (1, 'one'), (2, 'two');
  CREATE TABLE still (id INTEGER PRIMARY KEY, t TEXT);
  INSERT INTO still VALUES (1, 'a');`;

interface Moved {
  readonly app: App;
  readonly client: pg.Client;
  readonly url: string;
}

async function withJournal(
  use: (moved: Moved) => Promise<void>,
  { args = [], more = '' }: { readonly args?: readonly string[]; readonly more?: string } = {},
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      read(app, (db) => db.exec(schema + more));
      const { exitCode, stderr } = await runFor(app, 'cutover', { args: ['--reverse-journal', ...args] });
      assert.equal(exitCode, 0, stderr);
      await client.query(`SET timezone = 'UTC'`);
      await use({ app, client, url });
    }),
  );
}

function read<T>(app: App, use: (db: Database) => T): T {
  const db = new Database(app.source);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const rowsOf = (app: App, sql: string) => read(app, (db) => db.prepare<[], unknown[]>(sql).raw().all());

async function notesOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ oid: number }>('SELECT $1::regclass::oid AS oid', [table]);
  const oid = rows[0]?.oid ?? 0;
  const ledger = (name: string) => `pgferry.${name}`;
  const columns = await client.query(`SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname ~ '^k[0-9]'`, [
    ledger(`noted_${oid}`),
  ]);
  const notes = await client.query<Record<string, string>>(noteRowsSql({ ledger }, oid, columns.rowCount ?? 0));
  const keys = notes.rows.map((row) => Object.values(row).join('|'));
  return keys.sort();
}

/** Rolls back; gives `table inserted updated deleted` of each table that came back. */
async function back(app: App): Promise<{ readonly carried: string[]; readonly stderr: string }> {
  const { exitCode, json, stderr } = await runFor(app, 'rollback');
  assert.equal(exitCode, 0, stderr);
  const carried = json.carried.map(({ table, inserted, updated, deleted }) =>
    [table, inserted, updated, deleted].join(' '),
  );
  return { carried: carried.sort(), stderr };
}

const leftovers = `SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'noted\\_%') + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'note\\_%')
  + (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgferry_note%' OR tgname = 'pgferry_keep_notes') AS count`;

async function countLeft(client: pg.Client): Promise<number> {
  return Number((await client.query<{ count: string }>(leftovers)).rows[0]?.count);
}

for (const args of [[], ['--live', '--downtime-max', '60s']]) {
  test(`a rollback reads the noted rows alone, after a cutover ${args[0] ?? 'that fences for all of it'}`, async () => {
    await withJournal(
      async ({ app, client, url }) => {
        assert.deepEqual(await notesOf(client, 'plain'), []);
        const verified = await runCommand(['verify', '--json'], { cwd: app.folder, env: app.env });
        assert.equal(verified.exitCode, 0, `the triggers are ours, not others': ${verified.stdout}`);
        await client.query(
          `INSERT INTO plain VALUES (1001, 'new'), (1002, 'new'); UPDATE plain SET t = 'changed' WHERE id = 7`,
        );
        await client.query(
          `DELETE FROM plain WHERE id = 9; UPDATE plain SET id = 2000 WHERE id = 10; UPDATE plain SET t = t WHERE false`,
        );
        assert.deepEqual(await notesOf(client, 'plain'), ['10', '1001', '1002', '2000', '7', '9']);
        await client.query(
          `UPDATE word SET n = 3 WHERE n = 2; INSERT INTO word VALUES ('ü', 1, '') ON CONFLICT DO NOTHING`,
        );
        await client.query(`INSERT INTO word VALUES ('a', 1, 'z') ON CONFLICT (w, n) DO UPDATE SET t = excluded.t`);
        await client.query(`SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'`);
        await client.query(`UPDATE stamped SET t = 'c' WHERE t = 'b'; RESET datestyle; SET timezone = 'UTC'`);
        await client.query(`DELETE FROM bag WHERE x = 2`);
        await client.query(
          `UPDATE ident SET t = 'c' WHERE t = 'b'; INSERT INTO ident VALUES ('aabbccdd-0000-1111-2222-333344445556', 'n')`,
        );
        await client.query(
          `UPDATE bytes SET t = 'c' WHERE t = 'b'; UPDATE bytes SET k = '\\xff' WHERE t = 'a'; DELETE FROM priced WHERE t = 'c'`,
        );
        await client.query(`UPDATE priced SET t = t || '!'; INSERT INTO priced VALUES (2.01, 'n')`);
        const role = `app_of_${new URL(url).pathname.slice(1)}`;
        // A role without any right on our schema, and a session that replicates.
        await client.query(`CREATE ROLE ${role}; GRANT ALL ON plain TO ${role}`);
        await client.query(`SET ROLE ${role}; INSERT INTO plain VALUES (1003, 'other role'); RESET ROLE`);
        await client.query(
          `SET session_replication_role = replica; INSERT INTO plain VALUES (1004, 'replica'); RESET session_replication_role`,
        );
        await client.query(
          `CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.text (x int); SET search_path = elsewhere, public`,
        );
        await client.query(`MERGE INTO public.plain USING (VALUES (11, 'merged'), (1005, 'merged')) AS v (id, t) ON plain.id = v.id
          WHEN MATCHED THEN UPDATE SET t = v.t WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.t); RESET search_path; DROP SCHEMA elsewhere CASCADE`);
        await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        const { carried, stderr } = await back(app);
        assert.deepEqual(carried, [
          'bag 0 0 1',
          'bytes 1 1 1',
          'ident 1 1 0',
          'plain 6 2 2',
          'priced 1 2 1',
          'stamped 0 1 0',
          'word 2 1 1',
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT k, t FROM ident ORDER BY t'), [
          ['00112233-4455-6677-8899-aabbccddeeff', 'a'],
          ['{AABBccdd-0000-1111-2222333344445555}', 'c'],
          ['aabbccdd-0000-1111-2222-333344445556', 'n'],
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT hex(k), price, t FROM bytes ORDER BY k'), [
          ['', 12, 'c'],
          ['01', 3, 'c'],
          ['FF', 7, 'a'],
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT price, t FROM priced ORDER BY price'), [
          [1.1, 'a!'],
          [2, 'b!'],
          [2.01, 'n'],
        ]);
        assert.doesNotMatch(stderr, /all rows of/);
        assert.deepEqual(rowsOf(app, 'SELECT id, t FROM plain WHERE id > 500 OR id IN (7, 9, 10, 11) ORDER BY id'), [
          [7, 'changed'],
          [11, 'merged'],
          [1001, 'new'],
          [1002, 'new'],
          [1003, 'other role'],
          [1004, 'replica'],
          [1005, 'merged'],
          [2000, 'row 10'],
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT count(*) FROM plain'), [[504]]);
        assert.deepEqual(rowsOf(app, `SELECT w, n, t FROM word WHERE w = 'a' OR w = 'ü' ORDER BY 1, 2`), [
          ['a', 1, 'z'],
          ['a', 3, 'y'],
          ['ü', 1, ''],
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT at, t FROM stamped ORDER BY at'), [
          ['2024-05-01 10:00:00', 'a'],
          ['2024-05-01 10:00:01.5', 'c'],
        ]);
        assert.deepEqual(rowsOf(app, 'SELECT x FROM bag'), [[1], [1]]);
        assert.equal(await countLeft(client), 0);
        const again = await runFor(app, 'cutover');
        assert.equal(again.exitCode, 0, again.stderr);
      },
      { args },
    );
  });
}

test('where triggers were off for a while all rows are compared, and what was written then comes back too', async () => {
  await withJournal(async ({ app, client }) => {
    await client.query(`ALTER TABLE plain DISABLE TRIGGER USER; UPDATE plain SET t = 'unseen' WHERE id = 1`);
    await client.query(`ALTER TABLE plain ENABLE TRIGGER USER; UPDATE plain SET t = 'seen' WHERE id = 2`);
    await client.query(
      `UPDATE word SET t = 'noted' WHERE w = 'a' AND n = 1; TRUNCATE still; INSERT INTO still VALUES (2, 'b')`,
    );
    const rehearsed = await runFor(app, 'rollback', { args: ['--dry-run'] });
    assert.deepEqual(rehearsed.json.carried.map(({ table, updated }) => [table, updated]).sort(), [
      ['plain', 2],
      ['still', 0],
      ['word', 1],
    ]);
    const { carried, stderr } = await back(app);
    assert.match(stderr, /all rows of plain, still are compared, since the journal does not say for certain/);
    assert.deepEqual(carried, ['plain 0 2 0', 'still 1 0 1', 'word 0 1 0']);
    assert.deepEqual(rowsOf(app, 'SELECT t FROM plain WHERE id < 3'), [['unseen'], ['seen']]);
    assert.deepEqual(rowsOf(app, 'SELECT * FROM still'), [[2, 'b']]);
  });
});

test('a move that is called final has no journal any more, and can still be taken back', async () => {
  await withJournal(async ({ app, client }) => {
    await client.query(`UPDATE plain SET t = 'before' WHERE id = 1`);
    const settled = await runFor(app, 'settle-cutover');
    assert.deepEqual([settled.exitCode, settled.json.state], [0, 'switched'], settled.stderr);
    assert.match(settled.stderr, /the reverse journal of \d+ tables and partitions is removed/);
    assert.match(settled.stderr, /nothing but a rollback needs them/);
    assert.equal(await countLeft(client), 0);
    assert.match((await statusOf(app))?.next ?? '', /the move was called final at 2/);
    assert.equal((await runFor(app, 'settle-cutover')).exitCode, 0, 'twice is once');
    await client.query(`UPDATE plain SET t = 'after' WHERE id = 2`);
    const { carried } = await back(app);
    assert.deepEqual(carried, ['plain 0 2 0']);
    const none = await runFor(app, 'settle-cutover');
    assert.deepEqual([none.exitCode, none.json.error?.code], [24, 'cutover.not_switched']);
  });
});

test('a release ends the journal', async () => {
  await withJournal(async ({ app, client }) => {
    assert.notEqual(await countLeft(client), 0);
    const released = await runFor(app, 'release');
    assert.deepEqual([released.exitCode, released.json.state], [0, 'released'], released.stderr);
    assert.equal(await countLeft(client), 0);
  });
});

test('a rehearsal says what the journal would cost on this server', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const { exitCode, stderr } = await runFor(app, 'cutover', { args: ['--dry-run', '--reverse-journal'] });
      assert.equal(exitCode, 0, stderr);
      assert.match(
        stderr,
        /measured on this server: an insert of one row [\d.]+ ms without, [\d.]+ ms with \(.+\), of 1000 rows [\d.]+ ms/,
      );
      assert.equal(await countLeft(client), 0);
    }),
  );
});

test('the proof of the way back is kept as accept makes it, with what was restored', async () => {
  await withJournal(async ({ app, client }) => {
    await client.query(`UPDATE plain SET t = 'changed' WHERE id = 1; INSERT INTO bag VALUES (9, 'nine')`);
    const { exitCode, json, stderr } = await runFor(app, 'rollback', { args: ['--accept'] });
    assert.equal(exitCode, 0, stderr);
    const folder = json.runDir ?? '';
    const files = readdirSync(join(folder, 'acceptance'));
    for (const name of ['acceptance.json', 'audit.sh']) assert.ok(files.includes(name), files.join(' '));
    const { ok } = JSON.parse(readFileSync(join(folder, 'acceptance', 'acceptance.json'), 'utf8')) as { ok: boolean };
    assert.equal(ok, true);
    const kept = new Database(join(folder, 'sqlite-restored.db'), { readonly: true });
    assert.deepEqual(kept.prepare('SELECT t FROM plain WHERE id = 1').pluck().all(), ['changed']);
    kept.close();
  });
});
