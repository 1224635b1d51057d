/*
 * How many chunks may be in work, by what the server shows. Pure: a sample comes in, a decision goes out.
 */

/** One look at the server. */
export interface LoadSample {
  /** How long the server took to commit a transaction of ours that writes next to nothing. */
  readonly commitMs: number;
  /** Statements that other applications run now; null where this role may not see them. */
  readonly othersRunning: number | null;
}

export interface Adapted {
  readonly workers: number;
  /** Why it changed; null where it did not. */
  readonly reason: string | null;
}

/** Looks from which the usual latency is known. */
const firstLooks = 3;
/** A commit that takes so many times the usual, and this long at least, is slow. */
const slowFactor = 4;
const slowMsMin = 20;
/** So many statements of others beyond the usual are many. */
const othersMore = 4;
/** After this many calm looks in a row one more is tried. */
const calmLooks = 5;
/** How much of a calm look goes into what is usual. */
const learning = 0.1;

/** Halves the workers when the server is slow or busy with others, and adds one at a time while it is calm. */
export class Adaptive {
  readonly #max: number;
  readonly #first: LoadSample[] = [];
  #usual: { commitMs: number; othersRunning: number } | null = null;
  #workers: number;
  #calm = 0;

  constructor(max: number) {
    this.#max = max;
    this.#workers = max;
  }

  note(sample: LoadSample): Adapted {
    if (this.#usual === null) {
      this.#first.push(sample);
      if (this.#first.length === firstLooks) this.#usual = usualOf(this.#first);
      return { workers: this.#workers, reason: null };
    }
    const trouble = troubleOf(sample, this.#usual);
    if (trouble !== null) return this.#fewer(trouble);
    this.#usual.commitMs += learning * (sample.commitMs - this.#usual.commitMs);
    this.#calm += 1;
    if (this.#calm < calmLooks || this.#workers === this.#max) return { workers: this.#workers, reason: null };
    this.#calm = 0;
    this.#workers += 1;
    return { workers: this.#workers, reason: `the server is calm (commit ${ms(sample.commitMs)})` };
  }

  #fewer(reason: string): Adapted {
    this.#calm = 0;
    const workers = Math.max(1, Math.floor(this.#workers / 2));
    const isChanged = workers !== this.#workers;
    this.#workers = workers;
    return { workers, reason: isChanged ? reason : null };
  }
}

/** The middle of the first looks. */
function usualOf(samples: readonly LoadSample[]): { commitMs: number; othersRunning: number } {
  const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return {
    commitMs: middle(samples.map(({ commitMs }) => commitMs)),
    othersRunning: middle(samples.map(({ othersRunning }) => othersRunning ?? 0)),
  };
}

function troubleOf(sample: LoadSample, usual: { readonly commitMs: number; readonly othersRunning: number }) {
  const { commitMs, othersRunning } = sample;
  if (commitMs > Math.max(slowMsMin, slowFactor * usual.commitMs))
    return `a commit takes ${ms(commitMs)}, usually ${ms(usual.commitMs)}`;
  if (othersRunning !== null && othersRunning > usual.othersRunning + othersMore)
    return `others run ${othersRunning} statements, usually ${usual.othersRunning}`;
  return null;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
