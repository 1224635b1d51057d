import type { Progress } from '../../model/event.js';

/** The rate is measured over this last span of time, so that it follows a server that slows down. */
const windowMs = 10_000;
/** Shorter than this, a rate says nothing yet. */
const windowMsMin = 500;
/** After this time without progress, the display says that it waits. */
export const stallMs = 30_000;

export interface PaceNow {
  /** Units per second; null while too little is known. */
  readonly perSecond: number | null;
  /** null where the rate or the total is unknown, or nothing is left. */
  readonly leftMs: number | null;
  readonly isStalled: boolean;
}

/** How fast a phase goes, and how long its rest will take. */
export class Pace {
  #samples: { readonly atMs: number; readonly done: number }[] = [];
  #gainedAtMs: number | null = null;

  note(progress: Pick<Progress, 'done' | 'total'>, atMs: number): PaceNow {
    const before = this.#samples.at(-1);
    if (before === undefined || progress.done > before.done) this.#gainedAtMs = atMs;
    this.#samples.push({ atMs, done: progress.done });
    // One sample from before the window stays, so that the rate is over the whole of it.
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - windowMs) this.#samples.shift();
    const perSecond = this.#rate();
    const left = progress.total === null ? 0 : progress.total - progress.done;
    return {
      perSecond,
      leftMs: perSecond === null || perSecond === 0 || left <= 0 ? null : (left / perSecond) * 1000,
      isStalled: left > 0 && atMs - (this.#gainedAtMs ?? atMs) > stallMs,
    };
  }

  /** What is done may go down when a chunk is rolled back; a rate below nothing would confuse. */
  #rate(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < windowMsMin) return null;
    return Math.max(0, ((last.done - first.done) / (last.atMs - first.atMs)) * 1000);
  }
}
