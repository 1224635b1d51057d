import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../src/model/error.js';
import type { ChunkResult } from '../../src/model/copy.js';
import type { Chunk } from '../../src/model/plan.js';
import { type CoordinatorOptions, coordinate } from '../../src/pool/coordinator.js';
import { Counters } from '../../src/pool/counters.js';
import { Queue } from '../../src/pool/queue.js';

function chunksOf(table: string, count: number): Chunk[] {
  return Array.from({ length: count }, (_, index) => ({
    table,
    index,
    range: { tag: 'whole' },
    estimatedRows: 1,
    estimatedBytes: 1,
  }));
}

function resultOf(chunk: Chunk): ChunkResult {
  const { table, index } = chunk;
  return {
    table,
    index,
    rows: 1,
    bytes: 1,
    keyset: '0',
    columns: [],
    receipt: '',
    quarantined: 0,
    converted: [],
    durationMs: 0,
  };
}

type Changes = Partial<CoordinatorOptions> & { readonly runChunk?: (chunk: Chunk) => Promise<ChunkResult> };

function optionsFor(tables: Record<string, number>, changes: Changes): CoordinatorOptions {
  const { runChunk = async (chunk) => resultOf(chunk), ...others } = changes;
  return {
    layers: [Object.keys(tables)],
    chunks: new Map(Object.entries(tables).map(([table, count]) => [table, chunksOf(table, count)])),
    isBarrier: false,
    done: new Map(),
    concurrency: () => 2,
    isRetryable: () => false,
    capacityAfter: () => 'enough',
    runJob: async (chunks) => await Promise.all(chunks.map(runChunk)),
    onChunkDone: () => {},
    onRetry: () => {},
    onTableDone: () => {},
    signal: new AbortController().signal,
    ...others,
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('every chunk runs exactly once and every table is reported done once, whatever the shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (counts, concurrency, isBarrier) => {
        const tables = Object.fromEntries(counts.map((count, index) => [`t${index}`, count]));
        const ran: string[] = [];
        const done: string[] = [];
        let running = 0;
        await coordinate(
          optionsFor(tables, {
            layers: Object.keys(tables).map((table) => [table]),
            isBarrier,
            concurrency: () => concurrency,
            runChunk: async (chunk) => {
              running++;
              assert.ok(running <= concurrency);
              await nextTurn();
              running--;
              ran.push(`${chunk.table}/${chunk.index}`);
              return resultOf(chunk);
            },
            onTableDone: (table) => done.push(table),
          }),
        );
        const expected = Object.entries(tables).flatMap(([table, count]) => chunksOf(table, count));
        assert.deepEqual(ran.sort(), expected.map((chunk) => `${chunk.table}/${chunk.index}`).sort());
        assert.deepEqual(done.sort(), Object.keys(tables).sort());
      },
    ),
  );
});

test('with barriers no chunk of a layer starts before the layer above has committed', async () => {
  const finished = new Set<string>();
  await coordinate(
    optionsFor(
      { parent: 3, child: 3 },
      {
        layers: [['parent'], ['child']],
        isBarrier: true,
        concurrency: () => 4,
        runChunk: async (chunk) => {
          if (chunk.table === 'child') assert.ok(finished.has('parent'));
          await nextTurn();
          return resultOf(chunk);
        },
        onTableDone: (table) => finished.add(table),
      },
    ),
  );
});

