import { createRequire } from 'node:module';
import type CliTable from 'cli-table3';
import { sanitize, cutToWidth } from '../units.js';

const load = createRequire(import.meta.url);

/** PostgreSQL's names hold 63 bytes; the report's files have longer ones whole. */
export const nameWidthMax = 64;

export interface TextColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut, so that one monstrous name does not push every row off the screen. */
  readonly widthMax?: number;
}

/** Lays rows of text out in columns, two spaces apart, a title line above. */
export function layOut(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
  // Loaded for the first table, since most of what runs before does not need it.
  const Table = load('cli-table3') as typeof CliTable;
  const nothing = '';
  const table = new Table({
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
    chars: {
      top: nothing,
      'top-mid': nothing,
      'top-left': nothing,
      'top-right': nothing,
      bottom: nothing,
      'bottom-mid': nothing,
      'bottom-left': nothing,
      'bottom-right': nothing,
      left: '  ',
      'left-mid': nothing,
      mid: nothing,
      'mid-mid': nothing,
      right: nothing,
      'right-mid': nothing,
      middle: nothing,
    },
  });
  const cellOf = (text: string, column: TextColumn | undefined) =>
    cutToWidth(sanitize(text), column?.widthMax ?? Number.POSITIVE_INFINITY);
  for (const row of rows) table.push(row.map((text, index) => cellOf(text, columns[index])));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
