import type { PhaseName, RunEvent } from '../../model/event.js';
import { jsonText } from '../units.js';
import type { RunProgress } from './run-progress.js';

/** How often the progress of one phase is written. */
const lineEveryMs = 1000;

export interface JsonLinesOptions {
  readonly write: (line: string) => void;
  /** What is told; it takes the same events, each before this does. */
  readonly run: RunProgress;
  /** Monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  /** Clock of the wall. */
  readonly now: () => Date;
}

/** Writes each event as one JSON object on one line; progress at most once a second for each phase. docs/progress.md names the fields. */
export function jsonLines({ write, run, nowMs, now }: JsonLinesOptions): (event: RunEvent) => void {
  const written = new Map<PhaseName, { readonly atMs: number; readonly end: number | null }>();
  return (event) => {
    const at = now().toISOString();
    if (event.tag !== 'progress') {
      if (event.tag === 'phase-begin') written.delete(event.name);
      const { tag, ...fields } = event;
      return write(jsonText({ at, event: tag, ...fields }));
    }
    const { progress } = event;
    const before = written.get(progress.phase);
    // The last rows may be there before the table that they belong to counts as done.
    const end = progress.done === progress.total ? progress.tablesDone : null;
    const isNewEnd = end !== null && before?.end !== end;
    if (before !== undefined && nowMs() - before.atMs < lineEveryMs && !isNewEnd) return;
    written.set(progress.phase, { atMs: nowMs(), end });
    const { phases, leftMs, waitsFor, elapsedMs } = run.view();
    const phase = phases.find(({ name }) => name === progress.phase);
    const rest = { perSecond: rounded(phase?.perSecond), leftMs: rounded(phase?.leftMs) };
    const whole = { elapsedMs: Math.round(elapsedMs), leftMs: rounded(leftMs), waitsFor };
    write(jsonText({ at, event: 'progress', ...progress, ...rest, run: whole }));
  };
}

function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value);
}
