import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';

/* What an application, its administrator and the server itself do to rows after the switch, all of it brought back at once. */

const schema = `
  CREATE TABLE pair (id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE, place INTEGER UNIQUE);
  INSERT INTO pair VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40);
  CREATE TABLE code (k TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
  INSERT INTO code VALUES ('x', 1), ('y', 2), ('z', 3);
  CREATE TABLE owner (id INTEGER PRIMARY KEY, t TEXT);
  INSERT INTO owner VALUES (1, 'one'), (2, 'two');
  CREATE TABLE owned (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES owner (id) ON DELETE CASCADE);
  INSERT INTO owned VALUES (1, 1), (2, 1), (3, 2);
  CREATE TABLE gone (id INTEGER PRIMARY KEY, up INTEGER REFERENCES gone (id));
  INSERT INTO gone VALUES (1, NULL), (2, 1), (3, 2);
  CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT);
  INSERT INTO numbered VALUES (1, 'a'), (2, 'b');
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT);
  INSERT INTO counted VALUES (1, 'a'), (2, 'b');
  CREATE TABLE wide (id INTEGER PRIMARY KEY, big INTEGER, twice INTEGER GENERATED ALWAYS AS (big + 1) STORED, r REAL, b BLOB, doc JSONB, late TEXT);
  INSERT INTO wide (id, big, r, b, doc) VALUES (9223372036854775807, 9223372036854775806, 1.5, x'00ff00', '{"b": 1,   "a": [1,2]}'),
    (-9223372036854775808, -9223372036854775808, 0.0, x'', '{ }'), (5, 5, 5, zeroblob(70000), '[1 , 2]');`;

async function change(client: pg.Client): Promise<void> {
  for (const sql of [
    `BEGIN; UPDATE pair SET mail = 'parked', place = NULL WHERE id = 1; UPDATE pair SET mail = 'a', place = 10 WHERE id = 2`,
    `UPDATE pair SET mail = 'b', place = 20 WHERE id = 1; COMMIT`,
    // Keys that swap.
    `UPDATE pair SET id = 100 WHERE id = 3; UPDATE pair SET id = 3 WHERE id = 4; UPDATE pair SET id = 4 WHERE id = 100`,
    `UPDATE code SET k = 't' WHERE k = 'x'; UPDATE code SET k = 'x' WHERE k = 'y'; UPDATE code SET k = 'y' WHERE k = 't'`,
    `DELETE FROM code WHERE k = 'z'; INSERT INTO code VALUES ('z', -3)`,
    `TRUNCATE owner CASCADE; INSERT INTO owner VALUES (2, 'again')`,
    `INSERT INTO owned VALUES (7, 2)`,
    `DELETE FROM gone`,
    `INSERT INTO numbered (t) VALUES ('c'), ('d'), ('e'); DELETE FROM numbered WHERE t = 'e'`,
    // Nothing is left of these but that their numbers were given.
    `INSERT INTO counted (t) VALUES ('c'), ('d'); DELETE FROM counted WHERE id > 2`,
    // Infinity has a cell in SQLite; the documents are printed anew, and mean what they meant.
    `UPDATE wide SET r = 'Infinity' WHERE id = 9223372036854775807; UPDATE wide SET doc = doc::text::jsonb`,
    `UPDATE wide SET big = 6, b = '\\x01', late = 'first' WHERE id = 5`,
    `INSERT INTO wide (id, big, r, b, doc) VALUES (9007199254740993, 9007199254740995, 0.1, '\\xff00', '{"z":null}')`,
    `CREATE VIEW seen AS SELECT * FROM owner`,
    `CREATE FUNCTION through() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO owner VALUES (NEW.id, NEW.t); RETURN NEW; END'`,
    `CREATE TRIGGER through INSTEAD OF INSERT ON seen FOR EACH ROW EXECUTE FUNCTION through()`,
    `INSERT INTO seen VALUES (8, 'through a view')`,
  ])
    await client.query(sql);
}

