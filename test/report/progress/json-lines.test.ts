import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/model/event.js';
import { jsonLines } from '../../../src/report/progress/json-lines.js';
import { RunProgress } from '../../../src/report/progress/run-progress.js';
import { copying } from './events.js';

function linesOf(events: readonly (readonly [ms: number, event: RunEvent])[]): Record<string, unknown>[] {
  let nowMs = 0;
  const lines: string[] = [];
  const run = new RunProgress('migrate', () => nowMs);
  const listen = jsonLines({ write: (line) => lines.push(line), run, nowMs: () => nowMs, now: () => new Date(nowMs) });
  for (const [ms, event] of events) {
    nowMs = ms;
    run.note(event);
    listen(event);
  }
  return lines.map((line) => JSON.parse(line));
}

test('each event is one object with its time, its name and its fields', () => {
  const [begin, note] = linesOf([
    [0, { tag: 'phase-begin', name: 'copy' }],
    [1500, { tag: 'note', message: 'two\nlines' }],
  ]);
  assert.deepEqual(begin, { at: '1970-01-01T00:00:00.000Z', event: 'phase-begin', name: 'copy' });
  assert.deepEqual(note, { at: '1970-01-01T00:00:01.500Z', event: 'note', message: 'two\nlines' });
});

test('progress has the phase with its pace and the run as a whole, at most once a second, and its end once', () => {
  const end = copying({ done: 45_000_000 });
  const lines = linesOf([
    [0, { tag: 'phase-begin', name: 'copy' }],
    [0, { tag: 'progress', progress: copying({ done: 0 }) }],
    [250, { tag: 'progress', progress: copying({ done: 1 }) }],
    [1000, { tag: 'progress', progress: copying({ done: 9_000_000 }) }],
    [1250, { tag: 'progress', progress: end }],
    [1500, { tag: 'progress', progress: end }],
  ]).filter(({ event }) => event === 'progress');
  assert.deepEqual(
    lines.map(({ done }) => done),
    [0, 9_000_000, 45_000_000],
  );
  const { run, at, ...fields } = lines[1] ?? {};
  assert.deepEqual(fields, {
    event: 'progress',
    ...copying({ done: 9_000_000 }),
    perSecond: 9_000_000,
    leftMs: 4000,
  });
  assert.deepEqual(Object.keys(run as object), ['elapsedMs', 'leftMs', 'waitsFor']);
});
