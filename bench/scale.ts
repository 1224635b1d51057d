import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Counters } from '../src/pool/counters.js';
import { assertWhole } from './cases/case.js';
import { type Fixture, prepareFixture } from './data/fixtures.js';
import { readMachineFacts } from './measure/machine.js';
import { measurePass } from './cases/ours.js';
import { median, medianPass, type Pass } from './figures/result.js';
import { renderScale, type ScaleResult, type ThreadsResult, type Waits } from './figures/scale-result.js';
import { readServerFacts, settle, withBenchDatabase, withBenchServer, withClient } from './measure/server.js';
import { type SizeName, sizeNames } from './data/shapes.js';

/*
 * `node dist/bench/scale.js [SIZE]`: what the model of a larger machine is made of. The same rows with 1 to 16 threads; a
 * handful of rows with as many, which shows what a thread costs that has nothing to do; what the server's sessions wait
 * for meanwhile; bytes of WAL and of the tables; and what it costs when threads count in the same memory at once.
 */

const threadCounts = [1, 2, 4, 8, 16];
const repeat = 3;
/** Small, so that threads meet in the ledger as often as they can. */
const chunkBytes = '1M';

interface Run {
  readonly pass: Pass;
  readonly walBytes: number;
  readonly targetBytes: number;
  readonly waits: Waits;
}

async function runOnce(fixture: Fixture, serverUrl: string, flags: readonly string[]): Promise<Run> {
  const { postmaster } = await readServerFacts(serverUrl);
  return withBenchDatabase(serverUrl, async (url) => {
    await settle(serverUrl);
    const walBefore = await readWal(url);
    const watch = watchWaits(serverUrl, new URL(url).pathname.slice(1));
    const { run, pass } = await measurePass(postmaster, { fixture, url, flags });
    const waits = await watch.end();
    await assertWhole(run, 'pgferry migrate', { fixture, url });
    const walBytes = (await readWal(url)) - walBefore;
    return { pass, walBytes, waits, ...(await readSize(url)) };
  });
}

async function readWal(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ at: string }>("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS at");
    return Number(rows[0]?.at);
  });
}

async function readSize(url: string): Promise<{ targetBytes: number }> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(
      "SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    return { targetBytes: Number(rows[0]?.bytes) };
  });
}

const watchIntervalMs = 20;

/** Looks again and again at what the active sessions of a database wait for, until told to end. */
function watchWaits(serverUrl: string, database: string): { end(): Promise<Waits> } {
  let isOver = false;
  const counts = { samples: 0, lock: 0, lwlock: 0 };
  const watching = withClient(serverUrl, async (client) => {
    while (!isOver) {
      const { rows } = await client.query<{ type: string | null }>(
        "SELECT wait_event_type AS type FROM pg_stat_activity WHERE datname = $1 AND state = 'active' AND backend_type = 'client backend'",
        [database],
      );
      counts.samples += rows.length;
      counts.lock += rows.filter(({ type }) => type === 'Lock').length;
      counts.lwlock += rows.filter(({ type }) => type === 'LWLock').length;
      await new Promise((resolve) => setTimeout(resolve, watchIntervalMs));
    }
  });
  return {
    async end() {
      isOver = true;
      await watching;
      return counts;
    },
  };
}

async function measureThreads(big: Fixture, idle: Fixture, serverUrl: string): Promise<ThreadsResult[]> {
  const results = new Map(threadCounts.map((threads) => [threads, { runs: [] as Run[], idle: [] as Run[] }]));
  for (let round = 1; round <= repeat; round++) {
    for (const [threads, { runs, idle: idles }] of results) {
      process.stderr.write(`${threads} threads, ${round} of ${repeat}\n`);
      const flags = ['--workers', String(threads), '--connections', String(threads)];
      runs.push(await runOnce(big, serverUrl, [...flags, '--chunk-bytes', chunkBytes]));
      idles.push(await runOnce(idle, serverUrl, flags));
    }
  }
  return [...results].map(([threads, { runs, idle: idles }]) => ({
    threads,
    run: medianPass(runs.map(({ pass }) => pass)),
    idle: medianPass(idles.map(({ pass }) => pass)),
    waits: {
      samples: runs.reduce((sum, { waits }) => sum + waits.samples, 0),
      lock: runs.reduce((sum, { waits }) => sum + waits.lock, 0),
      lwlock: runs.reduce((sum, { waits }) => sum + waits.lwlock, 0),
    },
  }));
}

const additions = 1_000_000;

/** What one call that counts costs while that many threads do nothing else, in nanoseconds. */
async function measureCounting(threads: number): Promise<number> {
  const counters = Counters.create(threads);
  const work = new URL(import.meta.url);
  const costs = Array.from(
    { length: threads },
    () =>
      new Promise<number>((resolve, reject) => {
        new Worker(work, { argv: ['count'], workerData: counters.shared })
          .once('message', resolve)
          .once('error', reject);
      }),
  );
  return median(await Promise.all(costs));
}

/** The thread of `measureCounting`. */
async function count(): Promise<void> {
  const { parentPort, workerData } = await import('node:worker_threads');
  const counters = new Counters(workerData as SharedArrayBuffer);
  const begun = performance.now();
  for (let done = 0; done < additions; done++) counters.add({ rows: 1, bytes: 100 });
  parentPort?.postMessage(((performance.now() - begun) * 1e6) / additions);
}

async function main(size: SizeName): Promise<void> {
  const folder = resolve('bench/fixtures');
  mkdirSync(folder, { recursive: true });
  const big = prepareFixture({ folder, shape: 'mixed', size });
  const idle = prepareFixture({ folder, shape: 'mixed', size: 'small' });
  const result = await withBenchServer(null, folder, async (serverUrl): Promise<ScaleResult> => {
    const { version, settings } = await readServerFacts(serverUrl);
    const whole = await runOnce(big, serverUrl, ['--workers', '2']);
    return {
      size,
      measuredAt: new Date().toISOString(),
      machine: readMachineFacts(),
      server: { version, settings },
      rows: big.rows,
      bytes: big.bytes,
      idleRows: idle.rows,
      whole: whole.pass,
      walBytes: whole.walBytes,
      targetBytes: whole.targetBytes,
      threads: await measureThreads(big, idle, serverUrl),
      counting: { alone: await measureCounting(1), both: await measureCounting(2) },
    };
  });
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(join('bench/results', `scale-${size}.json`), `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(renderScale(result));
}

const asked = process.argv[2] ?? 'large';
if (asked === 'count') await count();
else await main(sizeNames.find((name) => name === asked) ?? 'large');