const expected = {
  'SELECT id, mail, place FROM pair ORDER BY id': [
    [1n, 'b', 20n],
    [2n, 'a', 10n],
    [3n, 'd', 40n],
    [4n, 'c', 30n],
  ],
  'SELECT k, n FROM code ORDER BY k': [
    ['x', 2n],
    ['y', 1n],
    ['z', -3n],
  ],
  'SELECT id, t FROM owner ORDER BY id': [
    [2n, 'again'],
    [8n, 'through a view'],
  ],
  'SELECT id, owner FROM owned': [[7n, 2n]],
  'SELECT count(*) FROM gone': [[0n]],
  'SELECT id, t FROM numbered ORDER BY id': [
    [1n, 'a'],
    [2n, 'b'],
    [3n, 'c'],
    [4n, 'd'],
  ],
  "SELECT seq FROM sqlite_sequence WHERE name = 'numbered'": [[5n]],
  "SELECT seq FROM sqlite_sequence WHERE name = 'counted'": [[4n]],
  'SELECT id, big, twice, quote(r), hex(substr(b, 1, 3)), doc, late FROM wide ORDER BY id': [
    [-9223372036854775808n, -9223372036854775808n, -9223372036854775807n, '0.0', '', '{ }', null],
    [5n, 6n, 7n, '5.0', '01', '[1 , 2]', 'first'],
    [9007199254740993n, 9007199254740995n, 9007199254740996n, '0.1', 'FF00', '{"z":null}', null],
    [
      9223372036854775807n,
      9223372036854775806n,
      9223372036854775807n,
      '9.0e+999',
      '00FF00',
      '{"b": 1,   "a": [1,2]}',
      null,
    ],
  ],
};

async function withMoved(args: readonly string[], use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const db = new Database(app.source);
      db.exec(schema);
      db.close();
      const { exitCode, stderr } = await runFor(app, 'cutover', { args });
      assert.equal(exitCode, 0, stderr);
      await use(app, client);
    }),
  );
}

for (const args of [[], ['--reverse-journal']]) {
  test(`keys that swap, cascades, views and the widest values come back ${args.join('')}`, async () => {
    await withMoved(args, async (app, client) => {
      await change(client);
      await client.query(`CREATE TABLE public.fresh (x int); INSERT INTO public.fresh VALUES (1)`);
      await client.query(`ALTER TABLE pair ADD COLUMN since int; UPDATE pair SET since = 1`);
      await client.query(`INSERT INTO wide (id, r) VALUES (6, 'NaN'), (7, '-0')`);
      await client.query(
        `ALTER TABLE wide ALTER COLUMN twice DROP EXPRESSION; INSERT INTO wide (id, big, twice) VALUES (9, 1, 5)`,
      );
      const refused = await runFor(app, 'rollback', { args: ['--dry-run'] });
      assert.equal(refused.json.error?.code, 'rollback.uncarried', refused.stderr);
      assert.doesNotMatch(refused.stderr, /Warning/);
      const all = `${refused.stderr} ${refused.json.error?.message}`;
      for (const what of [
        /fresh: SQLite has no such table/,
        /pair\.since: SQLite has no/,
        /wide\.r at id=6: NaN has no/,
        /wide\.r at id=7: SQLite would keep -0 as 0/,
        /wide\.twice: PostgreSQL computed it when it was filled, and stores/,
      ])
        assert.match(all, what);
      await client.query(
        `DROP TABLE public.fresh; ALTER TABLE pair DROP COLUMN since; DELETE FROM wide WHERE id IN (6, 7, 9);
         ALTER TABLE wide DROP COLUMN twice; ALTER TABLE wide ADD COLUMN twice bigint GENERATED ALWAYS AS (big + 1) STORED`,
      );
      const { exitCode, stderr } = await runFor(app, 'rollback');
      assert.equal(exitCode, 0, stderr);
      const db = new Database(app.source, { readonly: true });
      for (const [sql, rows] of Object.entries(expected))
        assert.deepEqual(db.prepare<[], unknown[]>(sql).raw().safeIntegers().all(), rows, sql);
      assert.deepEqual(db.pragma('foreign_key_check'), []);
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
      db.close();
    });
  });
}

test('a number that PostgreSQL has given is not given again, even where nothing else came of it', async () => {
  await withMoved([], async (app, client) => {
    await client.query(`BEGIN; INSERT INTO counted (t) VALUES ('never there'); ROLLBACK`);
    const { exitCode, stderr } = await runFor(app, 'rollback');
    assert.equal(exitCode, 0, stderr);
    const db = new Database(app.source);
    assert.equal(db.prepare("INSERT INTO counted (t) VALUES ('next') RETURNING id").pluck().get(), 4);
    db.close();
  });
});
