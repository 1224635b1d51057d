import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { NotedTable } from '../../../src/model/cutover.js';
import type { ColumnPlan, TablePlan } from '../../../src/model/plan.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { openLedger } from '../../../src/target/ledger/ledger.js';
import { dropJournal, makeJournal, type Notes, readNotes } from '../../../src/target/reverse/journal.js';
import { noteRowsSql } from '../../../src/target/reverse/note-sql.js';
import { withDatabase } from '../../support/database.js';

/* The reverse journal on a real server: what it notes, and what it says of itself where it cannot have noted all. */

type Planned = Pick<TablePlan, 'target' | 'key' | 'columns'>;

function planOf(target: string, ...key: readonly string[]): Planned {
  const columns = key.map((name) => ({ target: name }) as ColumnPlan);
  return { target, columns, key: { origin: 'primary', columns: [...key.keys()] } };
}

interface World {
  readonly client: TargetClient;
  /** The application's session. */
  readonly app: pg.Client;
  readonly url: string;
  readonly tables: readonly NotedTable[];
  readonly notes: (table: string) => Promise<Notes | undefined>;
  /** The noted keys, over all partitions. */
  readonly keys: (table: string) => Promise<string[]>;
}

async function withJournal(sql: string, planned: readonly Planned[], use: (world: World) => Promise<void>) {
  await withDatabase(async (url, app) => {
    await app.query(sql);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'journal test' }, async (client) => {
      await openLedger(client);
      const tables = await withTransaction(client, () => makeJournal(client, 'public', planned));
      const notes = async (table: string) => (await readNotes(client, 'public', tables)).get(table);
      const keys = async (table: string) => {
        const { relations, key } = tables.find((one) => one.table === table) ?? { relations: [], key: [] };
        const noted: string[] = [];
        for (const oid of relations) {
          const rows = await client.query<Record<string, string>>(noteRowsSql(client, oid, key.length));
          noted.push(...rows.map((row) => Object.values(row).join('|')));
        }
        return noted.sort();
      };
      await use({ client, app, url, tables, notes, keys });
    });
  });
}

test('partitions are watched, whichever of them a statement names, and rows that move between them', () =>
  withJournal(
    `CREATE TABLE day (id int, at date, t text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
     CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
     CREATE TABLE day_2 (t text, gone int, at date NOT NULL, id int NOT NULL);
     ALTER TABLE day_2 DROP COLUMN gone;
     ALTER TABLE day ATTACH PARTITION day_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
     CREATE TABLE parent (id int PRIMARY KEY, t text); CREATE TABLE child (extra int) INHERITS (parent);
     CREATE TABLE alone (id int PRIMARY KEY)`,
    [planOf('day', 'id', 'at'), planOf('parent', 'id'), planOf('child', 'id'), planOf('alone', 'id')],
    async ({ app, keys, notes, tables }) => {
      await app.query(`INSERT INTO day VALUES (1, '2024-01-05', 'a'), (2, '2024-02-05', 'b')`);
      assert.deepEqual(await keys('day'), ['1|2024-01-05', '2|2024-02-05']);
      await app.query(`UPDATE day_2 SET t = 'c' WHERE id = 2`);
      await app.query(`UPDATE day SET at = '2024-02-09' WHERE id = 1`);
      assert.deepEqual(await keys('day'), [
        '1|2024-01-05',
        '1|2024-01-05',
        '1|2024-02-09',
        '2|2024-02-05',
        '2|2024-02-05',
      ]);
      // What inherits belongs to two tables: both are compared as a whole.
      assert.deepEqual(
        tables.map(({ table, relations }) => [table, relations.length]),
        [
          ['alone', 1],
          ['day', 3],
        ],
      );
      await app.query(`CREATE TABLE day_3 PARTITION OF day FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')`);
      assert.equal(await notes('day'), undefined, 'rows of the new partition are not noted');
    },
  ));

