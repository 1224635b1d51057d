import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, envBefore, makeSmallApp, runFor, statusOf } from '../support/journey.js';
import { checkRefusal, type Refusal } from '../support/refusal.js';

/** The variables of a rollback.env, as the shell understands it. */
function source(path: string): Record<string, string> {
  const text = execFileSync('bash', ['-c', 'source "$1" && env -0', 'bash', path], {
    env: { PG_URL: 'of the operator' },
    encoding: 'utf8',
  });
  const pairs = text.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(
    pairs.filter(([name = '']) => /^[A-Z0-9_]+$/.test(name) && !['_', 'PWD', 'SHLVL', 'PG_URL'].includes(name)),
  );
}

interface Switched {
  readonly app: App;
  readonly client: pg.Client;
  readonly runDir: string;
  readonly variables: Record<string, string>;
}

async function withSwitched(use: (switched: Switched) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const { exitCode, stderr, json } = await runFor(app, 'cutover');
      assert.equal(exitCode, 0, stderr);
      const runDir = json.runDir ?? '';
      await use({ app, client, runDir, variables: source(json.rollbackEnvPath ?? '') });
    }),
  );
}

async function checkRefused({ app }: Switched, env: Record<string, string>, refusal: Refusal): Promise<void> {
  const { POSTGRES_DATABASE_URL = '' } = app.env;
  await checkRefusal(['rollback'], { cwd: app.folder, env: { POSTGRES_DATABASE_URL, ...env } }, refusal);
  assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
  const status = await statusOf(app);
  assert.deepEqual([status?.state, status?.isClosed], ['switched', true]);
}

function idsOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT id FROM child ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
}

test('a snapshot in which one bit was changed, or that is gone, is refused', async () => {
  await withSwitched(async (switched) => {
    const { variables } = switched;
    const path = variables['ROLLBACK_SQLITE_BACKUP'] ?? '';
    const whole = readFileSync(path);
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(5000) ^ 1, 5000);
    chmodSync(path, 0o600);
    writeFileSync(path, changed);
    await checkRefused(switched, variables, {
      code: 'rollback.snapshot_changed',
      says: /has SHA-256 [0-9a-f]{64}, recorded was [0-9a-f]{64}/,
      hint: /do not use this file/,
    });
    await checkRefused(
      switched,
      { ...variables, ROLLBACK_SQLITE_BACKUP: `${path}.gone` },
      {
        code: 'rollback.no_snapshot',
        says: /there is no snapshot/,
        hint: /bring the run folder back from a backup/,
      },
    );
    // From a backup elsewhere it is as good, since its bytes are the same.
    const elsewhere = join(switched.app.folder, 'from tape.db');
    writeFileSync(elsewhere, whole);
    const { exitCode, stderr } = await runFor(switched.app, 'rollback', {
      env: { ...variables, ROLLBACK_SQLITE_BACKUP: elsewhere },
    });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(idsOf(switched.app.source), [1, 2, 3]);
  });
});

test('a rollback.env of another run, or of another database, is refused', async () => {
  await withSwitched(async (switched) => {
    const { variables } = switched;
    const hint = /source .*rollback\.env in a fresh shell/;
    const others: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ ROLLBACK_CUTOVER_ID: 'abcdef012345' }, /it is of cutover abcdef012345, and the youngest of this target is/],
      [{ ROLLBACK_SQLITE_SHA256: 'f'.repeat(64) }, /it names a snapshot with SHA-256 f{64}, recorded was/],
      [{ SQLITE_DB_PATH: '/srv/other.db' }, /it names \/srv\/other\.db, and cutover .* moved/],
    ];
    for (const [other, says] of others)
      await checkRefused(switched, { ...variables, ...other }, { code: 'rollback.other_run', says, hint });
  });
});

test('rollback.env holds no password, is for its owner alone, and gives way to a URL that is set', async () => {
  await withSwitched(async ({ app, runDir }) => {
    const path = join(runDir, 'rollback.env');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const password = new URL(app.url).password;
    assert.ok(password !== '' && !readFileSync(path, 'utf8').includes(password));
    const urlWith = (env: Record<string, string>) =>
      execFileSync('bash', ['-c', 'source "$1"; printf %s "$POSTGRES_DATABASE_URL"', 'bash', path], {
        env,
        encoding: 'utf8',
      });
    assert.match(urlWith({}), /^postgresql:\/\/\w+@.+\?schema=public$/);
    assert.equal(urlWith({ POSTGRES_DATABASE_URL: 'mine' }), 'mine');
    assert.equal(urlWith({ PG_URL: 'mine' }), '');
  });
});

