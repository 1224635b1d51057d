import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CensusJob } from '../../../src/jobs/census-job.js';
import type { TableCensus } from '../../../src/model/census.js';
import { CopierError, toWire } from '../../../src/model/error.js';
import type { SourceTable } from '../../../src/model/source.js';
import type { JobAnswer } from '../../../src/model/wire.js';
import type { Threads } from '../../../src/pool/threads.js';
import { Counting } from '../../../src/run/survey/counting.js';

const damaged = new CopierError('data.damaged_page', 'page 3 is damaged', { hint: 'mend it', table: 'bad' });

/** Threads that note how many counts each job brings, and cannot read the table `bad`. */
function noting(sizes: number[]): Threads {
  const run = async (_: string, { counts }: CensusJob): Promise<readonly JobAnswer<TableCensus>[]> => {
    sizes.push(counts.length);
    if (counts.some(({ table }) => table.name === 'deadly')) throw new CopierError('thread.lost', 'lost', { hint: '' });
    return counts.map(({ table: { name } }) =>
      name === 'bad'
        ? { tag: 'failed', error: toWire(damaged) }
        : { tag: 'done', result: { table: name, rows: 1, columns: [] } },
    );
  };
  return { run } as unknown as Threads;
}

function counted(name: string) {
  return { table: { name } as SourceTable, count: { tag: 'rows' } } as const;
}

test('counts of small tables travel together, those of large ones or of unknown size alone, each with its own answer', async () => {
  const sizes: number[] = [];
  const counting = new Counting(noting(sizes), 'snapshot.db');
  const small = Array.from({ length: 100 }, (_, at) => `t${at}`);
  const asked = [
    ...small.map((name) => counting.count(counted(name), 8192)),
    counting.count(counted('large'), 1 << 30),
    counting.count(counted('unknown'), null),
  ];
  const names = (await Promise.all(asked)).map(({ table }) => table);
  assert.deepEqual(names, [...small, 'large', 'unknown']);
  assert.deepEqual(sizes.sort(), [1, 1, 36, 64]);
});

test('a table that cannot be read fails alone, and a thread that is lost fails all that it was counting', async () => {
  const counting = new Counting(noting([]), 'snapshot.db');
  const [bad, good] = await Promise.allSettled(['bad', 'good'].map((name) => counting.count(counted(name), 1)));
  assert.equal(bad?.status === 'rejected' && bad.reason.code, 'data.damaged_page');
  assert.equal(good?.status, 'fulfilled');
  const lost = await Promise.allSettled(['deadly', 'good'].map((name) => counting.count(counted(name), 1)));
  assert.deepEqual(
    lost.map((one) => one.status === 'rejected' && one.reason.code),
    ['thread.lost', 'thread.lost'],
  );
});
