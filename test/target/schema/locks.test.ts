import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { detach } from '../../../src/target/constraints/constraints.js';
import { readDetachable } from '../../../src/target/constraints/detachable.js';
import { openLedger } from '../../../src/target/ledger/ledger.js';
import { beginRun } from '../../../src/target/ledger/run.js';
import { readTargetCatalog } from '../../../src/target/schema/catalog.js';
import { closeToOthers } from '../../../src/target/schema/closed-tables.js';
import { lockForRun } from '../../../src/target/schema/table-locks.js';
import { emptyTables } from '../../../src/target/schema/truncate.js';
import { withDatabase } from '../../support/database.js';

const count = 40;

test('the locks that detaching, emptying and closing a schema takes are foreseen, and not by far too many', () =>
  withDatabase(async (url, admin) => {
    const names = Array.from({ length: count }, (_, i) => `t${i}`);
    for (const [i, name] of names.entries())
      await admin.query(
        `CREATE TABLE ${name} (id bigint PRIMARY KEY, parent bigint REFERENCES t${Math.max(0, i - 1)}, body text, code text UNIQUE);
         CREATE INDEX ON ${name} (body); INSERT INTO ${name} (id) VALUES (1)`,
      );
    await admin.query(`CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);
      CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
      CREATE TABLE part2 PARTITION OF parts FOR VALUES FROM (10) TO (20)`);
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'pgferry test' }, async (client) => {
      await openLedger(client);
      const hashes = { planHash: 'h', snapshotSha256: 's', snapshotPath: '/s', sourcePath: '/x', plan: '{}' };
      const who = { toolVersion: '1', host: 'h', pid: 1, snapshotTakenAt: '2026-01-01T00:00:00.000Z' };
      await beginRun(client, { ...hashes, ...who, runId: 'r', schema: 'public' });
      const { locksNeeded, lockCapacity } = await readTargetCatalog(client, 'public');
      const tables = [...names, 'parts', 'part1', 'part2'];
      const { objects } = await readDetachable(client, 'public', tables);
      const taken = await withTransaction(client, async () => {
        await lockForRun(client, { schema: 'public', tables, mode: 'SHARE ROW EXCLUSIVE' });
        await detach(client, 'r', objects);
        await emptyTables(
          client,
          tables.map((name) => ({ schema: 'public', name })),
        );
        await closeToOthers(client, { runId: 'r', schema: 'public', tables, message: 'closed' });
        const [row] = await client.query<{ count: number }>(
          `SELECT count(DISTINCT (locktype, relation, classid, objid, objsubid))::int AS count FROM pg_locks
            WHERE pid = pg_backend_pid() AND (relation IS NULL OR relation > 16000)`,
        );
        return row?.count ?? 0;
      });
      assert.ok(lockCapacity >= 64 * 100, `${lockCapacity}`);
      assert.ok(taken <= locksNeeded + 30, `${taken} locks taken, ${locksNeeded} foreseen`);
      assert.ok(locksNeeded <= taken * 1.5, `${taken} locks taken, ${locksNeeded} foreseen`);
    });
  }));

test('partitions and heirs in other schemas count for the locks that a schema takes', () =>
  withDatabase(async (url, admin) => {
    await admin.query(`CREATE SCHEMA elsewhere; CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY RANGE (id)`);
    const { address } = parseTargetUrl(url);
    const locksNeeded = () =>
      withTarget(
        address,
        { applicationName: 'pgferry test' },
        async (client) => (await readTargetCatalog(client, 'public')).locksNeeded,
      );
    const before = await locksNeeded();
    for (let i = 0; i < count; i++)
      await admin.query(`CREATE TABLE elsewhere.part${i} PARTITION OF parts FOR VALUES FROM (${i}) TO (${i + 1})`);
    // Each with its index and its constraint.
    assert.equal(await locksNeeded(), before + 3 * count);
  }));
