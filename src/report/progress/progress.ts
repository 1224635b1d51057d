import type { Progress, RunEvent } from '../../model/event.js';
import { sanitize } from '../units.js';
import { LiveArea } from './live-area.js';
import { phaseText } from './phase-text.js';
import { copiedLine, progressLine, screenLines } from './progress-text.js';
import type { RunProgress } from './run-progress.js';

/** How often a piped progress line is written. */
const lineEveryMs = 5000;
/** How often the lines on a terminal are drawn again. */
const drawEveryMs = 250;
/** The size of a terminal that does not report one. */
const standardSize = { columns: 80, rows: 24 };

export interface Display {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the live lines away and gives the cursor back. Closing twice is closing once. */
  readonly close: () => void;
}

export interface DisplayOptions {
  readonly stream: NodeJS.WriteStream;
  readonly isTerminal: boolean;
  readonly isQuiet: boolean;
  /** What is shown; it takes the same events, each before the display does. */
  readonly run: RunProgress;
  /** Monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** What a person sees on stderr: a few rewritten lines on a terminal, plain lines otherwise, nothing if quiet. */
export function openDisplay(options: DisplayOptions): Display {
  if (options.isQuiet) return { onEvent: () => {}, close: () => {} };
  const write = (line: string) => void options.stream.write(`${sanitize(line)}\n`);
  const live = options.isTerminal ? areaOn(options) : linesOn(options, write);
  let copying: { readonly first: Progress; last: Progress } | null = null;
  const onEvent = (event: RunEvent) => {
    switch (event.tag) {
      case 'progress':
        if (event.progress.phase === 'copy' && event.progress.bytes !== null)
          copying = { first: copying?.first ?? event.progress, last: event.progress };
        return live.show();
      case 'note':
        return live.aside(() => write(`  ${event.message}`));
      case 'warning':
        return live.aside(() => write(`! ${event.message}`));
      case 'phase-begin':
        return live.aside(() => write(`· ${phaseText[event.name]}`));
      case 'phase-end': {
        const ended = event.name === 'copy' ? copying : null;
        if (ended === null) return;
        copying = null;
        return live.aside(() => write(`  ${copiedLine(ended.first, ended.last, event.ms)}`));
      }
      // The summary lists them.
      case 'finding':
      case 'table-copied':
      case 'table-verified':
      case 'waiting':
        return;
    }
  };
  return { onEvent, close: live.close };
}

interface Live {
  readonly show: () => void;
  /** Writes something else without breaking the live lines. */
  readonly aside: (write: () => void) => void;
  readonly close: () => void;
}

function areaOn({ stream, run, nowMs }: DisplayOptions): Live {
  const area = new LiveArea(stream);
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  const draw = () => {
    if (isClosed) return;
    drawnAtMs = nowMs();
    const columns = stream.columns || standardSize.columns;
    area.show(screenLines(run.view(), { columns, rows: stream.rows || standardSize.rows }));
  };
  const close = () => {
    isClosed = true;
    if (timer !== null) clearInterval(timer);
    stream.off('resize', draw);
    area.clear();
  };
  return {
    show: () => {
      if (timer === null && !isClosed) {
        // The time goes on also where nothing else does.
        timer = setInterval(draw, drawEveryMs).unref();
        stream.on('resize', draw);
      }
      if (nowMs() - drawnAtMs >= drawEveryMs) draw();
    },
    aside: (write) => {
      area.clear();
      write();
      if (timer !== null) draw();
    },
    close,
  };
}

function linesOn({ run, nowMs }: DisplayOptions, write: (line: string) => void): Live {
  let writtenAtMs = nowMs();
  return {
    show: () => {
      if (nowMs() - writtenAtMs < lineEveryMs) return;
      const line = progressLine(run.view());
      if (line === null) return;
      writtenAtMs = nowMs();
      write(`  ${line}`);
    },
    aside: (writeAside) => writeAside(),
    close: () => {},
  };
}
