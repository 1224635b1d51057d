import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { type App, runFor, statusOf, writeToSqlite } from '../support/journey.js';
import {
  assertNew,
  assertOld,
  type Config,
  envSwitch,
  envText,
  leftBeside,
  linkSwitch,
  password,
  placeholder,
  read,
  withOwn,
  yamlText,
} from '../support/own-app.js';

/* An application of its own kind: what is switched, what runs at which moment, and what shows that it is there. */

/** Every file of the cutover's folder, with its path. */
function textsOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.db'))
    .map((name) => {
      try {
        return `${name}\n${readFileSync(join(folder, name), 'latin1')}`;
      } catch {
        return name;
      }
    })
    .join('\n');
}

test('switches of every kind are done, and a rollback that is told nothing takes each back byte for byte', async () => {
  await withOwn({}, async (app, client) => {
    const cutover = await runFor(app, 'cutover', { args: app.args });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    assertNew(app);
    assert.equal(read(app, 'command.log'), 'on\n');
    assert.equal((await statusOf(app))?.application, 'postgres');
    const { rows } = await client.query<{ facts: string }>('SELECT facts::text FROM pgferry.cutover');
    const kept = `${rows[0]?.facts}\n${textsOf(cutover.json.runDir ?? '')}\n${cutover.stderr}\n${cutover.stdout}`;
    assert.ok(!kept.includes(password), 'the password is in the file that it was written to, and nowhere else');
    await client.query("INSERT INTO child VALUES (90, 1, 'on postgres')");
    const rollback = await runFor(app, 'rollback');
    assert.equal(rollback.exitCode, 0, rollback.stderr);
    assertOld(app);
    assert.equal(read(app, 'command.log'), 'on\noff\n');
    assert.deepEqual(leftBeside(app), []);
    const db = new Database(app.source, { readonly: true });
    assert.equal(db.prepare('SELECT note FROM child WHERE id = 90').pluck().get(), 'on postgres');
    db.close();
  });
});

test('where the third switch fails the first two are undone, and SQLite takes writes again', async () => {
  const failing = { run: 'echo no luck; exit 3', undo: 'true' };
  await withOwn({ switch: [envSwitch, linkSwitch, failing] }, async (app) => {
    const { exitCode, json } = await runFor(app, 'cutover', { args: app.args });
    assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.undone']);
    assert.match(json.error?.message ?? '', /switch-3 failed \(exit code 3\): no luck/);
    assertOld(app);
    assert.deepEqual(leftBeside(app), []);
    assert.equal(writeToSqlite(app, 77), true);
    assert.equal((await statusOf(app))?.state, 'undone');
  });
});

test('a rollback keeps what was edited in a switched file since', async () => {
  await withOwn({}, async (app) => {
    assert.equal((await runFor(app, 'cutover', { args: app.args })).exitCode, 0);
    writeFileSync(join(app.folder, '.env'), `${read(app, '.env')}NEW=1\n`);
    writeFileSync(join(app.folder, 'config.yml'), `# edited\n${read(app, 'config.yml')}`);
    const rollback = await runFor(app, 'rollback');
    assert.equal(rollback.exitCode, 0, rollback.stderr);
    assert.equal(read(app, '.env'), `${envText}NEW=1\n`);
    assert.equal(read(app, 'config.yml'), `# edited\n${yamlText}`);
  });
});

test('a rollback that leaves the switches to hands keeps what they were', async () => {
  await withOwn({}, async (app) => {
    assert.equal((await runFor(app, 'cutover', { args: app.args })).exitCode, 0);
    const rollback = await runFor(app, 'rollback', { args: ['--switch-env', '0'] });
    assert.equal(rollback.exitCode, 0, rollback.stderr);
    assert.match(rollback.stderr, /was left alone: switch the application to SQLite by hand/);
    assertNew(app);
    const copy = leftBeside(app).find((name) => name.startsWith('.env') && name.endsWith('-before')) ?? '';
    assert.equal(read(app, copy), envText);
  });
});

