import type { TableReport } from '../../model/result.js';
import { sanitize } from '../units.js';

/** One line per table: counts, keyset and verdict of both sides, tabs between, for tools that read tables. */
export function tablesTsv(tables: readonly TableReport[]): string {
  const titles = [
    'table',
    'source_rows',
    'copied_rows',
    'quarantined_rows',
    'target_rows',
    'source_keyset',
    'target_keyset',
    'ok',
  ];
  return rowsToText([
    titles,
    ...tables.map((table) => [
      sanitize(table.table),
      String(table.sourceRows),
      String(table.copiedRows),
      String(table.quarantinedRows),
      String(table.targetRows),
      table.keyset.source,
      table.keyset.target,
      String(table.ok),
    ]),
  ]);
}

/** One line per column: NULLs, empty texts and fingerprint of both sides. */
export function columnsTsv(tables: readonly TableReport[]): string {
  const titles = [
    'table',
    'column',
    'source_nulls',
    'target_nulls',
    'source_empty',
    'target_empty',
    'source_fingerprint',
    'target_fingerprint',
  ];
  const rows = tables.flatMap((table) =>
    table.columns.map(({ column, nulls, empty, fingerprint }) => [
      sanitize(table.table),
      sanitize(column),
      String(nulls.source),
      String(nulls.target),
      String(empty.source),
      String(empty.target),
      fingerprint.source,
      fingerprint.target,
    ]),
  );
  return rowsToText([titles, ...rows]);
}

function rowsToText(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join('\t')}\n`).join('');
}
