import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type ProxiedPair, type TcpProxy, type ProxyRules, withProxy } from '../support/proxy.js';
import {
  assertNoBackends,
  assertWhole,
  makeFaultSource,
  migrateArgs,
  runState,
  undisturbed,
  until,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/* What the network does to a run: a TCP proxy in front of the server cuts, closes and freezes connections. */

const rows = 4000;

interface Scene {
  readonly folder: string;
  readonly client: pg.Client;
  readonly source: string;
  readonly url: string;
  readonly proxy: TcpProxy;
}

async function withScene(rules: ProxyRules, use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase((url, client) => {
      const { path: source } = makeFaultSource(folder, { rows });
      return withProxy(url, rules, (proxy) => use({ folder, client, source, url, proxy }));
    }),
  );
}

/** Tells whose connection it is by the name in its first message. */
function createNamer(): (pair: ProxiedPair, bytes: Buffer) => string {
  const names = new Map<number, string>();
  return (pair, bytes) => {
    const found = /application_name\0(pgferry \w+)/.exec(bytes.toString('latin1'))?.[1];
    if (found !== undefined) names.set(pair.number, found);
    return names.get(pair.number) ?? '';
  };
}

/** Does something once, when `isTime` first says so of a message from pgferry; the message itself is passed on or not. */
function once(
  isTime: (name: string, pair: ProxiedPair, bytes: Buffer) => boolean,
  act: (pair: ProxiedPair) => boolean,
): ProxyRules & { readonly wasDone: () => boolean } {
  const nameOf = createNamer();
  let isDone = false;
  return {
    wasDone: () => isDone,
    onSend: (pair, bytes) => {
      const name = nameOf(pair, bytes);
      if (isDone || !isTime(name, pair, bytes)) return true;
      isDone = true;
      return act(pair);
    },
  };
}

const reset = (pair: ProxiedPair) => {
  pair.reset();
  return false;
};
const freeze = (pair: ProxiedPair) => {
  pair.freeze();
  return false;
};
/** Passes the message on, and nothing that comes after it in either direction. */
const freezeAfter = (pair: ProxiedPair) => {
  setImmediate(() => pair.freeze());
  return true;
};
const halfClose = (pair: ProxiedPair) => {
  pair.client.end();
  return true;
};

/** The states of the protocol by what pgferry has sent on a connection, in bytes. */
for (const bytes of isFull ? [1, 90, 200, 800, 1500, 2500, 4000, 9000, 30_000, 60_000, 90_000] : [800, 2500, 30_000]) {
  test(`a copy connection that is reset after ${bytes} bytes is made anew, and its chunk sent again`, async () => {
    const rules = once((name, pair) => name === 'pgferry copy' && pair.sent >= bytes, reset);
    await withScene(rules, async ({ folder, client, source, proxy }) => {
      const ended = await runJson(migrateArgs(source, proxy.url), { cwd: folder });
      assert.ok(rules.wasDone());
      await assertWhole(ended, client, await undisturbed(rows));
    });
  });

  test(`a coordinator whose connection is reset after ${bytes} bytes ends the run, which goes on later`, async () => {
    const rules = once((name, pair) => name === 'pgferry coordinator' && pair.sent >= bytes, reset);
    await withScene(rules, async ({ folder, client, source, url, proxy }) => {
      const lost = await runJson(migrateArgs(source, proxy.url), { cwd: folder });
      assert.equal(lost.exitCode, 22, lost.stderr);
      assert.match(lost.json.error?.code ?? '', /^target\.(connection_lost|unreachable)$/);
      await assertNoBackends(client);
      await assertWhole(await runJson(migrateArgs(source, url), { cwd: folder }), client, await undisturbed(rows));
    });
  });
}

const inCopy = (name: string, _: ProxiedPair, bytes: Buffer) => name === 'pgferry copy' && bytes.includes('COPY "');
const inRows = (name: string, pair: ProxiedPair) => name === 'pgferry copy' && pair.sent > 30_000;
const inCommit = (name: string, _: ProxiedPair, bytes: Buffer) => name === 'pgferry copy' && bytes.includes('COMMIT');

for (const { what, isTime, act } of [
  { what: 'half closed in the middle of COPY', isTime: inRows, act: halfClose },
  { what: 'frozen before the server hears of COPY', isTime: inCopy, act: freeze },
  { what: 'frozen right after the server has heard of COPY', isTime: inCopy, act: freezeAfter },
  { what: 'frozen among the rows', isTime: inRows, act: freeze },
  { what: 'frozen before the server hears of COMMIT', isTime: inCommit, act: freeze },
  { what: 'frozen while the server commits', isTime: inCommit, act: freezeAfter },
  { what: 'reset while the server commits', isTime: inCommit, act: (pair: ProxiedPair) => resetLater(pair) },
]) {
  test(`a copy connection that is ${what} is noticed in time, and no row is doubled`, {
    timeout: 300_000,
  }, async () => {
    const rules = once(isTime, act);
    await withScene(rules, async ({ folder, client, source, proxy }) => {
      const args = [...migrateArgs(source, proxy.url), '--stall-timeout', '1'];
      const ended = await runJson(args, { cwd: folder });
      assert.ok(rules.wasDone());
      assert.match(ended.stderr, /; try 2/);
      await assertWhole(ended, client, await undisturbed(rows));
    });
  });
}