test('where PostgreSQL is lost, rollback.env leads to what was switched', async () => {
  await withOwn({}, async (app) => {
    const cutover = await runFor(app, 'cutover', { args: app.args });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    const lines = readFileSync(cutover.json.rollbackEnvPath ?? '', 'utf8').matchAll(/^export (\w+)='?([^'\n]*)'?$/gm);
    const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
    const { exitCode, stderr } = await runFor(app, 'rollback', { args: ['--without-target'], env });
    assert.equal(exitCode, 0, stderr);
    assertOld(app);
    assert.equal(read(app, 'command.log'), 'on\noff\n');
  });
});

const refused: readonly { name: string; config: Config; code: string; says: RegExp; spoil?: (app: App) => void }[] = [
  {
    name: 'a key that the env file does not set',
    config: { switch: [{ envFile: '.env', set: { DB_TYPE: 'pg' } }] },
    code: 'cutover.switch_key',
    says: /DB_TYPE is not there/,
  },
  {
    name: 'a path that the YAML file does not have',
    config: { switch: [{ yaml: 'config.yml', set: { 'database.type': 'pg' } }] },
    code: 'cutover.switch_key',
    says: /database\.type is not there/,
  },
  {
    name: 'a password into a file that everybody may read',
    config: { switch: [{ yaml: 'config.yml', set: { 'database.client': placeholder('targetUrlWithPassword') } }] },
    code: 'cutover.switch_mode',
    says: /every user of this machine may read/,
  },
  {
    name: 'what is switched already',
    config: { switch: [{ link: 'current', to: 'old' }] },
    code: 'cutover.switch_done',
    says: /leads to old already/,
  },
  {
    name: 'a link that is none',
    config: { switch: [{ link: 'config.yml', to: 'old' }] },
    code: 'cutover.switch_link',
    says: /no symbolic link/,
  },
  {
    name: 'the same file twice',
    config: { switch: [envSwitch, { envFile: './.env', set: { DB_CLIENT: 'mysql' } }] },
    code: 'cutover.switch_twice',
    says: /twice/,
  },
  {
    name: 'a placeholder that does not exist',
    config: { switch: [{ envFile: '.env', set: { DB_CLIENT: placeholder('target') } }] },
    code: 'cutover.switch_placeholder',
    says: /no placeholder \$\{target\}/,
  },
];

for (const { name, config, code, says } of refused) {
  test(`${name} is refused before anything is closed`, async () => {
    await withOwn(config, async (app) => {
      const { exitCode, json } = await runFor(app, 'cutover', { args: app.args });
      assert.deepEqual([exitCode, json.error?.code], [24, code]);
      assert.match(json.error?.message ?? '', says);
      assertOld(app);
      assert.equal(writeToSqlite(app, 77), true);
      assert.deepEqual(leftBeside(app), []);
    });
  });
}

test('a key may be added to an env file where the operator says so, and rollback takes it out', async () => {
  await withOwn({ switch: [{ envFile: '.env', set: { DB_TYPE: 'pg' }, add: true }] }, async (app) => {
    assert.equal((await runFor(app, 'cutover', { args: app.args })).exitCode, 0);
    assert.equal(read(app, '.env'), `${envText}DB_TYPE=pg\n`);
    writeFileSync(join(app.folder, '.env'), `${read(app, '.env')}LATER=1\n`);
    assert.equal((await runFor(app, 'rollback')).exitCode, 0);
    assert.equal(read(app, '.env'), `${envText}LATER=1\n`);
  });
});

const edges = [
  'before-fence',
  'fenced',
  'before-switch',
  'after-switch',
  'after-health',
  'undone',
  'before-rollback',
  'after-rollback',
];

test('hooks run at each edge, in order, with the run’s facts and without the password', async () => {
  const hooks = Object.fromEntries(
    edges.map((edge) => [
      edge,
      ['echo "$PGFERRY_EDGE $PGFERRY_CUTOVER_ID $PGFERRY_RUN_ID. $PGFERRY_TARGET_URL" >> hooks.log; env'],
    ]),
  );
  await withOwn({ hooks }, async (app) => {
    const cutover = await runFor(app, 'cutover', { args: app.args });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    const seen = () =>
      read(app, 'hooks.log')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
    assert.deepEqual(
      seen().map(([edge]) => edge),
      edges.slice(0, 5),
    );
    assert.ok(seen().every(([, id]) => id === cutover.json.cutoverId));
    assert.deepEqual(
      seen().map(([, , run]) => run === `${cutover.json.runId}.`),
      [false, false, true, true, true],
    );
    // What rollback runs is what the cutover was configured with.
    assert.equal((await runFor(app, 'rollback')).exitCode, 0);
    assert.deepEqual(
      seen().map(([edge]) => edge),
      [...edges.slice(0, 5), 'before-rollback', 'after-rollback'],
    );
    const kept = textsOf(cutover.json.runDir ?? '');
    assert.match(kept, /hooks\/after-switch\.log/);
    assert.ok(!kept.includes(password) && !read(app, 'hooks.log').includes(password));
  });
});

