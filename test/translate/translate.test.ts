import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import { translateSchema } from '../../src/translate/translate.js';
import { withDatabase } from '../support/database.js';
import { surveySqlite } from '../plan/fixtures.js';
import { randomSchemaSql } from './random-schema.js';
import { runCount } from '../support/run-count.js';

/** Translates, runs every statement, and gives back the findings as `severity code`. */
async function apply(client: pg.Client, sql: string, schema = 'public'): Promise<string[]> {
  const { statements, findings } = translateSchema({ ...surveySqlite(sql), targetSchema: schema });
  for (const statement of statements) await client.query(statement);
  return findings.map((one) => `${one.severity} ${one.code}`);
}

/** Definitions of the constraints, indexes or columns of the schema public, by name. */
async function definitions(client: pg.Client, what: 'constraint' | 'index'): Promise<string[]> {
  const queries = {
    constraint: `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1`,
    index: `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
  };
  const { rows } = await client.query<{ line: string }>(queries[what]);
  return rows.map((row) => row.line);
}

test('a shop with forward references, composite keys and a cycle is made whole', async () => {
  const sql = `
    CREATE TABLE "Line" (orderId INT, no INT, sku TEXT, PRIMARY KEY (orderId, no), FOREIGN KEY (orderId) REFERENCES "Order" ON DELETE CASCADE);
    CREATE TABLE "Order" (id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, total DECIMAL(10,2) DEFAULT 0, note TEXT UNIQUE);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, store_id INT NOT NULL REFERENCES store (id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE store (id INTEGER PRIMARY KEY, boss INT REFERENCES staff (id) ON DELETE SET NULL);
    CREATE TABLE part (id INTEGER PRIMARY KEY, lineOrder INT, lineNo INT, up INT REFERENCES part, FOREIGN KEY (lineOrder, lineNo) REFERENCES "Line" (orderId, no));`;
  await withDatabase(async (_url, client) => {
    assert.deepEqual(await apply(client, sql), []);
    assert.deepEqual(await definitions(client, 'constraint'), [
      '"Line" FOREIGN KEY ("orderId") REFERENCES "Order"(id) ON DELETE CASCADE',
      '"Line" PRIMARY KEY ("orderId", no)',
      '"Order" PRIMARY KEY (id)',
      '"Order" UNIQUE (note)',
      'part FOREIGN KEY ("lineOrder", "lineNo") REFERENCES "Line"("orderId", no)',
      'part FOREIGN KEY (up) REFERENCES part(id)',
      'part PRIMARY KEY (id)',
      'staff FOREIGN KEY (store_id) REFERENCES store(id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
      'staff PRIMARY KEY (id)',
      'store FOREIGN KEY (boss) REFERENCES staff(id) ON DELETE SET NULL',
      'store PRIMARY KEY (id)',
    ]);
    await client.query(`INSERT INTO "Order" (note) VALUES ('x')`);
    const { rows } = await client.query('SELECT id::text, total::text, at IS NOT NULL AS timed FROM "Order"');
    assert.deepEqual(rows, [{ id: '1', total: '0', timed: true }]);
  });
});

test('checks, generated columns and indexes are carried over where they surely mean the same', async () => {
  const sql = `
    CREATE TABLE film (
      id INTEGER PRIMARY KEY, title TEXT NOT NULL, active BOOLEAN CHECK (active IN (0, 1)), n INT CHECK (n >= 0 AND n <> 13), rating VARCHAR(10),
      loud TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL, odd INT AS (n << 70) STORED,
      CONSTRAINT known CHECK (rating in ('G','PG-13') or rating is null), CHECK (title LIKE '%A_b%' OR length(title) BETWEEN 1 AND 9), CHECK (hex(title) <> ''));
    CREATE INDEX by_title ON film (title DESC, n);
    CREATE UNIQUE INDEX some ON film (n) WHERE active = 1 AND rating IS NOT NULL;
    CREATE INDEX folded ON film (lower(title));
    CREATE INDEX globbed ON film (n) WHERE round(n) > 1;`;
  await withDatabase(async (_url, client) => {
    assert.deepEqual(await apply(client, sql), [
      'error plan.generated_untranslated',
      'error plan.check_untranslated',
      'warning plan.index_untranslated',
    ]);
    const checks = (await definitions(client, 'constraint')).filter((line) => line.includes('CHECK'));
    assert.equal(checks.length, 4);
    const indexes = (await definitions(client, 'index')).map((line) => line.replace(/^.* USING btree /, ''));
    assert.deepEqual(
      new Set(indexes),
      new Set([
        '(title DESC, n)',
        '(lower((title COLLATE "C")))',
        '(id)',
        '(n) WHERE ((active = true) AND (rating IS NOT NULL))',
      ]),
    );
    const insert = 'INSERT INTO film (title, active, n, rating) VALUES ($1, $2, $3, $4) RETURNING loud';
    const { rows } = await client.query(insert, ['xxxxxxxxxxxxaXB', true, 1, 'G']);
    assert.deepEqual(rows, [{ loud: 'XXXXXXXXXXXXAXB' }]);
    await assert.rejects(client.query(insert, ['a', true, 13, null]), /film_n_check/);
    await assert.rejects(client.query(insert, ['a', true, 1, 'R']), /known/);
    await assert.rejects(client.query(insert, ['xxxxxxxxxxxx', true, 2, null]), /film_title_check/);
    await assert.rejects(client.query(insert, ['a', true, 1, 'PG-13']), /some/);
  });
});

test('what has no equivalent is a warning once it is waived by its name, and is reported as lost', () => {
  const sql = `
    CREATE TABLE film (id INTEGER PRIMARY KEY, title TEXT, at TEXT DEFAULT (datetime('now', 'localtime')), odd INT AS (n << 70), n INT,
      CHECK (hex(title) <> ''), CHECK (round(n) > 1));
    CREATE UNIQUE INDEX globbed ON film (n) WHERE round(n) > 1;`;
  const names = ['index:globbed', 'check:film', 'default:film.at', 'generated:film.odd'];
  const translated = (waive: readonly string[]) =>
    translateSchema({ ...surveySqlite(sql), targetSchema: 'public', waive });
  const severities = (waive: readonly string[]) => translated(waive).findings.map(({ severity }) => severity);
  assert.deepEqual(severities([]), Array(5).fill('error'));
  assert.deepEqual(severities(names), Array(5).fill('warning'));
  assert.deepEqual(severities(['check:film']).sort(), [...Array(3).fill('error'), ...Array(2).fill('warning')]);
  assert.deepEqual([...translated(names).lost].sort(), [...names, 'check:film'].sort());
  for (const { hint, waiver = '' } of translated([]).findings) {
    assert.ok(names.includes(waiver), waiver);
    assert.ok(hint.includes(`--waive '${waiver}'`), hint);
  }
});

test('uniqueness without case is kept, for ASCII letters as in SQLite', async () => {
  const sql = `CREATE TABLE u (id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, tag TEXT);
    CREATE UNIQUE INDEX tags ON u (tag COLLATE NOCASE);`;
  await withDatabase(async (_url, client) => {
    assert.deepEqual(await apply(client, sql), ['note plan.collation', 'note plan.collation']);
    await client.query(`INSERT INTO u (email, tag) VALUES ('a@b', 'É')`);
    await assert.rejects(client.query(`INSERT INTO u (email) VALUES ('A@B')`), /folded_key/);
    await client.query(`INSERT INTO u (email, tag) VALUES ('c', 'é')`);
    await assert.rejects(client.query(`INSERT INTO u (tag) VALUES ('É')`), /tags/);
  });
});

test('foreign keys between columns of different types meet in one type, or are left out with a finding', async () => {
  const sql = `
    CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE, day DATE UNIQUE);
    CREATE TABLE c (pid TEXT REFERENCES p (id), code INT REFERENCES p (code), day TEXT REFERENCES p (day), bad TEXT REFERENCES p (id), gone INT REFERENCES nobody (id), odd INT REFERENCES p (missing));
    INSERT INTO p VALUES (1, 'x', '2024-01-01'); INSERT INTO c VALUES (NULL, 'x', '2024-01-01', '1', 1, 1);`;
  await withDatabase(async (_url, client) => {
    assert.deepEqual(await apply(client, sql), [
      'warning plan.broken_foreign_key',
      'warning plan.broken_foreign_key',
      'error plan.foreign_key_untranslated',
    ]);
    const { rows } = await client.query(
      `SELECT column_name || ' ' || data_type AS line FROM information_schema.columns WHERE table_name = 'c' ORDER BY ordinal_position`,
    );
    assert.deepEqual(
      rows.map((row) => row.line),
      ['pid bigint', 'code text', 'day text', 'bad text', 'gone bigint', 'odd bigint'],
    );
  });
});

test('a key is never made of json, which has no equality', async () => {
  const sql = 'CREATE TABLE p (k INTEGER UNIQUE); CREATE TABLE c (j JSON REFERENCES p (k)); INSERT INTO c VALUES (1)';
  await withDatabase(async (_url, client) => assert.deepEqual(await apply(client, sql), []));
});

test('hostile and over-long names are quoted, shortened and distinguished', async () => {
  const long = `${'é'.repeat(40)}`;
  const sql = `
    CREATE TABLE "a""; DROP TABLE x; --" ("select" INT, "Ünï 😀" INT, "new
line" INT UNIQUE);
    CREATE TABLE "${long}1" ("${long}x" INTEGER PRIMARY KEY, "${long}y" INT);
    CREATE TABLE "${long}2" ("${long}x" INTEGER PRIMARY KEY REFERENCES "${long}1");
    CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE t_pkey (id INTEGER PRIMARY KEY); CREATE TABLE t_id_seq (x);
    CREATE INDEX "${long}i" ON t (id); CREATE INDEX t_pkey1 ON t (id);`;
  await withDatabase(async (_url, client) => {
    assert.deepEqual(new Set(await apply(client, sql)), new Set(['note plan.name_shortened']));
    await client.query('INSERT INTO t DEFAULT VALUES');
  });
});

test('what PostgreSQL cannot hold is an error finding, and the rest is still made', async () => {
  const wide = Array.from({ length: 1700 }, (_, i) => `c${i}`).join();
  const sql = `CREATE TABLE wide (${wide}); CREATE TABLE sys (ctid INT); CREATE TABLE "" (a); CREATE TABLE ok (a TEXT PRIMARY KEY); INSERT INTO ok VALUES (NULL); CREATE TABLE fk (w REFERENCES sys (ctid));`;
  await withDatabase(async (_url, client) => {
    const codes = await apply(client, sql);
    assert.deepEqual(codes.filter((code) => code.startsWith('error')).sort(), [
      'error plan.name',
      'error plan.name',
      'error plan.too_many_columns',
    ]);
    await client.query('SELECT FROM ok, fk');
  });
});

test('PostgreSQL takes the translation of every random schema', async () => {
  await withDatabase(async (_url, client) => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(randomSchemaSql, async (sql) => {
        count += 1;
        await client.query(`CREATE SCHEMA s${count}`);
        await apply(client, sql, `s${count}`);
        await client.query(`DROP SCHEMA s${count} CASCADE`);
      }),
      { numRuns: runCount({ usual: 60, full: 2000 }) },
    );
  });
});
