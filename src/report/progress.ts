import { type Options, SingleBar } from 'cli-progress';
import type { PhaseName, Progress, RunEvent } from '../model.js';
import { formatBytes, formatCount, formatDuration, sanitize } from './units.js';

/** How often a piped progress line is written. */
const lineEveryMs = 5000;
/** After so long without a row, the display says what it waits for. */
const stallMs = 30_000;

export interface Display {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the live line away; later events are ignored. */
  readonly close: () => void;
}

export interface DisplayOptions {
  readonly stream: NodeJS.WriteStream;
  readonly isTerminal: boolean;
  readonly isQuiet: boolean;
  /** Monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

const phaseText: Readonly<Record<PhaseName, string>> = {
  snapshot: 'taking a private snapshot of the source',
  dump: 'saving the target with pg_dump',
  census: 'counting what every column holds',
  init: 'making the target schema',
  plan: 'planning',
  detach: 'taking indexes and constraints away (their definitions are safe in the ledger)',
  copy: 'copying',
  indexes: 'building indexes',
  constraints: 'restoring constraints',
  sequences: 'setting sequences',
  analyze: 'collecting statistics',
  verify: 'verifying',
  compare: 'reading both sides',
};

/** What a person sees on stderr: one rewritten line on a terminal, plain lines otherwise, nothing if quiet. */
export function openDisplay(options: DisplayOptions): Display {
  if (options.isQuiet) return { onEvent: () => {}, close: () => {} };
  const write = (line: string) => options.stream.write(`${sanitize(line)}\n`);
  const copying = options.isTerminal ? barOn(options) : linesOn(options, write);
  const onEvent = (event: RunEvent) => {
    switch (event.tag) {
      case 'progress':
        return copying.show(event.progress);
      case 'note':
        return copying.aside(() => write(`  ${event.message}`));
      case 'warning':
        return copying.aside(() => write(`! ${event.message}`));
      case 'phase-begin':
        return copying.aside(() => write(`· ${phaseText[event.name]}`));
      case 'phase-end':
        if (event.name === 'copy') copying.end();
        return;
      case 'table-copied':
      case 'table-verified':
        return;
    }
  };
  return { onEvent, close: () => copying.end() };
}

interface Copying {
  readonly show: (progress: Progress) => void;
  /** Writes something else without tearing the live line. */
  readonly aside: (write: () => void) => void;
  readonly end: () => void;
}

/** Rate and time left from the rows of the last seconds. */
class Pace {
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  #firstRows: number | null = null;
  #lastRows = 0;
  #lastGainAtMs: number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
    this.#lastGainAtMs = this.#startedAtMs;
  }

  note(progress: Progress): {
    readonly rowsPerSecond: number;
    readonly leftMs: number | null;
    readonly isStalled: boolean;
  } {
    const now = this.#nowMs();
    this.#firstRows ??= progress.rows;
    if (progress.rows !== this.#lastRows) {
      this.#lastRows = progress.rows;
      this.#lastGainAtMs = now;
    }
    const seconds = Math.max(0.001, (now - this.#startedAtMs) / 1000);
    const rowsPerSecond = (progress.rows - this.#firstRows) / seconds;
    const leftMs = rowsPerSecond > 0 ? ((progress.rowsTotal - progress.rows) / rowsPerSecond) * 1000 : null;
    const isStalled = progress.tablesInWork.length > 0 && now - this.#lastGainAtMs > stallMs;
    return { rowsPerSecond, leftMs, isStalled };
  }
}

function describe(progress: Progress, pace: ReturnType<Pace['note']>): string {
  const work = progress.tablesInWork.slice(0, 3).map(sanitize).join(', ');
  const parts = [
    `${formatCount(progress.rows)} of ${formatCount(progress.rowsTotal)} rows`,
    formatBytes(progress.bytes),
    `${formatCount(pace.rowsPerSecond)} rows/s`,
    pace.leftMs === null ? 'time left unknown' : `${formatDuration(pace.leftMs)} left`,
    `${progress.tablesDone}/${progress.tablesTotal} tables`,
  ];
  if (pace.isStalled) parts.push(`no row for ${stallMs / 1000} s: waiting for the server on ${work}`);
  else if (work !== '') parts.push(work);
  return parts.join(' · ');
}

function barOn({ stream, nowMs }: DisplayOptions): Copying {
  const layout: Options = {
    stream,
    format: '  {bar} {percentage}% · {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    fps: 10,
    gracefulExit: false,
  };
  let bar: SingleBar | null = null;
  let last: { readonly progress: Progress; readonly text: string } | null = null;
  const pace = { current: null as Pace | null };
  const open = (progress: Progress, text: string) => {
    bar = new SingleBar(layout);
    bar.start(Math.max(1, progress.rowsTotal), progress.rows, { text });
  };
  const close = () => {
    bar?.stop();
    bar = null;
  };
  return {
    show: (progress) => {
      pace.current ??= new Pace(nowMs);
      const text = describe(progress, pace.current.note(progress));
      last = { progress, text };
      if (bar === null) open(progress, text);
      else bar.update(Math.min(progress.rows, Math.max(1, progress.rowsTotal)), { text });
    },
    aside: (write) => {
      const wasOpen = bar !== null;
      close();
      write();
      if (wasOpen && last !== null) open(last.progress, last.text);
    },
    end: close,
  };
}

function linesOn({ nowMs }: DisplayOptions, write: (line: string) => void): Copying {
  let pace: Pace | null = null;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  return {
    show: (progress) => {
      pace ??= new Pace(nowMs);
      const text = describe(progress, pace.note(progress));
      if (nowMs() - writtenAtMs < lineEveryMs) return;
      writtenAtMs = nowMs();
      write(`  ${text}`);
    },
    aside: (writeAside) => writeAside(),
    end: () => {},
  };
}
