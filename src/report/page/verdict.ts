import type { AcceptResult } from '../../model/shadow.js';
import { countOf, formatCount, formatDuration } from '../units.js';
import { type Html, html } from './html.js';
import type { AcceptancePage } from './page-data.js';

/** Sums that several parts of the report show. */
export interface Totals {
  readonly rows: number;
  readonly tables: number;
  readonly tablesDiffering: number;
  readonly quarantined: number;
  readonly hashed: number;
  readonly hashesDiffering: number;
  readonly reads: number;
  readonly readsDiffering: number;
  readonly objects: number;
  readonly schemaErrors: number;
}

/** Codes of findings about single values and reads, which the report lists in parts of their own. */
const shownElsewhere: ReadonlySet<string> = new Set([
  'shadow.differs',
  'shadow.failed',
  'shadow.order',
  'shadow.kept',
  'shadow.more',
  'verify.missing',
  'verify.extra',
  'verify.changed',
  'verify.repeated',
  'verify.more',
]);

export const isSchemaFinding = ({ code }: { readonly code: string }): boolean => !shownElsewhere.has(code);

export function totalsOf({ tables, keysets, reads, objects, findings }: AcceptResult): Totals {
  const hashed = keysets.filter(({ sha256 }) => sha256.source !== '');
  return {
    rows: tables.reduce((sum, { targetRows }) => sum + targetRows, 0),
    tables: tables.length,
    tablesDiffering: tables.filter(({ ok }) => !ok).length,
    quarantined: tables.reduce((sum, { quarantinedRows }) => sum + quarantinedRows, 0),
    hashed: hashed.length,
    hashesDiffering: hashed.filter(({ ok }) => !ok).length,
    reads: reads.length,
    readsDiffering: reads.filter(({ verdict }) => verdict !== 'equal').length,
    objects: objects.reduce((sum, { found }) => sum + found, 0),
    schemaErrors: findings.filter((finding) => finding.severity === 'error' && isSchemaFinding(finding)).length,
  };
}

/** Whether what differs is the schema alone: every row, key and read is the same. */
export function isSchemaAlone(result: AcceptResult): boolean {
  const { tablesDiffering, hashesDiffering, readsDiffering } = totalsOf(result);
  return !result.ok && tablesDiffering + hashesDiffering + readsDiffering === 0;
}

/** The first screen: the verdict in one sentence, and the numbers behind it. */
export function verdictPart({ result, createdAt }: AcceptancePage): Html {
  const totals = totalsOf(result);
  const trouble = isSchemaAlone(result) ? '✗ The data is the same, the schema is not' : '✗ The two sides differ';
  const headline = result.ok ? '✓ Both sides hold the same data' : trouble;
  const lead = result.ok
    ? `${countOf(totals.rows, 'row')} in ${countOf(totals.tables, 'table')} were read anew from SQLite and from PostgreSQL and compared value by value. Nothing differs.`
    : `${troubles(totals).join(', ')}. Do not switch to this target; the differences are listed below.`;
  return html`<section class="card verdict ${result.ok ? '' : 'differs'}">
<div class="tag">Acceptance of a migration to PostgreSQL</div>
<h1 class="${result.ok ? 'good' : 'bad'}">${headline}</h1>
<p>${lead}</p>
<p class="soft small">${moment(createdAt)} · took ${formatDuration(result.durationMs)}</p>
</section>
${facts(result, totals)}`;
}

function troubles(totals: Totals): string[] {
  const { tablesDiffering, hashesDiffering, readsDiffering, schemaErrors } = totals;
  return [
    ...(tablesDiffering > 0 ? [`${countOf(tablesDiffering, 'table')} with other rows or values`] : []),
    ...(hashesDiffering > 0 ? [`${countOf(hashesDiffering, 'key hash', 'es')} that differ`] : []),
    ...(readsDiffering > 0 ? [`${countOf(readsDiffering, 'read')} with another result`] : []),
    ...(schemaErrors > 0 ? [`${countOf(schemaErrors, 'difference')} in the schema`] : []),
  ].map((text, i) => (i === 0 ? text.replace(/^./, (c) => c.toUpperCase()) : text));
}

function facts(result: AcceptResult, totals: Totals): Html {
  const { rows, tables, hashed, hashesDiffering, reads, readsDiffering, objects, quarantined } = totals;
  const cells: readonly (readonly [string, string])[] = [
    [formatCount(rows), 'rows in PostgreSQL'],
    [formatCount(tables), tables === 1 ? 'table' : 'tables'],
    [formatCount(result.differences.length), 'differing values or rows named'],
    [`${formatCount(hashed - hashesDiffering)} / ${formatCount(hashed)}`, 'key hashes equal'],
    [`${formatCount(reads - readsDiffering)} / ${formatCount(reads)}`, 'reads equal'],
    ...(objects > 0 ? [[formatCount(objects), 'schema objects in force'] as const] : []),
    ...(quarantined > 0 ? [[formatCount(quarantined), 'rows in quarantine'] as const] : []),
  ];
  return html`<ul class="facts">${cells.map(([number, words]) => html`<li><b>${number}</b><span>${words}</span></li>`)}</ul>`;
}

/** A moment in UTC for a person: 25 November 2026, 22:15 UTC. */
export function moment(at: Date): string {
  const day = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${at.toISOString().slice(11, 16)} UTC`;
}
