import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { openLedger } from '../../../src/target/ledger/ledger.js';
import { beginRun } from '../../../src/target/ledger/run.js';
import {
  closeToOthers,
  countClosed,
  joinRun,
  openToOthers,
  readMark,
  readMarks,
} from '../../../src/target/schema/closed-tables.js';
import { withDatabase } from '../../support/database.js';

const newRun = {
  runId: 'r1',
  schema: 'public',
  planHash: 'h',
  snapshotPath: '/s',
  snapshotSha256: 's',
  snapshotTakenAt: '2026-01-01T00:00:00.000Z',
  sourcePath: '/x',
  toolVersion: '1',
  host: 'h',
  pid: 1,
  plan: '{}',
};

/** Tables that run r1 has closed, a session of the run, and a session of somebody else. */
async function withClosed(
  sql: string,
  tables: readonly string[],
  use: (client: TargetClient, other: pg.Client) => Promise<void>,
): Promise<void> {
  await withDatabase(async (url, other) => {
    await other.query(sql);
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'pgferry test' }, async (client) => {
      await openLedger(client);
      await beginRun(client, newRun);
      await withTransaction(client, () =>
        closeToOthers(client, { runId: 'r1', schema: 'public', tables, message: 'closed' }),
      );
      await joinRun(client, 'r1');
      await use(client, other);
    });
  });
}

const partitions = `CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);
  CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
  CREATE TABLE "hi gh" PARTITION OF parts FOR VALUES FROM (10) TO (20)`;

test('a partitioned table is closed with its partitions, and opened with them', () =>
  withClosed(partitions, ['parts'], async (client, other) => {
    for (const sql of [
      'INSERT INTO parts VALUES (1)',
      'INSERT INTO "hi gh" VALUES (11)',
      'TRUNCATE low',
      'DELETE FROM parts',
    ])
      await assert.rejects(other.query(sql), { code: '55006', message: 'closed' });
    assert.equal(await countClosed(client, 'r1'), 3);
    await client.query('INSERT INTO public.parts VALUES (1), (11)');
    await openToOthers(client, 'r1');
    await other.query('INSERT INTO "hi gh" VALUES (12)');
    assert.equal(await countClosed(client, 'r1'), 0);
  }));

test('a partition that is attached later, and a table that was renamed, change or lose the mark', () =>
  withClosed(partitions, ['parts'], async (client, other) => {
    const mark = () => readMark(client, { runId: 'r1', schema: 'public', table: 'parts' });
    const first = await mark();
    assert.notEqual(first, null);
    await client.query('INSERT INTO public.parts VALUES (1)');
    assert.equal(await mark(), first, 'rows do not change a mark');
    await other.query(
      'CREATE TABLE more (id bigint); ALTER TABLE parts ATTACH PARTITION more FOR VALUES FROM (20) TO (30)',
    );
    assert.equal(await mark(), null, 'the new partition is open');
    await other.query('ALTER TABLE parts RENAME TO theirs');
    assert.equal(await mark(), null);
    await openToOthers(client, 'r1');
    await other.query('INSERT INTO theirs VALUES (1)');
  }));

test('a label of an enum that got another name, within an array of a domain too, changes the mark', () =>
  withClosed(
    `CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN felt AS mood; CREATE TYPE pair AS (a int, b felt[]);
     CREATE TABLE t (id int, v felt[]); CREATE TABLE u (v pair); CREATE TABLE other (v text)`,
    ['t', 'u', 'other'],
    async (client, other) => {
      const tables = ['t', 'u', 'other'];
      const marks = async () => {
        const found = await readMarks(client, { runId: 'r1', schema: 'public', tables });
        return tables.map((table) => found.get(table));
      };
      const [t, u, text] = await marks();
      await other.query(`ALTER TYPE mood RENAME VALUE 'low' TO 'down'`);
      const [tNow, uNow, textNow] = await marks();
      assert.ok(t !== undefined && u !== undefined && text !== undefined);
      assert.deepEqual([t === tNow, u === uNow, text === textNow], [false, false, true]);
    },
  ));

test('closing twice is closing once, another run is another, and frozen COPY goes through', () =>
  withClosed('CREATE TABLE t (id bigint)', ['t'], async (client, other) => {
    const mark = () => readMark(client, { runId: 'r1', schema: 'public', table: 't' });
    const first = await mark();
    await closeToOthers(client, { runId: 'r1', schema: 'public', tables: ['t'], message: 'closed' });
    assert.equal(await mark(), first);
    assert.equal(await readMark(client, { runId: 'r2', schema: 'public', table: 't' }), null);
    await withTransaction(client, async () => {
      await client.run('TRUNCATE public.t');
      await client.run(`COPY public.t FROM PROGRAM 'echo 1' WITH (FREEZE)`);
    });
    assert.notEqual(await mark(), first, 'TRUNCATE gives the table another file');
    await openToOthers(client, 'r2');
    await assert.rejects(other.query('INSERT INTO t VALUES (1)'), { code: '55006' });
  }));