test('what travels behind the rows that it refers to waits at no barrier', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      async (counts, jobMax, concurrency) => {
        const layers = counts.map((of, layer) => of.map((_, at) => `t${layer}_${at}`));
        const tables = Object.fromEntries(counts.flatMap((of, layer) => of.map((n, at) => [`t${layer}_${at}`, n])));
        const layerOf = (chunk: Chunk) => layers.findIndex((names) => names.includes(chunk.table));
        const open = counts.map((of) => of.reduce((sum, n) => sum + n, 0));
        const runJob = async (job: readonly Chunk[]) => {
          for (const [at, chunk] of job.entries()) {
            const ahead = job.slice(0, at);
            for (let layer = 0; layer < layerOf(chunk); layer++)
              assert.equal(ahead.filter((one) => layerOf(one) === layer).length, open[layer]);
          }
          await nextTurn();
          for (const chunk of job) open[layerOf(chunk)] = (open[layerOf(chunk)] ?? 0) - 1;
          return job.map(resultOf);
        };
        const mayJoin = (job: readonly Chunk[]) => job.length < jobMax;
        const others = { layers, isBarrier: true, concurrency: () => concurrency, mayJoin, runJob };
        await coordinate(optionsFor(tables, others));
        assert.ok(open.every((left) => left === 0));
      },
    ),
  );
  const names = Array.from({ length: 400 }, (_, at) => `t${at}`);
  const jobs: number[] = [];
  await coordinate(
    optionsFor(Object.fromEntries(names.map((name) => [name, 1])), {
      layers: names.map((name) => [name]),
      isBarrier: true,
      mayJoin: (job) => job.length < 32,
      runJob: async (job) => {
        jobs.push(job.length);
        return job.map(resultOf);
      },
    }),
  );
  assert.deepEqual(jobs, [...Array.from({ length: 12 }, () => 32), 16]);
});

test('without barriers free threads take chunks of the next layer', async () => {
  const started: string[] = [];
  await coordinate(
    optionsFor(
      { parent: 1, child: 1 },
      {
        layers: [['parent'], ['child']],
        runChunk: async (chunk) => {
          started.push(chunk.table);
          if (chunk.table === 'parent') while (started.length < 2) await nextTurn();
          return resultOf(chunk);
        },
      },
    ),
  );
  assert.deepEqual(started, ['parent', 'child']);
});

test('without barriers the biggest tables go first, with them parents do', () => {
  const big = chunksOf('big', 2);
  const chunks = new Map([
    ['small', chunksOf('small', 1)],
    ['big', big],
  ]);
  const order = (isBarrier: boolean) => {
    const queue = new Queue({ layers: [['small'], ['big']], chunks, isBarrier });
    return [queue.take(), queue.take(), queue.take()].map((chunk) => chunk?.table);
  };
  assert.deepEqual(order(false), ['big', 'big', 'small']);
  assert.deepEqual(order(true), ['small', undefined, undefined]);
});

test('the slots that chunks want are reported: all of them while more wait, then those in work, then none', async () => {
  const told: number[] = [];
  await coordinate(optionsFor({ t: 3 }, { onDemand: (slots) => told.push(slots) }));
  assert.deepEqual(told, [2, 1, 0]);
});

test('a chunk of the ledger is not sent again but counts for its table', async () => {
  const [first, second] = chunksOf('t', 2);
  assert.ok(first && second);
  const ran: number[] = [];
  const results: number[][] = [];
  await coordinate(
    optionsFor(
      { t: 2 },
      {
        done: new Map([['t', [resultOf(first)]]]),
        runChunk: async (chunk) => {
          ran.push(chunk.index);
          return resultOf(chunk);
        },
        onTableDone: (_, all) => results.push(all.map((result) => result.index)),
      },
    ),
  );
  assert.deepEqual(ran, [1]);
  assert.deepEqual(results, [[0, 1]]);
});

test('a listed failure is tried again, and only so often', async () => {
  let tries = 0;
  const lost = new CopierError('target.connection_lost', 'gone', { hint: '' });
  const aborting = new AbortController();
  await coordinate(
    optionsFor(
      { t: 1 },
      {
        isRetryable: (error) => error === lost,
        runChunk: async (chunk) => {
          tries++;
          if (tries < 3) throw lost;
          return resultOf(chunk);
        },
      },
    ),
  );
  assert.equal(tries, 3);
  tries = 0;
  const always = optionsFor(
    { t: 1 },
    {
      isRetryable: () => true,
      signal: aborting.signal,
      runChunk: async () => {
        tries++;
        throw lost;
      },
      onRetry: (_, tryNumber) => {
        if (tryNumber === 3) aborting.abort();
      },
    },
  );
  await assert.rejects(coordinate(always), lost);
  assert.equal(tries, 3);
});

