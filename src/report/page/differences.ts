import type { Finding } from '../../model/plan.js';
import type { Difference, DifferenceTotal } from '../../model/result.js';
import type { ShadowReport } from '../../model/shadow.js';
import { countOf, formatCount } from '../units.js';
import { type Html, html } from './html.js';
import type { AcceptancePage } from './page-data.js';
import { isSchemaFinding } from './verdict.js';

const words: Readonly<Record<Difference['kind'], string>> = {
  missing: 'row is not in PostgreSQL',
  extra: 'row is only in PostgreSQL',
  changed: 'value differs',
  repeated: 'row is there more than once',
};

/** All that differs, first values, then the schema; nothing where nothing does. */
export function differencesPart({ result, explain }: AcceptancePage): Html {
  const { differences, findings } = result;
  const schema = findings.filter((finding) => finding.severity === 'error' && isSchemaFinding(finding));
  const more = findings.filter(({ code }) => code === 'verify.more');
  return html`${
    differences.length === 0
      ? null
      : html`<h2>Differences</h2>
<p class="lead">Each by its table, key and column.</p>
<div class="card"><table class="stack" style="--across:2"><thead><tr><th>Table</th><th>Column</th><th>Key</th><th>SQLite</th><th>PostgreSQL</th></tr></thead>
<tbody>${differences.map((difference) => differenceRow(difference, explain))}</tbody></table>${more.map(
          ({ table, message }) => html`<p class="soft small">${table}: ${message}</p>`,
        )}</div>
${totalsCard(result.differenceTotals ?? [])}`
  }${schema.length === 0 ? null : findingsCard('Differences in the schema', schema)}`;
}

function totalsCard(totals: readonly DifferenceTotal[]): Html {
  return html`<div class="card"><table class="stack" style="--across:2"><thead><tr><th>Table</th><th class="num">Differences</th><th>Kind</th><th>Column</th></tr></thead>
<tbody>${totals.map(
    ({ table, count, isAll, kind, column }) =>
      html`<tr><td data-label="Table"><b>${table}</b></td><td class="num" data-label="Differences">${isAll ? '' : 'at least '}${formatCount(count)}</td><td data-label="Kind">${words[kind]}</td><td data-label="Column">${column ?? '–'}</td></tr>`,
  )}</tbody></table></div>`;
}

/** What does not stop an acceptance, but a person should know. */
export function warningsPart({ result }: AcceptancePage): Html | null {
  const warnings = result.findings.filter((finding) => finding.severity === 'warning' && isSchemaFinding(finding));
  return warnings.length === 0 ? null : findingsCard('Warnings', warnings);
}

function differenceRow(
  { table, key, kind, column, source, target }: Difference,
  explain: AcceptancePage['explain'],
): Html {
  const why = kind === 'changed' && source !== null && target !== null ? explain(source, target) : null;
  const sides =
    source === null && target === null
      ? html`<td class="whole" colspan="2">${words[kind]}</td>`
      : html`<td class="value" data-label="SQLite">${source ?? 'NULL'}</td><td class="value" data-label="PostgreSQL">${target ?? 'NULL'}${
          why === null ? null : html`<div class="why">${why}</div>`
        }</td>`;
  return html`<tr><td data-label="Table"><b>${table}</b></td><td data-label="Column">${column ?? '–'}</td><td class="value whole" data-label="Key">${key}</td>${sides}</tr>`;
}

function findingsCard(title: string, findings: readonly Finding[]): Html {
  return html`<h2>${title}</h2>
<div class="card"><ul class="checks">${findings.map(
    ({ severity, table, column, key, message, hint, choices = [] }) =>
      html`<li class="${severity === 'error' ? 'bad' : ''}"><b>${[table, column, key].filter((part) => part !== null).join(' · ')}</b> ${message}${
        hint === '' ? null : html`<div class="soft small">${hint}</div>`
      }${choices.map((line) => html`<div class="soft small"><code>${line}</code></div>`)}</li>`,
  )}</ul></div>`;
}

const verdicts: Readonly<Record<ShadowReport['verdict'], readonly [string, string]>> = {
  equal: ['equal', 'good'],
  differs: ['differs', 'bad'],
  failed: ['failed', 'bad'],
};

/** Equal reads beyond this number are folded away. */
const unfoldedReadsMax = 20;

/** The reads that ran on both sides, with their latencies. Those that a person must look at come first. */
export function readsPart({ result }: AcceptancePage): Html | null {
  const { reads } = result;
  if (reads.length === 0) return null;
  const isPlain = ({ verdict, explanations }: ShadowReport) => verdict === 'equal' && explanations.length === 0;
  const [first, folded] =
    reads.length <= unfoldedReadsMax
      ? [reads, []]
      : [reads.filter((read) => !isPlain(read)), reads.filter((read) => isPlain(read))];
  return html`<h2>The same reads on both sides</h2>
<p class="lead">As the application would ask, with the median time of three runs. A read whose order alone differs is equal, and says why an application may see another order.</p>
<div class="card">${first.length === 0 ? null : readsTable(first)}${
    folded.length === 0
      ? null
      : html`<details class="more"><summary>${countOf(folded.length, 'read')} gave the same on both sides</summary>${readsList(folded)}</details>`
  }</div>`;
}

/** A line for each; what they ask in SQL stands in the file beside the page. */
function readsList(reads: readonly ShadowReport[]): Html {
  return html`<p class="soft small">With their time on SQLite and on PostgreSQL. The SQL of each is in <code>acceptance.json</code>.</p>
<ul class="folded">${reads.map(
    ({ name, why, rows, ms }) =>
      html`<li><b>${name}</b> ${why}: ${countOf(rows.target, 'row')}, ${ms.source.toFixed(1)} and ${ms.target.toFixed(1)} ms\n`,
  )}</ul>`;
}

function readsTable(reads: readonly ShadowReport[]): Html {
  return html`<table class="stack" style="--across:4"><thead><tr><th>Read</th><th class="num">Rows</th><th class="num">SQLite</th><th class="num">PostgreSQL</th><th>Result</th></tr></thead>
<tbody>${reads.map(readRow)}</tbody></table>`;
}

function readRow({ name, why, rows, ms, verdict, explanations, differences, sql }: ShadowReport): Html {
  const isOther = verdict === 'equal' && explanations.length > 0;
  const [word, tone] = isOther ? ['other order', 'warn'] : verdicts[verdict];
  const count = rows.source === rows.target ? String(rows.source) : `${rows.source} / ${rows.target}`;
  return html`<tr><td class="wide"><b>${name}</b> <span class="soft">${why}</span>${explanations.map(
    (text) => html`<div class="${verdict === 'equal' ? 'soft' : 'bad'}">${text}</div>`,
  )}${differences
    .slice(0, 5)
    .map(
      (one) =>
        html`<div class="value">${one.key}${one.column === null ? '' : ` · ${one.column}`}: ${one.source ?? '–'} → ${one.target ?? '–'} (${one.kind})</div>`,
    )}<details><summary>SQL</summary><pre>-- SQLite
${sql.source}
-- PostgreSQL
${sql.target}</pre></details></td>
<td class="num" data-label="Rows">${count}</td><td class="num" data-label="SQLite">${ms.source.toFixed(1)} ms</td><td class="num" data-label="PostgreSQL">${ms.target.toFixed(1)} ms</td>
<td data-label="Result"><span class="pill ${tone}">${word}</span></td></tr>`;
}