test('what the database does by itself is noted too: cascades, triggers of the schema, rules of conflict, COPY', () =>
  withJournal(
    `CREATE TABLE owner (id int PRIMARY KEY); CREATE TABLE owned (id int PRIMARY KEY, o int REFERENCES owner ON DELETE CASCADE ON UPDATE CASCADE);
     CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text);
     CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log (t) VALUES (new.id); RETURN new; END';
     CREATE TRIGGER noting AFTER INSERT ON owner FOR EACH ROW EXECUTE FUNCTION noting();
     INSERT INTO owner VALUES (1), (2); INSERT INTO owned VALUES (10, 1), (20, 2)`,
    [planOf('owner', 'id'), planOf('owned', 'id'), planOf('log', 'id')],
    async ({ app, keys }) => {
      await app.query(
        'DELETE FROM owner WHERE id = 1; UPDATE owner SET id = 3 WHERE id = 2; INSERT INTO owner VALUES (4)',
      );
      assert.deepEqual(await keys('owned'), ['10', '20']);
      assert.deepEqual(await keys('owner'), ['1', '2', '3', '4']);
      assert.deepEqual(await keys('log'), ['3']);
      await app.query(
        'BEGIN; INSERT INTO owner VALUES (5); ROLLBACK; INSERT INTO owner VALUES (6) ON CONFLICT DO NOTHING',
      );
      assert.deepEqual(await keys('owner'), ['1', '2', '3', '4', '6'], 'a write and its note live and die together');
    },
  ));

test('a table without a key, an emptied one and one whose key is NULL are to be compared as a whole', () =>
  withJournal(
    `CREATE TABLE bag (x int); CREATE TABLE emptied (id int PRIMARY KEY); CREATE TABLE loose (k text UNIQUE); CREATE TABLE still (id int PRIMARY KEY);
     INSERT INTO bag VALUES (1); INSERT INTO emptied VALUES (1); INSERT INTO loose VALUES ('a')`,
    [planOf('emptied', 'id'), planOf('loose', 'k'), planOf('still', 'id')],
    async ({ app, notes }) => {
      await app.query('DELETE FROM bag WHERE x = 5; UPDATE still SET id = 1');
      assert.deepEqual(await notes('bag'), { count: 0, isWhole: false });
      await app.query(`INSERT INTO bag VALUES (2); TRUNCATE emptied; UPDATE loose SET k = NULL`);
      assert.deepEqual(
        [await notes('bag'), await notes('still')],
        [
          { count: 1, isWhole: true },
          { count: 0, isWhole: false },
        ],
      );
      assert.equal((await notes('loose'))?.isWhole, true);
      assert.equal(await notes('emptied'), undefined, 'TRUNCATE gives the table other files');
    },
  ));

const touched: Readonly<Record<string, string>> = {
  'its triggers were off for a while': `ALTER TABLE t DISABLE TRIGGER USER; UPDATE t SET v = 'x'; ALTER TABLE t ENABLE ALWAYS TRIGGER pgferry_note_insert;
     ALTER TABLE t ENABLE ALWAYS TRIGGER pgferry_note_update; ALTER TABLE t ENABLE ALWAYS TRIGGER pgferry_note_delete; ALTER TABLE t ENABLE ALWAYS TRIGGER pgferry_note_truncate`,
  'a trigger fires no more where replication applies': 'ALTER TABLE t ENABLE TRIGGER pgferry_note_update',
  'a trigger is gone': 'DROP TRIGGER pgferry_note_delete ON t',
  'the table was rewritten': `ALTER TABLE t ALTER v TYPE varchar USING upper(v)`,
  'a column came': 'ALTER TABLE t ADD COLUMN w int DEFAULT 7',
  'another table has its name': `ALTER TABLE t RENAME TO old; CREATE TABLE t (id int PRIMARY KEY, v text)`,
};
for (const [what, sql] of Object.entries(touched)) {
  test(`the journal of a table is not trusted any more: ${what}`, () =>
    withJournal(
      'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, $$a$$)',
      [planOf('t', 'id')],
      async ({ app, notes }) => {
        assert.deepEqual(await notes('t'), { count: 0, isWhole: false });
        await app.query(sql);
        assert.equal(await notes('t'), undefined);
      },
    ));
}

test('the journal of a table is not trusted any more: a label of one of its types got another name', () =>
  withJournal(
    `CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN felt AS mood; CREATE TABLE t (id int PRIMARY KEY, v felt[]);
     CREATE TABLE other (id int PRIMARY KEY)`,
    [planOf('t', 'id'), planOf('other', 'id')],
    async ({ app, notes }) => {
      await app.query(`ALTER TYPE mood RENAME VALUE 'low' TO 'down'`);
      assert.deepEqual([await notes('t'), await notes('other')], [undefined, { count: 0, isWhole: false }]);
    },
  ));

