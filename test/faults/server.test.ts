import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { ledgerVersion } from '../../src/target/ledger/ledger.js';
import { runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertNoBackends,
  assertWhole,
  committedChunks,
  makeFaultSource,
  migrateArgs,
  runState,
  startUntilChunks,
  takePicture,
  undisturbed,
  until,
} from '../support/runs.js';

/*
 * What a living server does to a run: it ends and cancels our statements, locks tables, has too few connections, has
 * settings of its own.
 */

interface Scene {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly source: string;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase((url, client) => use({ folder, url, client, source: makeFaultSource(folder).path })),
  );
}

const slow = ['--max-rows-per-second', '10000'];

for (const act of ['pg_terminate_backend', 'pg_cancel_backend']) {
  test(`chunks whose backends are hit by ${act} are sent again, and the run completes`, async () => {
    await withScene(async ({ folder, url, client, source }) => {
      const args = [...migrateArgs(source, url), ...slow, '--json'];
      const { ended } = await startUntilChunks(args, { client, count: 1, options: { cwd: folder } });
      for (let hit = 0; hit < 3; hit++) {
        await until('a backend in COPY was hit', async () => {
          const { rows } = await client.query(
            `SELECT ${act}(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY %'
               AND state = 'active' AND application_name = 'pgferry copy' LIMIT 1`,
          );
          return rows.length === 1;
        });
      }
      const { stdout, stderr, exitCode, signal } = await ended;
      assert.match(stderr, /chunk \d+ of \w+: .*; try 2/);
      await assertWhole({ exitCode, signal, stdout, stderr, json: JSON.parse(stdout) }, client, await undisturbed());
    });
  });
}

/** Lends a role that owns the schema of the database, as an application's role does. */
async function withRole(
  { url, client }: Scene,
  attributes: string,
  use: (roleUrl: string, role: string) => Promise<void>,
): Promise<void> {
  const role = `r${new URL(url).pathname.slice(2)}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw' ${attributes}`);
  try {
    await client.query(`ALTER SCHEMA public OWNER TO ${role}`);
    await client.query(`GRANT ALL ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`);
    const roleUrl = new URL(url);
    roleUrl.username = role;
    roleUrl.password = 'pw';
    await use(roleUrl.href, role);
  } finally {
    await client.query(`DROP OWNED BY ${role} CASCADE`);
    await client.query(`DROP ROLE ${role}`);
  }
}

test('time limits that the role brings along do not reach our statements', async () => {
  await withScene(async (scene) => {
    const { folder, client, source } = scene;
    const expected = await undisturbed();
    await withRole(scene, '', async (url, role) => {
      // The first statement of a session, which lifts its limit, must be done within it, however busy the machine is.
      const limits = { statement_timeout: '1s', lock_timeout: '1ms', idle_in_transaction_session_timeout: '5ms' };
      for (const [name, value] of Object.entries(limits))
        await client.query(`ALTER ROLE ${role} SET ${name} = '${value}'`);
      await assertWhole(await runJson(migrateArgs(source, url), { cwd: folder }), client, expected);
    });
  });
});

for (const limit of [3, 2]) {
  test(`a role with ${limit} connections gets fewer chunks at once with a warning, and the run completes`, async () => {
    await withScene(async (scene) => {
      const { folder, client, source } = scene;
      const expected = await undisturbed();
      await withRole(scene, `CONNECTION LIMIT ${limit}`, async (url) => {
        const more = ['--workers', '4', '--connections', '4'];
        const ended = await runJson([...migrateArgs(source, url), ...more], { cwd: folder });
        assert.match(ended.stderr, /no connection free/);
        await assertWhole(ended, client, expected);
      });
    });
  });
}

for (const limit of [3, 2]) {
  test(`a role with ${limit} connections proves and indexes on what the copy leaves, and the run completes`, async () => {
    await withScene(async (scene) => {
      const { folder, client, source } = scene;
      const expected = await undisturbed();
      await withRole(scene, `CONNECTION LIMIT ${limit}`, async (url) => {
        const more = ['--workers', '1', '--connections', '6'];
        const ended = await runJson([...migrateArgs(source, url), ...more], { cwd: folder });
        assert.match(ended.stderr, /no connection free: going on with fewer beside the copy/);
        await assertWhole(ended, client, expected);
      });
    });
  });
}

test('a table that somebody holds before the copy is named with its holder, and nothing has been changed', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = [...migrateArgs(source, url), '--stall-timeout', '2'];
    assert.equal((await runJson(args, { cwd: folder })).exitCode, 0);
    const { objects } = await takePicture({ tables: [] } as never, client);
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    await client.query('BEGIN; LOCK TABLE public.item IN ACCESS SHARE MODE');
    const refused = await runJson(args, { cwd: folder });
    assert.equal(refused.exitCode, 22, refused.stderr);
    assert.equal(refused.json.error?.code, 'target.locked');
    assert.match(refused.json.error?.message ?? '', new RegExp(`held by pid ${rows[0].pid} \\(a session of`));
    await client.query('ROLLBACK');
    assert.deepEqual((await takePicture({ tables: [] } as never, client)).objects, objects);
    const again = await runJson(args, { cwd: folder });
    assert.equal(again.exitCode, 0, again.stderr);
  });
});