/** The server has the COMMIT; its answer is lost. */
function resetLater(pair: ProxiedPair): boolean {
  pair.server.once('data', () => pair.reset());
  pair.server.removeAllListeners('data');
  pair.server.on('data', () => pair.reset());
  return true;
}

test('a line that trickles is slow and not lost: nothing is sent twice, and the progress is reported', async () => {
  const nameOf = createNamer();
  const slow = new Set<number>();
  const rules: ProxyRules = {
    onSend: (pair, bytes) => {
      if (nameOf(pair, bytes) === 'pgferry copy') slow.add(pair.number);
      return true;
    },
    paceOf: ({ number }) => (slow.has(number) ? 25_000 : null),
  };
  await withScene(rules, async ({ folder, client, source, proxy }) => {
    const args = [...migrateArgs(source, proxy.url), '--stall-timeout', '10'];
    const ended = await runJson(args, { cwd: folder });
    assert.doesNotMatch(ended.stderr, /try 2/);
    assert.match(ended.stderr, /of 7 300 rows .* rows\/s/);
    await assertWhole(ended, client, await undisturbed(rows));
  });
});

for (const { what, isTime } of [
  { what: 'before the copy', isTime: (_: string, bytes: Buffer) => bytes.includes('DROP CONSTRAINT') },
  { what: 'after the copy', isTime: (_: string, bytes: Buffer) => bytes.includes('setval') },
]) {
  test(`a coordinator that is cut off ${what} ends by itself, and the run goes on later`, {
    timeout: 300_000,
  }, async () => {
    const rules = once((name, _, bytes) => name === 'pgferry coordinator' && isTime(name, bytes), freeze);
    await withScene(rules, async ({ folder, client, source, url, proxy }) => {
      const cut = await runJson([...migrateArgs(source, proxy.url), '--stall-timeout', '1'], { cwd: folder });
      assert.ok(rules.wasDone());
      assert.equal(cut.exitCode, 22, cut.stderr);
      assert.match(cut.json.error?.message ?? '', /has not said a word for 1 s/);
      for (const pair of proxy.pairs) pair.reset();
      await until('the lock is free', async () => (await sessions(client)) === 0);
      await assertWhole(await runJson(migrateArgs(source, url), { cwd: folder }), client, await undisturbed(rows));
    });
  });
}

async function sessions(client: pg.Client): Promise<number> {
  const { rows: found } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgferry%'`,
  );
  return found.length;
}

test('an index build whose connection is frozen is made anew on another', { timeout: 300_000 }, async () => {
  const isBuild = (name: string, _: ProxiedPair, bytes: Buffer) =>
    name === 'pgferry finish' && bytes.includes('CREATE INDEX');
  const rules = once(isBuild, freezeAfter);
  await withScene(rules, async ({ folder, client, source, proxy }) => {
    const ended = await runJson([...migrateArgs(source, proxy.url), '--stall-timeout', '1'], { cwd: folder });
    assert.ok(rules.wasDone());
    await assertWhole(ended, client, await undisturbed(rows));
  });
});

test('a server that cannot be reached, found or entered is named, and nothing is printed that is secret', async () => {
  await withScene({}, async ({ folder, client, source, url }) => {
    const cases = [
      {
        change: (to: URL) => {
          to.port = '1';
        },
        code: 'target.unreachable',
        word: /127\.0\.0\.1:1\b/,
      },
      {
        change: (to: URL) => {
          to.hostname = 'no-such-host.invalid';
        },
        code: 'target.unreachable',
        word: /no-such-host/,
      },
      {
        change: (to: URL) => {
          to.pathname = '/no_such_database';
        },
        code: 'target.no_database',
        word: /no_such_database/,
      },
    ];
    for (const { change, code, word } of cases) {
      const to = new URL(url);
      // The server asks for the right password before it looks for the database.
      if (code === 'target.unreachable') to.password = 'canary';
      change(to);
      const refused = await runJson(migrateArgs(source, to.href), { cwd: folder });
      assert.equal(refused.exitCode, 22, refused.stderr);
      assert.equal(refused.json.error?.code, code);
      assert.match(refused.stderr, word);
      const secret = decodeURIComponent(to.password);
      assert.ok(secret === '' || !`${refused.stdout}${refused.stderr}`.includes(secret));
    }
    assert.equal(await runState(client), null);
  });
});

test('no command waits for ever for a server that has fallen silent', { timeout: 300_000 }, async () => {
  await withScene({}, async ({ folder, client, source, url }) => {
    const make = ['init', '--from-source', '--source', source, '--target', url];
    assert.equal((await runJson(make, { cwd: folder })).exitCode, 0);
    for (const [command, words] of [
      ['status', 'pg_class'],
      ['plan', 'pg_class'],
      ['init', 'pg_class'],
      ['verify', 'COPY (SELECT'],
    ] as const) {
      const rules = once((_name, _pair, bytes) => bytes.includes(words), freezeAfter);
      await withProxy(url, rules, async (proxy) => {
        const scene = command === 'status' ? [] : ['--source', source];
        const args = [command, ...scene, '--target', proxy.url, '--stall-timeout', '1'];
        const ended = await runJson(args, { cwd: folder });
        assert.ok(rules.wasDone(), command);
        assert.equal(ended.exitCode, 22, ended.stderr);
        assert.match(ended.json.error?.message ?? '', /has not said a word for 1 s/);
      });
      await assertNoBackends(client);
    }
  });
});