test('notes cannot be taken away, and a function that others replaced is not trusted', () =>
  withJournal('CREATE TABLE t (id int PRIMARY KEY)', [planOf('t', 'id')], async ({ app, notes, tables }) => {
    const oid = tables[0]?.relations[0];
    await app.query('INSERT INTO t VALUES (1)');
    for (const sql of [
      `DELETE FROM pgferry.noted_${oid}`,
      `TRUNCATE pgferry.noted_${oid}`,
      `UPDATE pgferry.noted_${oid} SET k0 = '{2}'`,
    ])
      await assert.rejects(app.query(sql), /must stay whole/);
    assert.deepEqual(await notes('t'), { count: 1, isWhole: false });
    await app.query(`ALTER FUNCTION pgferry.note_${oid}() SET work_mem = '1MB'`);
    assert.equal(await notes('t'), undefined);
  }));

test('whatever becomes of its columns, the application can write', () =>
  withJournal(
    'CREATE TABLE t (a text, id int PRIMARY KEY, v text); CREATE TABLE u (a int, id int PRIMARY KEY)',
    [planOf('t', 'id'), planOf('u', 'id')],
    async ({ app, keys }) => {
      await app.query(
        `INSERT INTO t VALUES ('x', 1, 'y'); ALTER TABLE t RENAME id TO number; INSERT INTO t VALUES ('x', 2, 'y')`,
      );
      await app.query(`ALTER TABLE t ALTER number TYPE text; INSERT INTO t VALUES ('x', 'three', 'y')`);
      assert.deepEqual(await keys('t'), ['1', '2', 'three']);
      await app.query(
        `ALTER TABLE t DROP COLUMN a; INSERT INTO t VALUES ('4', 'y'); UPDATE t SET v = 'z'; DELETE FROM t`,
      );
      assert.deepEqual(await keys('t'), ['', '', '', '1', '2', 'three']);
      await app.query(`ALTER TABLE u DROP COLUMN id; INSERT INTO u VALUES (1); TRUNCATE u`);
      assert.deepEqual(await keys('u'), ['', '']);
    },
  ));

test('many writers at once note every row, and a role without rights may neither read nor change the notes', () =>
  withJournal(
    'CREATE TABLE t (id int PRIMARY KEY, v int)',
    [planOf('t', 'id')],
    async ({ app, url, keys, tables, client }) => {
      const role = `writer_${new URL(url).pathname.slice(1)}`;
      await app.query(`CREATE ROLE ${role}; GRANT INSERT, UPDATE, SELECT ON t TO ${role}`);
      const writers = Array.from({ length: 4 }, async (_, n) => {
        const one = new pg.Client({ connectionString: url });
        await one.connect();
        await one.query(`SET ROLE ${role}`);
        for (let i = 0; i < 50; i++) await one.query('INSERT INTO t VALUES ($1, 0)', [n * 1000 + i]);
        await assert.rejects(one.query(`SELECT * FROM pgferry.noted_${tables[0]?.relations[0]}`), /permission denied/);
        await one.end();
      });
      await Promise.all(writers);
      const { rows } = await app.query<{ id: number }>('SELECT id FROM t');
      assert.deepEqual(await keys('t'), rows.map(({ id }) => String(id)).sort());
      await app.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      // A table that is gone leaves nothing behind either.
      await app.query('DROP TABLE t');
      assert.equal(await dropJournal(client, 'public'), 1);
      const left = await client.query(
        `SELECT 1 FROM pg_class WHERE relname LIKE 'noted\\_%' UNION ALL SELECT 1 FROM pg_proc WHERE proname LIKE 'note\\_%'`,
      );
      assert.deepEqual(left, []);
    },
  ));

