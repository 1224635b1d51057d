import type { Progress } from '../../model/event.js';
import { type PaceNow, stallMs } from './pace.js';
import { displayWidth, formatBytes, formatCount, formatDuration, sanitize, cutToWidth } from '../units.js';

/** In fewer columns than this the names of tables are left out. */
const namesWidthMin = 8;
const barWidthMax = 24;

interface Part {
  /** Where the line is too long, the part with the lowest number is left out first. */
  readonly worth: number;
  readonly text: string;
}

/** The state of the copy on one line, for output that cannot be rewritten. */
export function progressLine(progress: Progress, pace: PaceNow): string {
  return [...partsOf(progress, pace).map(({ text }) => text), namesOf(progress, pace)]
    .filter((text) => text !== '')
    .join(' · ');
}

/** The state of the copy beside a bar, cut to fit into a terminal of this many columns. */
export function progressBar(progress: Progress, pace: PaceNow, columns: number): string {
  const width = Math.max(10, columns - 1);
  const fraction = progress.rowsTotal === 0 ? 1 : Math.min(1, Math.max(0, progress.rows / progress.rowsTotal));
  const percent = `${String(Math.floor(fraction * 100)).padStart(4)}%`;
  const bar = drawBar(fraction, Math.min(barWidthMax, Math.floor(width / 6)));
  const start = `  ${bar}${percent}`;
  let parts = partsOf(progress, pace);
  const fits = (list: readonly Part[]) => displayWidth([start, ...list.map(({ text }) => text)].join(' · ')) <= width;
  while (parts.length > 0 && !fits(parts)) {
    const worst = Math.min(...parts.map(({ worth }) => worth));
    parts = parts.filter(({ worth }) => worth !== worst);
  }
  const line = [start, ...parts.map(({ text }) => text)].join(' · ');
  const left = width - displayWidth(line) - displayWidth(' · ');
  const names = namesOf(progress, pace);
  return names === '' || left < namesWidthMin ? line : `${line} · ${cutToWidth(names, left)}`;
}

/** The summary of the copy when it ends. */
export function copiedLine(first: Progress, last: Progress, durationMs: number): string {
  const rows = last.rows - first.rows;
  const rate = rows > 0 && durationMs >= 1 ? `, ${formatCount((rows / durationMs) * 1000)} rows/s` : '';
  const total = last.rows === last.rowsTotal ? '' : ` of ${formatCount(last.rowsTotal)}`;
  const noun = last.rowsTotal === 1 ? 'row' : 'rows';
  return `${formatCount(last.rows)}${total} ${noun}, ${formatBytes(last.bytes)} in ${formatDuration(durationMs)}${rate}`;
}

function partsOf(progress: Progress, { rowsPerSecond, leftMs }: PaceNow): Part[] {
  const isStill = rowsPerSecond === 0 && progress.rows < progress.rowsTotal;
  return [
    { worth: 4, text: `${formatCount(progress.rows)} of ${formatCount(progress.rowsTotal)} rows` },
    { worth: 1, text: formatBytes(progress.bytes) },
    ...(rowsPerSecond === null ? [] : [{ worth: 3, text: `${formatCount(rowsPerSecond)} rows/s` }]),
    ...(leftMs === null ? [] : [{ worth: 5, text: `${formatLeft(leftMs)} left` }]),
    ...(isStill ? [{ worth: 5, text: 'time left unknown' }] : []),
    { worth: 2, text: `${progress.tablesDone}/${progress.tablesTotal} tables` },
  ];
}

/** Whole seconds: a guess needs no fractions, and a number that dances cannot be read. */
function formatLeft(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1000);
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
}

function namesOf({ tablesInWork }: Progress, { isStalled }: PaceNow): string {
  const more = tablesInWork.length > 3 ? ' …' : '';
  const names = tablesInWork.slice(0, 3).map(sanitize).join(', ') + more;
  return isStalled ? `no row for ${stallMs / 1000} s, waiting for the server: ${names}` : names;
}

function drawBar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