test('a table that somebody locks during the copy is named with its holder, and the chunk is tried again', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = [...migrateArgs(source, url), ...slow, '--stall-timeout', '2', '--json'];
    const { child, ended } = await startUntilChunks(args, { client, count: 2, options: { cwd: folder } });
    let talk = '';
    child.stderr?.on('data', (text: string) => {
      talk += text;
    });
    await client.query('BEGIN');
    await client.query('LOCK TABLE public.item, public.tag, public.bare IN SHARE MODE');
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    await until('the lock is told', () => talk.includes(`held by pid ${rows[0].pid}`));
    await client.query('ROLLBACK');
    const { exitCode, signal, stdout, stderr } = await ended;
    await assertWhole({ exitCode, signal, stdout, stderr, json: JSON.parse(stdout) }, client, await undisturbed());
  });
});

test('a chunk that is the victim of a deadlock is sent again as a whole', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = [...migrateArgs(source, url), ...slow, '--json'];
    // A session looks for deadlocks once per wait: the chunk so late that our half stands by then, and we later still.
    const { rows: names } = await client.query('SELECT current_database() AS name');
    await client.query(`ALTER DATABASE "${names[0].name}" SET deadlock_timeout = '4s'`);
    await client.query(`SET deadlock_timeout = '5min'`);
    const { ended } = await startUntilChunks(args, { client, count: 2, options: { cwd: folder } });
    await client.query('BEGIN');
    await client.query('LOCK TABLE public.item, public.tag, public.bare IN SHARE MODE');
    const watch = new pg.Client({ connectionString: url });
    await watch.connect();
    try {
      await until('a chunk waits for us', async () => {
        const { rows } = await watch.query(
          `SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE NOT l.granted AND c.relname IN ('item', 'tag', 'bare') AND l.mode = 'RowExclusiveLock'
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return rows.length > 0;
      });
    } finally {
      await watch.end();
    }
    await client.query('UPDATE pgferry.run SET host = host');
    await client.query('COMMIT');
    const { exitCode, signal, stdout, stderr } = await ended;
    assert.match(stderr, /deadlock detected.*; try 2/);
    await assertWhole({ exitCode, signal, stdout, stderr, json: JSON.parse(stdout) }, client, await undisturbed());
  });
});

test('a view that replaces a table during the copy gets no row', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = migrateArgs(source, url);
    const { ended } = await startUntilChunks([...args, ...slow], { client, count: 2, options: { cwd: folder } });
    await client.query(`BEGIN;
      LOCK TABLE public.item, public.tag, public.bare;
      CREATE FUNCTION public.divert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`);
    for (const table of ['item', 'tag', 'bare']) {
      await client.query(`ALTER TABLE public.${table} RENAME TO ${table}_away;
        CREATE VIEW public.${table} AS SELECT * FROM public.${table}_away;
        CREATE TRIGGER divert INSTEAD OF INSERT ON public.${table} FOR EACH ROW EXECUTE FUNCTION public.divert()`);
    }
    await client.query('COMMIT');
    const before = await committedChunks(client);
    const { exitCode, stderr } = await ended;
    assert.equal(exitCode, 22, stderr);
    assert.match(stderr, /was a table when the run was planned, and is none now/);
    assert.deepEqual(await committedChunks(client), before);
    for (const table of ['item', 'tag', 'bare']) {
      await client.query(`DROP VIEW public.${table}; ALTER TABLE public.${table}_away RENAME TO ${table}`);
    }
    await client.query('DROP FUNCTION public.divert()');
    const again = await runJson(args, { cwd: folder });
    await assertWhole(again, client, await undisturbed());
  });
});

test('a read-only server is refused before anything is written', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const database = new URL(url).pathname.slice(1);
    await client.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    const refused = await runJson(migrateArgs(source, url), { cwd: folder });
    assert.ok([20, 22].includes(refused.exitCode ?? 0), refused.stderr);
    assert.match(refused.stderr, /default_transaction_read_only/);
    const { rows } = await client.query(
      `SELECT count(*)::int AS n FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname IN ('public', 'pgferry')`,
    );
    assert.deepEqual(rows, [{ n: 0 }]);
    await assertNoBackends(client);
  });
});

test('a ledger that another version made is refused with both versions named', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = migrateArgs(source, url);
    const { child, ended } = await startUntilChunks([...args, ...slow], { client, count: 2, options: { cwd: folder } });
    child.kill('SIGKILL');
    await ended;
    const before = await committedChunks(client);
    await client.query('UPDATE pgferry.ledger_version SET version = version + 1');
    const refused = await runJson(args, { cwd: folder });
    assert.equal(refused.exitCode, 22, refused.stderr);
    assert.equal(refused.json.error?.code, 'target.ledger_version');
    assert.match(
      refused.json.error?.message ?? '',
      new RegExp(`version ${ledgerVersion + 1}.*version ${ledgerVersion}$`),
    );
    assert.deepEqual(await committedChunks(client), before);
    assert.equal(await runState(client), 'copying');
    await client.query('UPDATE pgferry.ledger_version SET version = $1', [ledgerVersion]);
    assert.equal((await startCommand(args, { cwd: folder }).ended).exitCode, 0);
  });
});
