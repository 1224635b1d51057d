import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { lendToFile } from '../support/lend.js';
import { makeFaultSource, migrateArgs, planted, until, withLoadedTemplate } from '../support/runs.js';

/*
 * A run may replace rows that an earlier run of ours left, and no others: also where these come after its plan was
 * accepted, by a session of somebody else, and whatever crash lies in between.
 */

interface Loaded {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly args: readonly string[];
}

const loaded = lendToFile(withLoadedTemplate);

/** A target that one run has filled, and the arguments of the next. */
async function withLoaded(use: (loaded: Loaded) => Promise<void>): Promise<void> {
  const { path, template } = loaded();
  await withFolder((folder) =>
    withDatabase((url, client) => use({ folder, url, client, args: migrateArgs(path, url) }), template),
  );
}

async function killAt(text: string, { folder, args }: Loaded, ...more: readonly string[]): Promise<void> {
  const env = planted({ at: 'kill', when: 1, text, where: 'main', counter: join(folder, `counter ${text}`) });
  const { signal, stderr } = await runCommand([...args, ...more], { cwd: folder, env });
  assert.equal(signal, 'SIGKILL', stderr);
}

async function count(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query(`SELECT count(*)::int AS count FROM ${sql}`);
  return rows[0].count;
}

/** What others do, and whether the table then still holds nothing but rows of ours. */
const changes: readonly { readonly sql: string; readonly kept: string; readonly keptCount: number }[] = [
  { sql: `INSERT INTO bare VALUES ('theirs', 1)`, kept: `bare WHERE a = 'theirs'`, keptCount: 1 },
  { sql: `UPDATE owner SET name = 'theirs' WHERE id = 300`, kept: `owner WHERE name = 'theirs'`, keptCount: 1 },
  { sql: `DELETE FROM tag WHERE item = 1`, kept: 'tag', keptCount: 199 },
  { sql: `INSERT INTO empty VALUES (1, NULL)`, kept: 'empty', keptCount: 1 },
];

for (const { sql, kept, keptCount } of changes) {
  test(`a run killed before it emptied its tables does not empty them after ${sql}`, async () => {
    await withLoaded(async (loaded) => {
      const { folder, client, args } = loaded;
      await killAt('CONTINUE IDENTITY', loaded);
      await client.query(sql);
      const { exitCode, json } = await runJson(args, { cwd: folder });
      assert.equal(json.error?.code, 'plan.foreign_rows');
      assert.equal(exitCode, 20);
      assert.match(json.error?.message ?? '', /holds \d+ rows?, which are not the \d+ that|no run of ours loaded/);
      assert.equal(await count(client, kept), keptCount);
      // The hint's way out works.
      const replaced = await runCommand([...args, '--truncate-target'], { cwd: folder });
      assert.equal(replaced.exitCode, 0, replaced.stderr);
    });
  });
}

test('a table that others emptied meanwhile is no reason to stop', async () => {
  await withLoaded(async (loaded) => {
    await killAt('CONTINUE IDENTITY', loaded);
    await loaded.client.query('TRUNCATE bare');
    const { exitCode, stderr } = await runCommand(loaded.args, { cwd: loaded.folder });
    assert.equal(exitCode, 0, stderr);
  });
});

test('a column that no plan fills is looked at too', async () => {
  await withLoaded(async (loaded) => {
    const { client, args, folder } = loaded;
    await client.query(`ALTER TABLE owner ADD COLUMN mood text`);
    const unchanged = await runCommand(args, { cwd: folder });
    assert.equal(unchanged.exitCode, 0, unchanged.stderr);
    await killAt('CONTINUE IDENTITY', loaded);
    await client.query(`UPDATE owner SET mood = 'theirs' WHERE id = 7`);
    const { json } = await runJson(args, { cwd: folder });
    assert.equal(json.error?.code, 'plan.foreign_rows');
    assert.equal(await count(client, `owner WHERE mood = 'theirs'`), 1);
  });
});

test('what --truncate-target allowed the first attempt it does not allow the next without it', async () => {
  await withLoaded(async (loaded) => {
    const { client, args, folder } = loaded;
    await client.query(`INSERT INTO bare VALUES ('theirs', 1)`);
    await killAt('CONTINUE IDENTITY', loaded, '--truncate-target');
    const { json } = await runJson(args, { cwd: folder });
    assert.equal(json.error?.code, 'plan.foreign_rows');
    assert.equal(await count(client, `bare WHERE a = 'theirs'`), 1);
  });
});

/** A session of somebody else with an open transaction, which commits once `ended` is seen to wait for its lock. */
async function commitWhileWaitedFor(
  { url, client }: Loaded,
  sql: string,
  begin: () => Promise<{ json: { readonly error?: { code: string } | undefined } }>,
): Promise<string | undefined> {
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    await other.query('BEGIN');
    await other.query(sql);
    const running = begin();
    const ended = running.then(() => true);
    await until('pgferry waits for the lock of the other session', async () => {
      const waiting = await count(
        client,
        `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting > 0 || (await Promise.race([ended, false]));
    });
    await other.query('COMMIT');
    return (await running).json.error?.code;
  } finally {
    await other.end();
  }
}

test('a row that is committed while a run waits for the lock of its table stays', async () => {
  await withLoaded(async (loaded) => {
    const { client, args, folder } = loaded;
    const code = await commitWhileWaitedFor(loaded, `INSERT INTO bare VALUES ('theirs', 1)`, () =>
      runJson(args, { cwd: folder }),
    );
    assert.equal(code, 'plan.foreign_rows');
    assert.equal(await count(client, `bare WHERE a = 'theirs'`), 1);
  });
});

test('a row that is committed while a run is given up stays', async () => {
  await withLoaded(async (loaded) => {
    const { client, args, folder } = loaded;
    await killAt('setval', loaded);
    const { rows } = await client.query(`SELECT run_id FROM pgferry.run WHERE state <> 'complete'`);
    // The session pretends to be one of the run, for all others are kept out.
    const sql = `SET LOCAL pgferry.run = '${rows[0].run_id}'; INSERT INTO bare VALUES ('theirs', 1)`;
    const code = await commitWhileWaitedFor(loaded, sql, () => runJson([...args, '--fresh'], { cwd: folder }));
    assert.equal(code, 'plan.foreign_rows');
    assert.equal(await count(client, `bare WHERE a = 'theirs'`), 1);
  });
});

test('a run that was killed over a target without rows does not load beside rows that came since', async () => {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows: 400 });
    await withDatabase(async (url, client) => {
      const args = migrateArgs(path, url);
      await killAt('INSERT INTO pgferry.object', { folder, url, client, args });
      await client.query(`INSERT INTO empty VALUES (1, NULL)`);
      const { json } = await runJson(args, { cwd: folder });
      assert.equal(json.error?.code, 'plan.foreign_rows');
      assert.equal(await count(client, 'empty'), 1);
      assert.equal(await count(client, 'owner'), 0);
    });
  });
});

test('a run can be given up after somebody dropped one of its tables', async () => {
  await withLoaded(async (loaded) => {
    const { client, args, folder } = loaded;
    await killAt('setval', loaded);
    await client.query('DROP TABLE owner CASCADE');
    const { json } = await runJson([...args, '--fresh', '--reset-schema', '--yes'], { cwd: folder });
    assert.equal(json.error, undefined);
    assert.equal(await count(client, 'owner'), 300);
  });
});
