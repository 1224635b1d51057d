import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { type ProxiedPair, withProxy } from '../support/proxy.js';
import { assertNoBackends } from '../support/runs.js';

/* The threads that read the target keep their connections from one table to the next. */

const tableCount = 60;
const sql = Array.from(
  { length: tableCount },
  (_, i) => `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, word TEXT); INSERT INTO t${i} VALUES (1, 'a'), (2, 'b');`,
).join('\n');

/** As many as a command opens besides the threads', and some more. */
const connectionsMax = 30;

const isTableRead = (bytes: Buffer) => bytes.includes('COPY (SELECT');

/** Whoever asks for the rows of so many tables on one connection sees a reset at the last. */
function resetAt(count: number) {
  const reads = new Map<ProxiedPair, number>();
  return (pair: ProxiedPair, bytes: Buffer) => {
    if (!isTableRead(bytes)) return true;
    reads.set(pair, (reads.get(pair) ?? 0) + 1);
    if (reads.get(pair) !== count) return true;
    pair.reset();
    return false;
  };
}

test('many tables are compared over a few connections, and a lost one ends the command and leaves nothing', () =>
  withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const plain = `${url}?sslmode=disable`;
      assert.equal((await runCommand(['migrate', 'app.db', plain], { cwd })).exitCode, 0);
      for (const command of ['verify', 'accept', 'shadow']) {
        await withProxy(plain, {}, async (proxy) => {
          const { exitCode, stderr } = await runJson([command, 'app.db', proxy.url], { cwd });
          assert.equal(exitCode, 0, stderr);
          assert.ok(proxy.pairs.length <= connectionsMax, `${command}: ${proxy.pairs.length} connections`);
        });
        await assertNoBackends(client);
      }
      for (const command of ['verify', 'accept']) {
        await withProxy(plain, { onSend: resetAt(3) }, async (proxy) => {
          const lost = await runJson([command, 'app.db', proxy.url], { cwd });
          assert.equal(lost.exitCode, 22, lost.stderr);
          assert.equal(lost.json.error?.code, 'target.connection_lost');
        });
        await assertNoBackends(client);
      }
    }),
  ));
