import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, envBefore, makeSmallApp, runFor, statusOf } from '../support/journey.js';

/*
 * PostgreSQL takes writes after the switch, and a rollback brings them into SQLite, in the forms that its columns have.
 */

const schema = `
  CREATE TABLE every (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME, iso TIMESTAMP, flag BOOLEAN, letter BOOLEAN, price DECIMAL(12,2),
    ratio REAL, id2 UUID, doc JSON, bytes BLOB, words TEXT, odd TEXT, twice INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL
  );
  INSERT INTO every VALUES (1, 1735689600123, '2024-05-01 10:00:00', 1, 't', 19.9, 0.1, '0f8fad5b-d9cb-469f-a165-70867728950e', '{"a":[1,2]}', x'00ff', 'ä', 7);
  INSERT INTO every VALUES (2, 1735689600456, '2024-05-01 10:00:01', 0, 'f', 5, 2.5, '7c9e6679-7425-40de-944b-e07fc1f90ae7', '{ "b": 1 }', x'', '', 'x');
  INSERT INTO every VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  INSERT INTO every VALUES (9, 1, '2024-05-01 10:00:02', 1, 't', 1, 1, '7c9e6679-7425-40de-944b-e07fc1f90ae8', '[]', x'01', 'gone', 'x');
  CREATE TABLE mail (address TEXT PRIMARY KEY, owner INTEGER UNIQUE) WITHOUT ROWID;
  INSERT INTO mail VALUES ('a@x', 1), ('b@x', 2), ('c@x', 3);
  CREATE TABLE bag (x INTEGER, y TEXT);
  INSERT INTO bag VALUES (1, 'one'), (1, 'one'), (2, 'two');
  CREATE TABLE emptied (id INTEGER PRIMARY KEY, t TEXT);
  INSERT INTO emptied VALUES (1, 'a'), (2, 'b');
  CREATE TABLE log (id INTEGER PRIMARY KEY, t TEXT);
  CREATE TRIGGER noted AFTER INSERT ON every BEGIN INSERT INTO log (t) VALUES ('inserted ' || new.id); END;
  CREATE VIRTUAL TABLE found USING fts5 (words, content=every, content_rowid=id);
  INSERT INTO found (rowid, words) SELECT id, words FROM every;
  CREATE TRIGGER found_ai AFTER INSERT ON every BEGIN INSERT INTO found (rowid, words) VALUES (new.id, new.words); END;
  CREATE TRIGGER found_ad AFTER DELETE ON every BEGIN INSERT INTO found (found, rowid, words) VALUES ('delete', old.id, old.words); END;
  CREATE TRIGGER found_au AFTER UPDATE ON every BEGIN
    INSERT INTO found (found, rowid, words) VALUES ('delete', old.id, old.words);
    INSERT INTO found (rowid, words) VALUES (new.id, new.words);
  END;`;

interface Moved {
  readonly app: App;
  readonly client: pg.Client;
}

async function withMoved(
  more: string,
  use: (moved: Moved) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      read(app, (db) => db.exec(more));
      const { exitCode, stderr } = await runFor(app, 'cutover', { args });
      assert.equal(exitCode, 0, stderr);
      await client.query(`SET timezone = 'UTC'`);
      await use({ app, client });
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

/** The phases that said how far they were, and had something done, with what they counted. */
function countedIn(stderr: string): string[] {
  const events = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event: string; phase: string; unit: string; done: number });
  const counted = events.filter(({ event, done }) => event === 'progress' && done > 0);
  return [...new Set(counted.map(({ phase, unit }) => `${phase} ${unit}`))].sort();
}

const rowsOf = (db: Database, sql: string) => db.prepare<[], unknown[]>(sql).raw().safeIntegers().all();
const forms = (db: Database, table: string, columns: readonly string[]) =>
  rowsOf(db, `SELECT ${columns.map((name) => `quote(${name}) || ' ' || typeof(${name})`).join(', ')} FROM ${table}`);

