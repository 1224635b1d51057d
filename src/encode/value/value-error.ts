import { describeValue } from '../../lib/describe-value.js';
import { CopierError, type ErrorCode } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { RowView } from '../../model/value.js';
import { describeKey, shownCharsMax } from './describe.js';

export interface ValueProblem {
  readonly code: ErrorCode;
  /** Lower case: what the value is not, or why it does not fit. */
  readonly reason: string;
  readonly hint: string;
  /** The Misfit, if the problem began as one. */
  readonly cause?: unknown;
}

/** The error of one value, naming table, column, key and the value itself. */
export function valueError(
  table: Omit<TablePlan, 'chunks'>,
  view: RowView,
  index: number,
  problem: ValueProblem,
): CopierError {
  const column = table.columns[index]?.source ?? '';
  const key = describeKey(table, view);
  const detail = `${problem.reason}: ${describeValue(view, index, shownCharsMax)}`;
  const message = `table ${table.source}, column ${column}, key ${key}: ${detail}`;
  const { hint, cause } = problem;
  return new CopierError(problem.code, message, { hint, table: table.source, column, key, detail, cause });
}
