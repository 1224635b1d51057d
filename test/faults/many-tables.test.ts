import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { committedChunks, planted } from '../support/runs.js';

/*
 * Small tables are copied and indexed many to a transaction. Wherever that is broken off, the ledger says of each table
 * alone what is there.
 */

const tableCount = 40;
const names = Array.from({ length: tableCount }, (_, at) => `t${String(at).padStart(2, '0')}`);
const rowsEach = 20;

const makeTable = (name: string, at: number): string => `
  CREATE TABLE ${name} (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES ${names[Math.max(0, at - 1)]} (id), word TEXT NOT NULL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowsEach})
    INSERT INTO ${name} SELECT i, i, '${name} ' || i FROM n;
  CREATE UNIQUE INDEX ${name}_word ON ${name} (word);
  CREATE INDEX ${name}_parent ON ${name} (parent);`;
const sql = names.map(makeTable).join('\n');

/** How many rows each table has. */
async function countAll(client: pg.Client): Promise<Map<string, number>> {
  const parts = names.map((name) => `SELECT '${name}' AS name, count(*)::int AS count FROM ${name}`);
  const { rows } = await client.query<{ name: string; count: number }>(parts.join(' UNION ALL '));
  return new Map(rows.map(({ name, count }) => [name, count]));
}

/** A table has all of its rows where the ledger has its chunk, and none where it has not. */
async function assertExact(client: pg.Client, why: string): Promise<number> {
  const { rows } = await client.query<{ name: string; rows: string }>(
    'SELECT table_name AS name, rows FROM pgferry.chunk',
  );
  const noted = new Map(rows.map((row) => [row.name, Number(row.rows)]));
  for (const [name, count] of await countAll(client)) assert.equal(count, noted.get(name) ?? 0, `${why}: ${name}`);
  return noted.size;
}

async function countObjects(client: pg.Client): Promise<string> {
  const { rows } = await client.query(`SELECT
    (SELECT count(*)::int FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r') AS indexes,
    (SELECT count(*)::int FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND convalidated) AS keys,
    (SELECT count(*)::int FROM pg_trigger WHERE tgname LIKE 'pgferry%') AS triggers`);
  return JSON.stringify(rows[0]);
}

/** Statements of a run, and after how many of them it is killed. */
const moments = [
  { text: 'FROM STDIN', when: 1, where: 'threads' },
  { text: 'UPDATE pgferry.chunk', when: 1, where: 'threads' },
  { text: 'ANALYZE ', when: 1, where: 'main' },
  { text: 'REFERENCES public.', when: 1, where: 'main' },
  { text: 'pgferry.object SET', when: 1, where: 'main' },
] as const;

