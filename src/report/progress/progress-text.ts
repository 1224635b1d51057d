import type { Progress, TableProgress } from '../../model/event.js';
import { countOf, cutToWidth, displayWidth, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';
import type { PhaseView, RunView } from './run-progress.js';

const barWidthMax = 24;
const tableBarWidth = 12;
const tableNameWidthMax = 32;
/** Lines of the screen at most, however high the terminal is. */
const linesMax = 14;

interface Part {
  /** Where the line is too long, the part with the lowest number is left out first. */
  readonly worth: number;
  readonly text: string;
}

/** The state of a run on one line, for output that cannot be rewritten; null while nothing is counted. */
export function progressLine(view: RunView): string | null {
  const phase = view.running.find(({ progress }) => progress !== null);
  if (phase?.progress == null) return null;
  const names = namesOf(phase.progress);
  const parts = [
    ...partsOf(phase).map(({ text }) => text),
    ...(names === '' ? [] : [names]),
    ...(view.waitsFor === null ? [] : [`waits: ${view.waitsFor}`]),
    ...(view.leftMs === null ? [] : [`about ${formatLeft(view.leftMs)} left in all`]),
  ];
  return `${phase.name}: ${parts.map(sanitize).join(' · ')}`;
}

/**
 * The state of a run as lines for a terminal of this size: the run as a whole, each phase that runs, the tables in work,
 * and what it waits for. No line is wider, and a few lines of the terminal are left for what else is written.
 */
export function screenLines(view: RunView, size: { readonly columns: number; readonly rows: number }): string[] {
  const width = Math.max(10, size.columns - 1);
  const linesFree = Math.max(1, Math.min(linesMax, size.rows - 3));
  const [first, ...others] = view.running;
  if (first === undefined) return [];
  const waits = view.waitsFor === null ? [] : [`  waits: ${sanitize(view.waitsFor)}`];
  const head = [
    joined('  ', headParts(view, first), width),
    ...view.running.slice(0, Math.min(3, others.length + 1)).flatMap((phase) => phaseLine(phase, width)),
    ...waits,
  ].slice(0, linesFree);
  const tables =
    first.progress === null ? [] : tableLines(first.progress, { width, linesFree: linesFree - head.length });
  return [...head.slice(0, head.length - waits.length), ...tables, ...head.slice(head.length - waits.length)].map(
    (line) => cutToWidth(line, width),
  );
}

/** The summary of the copy when it ends. */
export function copiedLine(first: Progress, last: Progress, durationMs: number): string {
  const rows = last.done - first.done;
  const rate = rows > 0 && durationMs >= 1 ? `, ${formatCount((rows / durationMs) * 1000)} rows/s` : '';
  const total = last.total === null || last.done === last.total ? '' : ` of ${formatCount(last.total)}`;
  const noun = (last.total ?? last.done) === 1 ? 'row' : 'rows';
  const bytes = formatBytes(last.bytes ?? 0);
  return `${formatCount(last.done)}${total} ${noun}, ${bytes} in ${formatDuration(durationMs)}${rate}`;
}

function headParts(view: RunView, first: PhaseView): Part[] {
  const known = view.phases.filter(({ state }) => state !== 'left out');
  const at = known.findIndex(({ name }) => name === first.name) + 1;
  return [
    { worth: 4, text: view.command },
    { worth: 3, text: `${first.name}, phase ${at} of ${known.length}` },
    { worth: 2, text: formatElapsed(view.elapsedMs) },
    { worth: 5, text: view.leftMs === null ? 'time left unknown' : `about ${formatLeft(view.leftMs)} left in all` },
  ];
}

function phaseLine(phase: PhaseView, width: number): string[] {
  const { progress } = phase;
  if (progress === null) return [];
  const bar = Math.min(barWidthMax, Math.floor(width / 6));
  const { done, total } = progress;
  const start = total === null ? `  ${phase.name}` : `  ${drawBar(done, total, bar)}${percent(done, total)}`;
  return [joined(`${start} · `, partsOf(phase), width)];
}

function tableLines(
  progress: Progress,
  { width, linesFree }: { readonly width: number; readonly linesFree: number },
): string[] {
  const { tables } = progress;
  if (tables.length === 0 || linesFree < 1) return [];
  const shown = tables.length <= linesFree ? tables : tables.slice(0, linesFree - 1);
  const lines = shown.map((table) => tableLine(table, width));
  const more = tables.length - shown.length;
  return more === 0 ? lines : [...lines, `    and ${countOf(more, 'table')} more in work`];
}

function tableLine({ table, done, total }: TableProgress, width: number): string {
  const nameWidth = Math.min(tableNameWidthMax, Math.max(8, width - tableBarWidth - 36));
  const name = cutToWidth(sanitize(table), nameWidth);
  const padded = name + ' '.repeat(Math.max(0, nameWidth - displayWidth(name)));
  const bar = drawBar(done, total, tableBarWidth);
  return `    ${padded} ${bar}${percent(done, total)} ${formatCount(done)} of ${formatCount(total)}`;
}

function partsOf({ progress, perSecond, leftMs }: PhaseView): Part[] {
  if (progress === null) return [];
  const { done, total, unit, bytes, tablesDone, tablesTotal } = progress;
  const count = (value: number) => (unit === 'bytes' ? formatBytes(value) : formatCount(value));
  const noun = unit === 'bytes' ? '' : ` ${unit}`;
  const isStill = perSecond === 0 && total !== null && done < total;
  const rate = unit === 'bytes' ? `${formatBytes(perSecond ?? 0)}/s` : `${formatCount(perSecond ?? 0)} ${unit}/s`;
  return [
    { worth: 4, text: total === null ? `${count(done)}${noun}` : `${count(done)} of ${count(total)}${noun}` },
    ...(bytes === null ? [] : [{ worth: 1, text: formatBytes(bytes) }]),
    ...(perSecond === null || unit === 'parts' || unit === 'steps' ? [] : [{ worth: 3, text: rate }]),
    ...(leftMs === null ? [] : [{ worth: 5, text: `${formatLeft(leftMs)} left` }]),
    ...(isStill ? [{ worth: 5, text: 'time left unknown' }] : []),
    ...(tablesTotal === 0 ? [] : [{ worth: 2, text: `${tablesDone}/${tablesTotal} tables` }]),
  ];
}

/** As many of the parts as fit, the worth ones first, in their order. */
function joined(start: string, parts: readonly Part[], width: number): string {
  let left = parts;
  const line = () => start + left.map(({ text }) => text).join(' · ');
  while (left.length > 0 && displayWidth(line()) > width) {
    const worst = Math.min(...left.map(({ worth }) => worth));
    left = left.filter(({ worth }) => worth !== worst);
  }
  return left.length === 0 ? start.replace(/ · $/, '') : line();
}

/** Whole seconds: a guess needs no fractions, and a number that dances cannot be read. */
function formatLeft(leftMs: number): string {
  return formatElapsed(Math.max(1, Math.ceil(leftMs / 1000)) * 1000);
}

function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
}

function namesOf({ tables }: Progress): string {
  const more = tables.length > 3 ? ' …' : '';
  return (
    tables
      .slice(0, 3)
      .map(({ table }) => sanitize(table))
      .join(', ') + more
  );
}

function fractionOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
}

function percent(done: number, total: number): string {
  return `${String(Math.floor(fractionOf(done, total) * 100)).padStart(4)}%`;
}

function drawBar(done: number, total: number, width: number): string {
  const full = Math.round(fractionOf(done, total) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
