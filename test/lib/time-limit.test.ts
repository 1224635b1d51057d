import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { withTimeLimit } from '../../src/lib/time-limit.js';

/** Resolves with why the signal fired. */
const whyAborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

test('a time limit fires also where memory was collected meanwhile', async () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  let guard: NodeJS.Timeout | undefined;
  const never = new Promise<string>((resolve) => {
    guard = setTimeout(() => resolve('it never fired'), 10_000);
  });
  const collected = setTimeout(collect, 20);
  const limited = withTimeLimit(new AbortController().signal, 100, whyAborted);
  const reason = await Promise.race([limited, never]);
  clearTimeout(guard);
  clearTimeout(collected);
  assert.equal((reason as DOMException).name, 'TimeoutError');
});

test('the signal from outside fires it before, and at once where it has fired already', async () => {
  const outer = new AbortController();
  const waiting = withTimeLimit(outer.signal, 60_000, whyAborted);
  outer.abort('from outside');
  assert.equal(await waiting, 'from outside');
  assert.equal(await withTimeLimit(outer.signal, 60_000, (limited) => Promise.resolve(limited.aborted)), true);
});

test('no time limit of the program may be collected before it fires', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = files.filter((name) => readFileSync(join('src', name), 'utf8').includes('AbortSignal.timeout('));
  assert.deepEqual(found, []);
});
