import { quoteShell } from '../../lib/shell-word.js';
import type { TableReport } from '../../model/result.js';
import type { AcceptResult, KeysetReport } from '../../model/shadow.js';
import { sanitize } from '../units.js';

/** One line per table: rows of both sides, and whether they are as many as they must be. */
export function tableCountsTsv(tables: readonly TableReport[]): string {
  const titles = ['table', 'source_rows', 'quarantined_rows', 'target_rows', 'equal'];
  const rows = tables.map(({ table, sourceRows, quarantinedRows, targetRows }) => [
    sanitize(table),
    String(sourceRows),
    String(quarantinedRows),
    String(targetRows),
    String(sourceRows - quarantinedRows === targetRows),
  ]);
  return toText([titles, ...rows]);
}

/** One line per table: the key's columns and the SHA-256 of the keyset on both sides; `-` where nothing can be hashed. */
export function keyHashesTsv(keysets: readonly KeysetReport[]): string {
  const titles = ['table', 'key', 'columns', 'left_out', 'source_sha256', 'target_sha256', 'equal'];
  const rows = keysets.map(({ table, origin, columns, leftOut, sha256, ok }) => [
    sanitize(table),
    origin,
    listOf(columns),
    listOf(leftOut.map(({ column }) => column)),
    sha256.source === '' ? '-' : sha256.source,
    sha256.target === '' ? '-' : sha256.target,
    String(ok),
  ]);
  return toText([titles, ...rows]);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '-' : names.map(sanitize).join(', ');
}

function toText(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join('\t')}\n`).join('');
}

/** The result in a form that a shell can source: plain words, numbers, and texts in single quotes. */
export function summaryEnv(result: AcceptResult, now: Date): string {
  const sum = (count: (table: TableReport) => number) =>
    result.tables.reduce((total, table) => total + count(table), 0);
  const values: readonly (readonly [string, string | number | null])[] = [
    ['ACCEPTANCE_OK', result.ok ? 1 : 0],
    ['ACCEPTANCE_VERDICT', result.ok ? 'equal' : 'differs'],
    ['ACCEPTANCE_CREATED_AT', now.toISOString()],
    ['ACCEPTANCE_RUN_DIR', result.runDir],
    ['ACCEPTANCE_SECONDS', result.durationMs / 1000],
    ['MIGRATION_RUN_ID', result.runId],
    ['SQLITE_DB_PATH', result.source],
    ['SNAPSHOT_PATH', result.snapshot?.path ?? null],
    ['SNAPSHOT_SHA256', result.snapshot?.sha256 ?? null],
    ['SNAPSHOT_TAKEN_AT', result.snapshot?.takenAt ?? null],
    ['TARGET', result.target],
    ['TABLES', result.tables.length],
    ['TABLES_DIFFERING', result.tables.filter(({ ok }) => !ok).length],
    ['ROWS_SOURCE', sum(({ sourceRows }) => sourceRows)],
    ['ROWS_QUARANTINED', sum(({ quarantinedRows }) => quarantinedRows)],
    ['ROWS_TARGET', sum(({ targetRows }) => targetRows)],
    ['KEYSETS_DIFFERING', result.keysets.filter(({ ok }) => !ok).length],
    ['READS', result.reads.length],
    ['READS_DIFFERING', result.reads.filter(({ verdict }) => verdict !== 'equal').length],
  ];
  return values.map(([name, value]) => `${name}=${shellWord(String(value ?? ''))}\n`).join('');
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : quoteShell(text);
}
