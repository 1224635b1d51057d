import Table from 'cli-table3';
import { sanitize } from './units.js';

export interface TextColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lays rows of text out in columns, two spaces apart, a title line above. */
export function layOut(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
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
  for (const row of rows) table.push(row.map(sanitize));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
