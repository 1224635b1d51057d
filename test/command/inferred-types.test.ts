import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type pg from 'pg';
import { type JsonResult, runJson } from '../support/command.js';
import { typesOf, withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Moves a database into an empty schema by translation, and must succeed. */
async function move(
  sql: string,
  rules: object,
  use: (client: pg.Client, json: JsonResult) => Promise<void>,
): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const config = path.join(folder, 'pgferry.json');
      writeFileSync(config, JSON.stringify(rules));
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const moved = await runJson(['migrate', ...sides, '--from-source', '--config', config], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      await use(client, moved.json);
    }),
  );
}

async function constraintsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT conname::text AS name FROM pg_constraint WHERE conrelid = $1::regclass AND contype <> 'n' ORDER BY 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

const notes = ({ findings }: JsonResult) =>
  findings.filter(({ code }) => code === 'plan.inferred_type').map(({ message }) => message);

const uuid = '00001eef-1a2b-4c3d-8e4f-000000019919';
const hex = '922766581e27a1c08a6a63ec24ede6a4';

test('char(32) and char(36) of UUIDs become uuid, with what refers to them; hashes and mixed values stay texts', async () => {
  const sql = `CREATE TABLE item (id char(32) NOT NULL PRIMARY KEY, k char(36), hash char(32), odd char(36), checked char(36) CHECK (length(checked) = 36));
    INSERT INTO item VALUES ('${hex}', '${uuid}', '${hex}', '${uuid}', '${uuid}'), ('00000000000000000000000000000001', NULL, NULL, 'not one', NULL);
    CREATE TABLE part (item char(32) REFERENCES item (id), none char(32) REFERENCES item (id)); INSERT INTO part VALUES ('${hex}', NULL);`;
  await move(sql, {}, async (client, json) => {
    const text = (length: number) => `character varying(${length})`;
    assert.deepEqual(await typesOf(client, 'item'), {
      id: 'uuid',
      k: 'uuid',
      hash: text(32),
      odd: text(36),
      checked: text(36),
    });
    assert.deepEqual(await typesOf(client, 'part'), { item: 'uuid', none: 'uuid' });
    assert.deepEqual(notes(json), [
      'char(32) and char(36) become uuid where they hold UUIDs only: item.id, item.k, part.item',
    ]);
    const { rows } = await client.query(`SELECT id FROM item JOIN part ON part.item = item.id`);
    assert.deepEqual(rows, [{ id: '92276658-1e27-a1c0-8a6a-63ec24ede6a4' }]);
  });
  const django = `CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied datetime);
    CREATE TABLE item (id integer PRIMARY KEY, token char(32) NOT NULL); INSERT INTO item VALUES (1, '${hex}');`;
  await move(django, {}, async (client) => {
    assert.equal((await typesOf(client, 'item'))['token'], 'uuid');
  });
  const kept = { tableRules: { item: { columns: { token: { type: 'varchar(32)' } } } } };
  await move(django, kept, async (client, json) => {
    assert.equal((await typesOf(client, 'item'))['token'], 'character varying(32)');
    assert.deepEqual(notes(json), []);
  });
});

const jsonSql = `CREATE TABLE item (id integer PRIMARY KEY, data text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)), none text CHECK (json_valid(none)),
    keyed text UNIQUE CHECK (json_valid(keyed)), nul text CHECK (json_valid(nul)));
  INSERT INTO item VALUES (1, '{"a": 1}', NULL, '[1]', '"\\u0000"');`;

test('a text that a CHECK binds to JSON becomes jsonb and the CHECK falls away; elsewhere it is IS JSON', async () => {
  await move(jsonSql, {}, async (client) => {
    assert.deepEqual(await typesOf(client, 'item'), {
      id: 'bigint',
      data: 'jsonb',
      none: 'jsonb',
      keyed: 'text',
      nul: 'text',
    });
    assert.deepEqual(await constraintsOf(client, 'item'), [
      'item_keyed_check',
      'item_keyed_key',
      'item_nul_check',
      'item_pkey',
    ]);
    await assert.rejects(
      client.query(`INSERT INTO item (data, keyed) VALUES ('{}', '{')`),
      /violates check constraint "item_keyed_check"/,
    );
    await client.query(`INSERT INTO item (data, keyed) VALUES ('{}', NULL), ('{}', '{"b": [null]}')`);
  });
  const text = { tableRules: { item: { columns: { data: { type: 'text' } } } } };
  await move(jsonSql, text, async (client) => {
    assert.equal((await typesOf(client, 'item'))['data'], 'text');
    await assert.rejects(client.query(`INSERT INTO item (data) VALUES ('{')`), /violates check constraint/);
  });
});

