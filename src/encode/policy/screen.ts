import type { ExactDecimal } from '../../lib/number/exact-decimal.js';
import { CopierError, type ErrorCode } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { Policy } from '../../model/rules.js';
import { type RowView, Storage } from '../../model/value.js';
import { convertValue } from './convert.js';
import { describeKey } from '../value/describe.js';
import { explainRow } from '../value/explain.js';
import { RowEdit } from './row-edit.js';
import { valueError } from '../value/value-error.js';

/** One reason why a value cannot arrive, and what the operator's policy does about it. */
export interface Mark {
  /** Index of the column, or null where the row as a whole is the reason. */
  readonly column: number | null;
  readonly hazard: string;
  /** The name of the conversion, or `quarantine`. */
  readonly rule: string;
  readonly reason: string;
  /** By how much the rule changed the value; none where nothing was changed. */
  readonly change?: ExactDecimal;
}

/** The outcome for a row: it is sent as it is, it is sent changed, or it stays behind. */
export type Screened =
  | { readonly tag: 'fits' }
  | { readonly tag: 'converted'; readonly view: RowView; readonly marks: readonly Mark[] }
  | { readonly tag: 'refused'; readonly mark: Mark };

export interface ScreenOptions {
  readonly table: Omit<TablePlan, 'chunks'>;
  /** The policy for a hazard of a column; of the row as a whole where the column is null. */
  readonly policyOf: (column: number | null, hazard: string) => Policy;
  /** Encodes the row, or throws its CopierError `data.*`. */
  readonly encode: (view: RowView) => void;
}

/** One value may be changed by several rules in turn, but only this often. */
const conversionsMax = 4;

/**
 * Screens a row value by value. It encodes the row where it fits, if need be after the conversions that the policies
 * name, or says why the row must stay behind. Throws where the policy is to fail, or where its conversion cannot be
 * applied. `known` is what the server said about this row before. The view of a converted row is valid until the next
 * call.
 */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #edit: RowEdit;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#edit = new RowEdit(options.table.columns.length);
  }

  take(row: RowView, known: readonly Mark[] = []): Screened {
    const marks: Mark[] = [];
    let view = row;
    const change = (column: number, mark: Mark, error: () => CopierError): void => {
      if (view === row) this.#edit.load(row);
      view = this.#edit.view;
      const plan = this.#options.table.columns[column];
      const changed = plan === undefined ? null : convertValue(this.#edit, column, plan, mark);
      if (changed === null) throw notConverted(error(), mark.rule);
      marks.push({ ...mark, change: changed });
    };
    for (const mark of known) {
      if (mark.rule === 'quarantine' || mark.column === null) return { tag: 'refused', mark };
      change(mark.column, mark, () => this.#errorOf(row, mark));
    }
    for (;;) {
      const error = this.#problemOf(view);
      if (error === null) return view === row ? { tag: 'fits' } : { tag: 'converted', view, marks };
      const mark = this.#judge(error);
      if (mark.rule === 'quarantine') return { tag: 'refused', mark };
      if (mark.column === null || marks.length >= conversionsMax * view.storage.length) throw error;
      change(mark.column, mark, () => error);
    }
  }

  /** The first problem of the row; or null, and then the row has been encoded. */
  #problemOf(view: RowView): CopierError | null {
    const { table, encode } = this.#options;
    const found = nullProblem(table, view) ?? explainRow(table, view);
    if (found !== null) return found;
    try {
      encode(view);
      return null;
    } catch (error) {
      if (error instanceof CopierError && error.code.startsWith('data.')) return error;
      throw error;
    }
  }

  #judge(error: CopierError): Mark {
    const { table, policyOf } = this.#options;
    const found = table.columns.findIndex(({ source }) => source === error.column);
    const column = found < 0 ? null : found;
    const hazard = hazardOf(error.code);
    const policy = policyOf(column, hazard);
    if (policy === 'fail') throw error;
    return {
      column,
      hazard,
      rule: policy === 'quarantine' ? policy : policy.convert,
      reason: error.detail ?? error.message,
    };
  }

  #errorOf(row: RowView, { column, hazard, reason }: Mark): CopierError {
    const hint = 'change the policy, or correct the value in the source';
    // The code of the error of a hazard has the hazard's name.
    const code = `data.${hazard}` as ErrorCode;
    return valueError(this.#options.table, row, column ?? 0, { code, reason, hint });
  }

  /** The key of a row as text, for its note. */
  keyOf(row: RowView): string {
    return describeKey(this.#options.table, row);
  }
}

/** The name that policies give to an error: its code without the part before the dot. */
export function hazardOf(code: string): string {
  return code.slice(code.indexOf('.') + 1);
}

/** The server would report it too, but only for one row at a time. */
function nullProblem(table: Omit<TablePlan, 'chunks'>, view: RowView): CopierError | null {
  const index = table.columns.findIndex((column, i) => column.notNull === true && view.storage[i] === Storage.Null);
  if (index < 0) return null;
  return valueError(table, view, index, {
    code: 'data.null_in_not_null' satisfies ErrorCode,
    reason: 'the target column takes no NULL',
    hint: 'fill the cell in the source, or drop NOT NULL on the target column',
  });
}

function notConverted(error: CopierError, rule: string): CopierError {
  const { code, message, table, column, key } = error;
  const hint = `the rule ${rule} cannot be applied to it: name another policy, or correct the value in the source`;
  return new CopierError(code, message, { hint, table, column, key, cause: error });
}
