import type { Difference, DifferenceTotal, RunResult, TableReport } from '../../model/result.js';
import type { WireError } from '../../model/wire.js';
import { describeFindings } from './findings-text.js';
import { layOut, nameWidthMax } from './table.js';
import { countOf, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';
import { phaseTimeLines } from './phase-times.js';

const differenceCodes: ReadonlySet<string> = new Set([
  'verify.missing',
  'verify.extra',
  'verify.changed',
  'verify.repeated',
]);

/** The closing page of migrate, copy and verify, for a person. */
export function summarize(result: RunResult, isWhole = false): string {
  // Differences are listed with both values, so the findings about the same differences are left out here.
  const findings = result.findings.filter(({ code }) => !differenceCodes.has(code));
  const parts = [
    tableOf(result, isWhole),
    differencesOf(result.differences),
    totalsOf(result.differenceTotals ?? []),
    describeFindings(findings, isWhole),
    verdictOf(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Whether nothing was copied, only compared. */
function isComparison({ command }: RunResult): boolean {
  return command === 'verify' || command === 'accept';
}

/** More tables than these are folded: what needs attention is shown, and one line for the rest. */
const tablesMax = 40;

function tableOf(result: RunResult, isWhole: boolean): string {
  const { tables } = result;
  const needsLook = ({ ok, quarantinedRows }: TableReport) => !ok || quarantinedRows > 0;
  const shown = isWhole || tables.length <= tablesMax ? tables : tables.filter(needsLook);
  const folded = tables.filter((table) => !shown.includes(table));
  const rows = folded.reduce((sum, { sourceRows }) => sum + sourceRows, 0);
  const others = shown.length === 0 ? countOf(folded.length, 'table') : countOf(folded.length, 'more table');
  const rest = folded.length === 0 ? '' : `  ${others}, ${countOf(rows, 'row')}: all ok (--all shows each)`;
  return [layOutTables(result, shown), rest].filter((part) => part !== '').join('\n');
}

function layOutTables(result: RunResult, shown: readonly TableReport[]): string {
  if (shown.length === 0) return '';
  const isCopy = !isComparison(result);
  const hasQuarantined = shown.some(({ quarantinedRows }) => quarantinedRows > 0);
  const rows = shown.map((table) => [
    table.table,
    formatCount(table.sourceRows),
    ...(isCopy ? [formatCount(table.copiedRows)] : []),
    ...(hasQuarantined ? [formatCount(table.quarantinedRows)] : []),
    formatCount(table.targetRows),
    table.keyset.source === table.keyset.target ? 'same' : 'DIFFERS',
    valuesOf(table, result.differences),
    table.ok ? 'ok' : 'DIFFERS',
  ]);
  return layOut(
    [
      { title: 'table', widthMax: nameWidthMax },
      { title: 'source', align: 'right' },
      ...(isCopy ? [{ title: 'copied', align: 'right' } as const] : []),
      ...(hasQuarantined ? [{ title: 'quarantined', align: 'right' } as const] : []),
      { title: 'target', align: 'right' },
      { title: 'keys' },
      { title: 'values' },
      { title: 'verdict' },
    ],
    rows,
  );
}

/** The columns known to differ, by their sums or by a difference that was found; `–` where only rows are known to. */
function valuesOf(table: TableReport, differences: readonly Difference[]): string {
  const found = new Set(differences.filter((one) => one.table === table.table).map(({ column }) => column));
  const names = table.columns
    .filter(({ column, nulls, empty, fingerprint }) => {
      return (
        found.has(column) ||
        nulls.source !== nulls.target ||
        empty.source !== empty.target ||
        fingerprint.source !== fingerprint.target
      );
    })
    .map(({ column }) => column);
  if (names.length > 0) return `differ: ${names.join(', ')}`;
  return table.ok ? 'same' : '–';
}

function differencesOf(differences: readonly Difference[]): string {
  return differences.map((difference) => `  ${describeDifference(difference)}`).join('\n');
}

/** All differences by table, kind and column, beside the first ones that are named. */
function totalsOf(totals: readonly DifferenceTotal[]): string {
  if (totals.length === 0) return '';
  return layOut(
    [
      { title: 'table', widthMax: nameWidthMax },
      { title: 'differences', align: 'right' },
      { title: 'kind' },
      { title: 'column', widthMax: nameWidthMax },
    ],
    totals.map(({ table, kind, column, count, isAll }) => [
      table,
      `${isAll ? '' : 'at least '}${formatCount(count)}`,
      kindText[kind],
      column ?? '–',
    ]),
  );
}

const kindText: Readonly<Record<Difference['kind'], string>> = {
  missing: 'missing on the target',
  extra: 'on the target only',
  repeated: 'more than once',
  changed: 'other value',
};

/** One line that names a difference: table, key, column and both values. */
export function describeDifference(difference: Difference): string {
  const location = `${sanitize(difference.table)} ${sanitize(difference.key)}`;
  switch (difference.kind) {
    case 'missing':
      return `${location}: ${kindText.missing}`;
    case 'extra':
      return `${location}: ${kindText.extra}`;
    case 'repeated':
      return `${location}: ${kindText.repeated}`;
    case 'changed':
      return `${location}, ${sanitize(difference.column ?? '')}: source ${valueText(difference.source)}, target ${valueText(difference.target)}`;
  }
}

/** verify has quoted and sanitized it already. */
function valueText(value: string | null): string {
  return value ?? 'NULL';
}

function verdictOf(result: RunResult): string {
  const rows = result.tables.reduce((sum, table) => sum + table.copiedRows, 0);
  const lines = [headline(result, rows)];
  if (result.snapshot !== null && result.command !== 'verify') {
    lines.push(
      `  snapshot   ${sanitize(result.snapshot.path)} (${formatBytes(result.snapshot.bytes)}, sha256 ${result.snapshot.sha256.slice(0, 16)}…)`,
    );
  }
  lines.push(`  source     ${sanitize(result.source)}`, `  target     ${sanitize(result.target)}`);
  if (result.runDir !== null) lines.push(`  record     ${sanitize(result.runDir)}`);
  if (result.chunksResumed > 0) {
    lines.push(
      `  resumed    ${formatCount(result.chunksResumed)} chunks were already there, ${formatCount(result.chunksCopied)} were copied now`,
    );
  }
  if (result.phases.length > 0) {
    lines.push(...phaseTimeLines(result.phases));
  }
  return lines.join('\n');
}

function headline(result: RunResult, rows: number): string {
  const tables = result.tables.length;
  const quarantinedRows = result.tables.reduce((sum, table) => sum + table.quarantinedRows, 0);
  const aside = quarantinedRows === 0 ? '' : `, ${countOf(quarantinedRows, 'row')} in quarantine`;
  const time = formatDuration(result.durationMs);
  if (!result.ok) {
    const isDataEqual = result.tables.every(({ ok }) => ok);
    const what = isDataEqual ? 'all rows are the same, but the schema is not as it must be' : 'the two sides differ';
    return `✗ ${what} (${countOf(tables, 'table')} compared in ${time})`;
  }
  if (isComparison(result)) {
    const compared = result.tables.reduce((sum, table) => sum + table.sourceRows, 0);
    return `✓ identical: ${countOf(compared, 'row')} in ${countOf(tables, 'table')}, every value compared${aside}, in ${time}`;
  }
  return `✓ ${countOf(rows, 'row')} in ${countOf(tables, 'table')} copied and verified${aside}${aside === '' ? '' : ','} in ${time}`;
}

/** An error for a person: what happened, and what to do next. */
export function describeError(error: WireError): string {
  return `✗ ${sanitize(error.message)} [${error.code}]\n  → ${sanitize(error.hint)}\n`;
}
