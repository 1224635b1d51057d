import type { TableReport } from '../../model/result.js';
import type { KeysetReport } from '../../model/shadow.js';
import { countOf, formatCount } from '../units.js';
import { type Html, html } from './html.js';
import type { AcceptancePage } from './page-data.js';

/** Equal tables beyond this number are folded away. */
const unfoldedTablesMax = 20;

/** Numbers and verdict of every table; those that a person must look at come first. */
export function tablesPart({ result }: AcceptancePage): Html {
  const keysets = new Map(result.keysets.map((keyset) => [keyset.table, keyset]));
  const isPlain = ({ table, ok, quarantinedRows }: TableReport) =>
    ok && quarantinedRows === 0 && keysets.get(table)?.ok !== false;
  const [first, folded] =
    result.tables.length <= unfoldedTablesMax
      ? [result.tables, []]
      : [result.tables.filter((table) => !isPlain(table)), result.tables.filter(isPlain)];
  const rows = folded.reduce((sum, { targetRows }) => sum + targetRows, 0);
  return html`<h2>Table by table</h2>
<p class="lead">Rows of both sides, and the SHA-256 of all keys in bytewise order: the same digits on both sides are the same keys.</p>
<div class="card">${first.length === 0 ? null : tableOf(first, keysets)}${
    folded.length === 0
      ? null
      : html`<details class="more"><summary>${countOf(folded.length, 'table')} with ${countOf(rows, 'row')}: equal on both sides</summary>${listOf(folded, keysets)}</details>`
  }</div>`;
}

/** Of what is equal a line says all: the sides have the same rows, values and keys. */
function listOf(tables: readonly TableReport[], keysets: ReadonlyMap<string, KeysetReport>): Html {
  return html`<ul class="folded">${tables.map(({ table, targetRows }) => {
    const keyset = keysets.get(table);
    const key = keyset === undefined ? null : html`, key ${keyText(keyset)} ${hashText(keyset)}`;
    return html`<li><b>${table}</b> ${countOf(targetRows, 'row')}${key}\n`;
  })}</ul>`;
}

function tableOf(tables: readonly TableReport[], keysets: ReadonlyMap<string, KeysetReport>): Html {
  const hasQuarantine = tables.some(({ quarantinedRows }) => quarantinedRows > 0);
  return html`<table class="stack" style="--across:${hasQuarantine ? 4 : 3}"><thead><tr><th>Table</th><th class="num">SQLite</th>${
    hasQuarantine ? html`<th class="num">Quarantine</th>` : null
  }<th class="num">PostgreSQL</th><th>Key</th><th>Keys’ SHA-256</th><th>Values</th></tr></thead>
<tbody>${tables.map((table) => tableRow(table, keysets.get(table.table), hasQuarantine))}</tbody></table>`;
}

function tableRow(table: TableReport, keyset: KeysetReport | undefined, hasQuarantine: boolean): Html {
  const { sourceRows, quarantinedRows, targetRows, ok } = table;
  const isCounted = sourceRows - quarantinedRows === targetRows;
  return html`<tr><td class="wide"><b>${table.table}</b></td>
<td class="num up" data-label="SQLite">${formatCount(sourceRows)}</td>${
    hasQuarantine ? html`<td class="num up" data-label="Quarantine">${formatCount(quarantinedRows)}</td>` : null
  }<td class="num up ${isCounted ? '' : 'bad'}" data-label="PostgreSQL">${formatCount(targetRows)}</td>
<td data-label="Key">${keyset === undefined ? '–' : keyText(keyset)}</td>
<td class="double" data-label="Keys’ SHA-256">${keyset === undefined ? '–' : hashText(keyset)}</td>
<td class="up" data-label="Values"><span class="pill ${ok ? 'good' : 'bad'}">${ok ? 'same' : 'differ'}</span></td></tr>`;
}

function keyText({ origin, columns, leftOut }: KeysetReport): Html {
  const names = origin === 'none' ? 'no key: all columns' : columns.join(', ');
  return html`${names}${leftOut.map(({ column, reason }) => html`<div class="soft" title="${reason}">without ${column}</div>`)}`;
}

function hashText({ sha256, isKept }: KeysetReport): Html {
  if (sha256.source === '') return html`<span class="soft">no form in plain SQL</span>`;
  const shown = (hash: string) => html`<span class="mono hash">${hash}</span>`;
  if (sha256.source === sha256.target) return shown(sha256.source);
  return html`<span class="${isKept ? 'warn' : 'bad'}">${shown(sha256.source)}<br>${shown(sha256.target)}</span>`;
}
