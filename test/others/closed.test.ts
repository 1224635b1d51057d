import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import type { Ended, JsonResult } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertWhole,
  makeFaultSource,
  migrateArgs,
  type Picture,
  startUntilStopped,
  undisturbed,
} from '../support/runs.js';

/*
 * What others do to a table after it was proven, while the run is not over: it is refused, or the run sees it, whoever
 * did it and in whatever way. The run is stopped right after it sent a statement, so each moment is exact.
 */

const rows = 400;

/** All tables are proven and indexed then; constraints, statistics and the end are to come. */
const afterProofs = 'setval';

interface Stopped {
  readonly client: pg.Client;
  readonly url: string;
  /** Lets the run go on to its end. */
  readonly goOn: () => Promise<Ended & { readonly json: JsonResult }>;
}

/** Stops a run right after it sent a statement with this text, and lends what it has done so far. */
async function withStopped(
  text: string,
  use: (stopped: Stopped) => Promise<void>,
  prepare: (client: pg.Client, url: string) => Promise<string> = async (_, url) => url,
): Promise<void> {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows });
    await withDatabase(async (url, client) => {
      const target = await prepare(client, url);
      const args = [...migrateArgs(path, target), '--json'];
      const { child, ended } = await startUntilStopped(args, { folder, when: 1, text, where: 'any' });
      try {
        await use({
          client,
          url,
          goOn: async () => {
            child.kill('SIGCONT');
            const over = await ended;
            return { ...over, json: JSON.parse(over.stdout) as JsonResult };
          },
        });
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    });
  });
}

async function assertRefused(client: pg.Client, sql: string): Promise<void> {
  await assert.rejects(client.query(sql), (error: Error & { code?: string }) => {
    assert.equal(error.code, '55006', error.message);
    assert.match(error.message, /pgferry loads this table in run [0-9a-f]{12}/);
    return true;
  });
}

const writes: readonly string[] = [
  `INSERT INTO bare VALUES ('theirs', 1)`,
  `UPDATE owner SET name = 'theirs' WHERE id = 7`,
  `DELETE FROM tag`,
  `TRUNCATE bare`,
  `TRUNCATE owner CASCADE`,
  `MERGE INTO bare USING (SELECT 1) AS one ON false WHEN NOT MATCHED THEN INSERT VALUES ('theirs', 1)`,
  `INSERT INTO empty VALUES (1, NULL)`,
  `WITH gone AS (DELETE FROM bare RETURNING 1) SELECT count(*) FROM gone`,
];

test('what others write to tables that are proven is refused until the run is over', async () => {
  const expected: Picture = await undisturbed(rows);
  await withStopped(afterProofs, async ({ client, goOn }) => {
    for (const sql of writes) await assertRefused(client, sql);
    // Not even where triggers are switched off for the session, as for replicas.
    await client.query('SET session_replication_role = replica');
    await assertRefused(client, writes[0] ?? '');
    await client.query('RESET session_replication_role');
    await assertWhole(await goOn(), client, expected);
    await client.query(writes[0] ?? '');
    const { rows: left } = await client.query(
      `SELECT (SELECT count(*)::int FROM pgferry.closed WHERE opened_at IS NULL) AS closed,
              (SELECT count(*)::int FROM pg_trigger WHERE tgname = 'pgferry_loading') AS triggers`,
    );
    assert.deepEqual(left, [{ closed: 0, triggers: 0 }]);
  });
});

test('what others write to tables that are being filled is refused too', async () => {
  const expected: Picture = await undisturbed(rows);
  await withStopped('COPY "public"', async ({ client, goOn }) => {
    // Small tables are filled in one transaction, so the write waits for its end, and is refused then.
    const refused = assertRefused(client, `INSERT INTO empty VALUES (1, NULL)`);
    const [done] = await Promise.all([goOn(), refused]);
    await assertWhole(done, client, expected);
  });
});

