import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import pg from 'pg';
import type { AcceptResult } from '../../src/model/shadow.js';
import { runJson } from '../support/command.js';
import { databaseUrl, withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { isFull } from '../support/run-count.js';

/*
 * After a good migration something is changed on the target, and accept must fail and name it. The migration runs once;
 * differences are planted in clones of its database: a group at a time, each in a row or an object of its own, and with
 * PGFERRY_FULL=1 each alone.
 */

interface Planted {
  readonly name: string;
  /** What is done to the target behind pgferry's back. */
  readonly sql: string;
  readonly table: string;
  readonly column: string | null;
  /** The key of the row; null where it is no row that differs. */
  readonly key: string | null;
  /** The kind of a difference, or the code of a finding. */
  readonly kind: string;
  /** What the finding's message must name. */
  readonly object?: string;
}

let nextId = 1;
/** A value of a row of its own. */
function set(name: string, column: string, to: string): Planted {
  const id = nextId++;
  const sql = `UPDATE item SET "${column}" = ${to} WHERE id = ${id}`;
  return { name, sql, table: 'item', column, key: `id=${id}`, kind: 'changed' };
}

const values: readonly Planted[] = [
  set('a value changed', 'name', `'another'`),
  set('NULL for an empty text', 'blank', 'NULL'),
  set('an empty text for NULL', 'absent', `''`),
  set('a space at the end', 'name', `name || ' '`),
  set('another case', 'name', 'upper(name)'),
  set('decomposed characters', 'accent', 'normalize(accent, NFD)'),
  set('one more', 'amount', 'amount + 1'),
  set('one less', 'amount', 'amount - 1'),
  set('2^53 + 1 rounded to a double', 'big', 'big::float8::bigint'),
  set('another sign of zero', 'zero', `'-0'`),
  set('the last bit of a float', 'weight', 'weight * (1 + 2.220446049250313e-16)'),
  set('one millisecond', 'made', `made + interval '1 millisecond'`),
  set('one hour', 'made', `made + interval '1 hour'`),
  set('one day', 'made', `made + interval '1 day'`),
  set('the order of keys in JSON', 'json', `'{"b":2,"a":1}'`),
  set('a text cut at 255 characters', 'long', 'left(long, 255)'),
  set('a boolean turned', 'flag', 'NOT flag'),
  set('a byte of a blob', 'data', 'set_byte(data, 0, 99)'),
  set('another parent', 'owner', '2'),
  set('line ends in the manner of Windows', 'lines', `replace(lines, E'\\n', E'\\r\\n')`),
  {
    name: 'values swapped between two rows',
    sql: `UPDATE item SET lines = CASE id WHEN 31 THEN 'line 32' ELSE 'line 31' END WHERE id IN (31, 32)`,
    table: 'item',
    column: 'lines',
    key: 'id=32',
    kind: 'changed',
  },
  {
    name: 'a row lost',
    sql: 'DELETE FROM tag WHERE item = 33',
    table: 'tag',
    column: null,
    key: `item=33, word='word 33'`,
    kind: 'missing',
  },
  {
    name: 'a row too many',
    sql: `INSERT INTO tag VALUES (34, 'new')`,
    table: 'tag',
    column: null,
    key: `item=34, word='new'`,
    kind: 'extra',
  },
  {
    name: 'a key changed',
    sql: `UPDATE tag SET word = 'other' WHERE item = 35`,
    table: 'tag',
    column: null,
    key: `item=35, word='word 35'`,
    kind: 'missing',
  },
  {
    name: 'a row doubled in a table without a key',
    sql: 'INSERT INTO bare SELECT * FROM bare WHERE b = 3',
    table: 'bare',
    column: null,
    key: `a='x3', b=3`,
    kind: 'repeated',
  },
];

/** A difference of the schema: the finding names table, column and object. */
function schema(
  name: string,
  sql: string,
  told: Pick<Planted, 'table' | 'column' | 'kind'> & { object: string },
): Planted {
  return { name, sql, key: null, ...told };
}

const item = 'item';
const objects: readonly Planted[] = [
  schema('a sequence set back', `SELECT setval(pg_get_serial_sequence('item', 'id'), 5)`, {
    table: item,
    column: 'id',
    kind: 'verify.sequence_behind',
    object: 'item_id_seq',
  }),
  schema('an index gone', 'DROP INDEX item_made', {
    table: item,
    column: 'made',
    kind: 'verify.object_missing',
    object: 'item_made',
  }),
  schema('an index over another column', 'DROP INDEX item_big; CREATE INDEX item_big ON item (zero)', {
    table: item,
    column: 'big',
    kind: 'verify.object_changed',
    object: 'item_big',
  }),
  schema('an index that keeps nothing unique any more', 'DROP INDEX item_name; CREATE INDEX item_name ON item (name)', {
    table: item,
    column: 'name',
    kind: 'verify.object_changed',
    object: 'item_name',
  }),
  schema('an invalid index', `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_flag'::regclass`, {
    table: item,
    column: 'flag',
    kind: 'verify.object_not_in_force',
    object: 'item_flag',
  }),
  schema('a foreign key gone', 'ALTER TABLE item DROP CONSTRAINT item_owner_fkey', {
    table: item,
    column: 'owner',
    kind: 'verify.object_missing',
    object: 'item_owner_fkey',
  }),
  schema('a default gone', 'ALTER TABLE item ALTER amount DROP DEFAULT', {
    table: item,
    column: 'amount',
    kind: 'verify.object_changed',
    object: 'DEFAULT 5',
  }),
  schema('a default changed', 'ALTER TABLE owner ALTER rank SET DEFAULT 6', {
    table: 'owner',
    column: 'rank',
    kind: 'verify.object_changed',
    object: 'DEFAULT 6',
  }),
  schema('a NOT NULL gone', 'ALTER TABLE item ALTER name DROP NOT NULL', {
    table: item,
    column: 'name',
    kind: 'verify.object_changed',
    object: 'text NOT NULL',
  }),
  schema('a CHECK gone', 'ALTER TABLE item DROP CONSTRAINT item_amount_check', {
    table: item,
    column: 'amount',
    kind: 'verify.object_missing',
    object: 'item_amount_check',
  }),
  schema('a primary key gone', 'ALTER TABLE tag DROP CONSTRAINT tag_pkey', {
    table: 'tag',
    column: null,
    kind: 'verify.object_missing',
    object: 'tag_pkey',
  }),
  schema('a trigger disabled', 'ALTER TABLE item DISABLE TRIGGER item_touch', {
    table: item,
    column: null,
    kind: 'verify.object_not_in_force',
    object: 'item_touch',
  }),
];

const rowCount = 40;

function makeSource(folder: string): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.exec(`
    CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, rank INTEGER DEFAULT 5);
    CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, owner INTEGER REFERENCES owner (id),
      blank TEXT, absent TEXT, accent TEXT, amount INTEGER NOT NULL DEFAULT 5 CHECK (amount >= 0), big BIGINT, zero REAL,
      weight REAL, made DATETIME, json TEXT, long TEXT, flag BOOLEAN, data BLOB, lines TEXT);
    CREATE INDEX item_made ON item (made);
    CREATE INDEX item_big ON item (big);
    CREATE INDEX item_flag ON item (flag);
    CREATE UNIQUE INDEX item_name ON item (name);
    CREATE TABLE tag (item INTEGER NOT NULL REFERENCES item (id), word TEXT NOT NULL, PRIMARY KEY (item, word));
    CREATE TABLE bare (a TEXT, b INTEGER);`);
  const owner = db.prepare('INSERT INTO owner (id, name) VALUES (?, ?)');
  for (let id = 1; id <= 5; id++) owner.run(id, `owner ${id}`);
  const insert = db.prepare(`INSERT INTO item VALUES (?, ?, 1, '', NULL, 'caf\u00e9', ?, ?, 0.0, ?, ?, ?, ?, ?, ?, ?)`);
  const tag = db.prepare('INSERT INTO tag VALUES (?, ?)');
  for (let id = 1; id <= rowCount; id++) {
    const long = `${id} `.padEnd(300, 'abcdefghij');
    const lines = id > 30 ? `line ${id}` : 'a\nb';
    const rest = [1_700_000_000_000 + id, `{"a":1,"b":2}`, long, id % 2, Buffer.from([id, 2, 3]), lines] as const;
    insert.run(id, `item ${id}`, id, 9_007_199_254_740_993n, 0.1 * id, ...rest);
    tag.run(id, `word ${id}`);
  }
  for (let i = 1; i <= 5; i++) db.prepare('INSERT INTO bare VALUES (?, ?)').run(`x${i}`, i);
  db.close();
  return path;
}

