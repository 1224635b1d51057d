import type { Mark } from '../encode/policy/screen.js';
import { describeKey } from '../encode/value/describe.js';
import type { TablePlan } from '../model/plan.js';
import type { QuarantineNote } from '../model/quarantine.js';
import type { RowView } from '../model/value.js';

/** Why a row goes into the quarantine, from what was said about its values; what is the same of several is said once. */
export function noteOf(
  table: Omit<TablePlan, 'chunks'>,
  view: RowView,
  rowNumber: number,
  marks: readonly Mark[],
  state: QuarantineNote['state'],
): QuarantineNote {
  const columns = marks.flatMap(({ column }) => (column === null ? [] : [table.columns[column]?.source ?? '']));
  return {
    rowNumber,
    state,
    key: describeKey(table, view),
    column: columns.length === 0 ? null : joinOnce(columns, ', '),
    hazard: joinOnce(
      marks.map(({ hazard }) => hazard),
      ', ',
    ),
    rule: joinOnce(
      marks.map(({ rule }) => rule),
      ', ',
    ),
    reason: joinOnce(
      marks.map(({ reason }) => reason),
      '; ',
    ),
  };
}

/** Joins texts, each once, in the order in which they come first. */
export function joinOnce(parts: readonly string[], separator: string): string {
  return [...new Set(parts)].join(separator);
}
