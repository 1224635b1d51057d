import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChunkResult } from '../../../src/model/copy.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { listChunks, readChunk, withChunk, withChunks } from '../../../src/target/ledger/chunk.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { hasLedger, ledgerVersion, openLedger } from '../../../src/target/ledger/ledger.js';
import { findLoaded, recordLoaded } from '../../../src/target/fingerprint/loaded.js';
import {
  abandonRun,
  beginRun,
  findUnfinishedRun,
  finishRun,
  latestRun,
  type NewRun,
  forgetChecked,
  readPlanParts,
  resumeRun,
  startFinishing,
} from '../../../src/target/ledger/run.js';
import { withDatabase } from '../../support/database.js';

const newRun: NewRun = {
  runId: 'r1',
  schema: 'public',
  planHash: 'aa11',
  snapshotPath: '/runs/r1/sqlite-precutover.db',
  snapshotSha256: 'cd',
  snapshotTakenAt: '2026-01-02T03:04:05.678Z',
  sourcePath: '/app/dev.db',
  toolVersion: '0.1.0',
  host: 'here',
  pid: 42,
  plan: '{"b":1,"a":"\\u0000"}',
};
const attempt = { runId: 'r1', planHash: 'aa11', toolVersion: '0.2.0', host: 'there', pid: 43 };
const chunk: ChunkResult = {
  table: 'Snap',
  index: 3,
  rows: 7,
  bytes: 9_007_199_254_740_991,
  keyset: 'ffffffffffffffff',
  receipt: '0123',
  columns: [{ column: 'id', nulls: 0, empties: 1, fingerprint: '00000000000000ff' }],
  converted: [],
  quarantined: 0,
  durationMs: 12,
};
const chunkRef = { runId: 'r1', token: '1', table: 'Snap', index: 3 };

async function withLedger(use: (client: TargetClient, other: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url) => {
    const { address } = parseTargetUrl(url);
    const options = { applicationName: 'test' };
    await withTarget(address, options, (client) =>
      withTarget(address, options, async (other) => {
        await openLedger(client);
        await use(client, other);
      }),
    );
  });
}

test('the youngest run is the one that began last, though the clock of the server was set back meanwhile', () =>
  withLedger(async (client) => {
    await beginRun(client, newRun);
    await client.query(`UPDATE pgferry.run SET state = 'complete', started_at = started_at + interval '1 day'`);
    await beginRun(client, { ...newRun, runId: 'a second one' });
    assert.equal((await latestRun(client, 'public'))?.runId, 'a second one');
  }));

test('opening the ledger twice, or on several connections at once, makes it once', async () => {
  await withDatabase(async (url) => {
    const { address } = parseTargetUrl(url);
    const open = () => withTarget(address, { applicationName: 'test' }, openLedger);
    await withTarget(address, { applicationName: 'test' }, async (client) => {
      assert.equal(await hasLedger(client), false);
      await Promise.all([open(), open(), open()]);
      await open();
      assert.equal(await hasLedger(client), true);
    });
  });
});

test('a ledger of another version is refused with both versions named', async () => {
  await withLedger(async (client) => {
    await client.query('UPDATE pgferry.ledger_version SET version = 99');
    await assert.rejects(openLedger(client), {
      code: 'target.ledger_version',
      message: new RegExp(`version 99.*version ${ledgerVersion}$`),
    });
  });
});

test('a schema pgferry that is not ours is refused and left alone', async () => {
  await withDatabase(async (url, admin) => {
    await admin.query('CREATE SCHEMA pgferry CREATE TABLE run (x int)');
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'test' }, async (client) => {
      await assert.rejects(openLedger(client), { code: 'target.ledger_foreign' });
      assert.equal(
        (await client.query(`SELECT 1 FROM pg_class WHERE relnamespace = 'pgferry'::regnamespace`)).length,
        1,
      );
    });
  });
});

test('what stands beside a plan is read by itself, and what was found sound is forgotten by the attempt alone that runs', async () => {
  await withLedger(async (client) => {
    const parts = { settings: '{"zone":"\\u0000"}', checked: '{"sqlite":"3"}', census: '[]' };
    const run = await beginRun(client, { ...newRun, parts });
    const read = () => readPlanParts(client, 'r1', ['settings', 'objects', 'checked', 'census']);
    assert.deepEqual(await read(), { ...parts, objects: null });
    await forgetChecked(client, { ...run, token: '2' });
    assert.deepEqual(await read(), { ...parts, objects: null });
    await forgetChecked(client, run);
    assert.deepEqual(await read(), { settings: parts.settings, objects: null, checked: null, census: null });
    assert.deepEqual(await readPlanParts(client, 'r1', ['plan']), { plan: newRun.plan });
  });
});

