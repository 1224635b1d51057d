import type { SchemaSide } from '../../model/schema.js';
import { layOut } from './table.js';
import { sanitize } from '../units.js';

/** Wider cells are cut; --json has them whole. */
const cellWidthMax = 56;

/** Both schemas side by side: a table of rows for each table, and one for what is left out. */
export function describeSides(sides: readonly SchemaSide[]): string {
  const groups = new Map<string, SchemaSide[]>();
  for (const side of sides) {
    const isLeftOut =
      side.target === null && !['column', 'check', 'index', 'unique', 'foreign_key', 'primary_key'].includes(side.what);
    const title = isLeftOut ? 'left out' : sanitize(side.table);
    groups.set(title, [...(groups.get(title) ?? []), side]);
  }
  return `${[...groups].map(([title, rows]) => `${title}\n${describeRows(rows)}`).join('\n\n')}\n`;
}

function describeRows(rows: readonly SchemaSide[]): string {
  return layOut(
    [
      { title: '' },
      { title: 'what' },
      { title: 'SQLite', widthMax: cellWidthMax },
      { title: 'PostgreSQL', widthMax: cellWidthMax },
      { title: 'because', widthMax: cellWidthMax },
      { title: 'the config line that changes it' },
    ],
    rows.map(({ what, source, target, reason, config }) => [
      source === null ? '+' : target === null ? '–' : '=',
      what.replace('_', ' '),
      source ?? '',
      target ?? '',
      reason,
      config ?? '',
    ]),
  );
}
