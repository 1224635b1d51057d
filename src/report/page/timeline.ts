import { countOf, formatBytes, formatCount, formatDuration } from '../units.js';
import { type Html, html } from './html.js';
import type { AcceptancePage, ChunkTime, LoadRun } from './page-data.js';
import { moment } from './verdict.js';

/** This many tables have a colour of their own; the others share the last one. */
const coloursMax = 6;
/** A pause that is longer than this, and than a quarter of the work, begins another strip: the run was interrupted. */
const pauseMs = 5000;
const stripsMax = 6;
/** Beyond this number bars are too narrow to be distinguished, so neighbours are drawn as one. */
const barsMax = 400;

/** How the load went: a lane per connection that was at work at once, a bar per chunk. */
export function timelinePart({ run }: AcceptancePage): Html | null {
  if (run === null || run.chunks.length === 0) return null;
  const colours = coloursOf(run.chunks);
  const strips = stripsOf(run.chunks);
  const shown = strips.slice(0, stripsMax);
  return html`<h2>How the load went</h2>
<p class="lead">${summaryOf(run, strips.length)}</p>
<div class="card">${shown.map((chunks, i) => strip(chunks, colours, shown.length > 1 ? `${i + 1}. ` : ''))}
<ul class="legend">${[...colours]
    .slice(0, coloursMax)
    .map(
      ([table, colour]) => html`<li><i class="c${colour}"></i>${table}</li>`,
    )}${colours.size > coloursMax ? html`<li><i class="c${coloursMax}"></i>${countOf(colours.size - coloursMax, 'other table')}</li>` : null}</ul></div>`;
}

function summaryOf({ chunks, startedAt, toolVersion, host }: LoadRun, strips: number): string {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const attempts = strips > 1 ? `, in ${strips} attempts` : '';
  return `pgferry ${toolVersion} on ${host} began on ${moment(new Date(startedAt))} and sent ${countOf(rows, 'row')} (${formatBytes(bytes)}) in ${countOf(chunks.length, 'chunk')}${attempts}. Each lane is a worker, each bar one committed transaction.`;
}

/** Tables by the time they took, longest first. */
function coloursOf(chunks: readonly ChunkTime[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { table, startedAtMs, endedAtMs } of chunks)
    times.set(table, (times.get(table) ?? 0) + endedAtMs - startedAtMs);
  const ordered = [...times].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Map(ordered.map(([table], i) => [table, Math.min(i, coloursMax)]));
}

/** The chunks by attempt: a long pause lies between two. */
function stripsOf(chunks: readonly ChunkTime[]): ChunkTime[][] {
  const sorted = [...chunks].sort((a, b) => a.startedAtMs - b.startedAtMs);
  const work = sorted.reduce((sum, { startedAtMs, endedAtMs }) => sum + endedAtMs - startedAtMs, 0);
  const strips: ChunkTime[][] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const chunk of sorted) {
    const isPause = chunk.startedAtMs - endMs > Math.max(pauseMs, work / 4);
    if (isPause) strips.push([]);
    strips.at(-1)?.push(chunk);
    endMs = Math.max(endMs, chunk.endedAtMs);
  }
  return strips;
}

function strip(chunks: readonly ChunkTime[], colours: ReadonlyMap<string, number>, label: string): Html {
  const startMs = Math.min(...chunks.map(({ startedAtMs }) => startedAtMs));
  const endMs = Math.max(...chunks.map(({ endedAtMs }) => endedAtMs));
  const spanMs = Math.max(1, endMs - startMs);
  const draw = (bar: Bar): Html => {
    const left = (((bar.startedAtMs - startMs) / spanMs) * 100).toFixed(3);
    const width = (((bar.endedAtMs - bar.startedAtMs) / spanMs) * 100).toFixed(3);
    const chunkWord = bar.chunks === 1 ? `chunk ${bar.index}` : countOf(bar.chunks, 'chunk');
    const title = `${bar.table}, ${chunkWord}: ${formatCount(bar.rows)} rows in ${formatDuration(bar.endedAtMs - bar.startedAtMs)}`;
    return html`<div class="bar c${colours.get(bar.table) ?? coloursMax}" style="left:${left}%;width:${width}%" title="${title}"></div>`;
  };
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      html`<span style="left:${part * 100}%">${part === 0 ? clock(startMs) : `+${formatDuration(spanMs * part)}`}</span>`,
  );
  return html`${label === '' ? null : html`<h3>${label}${moment(new Date(startMs))}</h3>`}${timelineRows(chunks).map(
    (row) => html`<div class="lane">${joined(row, spanMs).map(draw)}</div>`,
  )}<div class="axis">${ticks}</div>`;
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** A chunk is drawn in the first row that is free when it begins. */
function timelineRows(chunks: readonly ChunkTime[]): ChunkTime[][] {
  const rows: ChunkTime[][] = [];
  for (const chunk of chunks) {
    const free = rows.find((row) => (row.at(-1)?.endedAtMs ?? 0) <= chunk.startedAtMs + overlapMs);
    if (free === undefined) rows.push([chunk]);
    else free.push(chunk);
  }
  return rows;
}

/** The clock of the server and the stopwatch of a thread need not agree to the millisecond. */
const overlapMs = 3;

interface Bar extends ChunkTime {
  readonly chunks: number;
}

function joined(row: readonly ChunkTime[], spanMs: number): Bar[] {
  const gapMs = spanMs / barsMax;
  const bars: Bar[] = [];
  for (const chunk of row) {
    const last = bars.at(-1);
    const isTooFine = row.length > barsMax && last?.table === chunk.table && chunk.startedAtMs - last.endedAtMs < gapMs;
    if (last !== undefined && isTooFine) {
      const { rows, bytes, chunks } = last;
      const sums = { rows: rows + chunk.rows, bytes: bytes + chunk.bytes, chunks: chunks + 1 };
      bars[bars.length - 1] = { ...last, ...sums, endedAtMs: chunk.endedAtMs };
    } else bars.push({ ...chunk, chunks: 1 });
  }
  return bars;
}
