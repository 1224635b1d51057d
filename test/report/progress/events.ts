import type { Progress, RunEvent } from '../../../src/model/event.js';
import { RunProgress } from '../../../src/report/progress/run-progress.js';

/** The progress of a copy in its middle. */
export function copying(parts: Partial<Progress> = {}): Progress {
  return {
    phase: 'copy',
    unit: 'rows',
    done: 12_345_678,
    total: 45_000_000,
    bytes: 1.2e9,
    tables: [
      { table: 'Host', done: 2_000_000, total: 8_000_000 },
      { table: 'User', done: 345_678, total: 345_679 },
    ],
    tablesDone: 3,
    tablesTotal: 14,
    ...parts,
  };
}

/** A run on a clock that the test moves: each event comes at its second. */
export function runOf(command: string, events: readonly (readonly [second: number, event: RunEvent])[]) {
  let nowMs = 0;
  const run = new RunProgress(command, () => nowMs);
  for (const [second, event] of events) {
    nowMs = second * 1000;
    run.note(event);
  }
  return run;
}

/** A migration of which a quarter is copied after a minute. */
export function migrationInCopy(parts: Partial<Progress> = {}): RunProgress {
  return runOf('migrate', [
    [0, { tag: 'phase-begin', name: 'snapshot' }],
    [4, { tag: 'phase-end', name: 'snapshot', ms: 4000 }],
    [4, { tag: 'phase-begin', name: 'check' }],
    [4, { tag: 'phase-begin', name: 'census' }],
    [16, { tag: 'phase-end', name: 'check', ms: 12_000 }],
    [18, { tag: 'phase-end', name: 'census', ms: 14_000 }],
    [20, { tag: 'phase-begin', name: 'copy' }],
    [20, { tag: 'progress', progress: copying({ done: 0 }) }],
    [30, { tag: 'progress', progress: copying(parts) }],
  ]);
}
