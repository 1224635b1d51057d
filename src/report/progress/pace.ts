import type { Progress } from '../../model/event.js';

/** The rate is measured over this last span of time, so that it follows a server that slows down. */
const windowMs = 10_000;
/** Shorter than this, a rate says nothing yet. */
const windowMsMin = 500;
/** After this time without a row, the display says what it waits for. */
export const stallMs = 30_000;

export interface PaceNow {
  /** Null while too little is known. */
  readonly rowsPerSecond: number | null;
  /** null where the rate is unknown, or nothing is left. */
  readonly leftMs: number | null;
  readonly isStalled: boolean;
}

/** How fast the rows go, and how long the rest will take. */
export class Pace {
  readonly #nowMs: () => number;
  #samples: { readonly atMs: number; readonly rows: number }[] = [];
  #gainedAtMs: number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#gainedAtMs = nowMs();
  }

  note(progress: Progress): PaceNow {
    const atMs = this.#nowMs();
    const before = this.#samples.at(-1);
    if (before === undefined || progress.rows > before.rows) this.#gainedAtMs = atMs;
    this.#samples.push({ atMs, rows: progress.rows });
    // One sample from before the window stays, so that the rate is over the whole of it.
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - windowMs) this.#samples.shift();
    const rowsPerSecond = this.#rate();
    const left = progress.rowsTotal - progress.rows;
    return {
      rowsPerSecond,
      leftMs: rowsPerSecond === null || rowsPerSecond === 0 || left <= 0 ? null : (left / rowsPerSecond) * 1000,
      isStalled: progress.tablesInWork.length > 0 && atMs - this.#gainedAtMs > stallMs,
    };
  }

  /** Rows may go down when a chunk is rolled back; a rate below nothing would confuse. */
  #rate(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < windowMsMin) return null;
    return Math.max(0, ((last.rows - first.rows) / (last.atMs - first.atMs)) * 1000);
  }
}