test('keys and constraints keep their names, varchar stays varchar, and a name that is taken is made anew', async () => {
  const sql = `CREATE TABLE cat (id integer CONSTRAINT same PRIMARY KEY);
    CREATE TABLE item (id integer NOT NULL, name varchar NOT NULL, cat_id integer, other integer CONSTRAINT fk_other REFERENCES cat (id), third integer UNIQUE,
      CONSTRAINT pk_item PRIMARY KEY (id), CONSTRAINT "uq item name" UNIQUE (name COLLATE BINARY),
      CONSTRAINT fk_rails_89fb86dc8b FOREIGN KEY (cat_id) REFERENCES cat (id), CONSTRAINT ck_name CHECK (name <> ''));
    CREATE TABLE two (a integer CONSTRAINT same UNIQUE, b integer CONSTRAINT fk_other REFERENCES cat (id));
    INSERT INTO cat VALUES (1); INSERT INTO item VALUES (1, 'x', 1, 1, 2);`;
  await move(sql, {}, async (client) => {
    assert.deepEqual(await constraintsOf(client, 'cat'), ['same']);
    assert.deepEqual(await constraintsOf(client, 'item'), [
      'ck_name',
      'fk_other',
      'fk_rails_89fb86dc8b',
      'item_third_key',
      'pk_item',
      'uq item name',
    ]);
    assert.deepEqual(await constraintsOf(client, 'two'), ['fk_other', 'two_a_key']);
    assert.equal((await typesOf(client, 'item'))['name'], 'character varying');
  });
});

test('a time keeps six digits for what comes, unless three are declared or are what the framework has', async () => {
  const columns = `a datetime(6) DEFAULT CURRENT_TIMESTAMP, b DATETIME, c timestamp(3), d TIMESTAMP WITH TIME ZONE(3), e datetime(0)`;
  const value = `'2024-02-29 12:00:00'`;
  const sql = `CREATE TABLE item (id integer PRIMARY KEY, ${columns}); INSERT INTO item VALUES (1, ${value}, ${value}, ${value}, ${value}, ${value});`;
  await move(sql, {}, async (client) => {
    const six = 'timestamp(6) without time zone';
    const three = 'timestamp(3) without time zone';
    assert.deepEqual(await typesOf(client, 'item'), {
      id: 'bigint',
      a: six,
      b: six,
      c: three,
      d: 'timestamp(3) with time zone',
      e: six,
    });
    const { rows } = await client.query(
      `INSERT INTO item (id, a) VALUES (7, '2024-02-29 12:00:00.123956') RETURNING a::text`,
    );
    assert.deepEqual(rows, [{ a: '2024-02-29 12:00:00.123956' }]);
  });
  const prisma = `CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY); CREATE TABLE item (id integer PRIMARY KEY, at DATETIME); INSERT INTO item VALUES (1, 1700000000123);`;
  await move(prisma, {}, async (client) => {
    assert.equal((await typesOf(client, 'item'))['at'], 'timestamp(3) without time zone');
  });
});

test('dates that are written with a midnight stay dates, as long as every one is', async () => {
  const sql = `CREATE TABLE item (id integer PRIMARY KEY, born date, seen date);
    INSERT INTO item VALUES (1, '2024-02-29 00:00:00', '2024-02-29 00:00:00'), (2, '1969-12-31', '2024-02-29 10:30:00');`;
  await move(sql, {}, async (client, json) => {
    assert.deepEqual(await typesOf(client, 'item'), {
      id: 'bigint',
      born: 'date',
      seen: 'timestamp(6) without time zone',
    });
    const { rows } = await client.query(`SELECT born::text FROM item ORDER BY id`);
    assert.deepEqual(rows, [{ born: '2024-02-29' }, { born: '1969-12-31' }]);
    assert.deepEqual(notes(json), ['dates that are written with a midnight stay date: item.born']);
  });
});

test('a column of texts or reals that refers to whole numbers becomes one type with them, where its values are such', async () => {
  const sql = `CREATE TABLE cat (id INTEGER PRIMARY KEY, code INTEGER UNIQUE);
    CREATE TABLE item (id integer PRIMARY KEY, cat TEXT REFERENCES cat, code VARCHAR(9) REFERENCES cat (code), r REAL REFERENCES cat (id), none TEXT REFERENCES cat);
    INSERT INTO cat VALUES (1, 10), (2, 20); INSERT INTO item VALUES (1, '1', '10', 2.0, NULL), (2, '2', '20', 1.0, NULL);`;
  await move(sql, {}, async (client, json) => {
    const bigint = 'bigint';
    assert.deepEqual(await typesOf(client, 'item'), { id: bigint, cat: bigint, code: bigint, r: bigint, none: bigint });
    assert.deepEqual(await constraintsOf(client, 'item'), [
      'item_cat_fkey',
      'item_code_fkey',
      'item_none_fkey',
      'item_pkey',
      'item_r_fkey',
    ]);
    const { rows } = await client.query('SELECT cat::int, code::int, r::int FROM item ORDER BY id');
    assert.deepEqual(rows, [
      { cat: 1, code: 10, r: 2 },
      { cat: 2, code: 20, r: 1 },
    ]);
    assert.equal(notes(json).length, 1);
  });
});