/** What the migration does not make: a trigger of the application's own, there before the load. */
const ownTrigger = `
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER item_touch BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch();`;

function isTold(json: AcceptResult, { table, column, key, kind, object }: Planted): boolean {
  if (object === undefined) {
    return json.differences.some(
      (one) => one.table === table && one.column === column && one.key === key && one.kind === kind,
    );
  }
  return json.findings.some(
    (one) =>
      one.severity === 'error' &&
      one.code === kind &&
      one.table === table &&
      one.column === column &&
      one.message.includes(object),
  );
}

const groups: readonly (readonly [string, readonly Planted[]])[] = isFull
  ? [...values, ...objects].map((one) => [one.name, [one]])
  : [
      [`${values.length} kinds of differing rows and values`, values],
      [`${objects.length} kinds of differences in the schema`, objects],
    ];

test('accept fails for each planted difference, and names table, column and key', async (t) => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSource(folder);
      const sides = ['--source', source, '--target'];
      const made = await runJson(['init', '--from-source', ...sides, url], { cwd: folder });
      assert.equal(made.exitCode, 0, made.stderr);
      await client.query(ownTrigger);
      const migrated = await runJson(['migrate', '--from-source', ...sides, url], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const good = await runJson(['accept', ...sides, url], { cwd: folder });
      assert.equal(good.exitCode, 0, `${good.stderr}${good.stdout}`);
      // A database with a session in it cannot be cloned.
      await client.end();
      for (const [name, planted] of groups) {
        await t.test(name, async () => {
          await withClone(url, async (cloneUrl, clone) => {
            for (const { sql } of planted) await clone.query(sql);
            const ended = await runJson(['accept', ...sides, cloneUrl, '--differences-max', '100'], { cwd: folder });
            const json = ended.json as unknown as AcceptResult;
            assert.equal(ended.exitCode, 1, `${ended.stderr}${ended.stdout}`);
            const missed = planted.filter((one) => !isTold(json, one)).map((one) => one.name);
            const told = JSON.stringify({ differences: json.differences, findings: json.findings }, null, 1);
            assert.deepEqual(missed, [], told);
          });
        });
      }
    }),
  );
});

/** Lends a copy of a database that nobody is connected to, and removes it afterwards. */
async function withClone(url: string, use: (url: string, client: pg.Client) => Promise<void>): Promise<void> {
  const original = new URL(url).pathname.slice(1);
  const name = `${original}_clone`;
  const admin = new pg.Client({ connectionString: databaseUrl('postgres') });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${original}`);
    const client = new pg.Client({ connectionString: databaseUrl(name) });
    await client.connect();
    await use(databaseUrl(name), client).finally(() => client.end());
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
}