test('a rollback brings back what was inserted, changed and deleted, each value in the form of its column', async () => {
  await withMoved(schema, async ({ app, client }) => {
    const untouched = read(app, (db) =>
      rowsOf(db, 'SELECT quote(odd), quote(doc), quote(price) FROM every WHERE id = 1'),
    );
    await client.query(`INSERT INTO every (at, iso, flag, letter, price, ratio, id2, doc, bytes, words, odd)
      VALUES ('2025-02-01 12:00:00.5', '2025-02-01 12:00:00', false, true, 7.25, 0.3, 'aaaaaaaa-d9cb-469f-a165-70867728950e', '{"z": [1, "a b"], "b": null}', '\\x0102', 'wörter', 'n')`);
    await client.query(`UPDATE every SET words = 'changed', flag = false WHERE id = 1`);
    await client.query('UPDATE every SET at = NULL, price = 100 WHERE id = 2');
    await client.query('DELETE FROM every WHERE id = 9');
    // Handed out and given up: SQLite must not give it again.
    await client.query(
      `INSERT INTO every (words) VALUES ('for a moment'); DELETE FROM every WHERE words = 'for a moment'`,
    );
    await client.query(
      `BEGIN; UPDATE mail SET owner = -owner; UPDATE mail SET owner = CASE owner WHEN -1 THEN 2 WHEN -2 THEN 1 ELSE 3 END; COMMIT`,
    );
    await client.query(`UPDATE mail SET address = 'd@x' WHERE address = 'c@x'`);
    await client.query(
      `DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE x = 1); INSERT INTO bag VALUES (3, NULL), (3, NULL)`,
    );
    await client.query('TRUNCATE emptied');
    const back = await runFor(app, 'rollback', { args: ['--progress', 'json'] });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.deepEqual(countedIn(back.stderr), ['carry rows', 'lock tables', 'prove rows']);
    assert.deepEqual(
      back.json.carried.map(({ table, inserted, updated, deleted }) => [table, inserted, updated, deleted]).sort(),
      [
        ['bag', 2, 0, 1],
        ['emptied', 0, 0, 2],
        ['every', 1, 2, 1],
        ['mail', 1, 2, 1],
      ],
    );
    read(app, (db) => {
      assert.deepEqual(rowsOf(db, 'SELECT quote(odd), quote(doc), quote(price) FROM every WHERE id = 1'), untouched);
      const columns = ['id', 'at', 'iso', 'flag', 'letter', 'price', 'ratio', 'id2', 'doc', 'bytes', 'words', 'twice'];
      assert.deepEqual(forms(db, 'every WHERE id = 10', columns), [
        [
          '10 integer',
          '1738411200500 integer',
          "'2025-02-01 12:00:00' text",
          '0 integer',
          "'t' text",
          '7.25 real',
          '0.3 real',
          "'aaaaaaaa-d9cb-469f-a165-70867728950e' text",
          `'{"z": [1, "a b"], "b": null}' text`,
          "X'0102' blob",
          "'wörter' text",
          '20 integer',
        ],
      ]);
      assert.deepEqual(rowsOf(db, 'SELECT words, flag FROM every WHERE id = 1'), [['changed', 0n]]);
      assert.deepEqual(forms(db, 'every WHERE id = 2', ['at', 'price']), [['NULL null', '100 integer']]);
      assert.deepEqual(rowsOf(db, 'SELECT id FROM every ORDER BY id'), [[1n], [2n], [3n], [10n]]);
      assert.deepEqual(rowsOf(db, 'SELECT * FROM mail ORDER BY 1'), [
        ['a@x', 2n],
        ['b@x', 1n],
        ['d@x', 3n],
      ]);
      assert.deepEqual(rowsOf(db, 'SELECT * FROM bag ORDER BY 1'), [
        [1n, 'one'],
        [2n, 'two'],
        [3n, null],
        [3n, null],
      ]);
      assert.deepEqual(rowsOf(db, 'SELECT count(*) FROM emptied'), [[0n]]);
      assert.deepEqual(rowsOf(db, 'SELECT * FROM log'), [], 'triggers do not fire twice');
      assert.deepEqual(rowsOf(db, `SELECT rowid FROM found WHERE found MATCH 'wörter OR changed' ORDER BY 1`), [
        [1n],
        [10n],
      ]);
      assert.deepEqual(rowsOf(db, `SELECT rowid FROM found WHERE found MATCH 'gone'`), []);
      db.exec(`INSERT INTO found (found) VALUES ('integrity-check')`);
      db.exec(`INSERT INTO every (words) VALUES ('next')`);
      assert.deepEqual(rowsOf(db, 'SELECT max(id) FROM every'), [[12n]]);
      assert.deepEqual(rowsOf(db, `SELECT t FROM log`), [['inserted 12']]);
      assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
    });
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    assert.deepEqual(readdirSync(back.json.runDir ?? '').includes('rollback.json'), true);
    const again = await runFor(app, 'cutover');
    assert.equal(again.exitCode, 0, again.stderr);
    const { rows } = await client.query('SELECT id, words FROM every ORDER BY id');
    assert.deepEqual(
      rows.map(({ id, words }) => [Number(id), words]),
      [
        [1, 'changed'],
        [2, ''],
        [3, null],
        [10, 'wörter'],
        [12, 'next'],
      ],
    );
  });
});