test('a run begins, is found, finishes and is then no longer unfinished', async () => {
  await withLedger(async (client) => {
    assert.equal(await findUnfinishedRun(client, 'public'), null);
    const run = await beginRun(client, newRun);
    assert.deepEqual([run.state, run.token, run.snapshotTakenAt], ['copying', '1', newRun.snapshotTakenAt]);
    assert.match(run.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(await readPlanParts(client, 'r1', ['plan', 'settings']), { plan: newRun.plan, settings: null });
    await assert.rejects(beginRun(client, { ...newRun, runId: 'r2' }), {
      code: 'target.run_unfinished',
      message: /r1/,
    });
    await beginRun(client, { ...newRun, runId: 'r3', schema: 'other' });
    await startFinishing(client, run);
    await finishRun(client, run, 'complete');
    assert.equal(await findUnfinishedRun(client, 'public'), null);
    const last = await latestRun(client, 'public');
    assert.deepEqual([last?.runId, last?.state, last?.finishedAt !== null], ['r1', 'complete', true]);
    await assert.rejects(finishRun(client, run, 'failed'), { code: 'target.run_superseded' });
  });
});

test('a resumed run has a new token, and the old one can write nothing', async () => {
  await withLedger(async (client, other) => {
    const run = await beginRun(client, newRun);
    await finishRun(client, run, 'failed');
    const again = await resumeRun(other, attempt);
    assert.deepEqual([again.token, again.state, again.host, again.finishedAt], ['2', 'copying', 'there', null]);
    const old = withChunk(client, chunkRef, () => assert.fail('an old token copies'));
    await assert.rejects(old, { code: 'target.run_superseded' });
    await assert.rejects(startFinishing(client, run), { code: 'target.run_superseded' });
    await assert.rejects(finishRun(client, run, 'complete'), { code: 'target.run_superseded' });
    assert.deepEqual(await withChunk(client, { ...chunkRef, token: '2' }, async () => chunk), chunk);
  });
});

test('a run does not go on with another plan, and its token stays', async () => {
  await withLedger(async (client) => {
    await beginRun(client, newRun);
    await assert.rejects(resumeRun(client, { ...attempt, planHash: 'bb22' }), { code: 'plan.changed' });
    assert.equal((await findUnfinishedRun(client, 'public'))?.token, '1');
  });
});

test('resuming ends a zombie that holds a chunk open, and its rows never arrive', async () => {
  await withLedger(async (client, zombie) => {
    await beginRun(client, newRun);
    await client.query('CREATE TABLE public.t (id int)');
    const copy = withChunk(zombie, chunkRef, async () => {
      await zombie.query('INSERT INTO public.t VALUES (1)');
      await resumeRun(client, attempt);
      return chunk;
    });
    await assert.rejects(copy, { code: 'target.connection_lost' });
    assert.deepEqual(await client.query('SELECT * FROM public.t'), []);
    assert.deepEqual(await listChunks(client, 'r1'), []);
  });
});

test('an abandoned run is over for its coordinator and its workers', async () => {
  await withLedger(async (client) => {
    const run = await beginRun(client, newRun);
    await abandonRun(client, 'r1');
    await assert.rejects(
      withChunk(client, chunkRef, async () => chunk),
      { code: 'target.run_superseded' },
    );
    await assert.rejects(finishRun(client, run, 'complete'), { code: 'target.run_superseded' });
    await assert.rejects(resumeRun(client, attempt), { code: 'target.run_superseded' });
    assert.equal((await latestRun(client, 'public'))?.state, 'abandoned');
  });
});

test('a chunk is recorded with its rows, in one transaction, once', async () => {
  await withLedger(async (client, other) => {
    await beginRun(client, newRun);
    await client.query('CREATE TABLE public.t (id int)');
    const copy = async (to: TargetClient) => {
      await to.query('INSERT INTO public.t VALUES (1)');
      return chunk;
    };
    assert.deepEqual(await withChunk(client, chunkRef, () => copy(client)), chunk);
    assert.equal(await withChunk(other, chunkRef, () => assert.fail('a done chunk is copied')), 'already done');
    assert.deepEqual(await readChunk(other, chunkRef), chunk);
    assert.deepEqual(await listChunks(other, 'r1'), [chunk]);
    assert.equal((await client.query('SELECT * FROM public.t')).length, 1);
  });
});

test('chunks of one transaction are recorded together, and those that are done are not copied again', async () => {
  await withLedger(async (client, other) => {
    const run = await beginRun(client, newRun);
    await client.query('CREATE TABLE public.t (id int)');
    await withChunk(client, { ...chunkRef, index: 1 }, async () => ({ ...chunk, index: 1 }));
    const chunks = [0, 1, 2].map((index) => ({ table: chunkRef.table, index }));
    const broken = new Error('the reader broke');
    const failing = withChunks(client, run, {
      chunks,
      copy: async () => {
        await client.query('INSERT INTO public.t VALUES (1)');
        throw broken;
      },
    });
    await assert.rejects(failing, (thrown) => thrown === broken);
    assert.deepEqual(await client.query('SELECT * FROM public.t'), []);
    assert.equal((await listChunks(client, 'r1')).length, 1);
    const copied = await withChunks(other, run, {
      chunks,
      copy: async (todo) => todo.map(({ index }) => ({ ...chunk, index, rows: 10 + index })),
    });
    assert.deepEqual(copied, [{ ...chunk, index: 0, rows: 10 }, 'already done', { ...chunk, index: 2, rows: 12 }]);
    const rows = (await listChunks(client, 'r1')).map((one) => [one.index, one.rows]);
    assert.deepEqual(rows, [
      [0, 10],
      [1, chunk.rows],
      [2, 12],
    ]);
  });
});

test('a chunk whose copy fails leaves neither rows nor ledger row, and can be tried again', async () => {
  await withLedger(async (client) => {
    await beginRun(client, newRun);
    await client.query('CREATE TABLE public.t (id int)');
    const error = new Error('the reader broke');
    const copy = withChunk(client, chunkRef, async () => {
      await client.query('INSERT INTO public.t VALUES (1)');
      throw error;
    });
    await assert.rejects(copy, (thrown) => thrown === error);
    assert.deepEqual(await client.query('SELECT * FROM public.t'), []);
    assert.deepEqual(await withChunk(client, chunkRef, async () => chunk), chunk);
  });
});

test('a second attempt at a chunk waits for the first and then finds it done', async () => {
  await withLedger(async (client, other) => {
    await beginRun(client, newRun);
    let second: Promise<unknown> = Promise.resolve();
    await withChunk(client, chunkRef, async () => {
      second = withChunk(other, chunkRef, () => assert.fail('a chunk in work is copied'));
      return chunk;
    });
    assert.equal(await second, 'already done');
  });
});

test('a run cannot change its state while one of its chunks is being committed', async () => {
  await withLedger(async (client, other) => {
    const run = await beginRun(client, newRun);
    await client.query(`SET lock_timeout = '100ms'`);
    await withChunk(other, chunkRef, async () => {
      await assert.rejects(startFinishing(client, run), { code: 'target.locked' });
      return chunk;
    });
    await startFinishing(client, run);
  });
});

test('chunks commit durably even where the session says otherwise', async () => {
  await withLedger(async (client) => {
    await beginRun(client, newRun);
    await client.query('SET synchronous_commit = off');
    await withChunk(client, chunkRef, async () => {
      assert.deepEqual(await client.query('SHOW synchronous_commit'), [{ synchronous_commit: 'on' }]);
      return chunk;
    });
  });
});

test('what a table held when it was finished is noted, and the newest note counts', async () => {
  await withLedger(async (client) => {
    const loaded = { schema: 'public', table: 'Snap', runId: 'r1', rows: 7, keyset: 'ff', columns: chunk.columns };
    await recordLoaded(client, [loaded]);
    await recordLoaded(client, [{ ...loaded, runId: 'r2', rows: 8 }]);
    await recordLoaded(client, [{ ...loaded, schema: 'other' }]);
    assert.deepEqual(await findLoaded(client, 'public'), [{ ...loaded, runId: 'r2', rows: 8 }]);
  });
});

test('the youngest run of a schema is found without a look at the runs of others', async () => {
  await withLedger(async (client) => {
    await client.query(
      `INSERT INTO pgferry.run (run_id, target_schema, state, token, plan_hash, snapshot_path, snapshot_sha256, snapshot_taken_at,
                                source_path, tool_version, host, pid, plan)
       SELECT 'r' || i, 's' || i, 'complete', 1, '', '', '', '', '', '', '', 1, '{}' FROM generate_series(1, 2000) AS i`,
    );
    await client.query('ANALYZE pgferry.run');
    await client.query('BEGIN');
    const run = await latestRun(client, 's7');
    const [read] = await client.query<{ rows: number }>(
      `SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables WHERE relname = 'run'`,
    );
    await client.query('ROLLBACK');
    assert.equal(run?.runId, 'r7');
    assert.ok((read?.rows ?? 0) < 10, `${read?.rows} rows of the ledger were read`);
  });
});
