import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { ThreadShare } from '../../src/pool/share.js';
import type { CheckJob } from '../../src/jobs/check-job.js';
import type { Threads } from '../../src/pool/threads.js';

/** Threads without bound whose jobs end when they are told to. */
function openThreads() {
  const begun: { readonly job: unknown; readonly end: (error?: Error) => void }[] = [];
  const threads: Threads = {
    run: <T>(_: string, job: unknown) =>
      new Promise<T>((resolve, reject) => {
        begun.push({ job, end: (error) => (error === undefined ? resolve(job as T) : reject(error)) });
      }),
  };
  return { begun, threads, names: () => begun.map(({ job }) => (job as CheckJob).path) };
}

const jobOf = (path: string): CheckJob => ({ path, thread: new SharedArrayBuffer(4) });

test('a share runs so many jobs at a time, in order, and another when one has ended or failed', async () => {
  const { begun, threads, names } = openThreads();
  const share = new ThreadShare(threads, 2);
  const results = ['a', 'b', 'c', 'd'].map((name) => share.run('check', jobOf(name)));
  const ended = Promise.allSettled(results);
  assert.deepEqual(names(), ['a', 'b']);
  begun[1]?.end();
  await turn();
  assert.deepEqual(names(), ['a', 'b', 'c']);
  begun[0]?.end(new Error('damaged'));
  await turn();
  assert.deepEqual(names(), ['a', 'b', 'c', 'd']);
  for (const { end } of begun.slice(2)) end();
  assert.deepEqual(
    (await ended).map((one) =>
      one.status === 'fulfilled' ? (one.value as unknown as CheckJob).path : String(one.reason),
    ),
    ['Error: damaged', 'b', 'c', 'd'],
  );
});

test('a share that grows begins a job that waits, or the next that comes', async () => {
  const { begun, threads, names } = openThreads();
  const share = new ThreadShare(threads, 1);
  const ended = Promise.all(['a', 'b'].map((name) => share.run('check', jobOf(name))));
  assert.deepEqual(names(), ['a']);
  share.grow();
  await turn();
  assert.deepEqual(names(), ['a', 'b']);
  for (const { end } of begun) end();
  await ended;
  const more = Promise.all(['c', 'd', 'e'].map((name) => share.run('check', jobOf(name))));
  assert.deepEqual(names(), ['a', 'b', 'c', 'd']);
  for (const { end } of begun) end();
  await turn();
  for (const { end } of begun) end();
  await more;
  assert.deepEqual(names(), ['a', 'b', 'c', 'd', 'e']);
});

test('a job that its program does not take is refused by the compiler', () => {
  const { threads, names } = openThreads();
  // @ts-expect-error a path alone is no job of the check.
  void threads.run('check', 'a path');
  // @ts-expect-error there is no such program.
  void threads.run('chek', jobOf('a'));
  assert.equal(names().length, 2);
});
