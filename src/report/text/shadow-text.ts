import type { AcceptResult, ShadowReport, ShadowResult } from '../../model/shadow.js';
import { describeFindings } from './findings-text.js';
import { summarize } from './summary.js';
import { layOut, nameWidthMax } from './table.js';
import { countOf, formatCount, formatDuration, sanitize } from '../units.js';

/** The reads of shadow for a person: one line each, then what must be looked at, then the verdict. */
export function describeShadow(result: ShadowResult, isWhole = false): string {
  const { reads, findings, durationMs, source, target } = result;
  return [
    readsTable(reads, isWhole),
    describeDifferences(reads),
    describeFindings(
      findings.filter(({ severity }) => severity !== 'note'),
      isWhole,
    ),
    [
      headline(reads, durationMs),
      `  source     ${sanitize(source)} (a snapshot of it)`,
      `  target     ${sanitize(target)}`,
    ].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** An acceptance for a person: the summary of verify, the reads, and where the artefacts are. */
export function describeAcceptance(result: AcceptResult, isWhole = false): string {
  const { runDir, keysets } = result;
  const hashed = keysets.filter(({ sha256 }) => sha256.source !== '').length;
  const same = keysets.filter(({ sha256, ok }) => sha256.source !== '' && ok).length;
  const lines = [
    `  keysets    ${formatCount(same)} of ${countOf(hashed, 'SHA-256 hash', 'es')} equal on both sides`,
    `  report     ${sanitize(`${runDir}/report.html`)}`,
    `  audit      sh ${sanitize(`${runDir}/audit.sh`)}`,
  ];
  return [
    readsTable(result.reads, isWhole),
    describeDifferences(result.reads),
    `${summarize(result, isWhole).trimEnd()}\n${lines.join('\n')}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** More reads than these are folded: those that need attention are shown, and one line for the rest. */
const readsMax = 40;

function readsTable(reads: readonly ShadowReport[], isWhole: boolean): string {
  const isPlain = ({ verdict, explanations }: ShadowReport) => verdict === 'equal' && explanations.length === 0;
  const shown = isWhole || reads.length <= readsMax ? reads : reads.filter((read) => !isPlain(read));
  const folded = reads.length - shown.length;
  const rest = folded === 0 ? '' : `  ${countOf(folded, 'read')} gave the same on both sides (--all shows each)`;
  return [layOutReads(shown), rest].filter((part) => part !== '').join('\n');
}

function layOutReads(reads: readonly ShadowReport[]): string {
  if (reads.length === 0) return '';
  const columns = [
    { title: 'read', widthMax: nameWidthMax },
    { title: 'rows', align: 'right' },
    { title: 'sqlite', align: 'right' },
    { title: 'postgres', align: 'right' },
    { title: '' },
  ] as const;
  const marks = { equal: '✓', differs: '✗ differs', failed: '✗ failed' } as const;
  return layOut(
    columns,
    reads.map(({ name, rows, ms, verdict, explanations }) => [
      name,
      rows.source === rows.target ? formatCount(rows.source) : `${rows.source} / ${rows.target}`,
      milliseconds(ms.source),
      milliseconds(ms.target),
      verdict === 'equal' && explanations.length > 0 ? '✓ but in another order' : marks[verdict],
    ]),
  );
}

/** Latency to a tenth of a millisecond. */
export function milliseconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : formatDuration(ms);
}

function describeDifferences(reads: readonly ShadowReport[]): string {
  const shown = reads.filter(({ verdict }) => verdict !== 'equal');
  return shown.flatMap(({ name, differences }) => differences.map((difference) => line(name, difference))).join('\n');
}

function line(read: string, { key, kind, column, source, target }: ShadowReport['differences'][number]): string {
  const location = `  ${sanitize(read)}, ${sanitize(key)}`;
  switch (kind) {
    case 'missing':
      return `${location}: not in the target’s result`;
    case 'extra':
      return `${location}: only in the target’s result`;
    case 'order':
      return `${location}: source has ${source}, target has ${target}`;
    case 'changed':
      return `${location}, ${sanitize(column ?? '')}: source ${source}, target ${target}`;
  }
}

function headline(reads: readonly ShadowReport[], durationMs: number): string {
  const differing = reads.filter(({ verdict }) => verdict !== 'equal').length;
  const time = formatDuration(durationMs);
  if (differing > 0) return `✗ ${formatCount(differing)} of ${countOf(reads.length, 'read')} differ (${time})`;
  return `✓ ${countOf(reads.length, 'read')} gave the same on both sides, in ${time}`;
}