test('a hook gets the password by name alone, and what it prints of it is hidden', async () => {
  const run = 'echo "$PGFERRY_TARGET_URL_WITH_PASSWORD"; echo "$PGFERRY_TARGET_URL_WITH_PASSWORD" > given; exit 1';
  await withOwn({ hooks: { 'before-switch': [{ run, secrets: ['targetUrlWithPassword'] }] } }, async (app) => {
    const { exitCode, json, stderr, stdout } = await runFor(app, 'cutover', { args: app.args });
    assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.undone']);
    assert.ok(read(app, 'given').includes(password));
    const told = `${stderr}${stdout}${textsOf(join(app.folder, '.db-cutover-runs'))}`;
    assert.match(told, /before-switch failed \(exit code 1\)/);
    assert.ok(!told.includes(password));
    assertOld(app);
  });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('a hook that hangs is ended with all that it started, and the cutover is undone', async () => {
  const run = 'sleep 600 & echo $! > child; trap "" TERM; sleep 600';
  await withOwn({ hooks: { fenced: [{ run, within: '1s' }], undone: ['echo undone > undone'] } }, async (app) => {
    const { exitCode, json } = await runFor(app, 'cutover', { args: app.args });
    assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.undone']);
    assert.match(json.error?.message ?? '', /fenced took longer than 1 s/);
    assert.equal(isAlive(Number(read(app, 'child'))), false);
    assert.ok(existsSync(join(app.folder, 'undone')));
    assert.equal(writeToSqlite(app, 77), true);
    assertOld(app);
  });
});

test('what a hook that succeeds leaves running lives on, and holds nothing up', async () => {
  const run = 'sleep 600 & echo $! > child';
  await withOwn({ hooks: { 'after-switch': [run] } }, async (app) => {
    const { exitCode, stderr } = await runFor(app, 'cutover', { args: app.args });
    const child = Number(read(app, 'child'));
    try {
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /after-switch left a process running/);
      assert.ok(isAlive(child));
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });
});

/** An application's status page: what it answers, and what each question does. */
async function withStatusPage(ask: () => Promise<number>, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => {
    void ask().then((status) => {
      response.statusCode = status;
      response.end('it is well');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/status`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('where the application is not well after the switch the cutover goes back, with what PostgreSQL took', async () => {
  let insert: () => Promise<unknown> = async () => undefined;
  await withStatusPage(
    async () => {
      await insert();
      insert = async () => undefined;
      return 500;
    },
    async (url) => {
      await withOwn({ health: [{ url, within: '1s' }] }, async (app, client) => {
        insert = () => client.query("INSERT INTO child VALUES (91, 2, 'meanwhile')");
        const { exitCode, json } = await runFor(app, 'cutover', { args: app.args });
        assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.went_back']);
        assert.match(json.error?.message ?? '', /it answers 500, not 200/);
        assertOld(app);
        const db = new Database(app.source, { readonly: true });
        assert.equal(db.prepare('SELECT note FROM child WHERE id = 91').pluck().get(), 'meanwhile');
        db.close();
        assert.equal((await statusOf(app))?.state, 'rolled_back');
      });
    },
  );
});

test('with --on-unhealthy stay it stays, says so, and the same command checks once more', async () => {
  let status = 503;
  await withStatusPage(
    async () => status,
    async (url) => {
      await withOwn({ health: [{ url, contains: 'well', within: '1s' }] }, async (app) => {
        const args = [...app.args, '--on-unhealthy', 'stay'];
        const first = await runFor(app, 'cutover', { args });
        assert.deepEqual([first.exitCode, first.json.error?.code], [25, 'stuck.unhealthy']);
        assertNew(app);
        assert.match((await statusOf(app))?.next ?? '', /health checks after the switch are left/);
        status = 200;
        const again = await runFor(app, 'cutover', { args });
        assert.deepEqual([again.exitCode, again.json.state], [0, 'switched'], again.stderr);
        assert.match(again.stderr, /the application answers as "health" says/);
        assert.equal((await runFor(app, 'cutover', { args })).json.error?.code, 'cutover.already_switched');
      });
    },
  );
});

test('a session in PostgreSQL and a SQLite file that nobody has open show the application too', async () => {
  await withOwn({ health: [{ session: 'shop' }, { sqlite: 'closed', within: '1s' }] }, async (app, client) => {
    await client.query("SET application_name = 'shop'");
    const file = openSync(app.source, 'r');
    const left = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', file] });
    closeSync(file);
    try {
      const stay = { args: [...app.args, '--on-unhealthy', 'stay'] };
      const { json } = await runFor(app, 'cutover', stay);
      assert.equal(json.error?.code, 'stuck.unhealthy');
      assert.match(
        json.error?.message ?? '',
        new RegExp(`app\\.db: still open in process ${left.pid} \\(sleep\\), for 1 s`),
      );
      left.kill();
      await once(left, 'exit');
      const again = await runFor(app, 'cutover', stay);
      assert.equal(again.exitCode, 0, again.stderr);
      assert.match(again.stderr, /the application answers as "health" says \(2 checks\)/);
    } finally {
      left.kill();
    }
  });
});

test('that nothing shows the application is said', async () => {
  await withOwn({}, async (app, client) => {
    await client.query("SET application_name = 'psql'");
    const { exitCode, stderr } = await runFor(app, 'cutover', { args: app.args });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /nothing shows yet that the application is on PostgreSQL/);
  });
  await withOwn({}, async (app, client) => {
    await client.query("SET application_name = 'shop'");
    const { stderr } = await runFor(app, 'cutover', { args: app.args });
    assert.match(stderr, /a session of shop .* is connected to PostgreSQL/);
  });
});

/** A live cutover follows the same edges, and goes back from the moment before its last proof. */
const live = { CUTOVER_LIVE: '1', CUTOVER_DOWNTIME_MAX: '600s' };

test('a live cutover switches, hooks and checks alike', async () => {
  const hooks = Object.fromEntries(edges.map((edge) => [edge, ['echo "$PGFERRY_EDGE" >> hooks.log']]));
  await withOwn({ hooks }, async (app) => {
    const cutover = await runFor(app, 'cutover', { args: app.args, env: live });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    assertNew(app);
    assert.deepEqual(read(app, 'hooks.log').trim().split('\n'), edges.slice(0, 5));
    assert.equal((await runFor(app, 'rollback')).exitCode, 0);
    assertOld(app);
    assert.deepEqual(read(app, 'hooks.log').trim().split('\n').slice(5), ['before-rollback', 'after-rollback']);
  });
});

test('a live cutover whose hook after the switch fails goes back with what PostgreSQL took', async () => {
  let insert: () => Promise<unknown> = async () => undefined;
  const answer = async () => {
    await insert();
    insert = async () => undefined;
    return 500;
  };
  await withStatusPage(answer, async (url) => {
    await withOwn({ health: [{ url, within: '1s' }] }, async (app, client) => {
      insert = () => client.query("INSERT INTO child VALUES (92, 2, 'meanwhile')");
      const { exitCode, json, stderr } = await runFor(app, 'cutover', { args: app.args, env: live });
      assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.went_back'], stderr);
      assertOld(app);
      const db = new Database(app.source, { readonly: true });
      assert.equal(db.prepare('SELECT note FROM child WHERE id = 92').pluck().get(), 'meanwhile');
      db.close();
    });
  });
});

test('a live cutover whose third switch fails is undone', async () => {
  const failing = { run: 'exit 3', undo: 'true' };
  await withOwn({ switch: [envSwitch, linkSwitch, failing] }, async (app) => {
    const { exitCode, json } = await runFor(app, 'cutover', { args: app.args, env: live });
    assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.undone']);
    assertOld(app);
    assert.deepEqual(leftBeside(app), []);
    assert.equal(writeToSqlite(app, 77), true);
  });
});
