import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopierError, migrate, verify } from '../../src/pgferry.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `
  CREATE TABLE Owner (id INTEGER PRIMARY KEY AUTOINCREMENT, fullName TEXT NOT NULL, plan TEXT, paid DECIMAL(5,2));
  CREATE TABLE Event (id INTEGER, owner INT REFERENCES Owner, at DATETIME);
  INSERT INTO Owner VALUES (3, 'a', 'PRO', 1.5), (9, 'b', 'FREE', NULL);
  INSERT INTO Event VALUES (1, 3, '2024-01-01 00:00:00'), (2, 9, '2026-01-01 00:00:00');`;

test('a schema of the application’s own is fitted: other schema, ALWAYS, enum, domain, row security, trigger, partitions', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`CREATE SCHEMA other; SET search_path = other;
        CREATE TYPE plan AS ENUM ('FREE', 'PRO'); CREATE DOMAIN money2 AS numeric(12, 2) CHECK (value >= 0);
        CREATE TABLE owner (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, full_name text NOT NULL, plan plan NOT NULL DEFAULT 'FREE', paid money2,
          extra text DEFAULT 'x', up text GENERATED ALWAYS AS (upper(full_name)) STORED);
        ALTER TABLE owner ENABLE ROW LEVEL SECURITY;
        CREATE TABLE audit (n int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO other.audit VALUES (1); RETURN NEW; END';
        CREATE TRIGGER tr BEFORE INSERT ON owner FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TABLE event (id bigint NOT NULL, owner bigint REFERENCES owner, at timestamp NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2025-01-01'); CREATE TABLE event_2 PARTITION OF event DEFAULT;`);
      const options = {
        sourcePath: makeSqlite(folder, sourceSql),
        targetUrl: `${url}?schema=other`,
        backupFolder: folder,
        workers: 1,
      };
      assert.equal((await migrate(options)).ok, true);
      assert.equal((await verify(options)).ok, true);
      const { rows } =
        await client.query(`SELECT (SELECT count(*)::int FROM audit) AS fired, (SELECT count(*)::int FROM event_1) AS first,
        (SELECT string_agg(up, '' ORDER BY id) FROM owner WHERE extra = 'x') AS up`);
      assert.deepEqual(rows, [{ fired: 0, first: 1, up: 'AB' }]);
      const next = await client.query(`INSERT INTO owner (full_name) VALUES ('c') RETURNING id`);
      assert.deepEqual(next.rows, [{ id: '10' }]);
      assert.deepEqual((await client.query('SELECT count(*)::int AS n FROM audit')).rows, [{ n: 1 }]);
    }),
  );
});

test('every difference of a schema that does not fit is reported at once, before anything is written', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`CREATE TABLE owner (id smallint PRIMARY KEY, "fullName" text, plan text, must int NOT NULL, filled int NOT NULL DEFAULT 1);
        INSERT INTO owner VALUES (1, 'x', 'y', 1)`);
      const options = { sourcePath: makeSqlite(folder, sourceSql), targetUrl: url, backupFolder: folder, workers: 1 };
      await assert.rejects(migrate(options), (error) => {
        assert.ok(error instanceof CopierError);
        const errors = error.findings.filter(({ severity }) => severity === 'error');
        assert.deepEqual(
          errors.map(({ code, table, column }) => `${code} ${table ?? ''}.${column ?? ''}`),
          [
            'plan.column_missing Owner.paid',
            'plan.column_unfilled Owner.must',
            'plan.table_missing Event.',
            'plan.target_has_rows .',
          ],
        );
        return true;
      });
    }),
  );
});
