import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainProgress } from '../../../src/model/event.js';
import { copying, migrationInCopy, runOf } from './events.js';

test('the phases of a command are known before it begins, and each says whether it waits, runs or is done', () => {
  const { phases } = migrationInCopy().view();
  const states = Object.fromEntries(phases.map(({ name, state }) => [name, state]));
  assert.equal(states['snapshot'], 'done');
  assert.equal(states['check'], 'done');
  assert.equal(states['dump'], 'left out', 'it should have run beside the check');
  assert.equal(states['copy'], 'runs');
  assert.equal(states['indexes'], 'waits');
  assert.equal(states['analyze'], 'waits');
});

test('the time left is that of the whole command: what runs by its own pace, what waits by its share', () => {
  const { leftMs, running } = migrationInCopy().view();
  const [copy] = running;
  assert.equal(copy?.name, 'copy');
  // 12 345 678 rows in 10 s leave 26.5 s for the rest.
  assert.ok(Math.abs((copy?.leftMs ?? 0) - 26_450) < 100, String(copy?.leftMs));
  // One share took about a second so far (4 + 12 + 14 s for 30 shares, 36.5 s for the 40 of the copy), and 28.7 wait.
  assert.ok(leftMs !== null && leftMs > 48_000 && leftMs < 56_000, String(leftMs));
});

test('a run that goes on with the copy does not wait for the phases of its beginning, and ends with nothing left', () => {
  const events = [
    [0, { tag: 'phase-begin', name: 'copy' }],
    [0, { tag: 'progress', progress: copying({ done: 0 }) }],
    [10, { tag: 'progress', progress: copying({ done: 22_500_000 }) }],
  ] as const;
  const { leftMs, phases } = runOf('migrate', events).view();
  assert.deepEqual(
    phases.filter(({ state }) => state === 'left out').map(({ name }) => name),
    ['snapshot', 'check', 'dump', 'census', 'init', 'plan', 'detach'],
  );
  assert.ok(leftMs !== null && leftMs > 20_000 && leftMs < 30_000, String(leftMs));
  const ends = phases
    .slice(7)
    .flatMap(({ name }) => [
      [20, { tag: 'phase-begin', name }] as const,
      [20, { tag: 'phase-end', name, ms: 0 }] as const,
    ]);
  assert.equal(runOf('migrate', [...events, ...ends]).view().leftMs, 0);
});

test('of a command whose phases are not known nobody guesses the time left', () => {
  const run = runOf('follow', [
    [0, { tag: 'phase-begin', name: 'snapshot' }],
    [1, { tag: 'progress', progress: plainProgress('snapshot', 'bytes', 5, 10) }],
  ]);
  assert.equal(run.view().leftMs, null);
  assert.deepEqual(
    run.view().phases.map(({ name }) => name),
    ['snapshot'],
  );
});

test('it says for whom it waits until something moves or the phase ends', () => {
  const waiting = [
    [0, { tag: 'phase-begin', name: 'constraints' }],
    [1, { tag: 'progress', progress: plainProgress('constraints', 'steps', 1, 9) }],
    [2, { tag: 'waiting', message: 'the lock is held by app' }],
    [3, { tag: 'progress', progress: plainProgress('constraints', 'steps', 1, 9) }],
  ] as const;
  assert.equal(runOf('migrate', waiting).view().waitsFor, 'the lock is held by app');
  const moved = [...waiting, [4, { tag: 'progress', progress: plainProgress('constraints', 'steps', 2, 9) }]] as const;
  assert.equal(runOf('migrate', moved).view().waitsFor, null);
  const ended = [...waiting, [4, { tag: 'phase-end', name: 'constraints', ms: 4000 }]] as const;
  assert.equal(runOf('migrate', ended).view().waitsFor, null);
});

test('after half a minute without progress it says so, with the tables in work', () => {
  const run = runOf('migrate', [
    [0, { tag: 'phase-begin', name: 'copy' }],
    [0, { tag: 'progress', progress: copying() }],
    [31, { tag: 'progress', progress: copying() }],
  ]);
  assert.equal(run.view().waitsFor, 'nothing moved for 30 s: Host, User');
});