test('what SQLite cannot hold is named before anything is changed, and refused', async () => {
  await withMoved(schema, async ({ app, client }) => {
    const refuse = async (pattern: RegExp) => {
      const { exitCode, json } = await runFor(app, 'rollback');
      assert.deepEqual([exitCode, json.error?.code], [24, 'rollback.uncarried']);
      assert.match(json.error?.message ?? '', pattern);
      const status = await statusOf(app);
      assert.deepEqual([status?.state, status?.isClosed], ['switched', true]);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
    };
    await client.query('ALTER TABLE bag ADD COLUMN made_since int; UPDATE bag SET made_since = 1');
    await refuse(/: bag\.made_since: SQLite has no such column for its 3 values/);
    await client.query(`CREATE TABLE public.other (x int); INSERT INTO public.other VALUES (1)`);
    await client.query(`UPDATE every SET price = 'NaN' WHERE id = 1`);
    const asked = await runFor(app, 'rollback', { args: ['--dry-run'] });
    assert.equal(asked.json.error?.code, 'rollback.uncarried');
    const all = `${asked.stderr} ${asked.json.error?.message}`;
    for (const reason of [
      /other: SQLite has no such table/,
      /bag\.made_since: SQLite/,
      /every\.price at id=1: NaN has no cell/,
    ])
      assert.match(all, reason);
    await client.query('DROP TABLE public.other; UPDATE every SET price = 1 WHERE id = 1');
    await client.query('ALTER TABLE bag DROP COLUMN made_since');
    await client.query('CREATE TABLE public.fresh (x int); INSERT INTO public.fresh VALUES (1)');
    await refuse(/: fresh: SQLite has no such table for its 1 row/);
    await client.query('DROP TABLE public.fresh; ALTER TABLE every ALTER words TYPE varchar(50)');
    await client.query(`UPDATE every SET words = 'x' WHERE id = 1`);
    await refuse(/: every\.words: its type was text, and is character varying\(50\) now/);
    await client.query('ALTER TABLE every ALTER words TYPE text');
    await client.query(`UPDATE every SET price = 'NaN' WHERE id = 1`);
    await refuse(/: every\.price at id=1: NaN has no cell among integers or reals/);
    await client.query('UPDATE every SET price = 1 WHERE id = 1');
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(conname) AS name FROM pg_constraint WHERE conrelid = 'child'::regclass AND contype = 'f'`,
    );
    await client.query(`ALTER TABLE child DROP CONSTRAINT ${rows[0]?.name}; DELETE FROM parent WHERE id = 2`);
    await refuse(/: child at id=3: its row of parent is not there/);
    await client.query(`INSERT INTO parent VALUES (2, 'two')`);
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
  });
});

test('what cannot be brought back is left behind by name, and saved to a file', async () => {
  await withMoved(schema, async ({ app, client }) => {
    await client.query(`CREATE TABLE public.fresh (x int); INSERT INTO public.fresh VALUES (1)`);
    await client.query(`ALTER TABLE bag ADD COLUMN made_since int; UPDATE bag SET made_since = 1, x = 5 WHERE x = 2`);
    await client.query(`UPDATE every SET price = 'NaN', words = 'all the same' WHERE id = 1`);
    await client.query('TRUNCATE emptied');
    const key = await runFor(app, 'rollback', { args: ['--leave-behind', 'fresh,bag.made_since,every.id'] });
    assert.match(key.json.error?.message ?? '', /: every\.id: a column of the key cannot be left behind/);
    const args = ['--leave-behind', 'fresh,bag.made_since,Every.Price,emptied'];
    const { exitCode, json, stderr } = await runFor(app, 'rollback', { args });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(json.savedWrites.map(({ table, rows }) => [table, rows]).sort(), [
      ['bag', 2],
      ['emptied', 2],
      ['every', 1],
      ['fresh', 1],
    ]);
    read(app, (db) => {
      assert.deepEqual(rowsOf(db, 'SELECT words, price FROM every WHERE id = 1'), [['all the same', 19.9]]);
      assert.deepEqual(rowsOf(db, 'SELECT x, y FROM bag ORDER BY 1'), [
        [1n, 'one'],
        [1n, 'one'],
        [5n, 'two'],
      ]);
      assert.deepEqual(rowsOf(db, 'SELECT count(*) FROM emptied'), [[2n]]);
    });
    // Rows that stayed in PostgreSQL are nobody's to replace.
    const again = await runFor(app, 'cutover');
    assert.match(again.stderr, /: every \(1 row with other values \(id=1\)\), bag \(.*\[plan\.target_has_rows\]/);
  });
});

test('a cutover says before the switch what a rollback could not bring back', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      read(app, (db) =>
        db.exec(`CREATE TABLE forms (id INTEGER PRIMARY KEY, ms DATETIME, own DATETIME, fine DATETIME, price DECIMAL, tag TEXT, mix TEXT);
          INSERT INTO forms VALUES (1, 1735689600123, 'Wed, 01 Jan 2025 00:00:00 GMT', '2025-01-01T00:00:00.000Z', 19.9, x'c3bc', x'00'),
            (2, NULL, NULL, NULL, NULL, NULL, 'text')`),
      );
      const asHex = { type: 'text', policies: { blob_in_text: { convert: 'hex' } } };
      const config = join(folder, 'hex.json');
      writeFileSync(config, JSON.stringify({ tableRules: { forms: { columns: { tag: asHex, mix: asHex } } } }));
      for (const args of [['--dry-run'], []]) {
        const { exitCode, stderr } = await runFor(app, 'cutover', { args: [...args, '--config', config] });
        assert.equal(exitCode, 0, stderr);
        const said = [...stderr.matchAll(/a rollback could not bring back (.*)/g)].map(([, what = '']) => what);
        assert.deepEqual(said, [
          'forms.ms: moments finer than a millisecond (it holds integers: milliseconds since 1970)',
          'forms.own: any change, since its values have a form of their own (rollbackLike in the config names one)',
          'forms.price: numbers of more than 15 digits (it holds reals)',
          'forms.tag: any change, since its values have a form of their own (rollbackLike in the config names one)',
          'forms.mix: what the rule hex changed (1 value), once PostgreSQL writes there: the new value comes back without it (it holds texts)',
        ]);
      }
    }),
  );
});

const carriedSchema = `
  CREATE TABLE doc (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO doc VALUES (1, 'one');
  CREATE VIRTUAL TABLE words USING fts5 (title, body); INSERT INTO words VALUES ('one', 'alpha'), ('two', 'beta'), ('three', 'gamma');
  CREATE VIRTUAL TABLE area USING rtree (id, x0, x1); INSERT INTO area VALUES (1, 0, 1), (2, 2, 3);
  CREATE TRIGGER synced AFTER INSERT ON doc BEGIN INSERT INTO words (rowid, title) VALUES (new.id, new.t); END;`;

test('rows of a carried virtual table come back with its index, and no trigger adds them twice', async () => {
  await withFolder(async (folder) => {
    const config = join(folder, 'virtual.json');
    writeFileSync(config, '{"virtualTables":{"*":"table"}}');
    const change = async ({ app, client }: Moved) => {
      await client.query(`UPDATE words SET body = 'delta' WHERE rowid = 2; DELETE FROM words WHERE rowid = 1;
        INSERT INTO doc VALUES (7, 'seven'); INSERT INTO words VALUES (7, 'seven', NULL);
        UPDATE area SET x1 = 8 WHERE id = 2; DELETE FROM area WHERE id = 1; INSERT INTO area VALUES (5, 4, 5);`);
      const { exitCode, stderr } = await runFor(app, 'rollback');
      assert.equal(exitCode, 0, stderr);
      read(app, (db) => {
        assert.deepEqual(rowsOf(db, 'SELECT rowid, * FROM words'), [
          [2n, 'two', 'delta'],
          [3n, 'three', 'gamma'],
          [7n, 'seven', null],
        ]);
        const found = (word: string) => rowsOf(db, `SELECT rowid FROM words WHERE words MATCH '${word}'`).flat();
        assert.deepEqual(['alpha', 'beta', 'delta', 'seven'].map(found), [[], [], [2n], [7n]]);
        assert.deepEqual(rowsOf(db, 'SELECT id FROM area WHERE x0 <= 7 AND x1 >= 4.5 ORDER BY id').flat(), [2n, 5n]);
        db.exec(`INSERT INTO words (words) VALUES ('integrity-check'); INSERT INTO doc VALUES (8, 'eight')`);
        assert.deepEqual(rowsOf(db, 'SELECT title FROM words WHERE rowid = 8'), [['eight']]);
      });
    };
    await withMoved(carriedSchema, change, ['--config', config]);
  });
});

test('a dry run says what would come back, and changes nothing', async () => {
  await withMoved(schema, async ({ app, client }) => {
    await client.query(`INSERT INTO emptied VALUES (3, 'c'); UPDATE emptied SET t = 'z' WHERE id = 1`);
    const before = readFileSync(app.source);
    const { exitCode, json, stderr } = await runFor(app, 'rollback', { args: ['--dry-run', '--progress', 'json'] });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(countedIn(stderr), ['carry rows', 'look tables']);
    assert.deepEqual(json.carried, [{ table: 'emptied', inserted: 1, updated: 1, deleted: 0 }]);
    assert.equal(json.state, 'rehearsed');
    const ms = (name: string) => json.phases.find((phase) => phase.name === name)?.ms ?? 0;
    const found = ms('look') + ms('carry');
    assert.ok((json.downtimeMs ?? 0) > found, `${json.downtimeMs} ms with the restore and the proof, ${found} without`);
    assert.ok(before.equals(readFileSync(app.source)));
    const status = await statusOf(app);
    assert.deepEqual([status?.state, status?.isClosed], ['switched', true]);
    await client.query(`DELETE FROM emptied WHERE id = 3; UPDATE emptied SET t = 'a' WHERE id = 1`);
    const back = await runFor(app, 'rollback', { args: [] });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.deepEqual(back.json.carried, [], 'rows that were written to and are as they were come back as they are');
  });
});