/** Ways past a trigger, which only the owner of a table has; and what the run then says. */
const ways: readonly { readonly what: string; readonly sql: readonly string[]; readonly code?: string }[] = [
  {
    what: 'inserts with the trigger disabled meanwhile',
    sql: [
      'ALTER TABLE bare DISABLE TRIGGER ALL',
      `INSERT INTO bare VALUES ('theirs', 1)`,
      'ALTER TABLE bare ENABLE ALWAYS TRIGGER pgferry_loading',
    ],
  },
  {
    what: 'updates with the trigger left disabled',
    sql: ['ALTER TABLE owner DISABLE TRIGGER ALL', `UPDATE owner SET name = 'theirs' WHERE id = 7`],
  },
  {
    what: 'deletes without the trigger',
    sql: ['DROP TRIGGER pgferry_loading ON tag', 'DELETE FROM tag WHERE item = 1'],
  },
  {
    what: 'truncates with the trigger disabled meanwhile',
    sql: [
      'ALTER TABLE bare DISABLE TRIGGER USER',
      'TRUNCATE bare',
      'ALTER TABLE bare ENABLE ALWAYS TRIGGER pgferry_loading',
    ],
  },
  { what: 'rewrites a column', sql: [`ALTER TABLE bare ALTER COLUMN b TYPE bigint USING b + 1`] },
  {
    what: 'puts another column in the place of one, without a rewrite',
    sql: [
      'ALTER TABLE bare DROP COLUMN a',
      `ALTER TABLE bare ADD COLUMN a text DEFAULT 'theirs'`,
      'ALTER TABLE bare ALTER COLUMN a DROP DEFAULT',
    ],
  },
  { what: 'drops an index', sql: ['DROP INDEX item_owner'] },
  { what: 'drops a constraint', sql: ['ALTER TABLE tag DROP CONSTRAINT tag_pkey'] },
  { what: 'drops a table', sql: ['DROP TABLE bare'], code: 'target.table_dropped' },
  { what: 'renames a table', sql: ['ALTER TABLE bare RENAME TO theirs'], code: 'target.table_dropped' },
  {
    what: 'puts another table in the place of one',
    sql: ['ALTER TABLE bare RENAME TO theirs', 'CREATE TABLE public.bare (a text, b bigint)'],
  },
  {
    what: 'lets another table inherit',
    sql: ['CREATE TABLE public.child () INHERITS (bare)', `INSERT INTO child VALUES ('theirs', 1)`],
  },
];

for (const { what, sql, code } of ways) {
  test(`a run is not complete where somebody ${what} after the proof`, async () => {
    await withStopped(afterProofs, async ({ client, goOn }) => {
      for (const one of sql) await client.query(one);
      const { exitCode, json } = await goOn();
      assert.notEqual(exitCode, 0);
      assert.equal(json.error?.code, code, json.error?.message);
      if (code === undefined) assert.equal(json.ok, false);
      const { rows: runs } = await client.query('SELECT state FROM pgferry.run');
      assert.notEqual(runs[0].state, 'complete');
    });
  });
}

test('a table that was only rewritten is read once more, and the run is complete', async () => {
  const expected: Picture = await undisturbed(rows);
  await withStopped(afterProofs, async ({ client, goOn }) => {
    await client.query('VACUUM FULL bare');
    const ended = await goOn();
    assert.match(ended.stderr, /bare was read once more at the end/);
    await assertWhole(ended, client, expected);
  });
});

test('a table of somebody else stays open, the plan says so, and what others write to it is seen', async () => {
  const role = 'pgferry_test_guest';
  const prepare = async (client: pg.Client, url: string) => {
    await client.query(`DROP ROLE IF EXISTS ${role}`);
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'guest'`);
    await client.query(`GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`);
    await client.query(`
      CREATE TABLE owner (id bigint PRIMARY KEY, name text NOT NULL, boss bigint);
      CREATE TABLE item (id bigint PRIMARY KEY, owner bigint NOT NULL, note text, weight float8, made timestamp);
      CREATE TABLE tag (item bigint, word text, PRIMARY KEY (item, word));
      CREATE TABLE bare (a text, b bigint); CREATE TABLE empty (id bigint PRIMARY KEY, owner bigint);
      GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO ${role};`);
    const target = new URL(url);
    target.username = role;
    target.password = 'guest';
    return target.href;
  };
  await withStopped(
    'UPDATE pgferry.run',
    async ({ client, goOn }) => {
      await client.query(`INSERT INTO bare VALUES ('theirs', 1)`);
      const { exitCode, json } = await goOn();
      assert.equal(exitCode, 1, JSON.stringify(json.error));
      assert.equal(json.tables.find(({ table }) => table === 'bare')?.ok, false);
      assert.ok(json.findings.some(({ code: found, table }) => found === 'plan.stays_open' && table === 'bare'));
      await client.query(`DROP OWNED BY ${role} CASCADE`);
      await client.query(`DROP ROLE ${role}`);
    },
    prepare,
  );
});
