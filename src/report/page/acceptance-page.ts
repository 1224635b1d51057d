import { shellWord } from '../files/acceptance-tsv.js';
import { formatBytes, formatDuration } from '../units.js';
import { differencesPart, readsPart, warningsPart } from './differences.js';
import { wholePage } from './frame.js';
import { type Html, html } from './html.js';
import type { AcceptancePage } from './page-data.js';
import { proofsPart } from './proofs.js';
import { tablesPart } from './tables.js';
import { timelinePart } from './timeline.js';
import { isSchemaAlone, verdictPart } from './verdict.js';

/**
 * The report of an acceptance as one HTML file: it fetches nothing, needs no script, and its own policy allows neither.
 */
export function acceptancePage(page: AcceptancePage): string {
  const { result, createdAt } = page;
  const title = `Acceptance: ${result.ok ? 'both sides equal' : isSchemaAlone(result) ? 'the schema differs' : 'the sides differ'}`;
  return wholePage({
    title: title,
    parts: [
      verdictPart(page),
      differencesPart(page),
      proofsPart(page),
      tablesPart(page),
      warningsPart(page),
      readsPart(page),
      timelinePart(page),
      environmentPart(page),
      auditPart(page),
      html`<footer>Made by pgferry on ${createdAt.toISOString()}. The numbers of this page stand in <code>acceptance.json</code> beside it.</footer>`,
    ],
  });
}

function environmentPart({ result, environment, run }: AcceptancePage): Html {
  const { snapshot } = result;
  const lines: readonly (readonly [string, string])[] = [
    ['Source', result.source],
    ...(snapshot === null
      ? []
      : [
          [
            'Compared snapshot',
            `${snapshot.path} (${formatBytes(snapshot.bytes)}, taken ${snapshot.takenAt})`,
          ] as const,
          ['Its SHA-256', snapshot.sha256] as const,
        ]),
    ['Target', result.target],
    ['Loaded by', run === null ? 'no run of pgferry' : `run ${run.runId} of ${run.startedAt}`],
    ...environment,
  ];
  return html`<h2>Where and with what</h2>
<div class="card"><dl>${lines.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></div>
<h3>Time of this acceptance</h3>
${phasesCard(result.phases)}`;
}

function phasesCard(phases: AcceptancePage['result']['phases']): Html {
  const longest = Math.max(1, ...phases.map(({ ms }) => ms));
  return html`<div class="card phases">${phases.map(
    ({ name, ms }) =>
      html`<span>${name}</span><div><i style="width:${((ms / longest) * 100).toFixed(1)}%"></i></div><span class="num">${formatDuration(ms)}</span>`,
  )}</div>`;
}

function auditPart({ result }: AcceptancePage): Html {
  const folder = shellWord(result.runDir ?? '.');
  return html`<h2>Check it yourself</h2>
<p>Nothing here has to be believed. With <code>sqlite3</code>, <code>psql</code> and <code>sha256sum</code> alone, <code>audit.sh</code> counts every table and hashes every key anew on both sides and compares with this acceptance. The password comes from the environment.</p>
<pre>cd ${folder}
sha256sum -c manifest.sha256
PGPASSWORD=… sh audit.sh</pre>`;
}
