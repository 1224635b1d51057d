import type { FleetFile, FleetResult } from '../../model/fleet/fleet.js';
import { countOf, formatBytes, formatCount } from '../units.js';
import { groupByReason, groupRemarks, nameSome } from '../fleet-reasons.js';
import { wholePage } from './frame.js';
import { Html, html } from './html.js';
import { moment } from './verdict.js';

/** Files without trouble beyond this number are folded away. */
const unfoldedFilesMax = 50;

/** The report over a fleet as one HTML file: it fetches nothing, needs no script, and its own policy allows neither. */
export function fleetPage(result: FleetResult, createdAt: Date): string {
  return wholePage({
    title: `Fleet ${result.fleet}: ${headlineOf(result).words}`,
    parts: [
      verdictPart(result, createdAt),
      troublePart(result),
      filesPart(result),
      remarksPart(result),
      html`<footer>Made by pgferry on ${createdAt.toISOString()}. What this page says stands in <code>fleet-${result.fleet}.json</code> beside it.</footer>`,
    ],
  });
}

/** Whether somebody must look at a file. */
function isTrouble({ state, verified }: FleetFile): boolean {
  return state === 'failed' || state === 'refused' || verified?.ok === false;
}

function headlineOf({ files, counts }: FleetResult): { readonly mark: string; readonly words: string } {
  const troubled = files.filter(isTrouble).length;
  const open = counts.waiting + counts.taken;
  if (troubled > 0)
    return { mark: '✗', words: `${formatCount(troubled)} of ${countOf(files.length, 'file')} need a look` };
  if (open > 0)
    return { mark: '…', words: `${formatCount(open)} of ${countOf(files.length, 'file')} are still to be loaded` };
  return { mark: '✓', words: `${countOf(files.length, 'file')} loaded and proven` };
}

function verdictPart(result: FleetResult, createdAt: Date): Html {
  const { fleet, form, files, counts } = result;
  const { mark, words } = headlineOf(result);
  const sum = (value: (file: FleetFile) => number | null) =>
    files.reduce((total, file) => total + (value(file) ?? 0), 0);
  const verified = files.filter(({ verified: verdict }) => verdict?.ok === true).length;
  const kind = mark === '✗' ? 'bad' : mark === '✓' ? 'good' : 'warn';
  const cells: readonly (readonly [string, string])[] = [
    [formatCount(counts.done), 'done'],
    [formatCount(counts.waiting + counts.taken), 'waiting or at work'],
    [formatCount(counts.failed), 'failed'],
    [formatCount(counts.refused), 'refused'],
    [formatCount(verified), 'compared once more: equal'],
    [formatCount(sum(({ rows }) => rows)), 'rows in PostgreSQL'],
    [formatBytes(sum(({ bytes }) => bytes)), 'of SQLite files'],
  ];
  return html`<section class="card verdict ${{ bad: 'differs', warn: 'open', good: '' }[kind]}">
<div class="tag">Fleet ${fleet}, ${form}</div>
<h1 class="${kind}">${mark} ${words}</h1>
<p>A file is done once every value of it was compared with PostgreSQL, with nothing changed until the transaction that ended its run. What <code>pgferry fleet verify</code> found later is in the last column.</p>
<p class="soft small">${moment(createdAt)}</p>
</section>
<ul class="facts">${cells.map(([number, label]) => html`<li><b>${number}</b><span>${label}</span></li>`)}</ul>`;
}

function troublePart({ files }: FleetResult): Html | null {
  const troubled = files.filter(isTrouble);
  if (troubled.length === 0) return null;
  if (troubled.length <= unfoldedFilesMax)
    return html`<h2>What needs a look</h2>
<div class="card">${troublesOf(troubled)}</div>`;
  return html`<h2>What needs a look</h2>
<div class="card">${groupByReason(troubled).map(
    ([code, group]) =>
      html`<details class="more"><summary>${countOf(group.length, 'file')}: ${code}</summary>${troublesOf(group)}</details>`,
  )}</div>`;
}

function troublesOf(files: readonly FleetFile[]): Html {
  return html`<ul class="checks">${files.map(
    ({ source, schema, state, reason, verified }) =>
      html`<li class="bad"><b>${source}</b> <span class="soft">(${schema}), ${state}</span><br>${
        reason === null
          ? `differs from its file: ${countOf(verified?.differences ?? 0, 'difference')}; pgferry verify with this file and schema names them`
          : html`<code>${reason.code}</code> ${reason.message}<div class="why">${reason.hint}</div>`
      }</li>`,
  )}</ul>`;
}

function filesPart({ files }: FleetResult): Html {
  if (files.length <= unfoldedFilesMax)
    return html`<h2>File by file</h2>
<div class="card">${tableOf(files)}</div>`;
  const isProven = (file: FleetFile) => file.state === 'done' && !isTrouble(file);
  const rest = files.filter((file) => !isProven(file));
  return html`<h2>File by file</h2>
<div class="card">${rest.length === 0 ? null : rest.length <= unfoldedFilesMax ? tableOf(rest) : foldedTable(rest, 'not proven yet, or in need of a look')}${foldedTable(files.filter(isProven), 'loaded and proven')}</div>`;
}

function foldedTable(files: readonly FleetFile[], words: string): Html | null {
  if (files.length === 0) return null;
  const rows = files.reduce((total, file) => total + (file.rows ?? 0), 0);
  return html`<details class="more"><summary>${countOf(files.length, 'file')} with ${countOf(rows, 'row')}: ${words}</summary>${tableOf(files)}</details>`;
}

function tableOf(files: readonly FleetFile[]): Html {
  return html`<table class="stack" style="--across:3"><thead><tr><th>File</th><th>Schema</th><th class="num">Rows</th><th class="num">Size</th><th>State</th><th>Compared later</th></tr></thead>
<tbody>${files.map(fileRow)}</tbody></table>`;
}

const pills = { done: 'good', failed: 'bad', refused: 'bad', waiting: 'warn', taken: 'warn' } as const;

function fileRow({ source, schema, rows, bytes, state, runId, verified }: FleetFile): Html {
  const words = { done: 'proven', failed: 'failed', refused: 'refused', waiting: 'waiting', taken: 'at work' }[state];
  return html`<tr><td class="wide"><b>${source}</b>${runId === null ? null : html`<div class="soft">run ${runId}</div>`}</td>
<td class="whole" data-label="Schema">${schema}</td>
<td class="num up" data-label="Rows">${rows === null ? '–' : formatCount(rows)}</td>
<td class="num up" data-label="Size">${bytes === null ? '–' : formatBytes(bytes)}</td>
<td class="up" data-label="State"><span class="pill ${pills[state]}">${words}</span></td>
<td data-label="Compared later">${
    verified === null
      ? html`<span class="soft">not yet</span>`
      : html`<span class="pill ${verified.ok ? 'good' : 'bad'}">${verified.ok ? 'equal' : 'differs'}</span> <span class="soft small">${verified.at.slice(0, 16).replace('T', ' ')} UTC</span>`
  }</td></tr>`;
}

function remarksPart({ files }: FleetResult): Html | null {
  const remarks = groupRemarks(files);
  if (remarks.length === 0) return null;
  const warned = files.filter((file) => file.remarks.length > 0);
  return html`<h2>What the runs warned of</h2>
<div class="card"><details${remarks.length > unfoldedFilesMax ? null : new Html(' open')}><summary>${countOf(warned.length, 'file')}</summary><ul class="checks">${remarks.map(
    ([remark, schemas]) => html`<li><b>${nameSome(schemas)}</b> ${remark}</li>`,
  )}</ul></details></div>`;
}