test('what PostgreSQL took since is saved row by row: inserted, changed, deleted, and tables that are new', async () => {
  await withSwitched(async ({ app, client, variables }) => {
    await client.query(`INSERT INTO child VALUES (10, 1, 'back\\slash "quote" ' || chr(10) || chr(8232))`);
    await client.query(`UPDATE parent SET t = 'zwei' WHERE id = 2; DELETE FROM child WHERE id = 3`);
    await client.query('CREATE TABLE public.made_since (x int); INSERT INTO public.made_since VALUES (7)');
    const refused = await runFor(app, 'rollback', { env: { ...variables, ROLLBACK_TARGET_WRITES: 'refuse' } });
    assert.equal(refused.exitCode, 24);
    assert.match(
      refused.json.error?.message ?? '',
      /child \(3 rows then and now, not the same ones\), made_since \(0 rows then, 1 now\), parent \(3 rows then and now/,
    );
    const { exitCode, stderr, json } = await runFor(app, 'rollback', {
      env: variables,
      args: ['--discard-target-writes'],
    });
    assert.equal(exitCode, 0, stderr);
    const path = json.savedWrites[0]?.path ?? '';
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const byTable = (name: string) => lines.filter(({ table }) => table === name).map(({ table, ...rest }) => rest);
    assert.deepEqual(byTable('made_since'), [{ change: 'present', before: null, after: { x: 7 } }]);
    assert.deepEqual(byTable('parent'), [
      { change: 'changed', before: { id: 2, t: 'two' }, after: { id: 2, t: 'zwei' } },
    ]);
    assert.deepEqual(byTable('child'), [
      { change: 'deleted', before: { id: 3, parent: 2, note: null }, after: null },
      { change: 'inserted', before: null, after: { id: 10, parent: 1, note: 'back\\slash "quote" \n\u2028' } },
    ]);
    const { rows } = await client.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'pgferry_before'`);
    assert.deepEqual(rows, []);
  });
});

test('a file with the journal of a crashed writer is not renamed under a process that has it open, and recovered afterwards', async () => {
  await withSwitched(async ({ app, variables }) => {
    const old = new Database(app.source);
    old.prepare('SELECT count(*) FROM child').get();
    writeFileSync(`${app.source}-journal`, 'stale');
    const { exitCode, stderr } = await runFor(app, 'rollback', { env: variables });
    assert.equal(exitCode, 24, stderr);
    assert.match(stderr, /is locked by another process/);
    assert.throws(() => old.prepare('DELETE FROM child').run(), /moved to PostgreSQL by pgferry/);
    old.close();
    const again = await runFor(app, 'rollback', { env: variables });
    assert.equal(again.exitCode, 0, again.stderr);
    assert.deepEqual(idsOf(app.source), [1, 2, 3]);
  });
});

test('a file that was planted where the restored one is made is not followed', async () => {
  await withSwitched(async ({ app, variables }) => {
    const victim = join(app.folder, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, `${app.source}.pgferry-restored`);
    symlinkSync(victim, `${app.envPath}.pgferry`);
    const { exitCode, stderr } = await runFor(app, 'rollback', { env: variables });
    assert.equal(exitCode, 0, stderr);
    assert.equal(readFileSync(victim, 'utf8'), 'untouched');
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    assert.ok(statSync(app.source).isFile() && statSync(app.envPath).isFile());
  });
});

test('where PostgreSQL is lost, rollback.env alone leads back, and nothing else does', async () => {
  await withSwitched(async ({ app, variables }) => {
    const lost = { ...variables, POSTGRES_DATABASE_URL: 'postgresql://app@127.0.0.1:1/app' };
    const refused = await runFor(app, 'rollback', { env: lost });
    assert.equal(refused.exitCode, 24);
    assert.match(refused.json.error?.message ?? '', /nothing was changed: cannot reach postgres/);
    const bare = await runFor(app, 'rollback', { args: ['--without-target'] });
    assert.equal(bare.json.error?.code, 'rollback.not_named');
    const back = await runFor(app, 'rollback', { env: lost, args: ['--without-target'] });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    assert.deepEqual(idsOf(app.source), [1, 2, 3]);
    assert.match((await statusOf(app))?.next ?? '', /it was switched by other hands/);
  });
});

test('release opens the closed database, and a rollback never drops what SQLite took since, unless the operator says so', async () => {
  await withSwitched(async ({ app, variables }) => {
    const released = await runFor(app, 'release');
    assert.deepEqual([released.exitCode, released.json.state], [0, 'released'], released.stderr);
    insertChild(app.source, 50);
    const again = await runFor(app, 'release');
    assert.equal(again.json.error?.code, 'cutover.not_closed');
    for (const args of [[], ['--without-target']]) {
      const refused = await runFor(app, 'rollback', { env: variables, args });
      assert.deepEqual([refused.exitCode, refused.json.error?.code], [24, 'rollback.source_writes'], refused.stderr);
      assert.match(refused.json.error?.message ?? '', /child \(1 row only there, 0 rows gone or changed\)/);
      assert.deepEqual(idsOf(app.source), [1, 2, 3, 50]);
    }
    const back = await runFor(app, 'rollback', { env: variables, args: ['--source-writes', 'discard'] });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.deepEqual(idsOf(app.source), [1, 2, 3]);
    assert.deepEqual(idsOf(back.json.replacedPath ?? ''), [1, 2, 3, 50]);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
  });
});

test('a released database that took nothing is left as it is, and so is one whose writes are kept', async () => {
  for (const isWritten of [false, true]) {
    await withSwitched(async ({ app, variables }) => {
      assert.equal((await runFor(app, 'release')).exitCode, 0);
      if (isWritten) insertChild(app.source, 51);
      const args = isWritten ? ['--source-writes', 'keep'] : [];
      const back = await runFor(app, 'rollback', { env: variables, args });
      assert.equal(back.exitCode, 0, back.stderr);
      assert.deepEqual(idsOf(app.source), isWritten ? [1, 2, 3, 51] : [1, 2, 3]);
      assert.deepEqual([back.json.replacedPath, readFileSync(app.envPath, 'utf8')], [null, envBefore]);
    });
  }
});

test('a rollback that is run again, and one with a stale rollback.env, keep what SQLite took since it was restored', async () => {
  await withSwitched(async ({ app, variables }) => {
    assert.equal((await runFor(app, 'rollback', { env: variables })).exitCode, 0);
    insertChild(app.source, 52);
    const again = await runFor(app, 'rollback', { env: variables });
    assert.equal(again.json.error?.code, 'rollback.nothing');
    const stale = await runFor(app, 'rollback', { env: variables, args: ['--without-target'] });
    assert.equal(stale.json.error?.code, 'rollback.source_writes', stale.stderr);
    assert.deepEqual(idsOf(app.source), [1, 2, 3, 52]);
  });
});

test('what SQLite took is kept beside it each time that it is discarded, and read by nobody who may not read the database', async () => {
  await withSwitched(async ({ app, variables }) => {
    chmodSync(app.source, 0o600);
    const first = await runFor(app, 'rollback', { env: variables });
    assert.equal(first.exitCode, 0, first.stderr);
    const kept = [first.json.replacedPath ?? ''];
    for (const id of [56, 57]) {
      insertChild(app.source, id);
      const args = ['--without-target', '--source-writes', 'discard'];
      const back = await runFor(app, 'rollback', { env: variables, args });
      assert.equal(back.exitCode, 0, back.stderr);
      assert.deepEqual(idsOf(app.source), [1, 2, 3]);
      kept.push(back.json.replacedPath ?? '');
    }
    assert.deepEqual(kept.map(idsOf), [
      [1, 2, 3],
      [1, 2, 3, 56],
      [1, 2, 3, 57],
    ]);
    for (const path of [app.source, ...kept]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  });
});

test('a stale rollback.env never replaces a database that a later cutover has closed', async () => {
  await withSwitched(async ({ app, variables }) => {
    assert.equal((await runFor(app, 'rollback', { env: variables })).exitCode, 0);
    insertChild(app.source, 53);
    const later = await runFor(app, 'cutover');
    assert.equal(later.exitCode, 0, later.stderr);
    for (const args of [['--without-target'], []]) {
      const stale = await runFor(app, 'rollback', { env: variables, args });
      assert.equal(stale.json.error?.code, 'rollback.other_run', stale.stderr);
    }
    assert.deepEqual(idsOf(app.source), [1, 2, 3, 53]);
  });
});

test('processes that keep the database open all the while read and write the restored one, and no file of the old one stands beside it', async () => {
  await withSwitched(async ({ app, variables }) => {
    const before = new Database(app.source);
    assert.throws(
      () => before.prepare('INSERT INTO child VALUES (54, 1, NULL)').run(),
      /moved to PostgreSQL by pgferry/,
    );
    const { ino } = statSync(app.source);
    const back = await runFor(app, 'rollback', { env: variables });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.equal(statSync(app.source).ino, ino);
    before.prepare('INSERT INTO child VALUES (54, 1, NULL)').run();
    const after = new Database(app.source);
    after.prepare('INSERT INTO child VALUES (55, 1, NULL)').run();
    assert.deepEqual(before.prepare('SELECT id FROM child ORDER BY id').pluck().all(), [1, 2, 3, 54, 55]);
    after.close();
    before.close();
    assert.deepEqual(idsOf(app.source), [1, 2, 3, 54, 55]);
    const kept = new Database(back.json.replacedPath ?? '');
    assert.throws(() => kept.prepare('DELETE FROM child').run(), /moved to PostgreSQL by pgferry/);
    kept.close();
  });
});

function insertChild(path: string, id: number): void {
  const db = new Database(path);
  db.prepare('INSERT INTO child VALUES (?, 1, NULL)').run(id);
  db.close();
}

test('after a rollback the application can be cut over again', async () => {
  await withSwitched(async ({ app, client, variables }) => {
    assert.equal((await runFor(app, 'rollback', { env: variables })).exitCode, 0);
    const db = new Database(app.source);
    db.prepare('INSERT INTO child VALUES (60, 1, NULL)').run();
    db.close();
    const again = await runFor(app, 'cutover');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.notEqual(again.json.cutoverId, variables['ROLLBACK_CUTOVER_ID']);
    await client.query('INSERT INTO child VALUES (61, 1, NULL)');
    assert.equal((await client.query('SELECT 1 FROM child')).rowCount, 5);
    const old = await runFor(app, 'rollback', { env: variables });
    assert.equal(old.json.error?.code, 'rollback.other_run');
  });
});

test('a rehearsal predicts the downtime, and leaves application, tables and ledger as they were', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const { exitCode, stderr, json } = await runFor(app, 'cutover', {
        args: ['--dry-run'],
        env: { CUTOVER_CONFIRM: '' },
      });
      assert.equal(exitCode, 0, stderr);
      assert.equal(json.state, 'rehearsed');
      assert.ok((json.downtimeMs ?? 0) > 0);
      assert.match(stderr, /writers would wait about/);
      const { rows } = await client.query(
        `SELECT nspname || coalesce('.' || relname, '') AS name FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
          WHERE nspname IN ('public', 'pgferry_rehearsal')`,
      );
      assert.deepEqual(rows, [{ name: 'public' }]);
      assert.equal(await statusOf(app), null);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      const db = new Database(app.source);
      db.prepare('INSERT INTO child VALUES (4, 1, NULL)').run();
      db.close();
    }),
  );
});

test('a rehearsal of a database that is written to all the while is equal to what it copied', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      const db = new Database(app.source, { timeout: 10_000 });
      let id = 1000;
      const writing = setInterval(() => db.prepare('INSERT INTO child VALUES (?, 1, NULL)').run(id++), 20);
      try {
        const { exitCode, stderr, json } = await runFor(app, 'cutover', { args: ['--dry-run'] });
        assert.deepEqual([exitCode, json.state], [0, 'rehearsed'], stderr);
        assert.doesNotMatch(stderr, /from here on its writers wait/);
        assert.ok(existsSync(join(json.runDir ?? '', 'acceptance', 'manifest.sha256')));
      } finally {
        clearInterval(writing);
        db.close();
      }
      assert.ok(id > 1000);
    }),
  );
});

test('tables of hostile names are closed too, and a planted run folder is not followed', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      const db = new Database(app.source);
      const name = `a"b'; DROP TABLE child; --\n🦑`;
      db.exec(`CREATE TABLE "${name.replaceAll('"', '""')}" (id INTEGER PRIMARY KEY)`);
      db.close();
      mkdirSync(join(folder, 'elsewhere'), { mode: 0o755 });
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'planted'));
      copyFileSync(app.envPath, join(folder, 'elsewhere/x'));
      const planted = await runFor(app, 'cutover', { env: { CUTOVER_RUN_DIR: join(folder, 'planted') } });
      assert.equal(planted.json.error?.code, 'usage.run_folder_used');
      const { exitCode, stderr, json } = await runFor(app, 'cutover');
      assert.equal(exitCode, 0, stderr);
      const closed = new Database(app.source);
      assert.throws(
        () => closed.prepare(`INSERT INTO "${name.replaceAll('"', '""')}" VALUES (1)`).run(),
        /moved to PostgreSQL/,
      );
      closed.close();
      const modes = readdirSync(json.runDir ?? '', { recursive: true, encoding: 'utf8' }).map((file) => {
        return statSync(join(json.runDir ?? '', file)).mode & 0o077;
      });
      assert.deepEqual([...new Set(modes)], [0]);
    }),
  );
});

test('without the phrase a rollback needs no word, and without a target it says what to do', async () => {
  await withSwitched(async ({ app }) => {
    const { json } = await runFor(app, 'rollback', {
      env: { POSTGRES_DATABASE_URL: '', CUTOVER_CONFIRM: confirmation },
    });
    assert.equal(json.error?.code, 'rollback.no_target');
    assert.match(json.error?.hint ?? '', /source the rollback\.env/);
  });
});