for (const moment of moments) {
  test(`killed among many small tables after ${moment.when} × ${moment.text}, a run holds what its ledger says and goes on`, async () => {
    await withFolder((cwd) =>
      withDatabase(async (url, client) => {
        makeSqlite(cwd, sql);
        const args = ['migrate', 'app.db', url, '--run-dir', 'run'];
        const env = planted({ at: 'kill', ...moment, counter: join(cwd, 'counter') });
        const killed = await runCommand(args, { cwd, env });
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        // What the server still has to say to the dead process is rolled back, or was committed before.
        await client.query(
          'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        );
        const before = await committedChunks(client);
        const chunks = await assertExact(client, 'after the kill');
        const again = await runJson(args, { cwd });
        assert.equal(again.exitCode, 0, again.stderr);
        assert.equal(again.json.chunksResumed, chunks);
        assert.equal(again.json.chunksCopied, tableCount - chunks);
        const after = new Map((await committedChunks(client)).map((chunk) => [chunk.chunk, chunk.at]));
        for (const { chunk, at } of before) assert.equal(after.get(chunk), at, `${chunk} was sent again`);
        assert.equal(await assertExact(client, 'at the end'), tableCount);
        const expected = { indexes: 3 * tableCount, keys: tableCount, triggers: 0 };
        assert.equal(await countObjects(client), JSON.stringify(expected));
      }),
    );
  });
}

test('a value that one of many small tables refuses stops the run with its key, and the ledger is exact', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      // On an overflow page, where the plan does not look for it.
      makeSqlite(
        cwd,
        `${sql} UPDATE t07 SET word = printf('%.9000c', 'x') WHERE id = 1;
        UPDATE t07 SET word = printf('%.8000c', 'x') || char(0) || 'text' WHERE id = 9;`,
      );
      await client.query(
        names.map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY, parent int, word text NOT NULL)`).join('; '),
      );
      const run = await runJson(['migrate', 'app.db', url, '--run-dir', 'run'], { cwd });
      assert.equal(run.exitCode, 23, run.stderr);
      const { error } = run.json;
      assert.deepEqual(
        [error?.code, error?.table, error?.column, error?.key],
        ['data.nul_byte', 't07', 'word', 'id=9'],
      );
      assert.ok((await assertExact(client, 'after the refusal')) > 0, 'others are in the target');
      assert.equal((await countAll(client)).get('t07'), 0);
    }),
  );
});

/** Where words differ only in their case, and the target holds such words for equal. */
const equalSql = `${sql} UPDATE t07 SET word = upper(word) || 'x' WHERE id = 3; UPDATE t07 SET word = lower('T07 3') || 'X' WHERE id = 9;`;
const equalTarget = `${names.map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY, parent int, word text NOT NULL)`).join('; ')};
  ${names.map((name) => `CREATE UNIQUE INDEX ${name}_word ON ${name} (lower(word))`).join('; ')}`;

const allIndexes = `SELECT indexrelid AS oid, c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace AND EXISTS (SELECT FROM pg_class t WHERE t.oid = i.indrelid AND t.relkind = 'r') ORDER BY 2`;

/** An index is missing exactly where the ledger holds it as dropped. */
async function assertInLedger(client: pg.Client, why: string): Promise<void> {
  const { rows: dropped } = await client.query<{ name: string }>(
    `SELECT name FROM pgferry.object WHERE state = 'dropped' AND kind IN ('index', 'primary_key') ORDER BY 1`,
  );
  const { rows: there } = await client.query<{ name: string }>(
    `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public'`,
  );
  const all = names.flatMap((name) => [`${name}_pkey`, `${name}_word`]);
  const missing = all.filter((name) => !there.some((one) => one.name === name)).sort();
  assert.deepEqual(missing, dropped.map(({ name }) => name).sort(), why);
}

const waiving = [
  null,
  { text: 'DROP INDEX', when: 1, where: 'threads' },
  { text: 'CREATE UNIQUE INDEX t07_word', when: 1, where: 'main' },
] as const;

for (const moment of waiving) {
  const when = moment === null ? '' : `, also where the run is killed after ${moment.text}`;
  test(`small tables keep their indexes but one whose rows do not fit, which loses them to the ledger${when}`, async () => {
    await withFolder((cwd) =>
      withDatabase(async (url, client) => {
        makeSqlite(cwd, equalSql);
        await client.query(equalTarget);
        const { rows: before } = await client.query<{ oid: number; name: string }>(allIndexes);
        const args = ['migrate', 'app.db', url, '--run-dir', 'run', '--waive', 'index:t07_word'];
        if (moment !== null) {
          const env = planted({ at: 'kill', ...moment, counter: join(cwd, 'counter') });
          const killed = await runCommand(args, { cwd, env });
          assert.equal(killed.signal, 'SIGKILL', killed.stderr);
          await client.query(
            'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
          );
          await assertInLedger(client, 'after the kill');
          await assertExact(client, 'after the kill');
        }
        const run = await runJson(args, { cwd });
        assert.equal(run.exitCode, 0, run.stderr);
        assert.match(run.stderr, /index t07_word of t07 is not made again, as --waive says/);
        assert.equal(await assertExact(client, 'at the end'), tableCount);
        // All but those of the one table are the very same: they were never taken away.
        const { rows: after } = await client.query<{ oid: number; name: string }>(allIndexes);
        const isOther = ({ name }: { readonly name: string }) => !name.startsWith('t07');
        assert.deepEqual(after.filter(isOther), before.filter(isOther));
        assert.deepEqual(
          after.filter((one) => !isOther(one)).map(({ name }) => name),
          ['t07_pkey'],
        );
      }),
    );
  });
}

/** What an index over a text refuses, by a function of PostgreSQL or of the application, and how that is called. */
const failing = [
  { what: 'a text that is no number', term: '(word::int)', code: 'data.rejected', isBad: "'nine'" },
  { what: 'a division by zero', term: '(1 / length(word))', code: 'data.rejected', isBad: "''" },
  { what: 'an error that a function raises', term: 'told(word)', code: 'target.failed', isBad: "'nine'" },
] as const;
const toldSql = `CREATE FUNCTION told(word text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN IF word = 'nine' THEN RAISE EXCEPTION 'no number: %', word; END IF; RETURN word::int; END $$`;

/** What a row that only an index refuses comes to, in a table of so many rows. */
async function runWith(
  failure: (typeof failing)[number],
  rowCount: number,
  given: {
    readonly flags: readonly string[];
    readonly config: Readonly<Record<string, unknown>>;
    readonly also?: string;
  },
): Promise<Readonly<Record<string, unknown>>> {
  return await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(
        cwd,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, size INTEGER); CREATE TABLE other (id INTEGER PRIMARY KEY);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowCount}) INSERT INTO t SELECT i, i, i FROM n;
        UPDATE t SET word = ${failure.isBad} WHERE id = 9; INSERT INTO other VALUES (1); ${given.also ?? ''}`,
      );
      await client.query(`${toldSql}; CREATE TABLE t (id int PRIMARY KEY, word text, size int); CREATE TABLE other (id int PRIMARY KEY);
        CREATE INDEX t_word ON t (${failure.term})`);
      writeFileSync(join(cwd, 'pgferry.config.json'), JSON.stringify(given.config));
      const run = await runJson(
        ['migrate', 'app.db', url, '--run-dir', 'run', '--config', 'pgferry.config.json', ...given.flags],
        { cwd },
      );
      const { rows } = await client.query<{ copied: number; aside: number; indexes: string[] }>(`SELECT
        (SELECT count(*)::int FROM t) AS copied, (SELECT count(*)::int FROM pgferry.quarantine) AS aside,
        (SELECT array_agg(indexname::text ORDER BY 1) FROM pg_indexes WHERE tablename = 't') AS indexes`);
      const { error } = run.json;
      const warned = /index t_word of t is not made again, as --waive says/.test(run.stderr);
      const told = error?.message.split(':')[0] ?? null;
      const waiver = /--waive '(.*?)'/.exec(error?.hint ?? '')?.[1] ?? null;
      const { copied, ...left } = rows[0] ?? { copied: -1 };
      return {
        exit: run.exitCode,
        code: error?.code ?? null,
        told,
        waiver,
        warned,
        isWhole: copied === rowCount,
        ...left,
      };
    }),
  );
}

const setAside = { policies: { rejected: 'quarantine' } };

for (const failure of failing) {
  for (const [size, rowCount] of [
    ['small', 20],
    ['larger', 20_000],
  ] as const) {
    test(`${failure.what} in an index over an expression is told when the index is made, of a ${size} table too`, async () => {
      const failed = await runWith(failure, rowCount, { flags: [], config: {} });
      const isOfData = failure.code === 'data.rejected';
      const stopped = { exit: isOfData ? 23 : failed.exit, code: failure.code, waiver: 'index:t_word', warned: false };
      const told = 'make index t_word of t again failed';
      assert.deepEqual(failed, { ...stopped, told, isWhole: true, aside: 0, indexes: ['t_pkey'] });
      const whole = {
        exit: 0,
        code: null,
        told: null,
        waiver: null,
        warned: true,
        isWhole: true,
        aside: 0,
        indexes: ['t_pkey'],
      };
      const flags = ['--waive', 'index:t_word'];
      for (const config of [{}, setAside]) assert.deepEqual(await runWith(failure, rowCount, { flags, config }), whole);
      // Where a value is refused before it is sent, the rows go in one by one, and still none for what an index says.
      const also = "UPDATE t SET size = 'eleven' WHERE id = 11";
      const config = { policies: { '*': 'quarantine' } };
      assert.deepEqual(await runWith(failure, rowCount, { flags, config, also }), {
        ...whole,
        isWhole: false,
        aside: 1,
      });
    });
  }
}