test('any other failure lets running chunks end, starts no more and is thrown', async () => {
  const ran: number[] = [];
  const bad = new CopierError('data.out_of_range', 'no', { hint: '' });
  const options = optionsFor(
    { t: 6 },
    {
      runChunk: async (chunk) => {
        await nextTurn();
        if (chunk.index === 0) throw bad;
        await nextTurn();
        ran.push(chunk.index);
        return resultOf(chunk);
      },
    },
  );
  await assert.rejects(coordinate(options), bad);
  assert.deepEqual(ran, [1]);
});

test('an abort ends the run at the edge of a chunk as interrupted', async () => {
  const aborting = new AbortController();
  const ran: number[] = [];
  const options = optionsFor(
    { t: 9 },
    {
      concurrency: () => 1,
      signal: aborting.signal,
      runChunk: async (chunk) => {
        ran.push(chunk.index);
        if (chunk.index === 2) aborting.abort();
        return resultOf(chunk);
      },
    },
  );
  await assert.rejects(coordinate(options), (error) => error instanceof CopierError && error.exitCode === 130);
  assert.deepEqual(ran, [0, 1, 2]);
});

test('an abort that brings a reason of ours ends the run with that reason', async () => {
  const aborting = new AbortController();
  const lost = new CopierError('target.connection_lost', 'the lock is gone', { hint: '' });
  const options = optionsFor(
    { t: 3 },
    {
      signal: aborting.signal,
      runChunk: async () => {
        aborting.abort(lost);
        throw new CopierError('interrupted.by_operator', 'told to stop', { hint: '' });
      },
    },
  );
  await assert.rejects(coordinate(options), lost);
});

test('a chunk for which the server had no connection goes back into the queue, and fewer run at once from then on', async () => {
  const full = new CopierError('target.too_many_connections', 'full', { hint: '' });
  let connections = 3;
  let running = 0;
  const ran: number[] = [];
  const options = optionsFor(
    { t: 8 },
    {
      concurrency: () => connections,
      capacityAfter: (error) => (error !== full ? 'enough' : connections-- > 1 ? 'fewer' : 'none'),
      runChunk: async (chunk) => {
        running++;
        await nextTurn();
        const isFull = running > 1;
        running--;
        if (isFull) throw full;
        ran.push(chunk.index);
        return resultOf(chunk);
      },
    },
  );
  await coordinate(options);
  assert.equal(connections, 1);
  assert.deepEqual(
    ran.sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

test('a chunk that finds no free connection waits for one, however often, and that counts as no try', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const full = new CopierError('target.too_many_connections', 'full', { hint: '' });
  let looks = 0;
  const options = optionsFor(
    { t: 1 },
    {
      capacityAfter: (error) => (error === full ? 'none' : 'enough'),
      runChunk: async (chunk) => {
        looks++;
        if (looks === 20) return resultOf(chunk);
        setImmediate(() => context.mock.timers.tick(2_000));
        throw full;
      },
      onRetry: () => assert.fail('a try was counted'),
    },
  );
  await coordinate(options);
  assert.equal(looks, 20);
});

test('a chunk that never finds a free connection ends the run with the reason', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const full = new CopierError('target.too_many_connections', 'full', { hint: '' });
  let looks = 0;
  const options = optionsFor(
    { t: 1 },
    {
      capacityAfter: () => 'none',
      runChunk: async () => {
        looks++;
        if (looks < 150) setImmediate(() => context.mock.timers.tick(2_000));
        throw full;
      },
    },
  );
  await assert.rejects(coordinate(options), full);
  assert.equal(looks, 150);
});

test('a chunk that was put back is the next to be taken', () => {
  const queue = new Queue({ layers: [['t']], chunks: new Map([['t', chunksOf('t', 2)]]), isBarrier: false });
  const first = queue.take();
  assert.ok(first);
  queue.putBack(first);
  assert.equal(queue.take(), first);
});

test('counters add up over views of the same memory', () => {
  const here = Counters.create();
  const there = new Counters(here.shared);
  there.add({ rows: 3, bytes: 10 });
  there.add({ rows: 2, bytes: 5 });
  here.add({ rows: -2, bytes: -5 });
  assert.deepEqual(here.total(), { rows: 3, bytes: 10 });
  assert.equal(there.isStopped, false);
  here.stop();
  assert.equal(there.isStopped, true);
});