test('a statement makes one note, or one for each row where it changes very many', () =>
  withJournal(
    'CREATE TABLE t (id int, w text, PRIMARY KEY (id, w))',
    [planOf('t', 'id', 'w')],
    async ({ app, notes, keys, tables }) => {
      const count = async () =>
        (await app.query<{ n: number }>(`SELECT count(*)::int AS n FROM pgferry.noted_${tables[0]?.relations[0]}`))
          .rows[0]?.n;
      await app.query(`INSERT INTO t SELECT i, 'w' || i FROM generate_series(1, 4096) AS i`);
      assert.deepEqual([await count(), await notes('t')], [1, { count: 4096, isWhole: false }]);
      await app.query(`INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 4097) AS i`);
      assert.deepEqual([await count(), await notes('t')], [4098, { count: 8193, isWhole: false }]);
      await app.query('UPDATE t SET id = id WHERE false; DELETE FROM t WHERE false');
      assert.equal(await count(), 4098, 'a statement that changes nothing notes nothing');
      const all = new Set(await keys('t'));
      assert.deepEqual([all.size, all.has('4096|w4096'), all.has('4097|v4097')], [8193, true, true]);
    },
  ));

test('a statement on many whole numbers that lie close together notes the range in which they are', () =>
  withJournal(
    `CREATE TABLE t (w text, id bigint PRIMARY KEY); CREATE TABLE loose (id int UNIQUE); CREATE TABLE twin (a int, b int, PRIMARY KEY (a, b))`,
    [planOf('t', 'id'), planOf('loose', 'id'), planOf('twin', 'a', 'b')],
    async ({ app, notes, keys, tables }) => {
      const ranges = async (table: string) => {
        const oid = tables.find((one) => one.table === table)?.relations[0];
        const { rows } = await app.query<{ range: string }>(
          `SELECT concat_ws('..', first, last) AS range FROM pgferry.noted_${oid}`,
        );
        return rows.map(({ range }) => range);
      };
      const from = (first: number | string, last: number | string, step = 1) =>
        `SELECT i FROM generate_series(${first}::bigint, ${last}::bigint, ${step}) AS i`;
      await app.query(`INSERT INTO t (id) ${from(1, 5000)}; INSERT INTO t (id) ${from(10_000, 10_007)}`);
      assert.deepEqual(await ranges('t'), ['1..5000', ''], 'few rows are named each');
      assert.deepEqual(await notes('t'), { count: 5008, isWhole: false });
      await app.query(`INSERT INTO t (id) ${from(20_001, 20_020, 2)}; INSERT INTO t (id) ${from(30_001, 30_030, 3)}`);
      assert.deepEqual((await ranges('t')).slice(2), ['20001..20019', ''], 'not more than two numbers for a row');
      await app.query(
        `UPDATE t SET id = id + 100 WHERE id BETWEEN 4990 AND 5000; DELETE FROM t WHERE id > 4995 AND id < 6000`,
      );
      const noted = new Set(await keys('t'));
      for (const id of [1, 5000, 5090, 5100, 10_007, 20_001, 20_019, 30_001, 30_028])
        assert.ok(noted.has(String(id)), `${id}`);
      const ends = ['-9223372036854775808', '9223372036854775807'];
      await app.query(
        `INSERT INTO t (id) SELECT ${ends[0]} + i FROM generate_series(0, 4) AS i UNION ALL SELECT ${ends[1]} - i FROM generate_series(0, 4) AS i`,
      );
      await app.query(`INSERT INTO t (id) ${from(`${ends[1]} - 20`, `${ends[1]} - 10`)}`);
      const last = new Set(await keys('t'));
      assert.ok(ends.every((end) => last.has(end)));
      assert.equal((await ranges('t')).at(-1), '9223372036854775787..9223372036854775797');
      await app.query(
        `INSERT INTO loose ${from(1, 20)}; INSERT INTO twin SELECT i, 1 FROM generate_series(1, 20) AS i`,
      );
      assert.deepEqual([await ranges('loose'), await notes('twin')], [['1..20'], { count: 20, isWhole: false }]);
      await app.query(`INSERT INTO loose SELECT nullif(i, 25) FROM generate_series(21, 40) AS i`);
      assert.equal((await notes('loose'))?.isWhole, true, 'a NULL is in no range');
      await app.query(
        `ALTER TABLE t ALTER id TYPE text; INSERT INTO t (id) SELECT 'x' || i FROM generate_series(1, 20) AS i`,
      );
      await app.query(
        `ALTER TABLE t ALTER id TYPE uuid USING gen_random_uuid(); INSERT INTO t (id) SELECT gen_random_uuid() FROM generate_series(1, 20)`,
      );
    },
  ));
