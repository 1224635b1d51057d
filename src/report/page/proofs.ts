import type { LeftOut } from '../../model/source.js';
import { countOf, formatCount } from '../units.js';
import { type Html, html } from './html.js';
import type { AcceptancePage } from './page-data.js';
import { moment, totalsOf } from './verdict.js';

interface Check {
  readonly isGood: boolean;
  readonly text: string;
}

/** No list of names is longer in a sentence. */
const namesMax = 8;

/** Side by side: what this acceptance proves, and what it does not. */
export function proofsPart(page: AcceptancePage): Html {
  return html`<div class="pair">
<section class="card"><h3>${page.result.ok ? 'What was proven' : 'What was found'}</h3><ul class="checks">${provenList(
    page,
  ).map(({ isGood, text }) => html`<li class="${isGood ? 'good' : 'bad'}">${text}</li>`)}</ul></section>
<section class="card"><h3>What was not proven</h3><ul class="checks">${openList(page).map((text) => html`<li>${text}</li>`)}</ul></section>
</div>`;
}

function provenList({ result, run }: AcceptancePage): Check[] {
  const totals = totalsOf(result);
  const { tables, snapshot, runDir } = result;
  const isCounted = tables.every(
    ({ sourceRows, quarantinedRows, targetRows }) => sourceRows - quarantinedRows === targetRows,
  );
  const isAsEmpty = tables.every(({ columns }) =>
    columns.every(({ nulls, empty }) => nulls.source === nulls.target && empty.source === empty.target),
  );
  const isRunsOwn = run !== null && snapshot !== null && !snapshot.path.startsWith(`${runDir}/`);
  return [
    check(
      isCounted,
      'Each table has as many rows on both sides.',
      'Tables have other numbers of rows on the two sides.',
    ),
    check(
      totals.tablesDiffering === 0,
      'Every value of every row is the same, read anew on both sides.',
      'Values or rows differ, read anew on both sides.',
    ),
    check(
      isAsEmpty,
      'NULL and empty text are told apart, and are as many in every column.',
      'Columns hold other numbers of NULLs or empty texts.',
    ),
    check(
      totals.hashesDiffering === 0,
      `The keys hash to the same SHA-256 on both sides (${countOf(totals.hashed, 'table')}).`,
      `The keys of ${countOf(totals.hashesDiffering, 'table')} hash to another SHA-256.`,
    ),
    check(
      totals.schemaErrors === 0,
      'Keys, foreign keys, indexes, checks, defaults, triggers and sequences are in force.',
      'The schema lacks something, or something of it is not in force.',
    ),
    check(
      totals.readsDiffering === 0,
      `${countOf(totals.reads, 'representative read')} gave the same rows on both sides.`,
      `${formatCount(totals.readsDiffering)} of ${countOf(totals.reads, 'representative read')} gave other rows.`,
    ),
    ...(isRunsOwn
      ? [check(true, 'The source is, byte for byte, what the run had copied: nothing was written to it since.', '')]
      : []),
  ];
}

function check(isGood: boolean, good: string, bad: string): Check {
  return { isGood, text: isGood ? good : bad };
}

/** Findings about reads that were not run. */
const notRunCodes: ReadonlySet<string> = new Set(['shadow.kept', 'shadow.more']);

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function openList({ result, leftOut, shadowLimit, run }: AcceptancePage): string[] {
  const taken = result.snapshot === null ? '' : moment(new Date(result.snapshot.takenAt));
  const unhashed = result.keysets.flatMap(({ table, leftOut: columns }) =>
    columns.map(({ column }) => `${table}.${column}`),
  );
  const { quarantined } = totalsOf(result);
  return [
    `What the application wrote to SQLite after ${taken} is not in this proof.`,
    ...(quarantined > 0 ? [`${countOf(quarantined, 'row')} in quarantine did not go into the target.`] : []),
    ...leftOutLines(leftOut),
    ...(unhashed.length > 0
      ? [
          `In no key hash, since plain SQL cannot write them alike: ${listOf(unhashed)}. Their values were compared all the same.`,
        ]
      : []),
    ...result.findings.flatMap(({ code, message }) => (notRunCodes.has(code) ? [`${capital(message)}.`] : [])),
    `The reads are samples of at most ${countOf(shadowLimit, 'row')} each, not every query of the application.`,
    'How fast the application is on PostgreSQL under its real load.',
    ...(run === null ? ['How the schema was before the load: no run of pgferry is on record for this target.'] : []),
  ];
}

const kinds: readonly (readonly [LeftOut['type'], string])[] = [
  ['view', 'view'],
  ['trigger', 'trigger'],
  ['virtual', 'virtual table'],
  ['excluded', 'excluded table'],
];

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  return kinds.flatMap(([type, noun]) => {
    const names = leftOut.filter((one) => one.type === type).map(({ name }) => name);
    return names.length === 0 ? [] : [`${countOf(names.length, noun)} not compared: ${listOf(names)}.`];
  });
}

function listOf(names: readonly string[]): string {
  const rest = names.length - namesMax;
  return rest > 0 ? `${names.slice(0, namesMax).join(', ')} and ${rest} more` : names.join(', ');
}
