import { createRequire } from 'node:module';
import type CliProgress from 'cli-progress';
import type { PhaseName, Progress, RunEvent } from '../../model/event.js';
import { Pace } from './pace.js';
import { copiedLine, progressBar, progressLine } from './progress-text.js';
import { sanitize } from '../units.js';

const load = createRequire(import.meta.url);

/** How often a piped progress line is written. */
const lineEveryMs = 5000;
/** The width of a terminal that does not report one. */
const standardColumns = 80;

export interface Display {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the live line away and gives the cursor back. Closing twice is closing once. */
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
  check: 'checking the snapshot',
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
  keysets: 'hashing the keys of both sides',
  shadow: 'running the same reads on both sides',
  fence: 'fencing writers of the source: from here on its writers wait',
  load: 'loading what the source holds, while the application writes',
  follow: 'following the source while the application writes',
  final: 'the last round: writers wait',
  'prove-switch': 'proving the switch on what PostgreSQL held at that moment; the application works',
  'fence-trial': 'trying the fence: its writers wait for this moment only',
  migrate: 'migrating what the fence holds still',
  accept: 'accepting: every value of both sides is compared once more',
  digest: 'noting what every table of the target holds',
  generate: 'generating the Prisma client',
  close: 'closing the old database to writers',
  switch: 'switching the application',
  undo: 'taking back what was done',
  look: 'looking for rows that PostgreSQL took since the switch',
  lock: 'keeping writers off PostgreSQL, and looking once more',
  save: 'saving the rows that PostgreSQL took since the switch',
  carry: 'bringing the rows that PostgreSQL took since the switch into a copy of the snapshot',
  prove: 'comparing that copy with PostgreSQL',
  restore: 'restoring the snapshot',
};

/** What a person sees on stderr: one rewritten line on a terminal, plain lines otherwise, nothing if quiet. */
export function openDisplay(options: DisplayOptions): Display {
  if (options.isQuiet) return { onEvent: () => {}, close: () => {} };
  const write = (line: string) => void options.stream.write(`${sanitize(line)}\n`);
  const live = options.isTerminal ? barOn(options) : linesOn(options, write);
  let copying: { readonly first: Progress; last: Progress } | null = null;
  const onEvent = (event: RunEvent) => {
    switch (event.tag) {
      case 'progress':
        copying = { first: copying?.first ?? event.progress, last: event.progress };
        return live.show(event.progress);
      case 'note':
        return live.aside(() => write(`  ${event.message}`));
      case 'warning':
        return live.aside(() => write(`! ${event.message}`));
      case 'phase-begin':
        return live.aside(() => write(`· ${phaseText[event.name]}`));
      case 'phase-end':
        if (event.name !== 'copy') return;
        live.end();
        if (copying !== null) write(`  ${copiedLine(copying.first, copying.last, event.ms)}`);
        copying = null;
        return;
      // The summary lists them.
      case 'finding':
      case 'table-copied':
      case 'table-verified':
        return;
    }
  };
  return { onEvent, close: () => live.end() };
}

interface Live {
  readonly show: (progress: Progress) => void;
  /** Writes something else without breaking the live line. */
  readonly aside: (write: () => void) => void;
  readonly end: () => void;
}

function barOn({ stream, nowMs }: DisplayOptions): Live {
  const pace = new Pace(nowMs);
  // Loaded only where there is a terminal.
  const { SingleBar } = load('cli-progress') as typeof CliProgress;
  let bar: CliProgress.SingleBar | null = null;
  let draw = () => '';
  const open = () => {
    bar = new SingleBar({
      stream,
      format: () => draw(),
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      fps: 10,
      gracefulExit: false,
    });
    bar.start(1, 0);
  };
  const close = () => {
    bar?.stop();
    bar = null;
  };
  return {
    show: (progress) => {
      const now = pace.note(progress);
      draw = () => progressBar(progress, now, stream.columns || standardColumns);
      if (bar === null) open();
    },
    aside: (write) => {
      const wasOpen = bar !== null;
      close();
      write();
      if (wasOpen) open();
    },
    end: close,
  };
}

function linesOn({ nowMs }: DisplayOptions, write: (line: string) => void): Live {
  const pace = new Pace(nowMs);
  let writtenAtMs = nowMs();
  return {
    show: (progress) => {
      const now = pace.note(progress);
      if (nowMs() - writtenAtMs < lineEveryMs) return;
      writtenAtMs = nowMs();
      write(`  ${progressLine(progress, now)}`);
    },
    aside: (writeAside) => writeAside(),
    end: () => {},
  };
}
