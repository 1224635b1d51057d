import type { ConvertedCells } from '../../model/copy.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import { type Policy, policyFor } from '../../model/rules.js';
import { type RowView, Storage } from '../../model/value.js';
import type { FieldWriter } from '../row/binary-row.js';
import type { Block } from '../row/block.js';
import { hasTextProblems, textProblem } from '../value/explain.js';
import { Misfit } from '../value/misfit.js';
import { type CutText, type EagerRule, eagerCutOf } from './eager-cut.js';
import { convertValue } from './convert.js';
import { ConvertedCounter, type Counter } from './converted-counter.js';
import { bytesOf, RowEdit } from './row-edit.js';
import { hazardOf, type Mark } from './screen.js';

/** One value may be changed by several rules in turn, but only this often. */
const conversionsMax = 4;
const nulEscape = Buffer.from('\\u0000', 'latin1');

/** A row as rules changed it: only the cells of `marks` are set in the view. */
export interface ConvertedRow {
  readonly view: RowView;
  readonly marks: readonly Mark[];
}

interface Pending {
  readonly mark: Mark;
  readonly counter: Counter;
  /** Where the field begins in the block. */
  readonly start: number;
  /** By how much the value changed: `change` × 10^-scale, or `mark.change`. */
  readonly change: number;
  readonly scale: number;
}

/**
 * Changes values by the rules that the operator named, while their fields are written: to what the row-by-row way makes
 * of them. A value that only another policy can decide about throws its Misfit, like one without any policy. What rules
 * changed is counted once the row is known to stay.
 */
export class CellConverter {
  readonly #columns: readonly ColumnPlan[];
  readonly #plain: FieldWriter;
  readonly #edit: RowEdit;
  readonly #keepsRows: boolean;
  readonly #isConverting: readonly boolean[];
  readonly #suspects: readonly (Suspect | null)[];
  readonly #eager: readonly ((EagerRule & { readonly counter: Counter }) | null)[];
  readonly #cutText: CutText = { bytes: Buffer.alloc(0), start: 0, end: 0, change: 0, scale: 0 };
  /** Lends cut texts to the writer. */
  readonly #cut: RowView;
  readonly #counters: ConvertedCounter;
  #pending: Pending[] = [];
  #row: readonly Mark[] = [];
  #isUsed = true;

  /** `keepsRows`: `row` gives what was made of the row written last. */
  constructor({ columns }: Pick<TablePlan, 'columns'>, plain: FieldWriter, keepsRows: boolean) {
    this.#columns = columns;
    this.#counters = new ConvertedCounter({ columns });
    this.#plain = plain;
    this.#edit = new RowEdit(columns.length);
    this.#keepsRows = keepsRows;
    this.#isConverting = columns.map(({ policies = {} }) => Object.values(policies).some(isConversion));
    this.#suspects = columns.map(suspectOf);
    this.#eager = columns.map((column, index) => {
      const eager = keepsRows ? null : eagerCutOf(column, index);
      return eager === null ? null : { ...eager, counter: this.#counters.counterOf(eager.mark) };
    });
    this.#cut = new RowEdit(columns.length).view;
  }

  /** Whether a column has a rule; without one there is nothing to convert. */
  static isOfUse({ columns }: Pick<TablePlan, 'columns'>): boolean {
    return columns.some(({ policies = {} }) => Object.values(policies).some(isConversion));
  }

  /** Whether values of the column must all be looked at, since the server alone would refuse what the rule is for. */
  static looksAtAll(column: ColumnPlan): boolean {
    return suspectOf(column) !== null;
  }

  /** Writes a field like a FieldWriter; −1 where a rule made it NULL. */
  readonly write: FieldWriter = (block, view, index) => {
    if (this.#isConverting[index] !== true) return this.#plain(block, view, index);
    const start = block.length;
    const cutLength = this.#writeCut(block, view, index);
    if (cutLength >= 0) return cutLength;
    let misfit: Misfit;
    try {
      const isSuspect = this.#suspects[index]?.(view, index) === true;
      const length = this.#plain(block, view, index);
      if (!isSuspect || !hasProblem(this.#columns[index] as ColumnPlan, view, index)) return length;
      misfit = new Misfit('data.rejected', 'PostgreSQL would refuse the text', '');
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      misfit = error;
    }
    block.length = start;
    return this.#convert(block, view, index, misfit);
  };

  /** Forgets the cells of the row before. */
  begin(): void {
    if (this.#isUsed) this.#edit.clear();
    this.#isUsed = false;
    if (this.#row.length > 0) this.#row = [];
  }

  /** Counts what was changed in fields of rows that end by `end` of the block; the row that the others are of goes again. */
  commit(end: number): void {
    if (this.#pending.length === 0) return;
    // An empty last field begins where its row ends; a field of the row that goes again begins behind the head of that row.
    const staying = this.#pending.filter(({ start }) => start <= end);
    for (const { counter, mark, change, scale } of staying) {
      counter.cells += 1;
      if (mark.change === undefined) counter.losses.add(change, scale);
      else counter.losses.addExact(mark.change);
    }
    if (this.#keepsRows) this.#row = staying.map(({ mark }) => mark);
    this.#pending = [];
  }

  /** Forgets what was changed since the last commit. */
  drop(): void {
    this.#pending = [];
  }

  /** What rules made of the row written last, where rows are kept; null where they changed nothing. */
  get row(): ConvertedRow | null {
    return this.#row.length === 0 ? null : { view: this.#edit.view, marks: this.#row };
  }

  result(): ConvertedCells[] {
    return this.#counters.result();
  }

  /** Writes a value that is cut without a detour; −1 where there is nothing to cut, or what is left does not fit. */
  #writeCut(block: Block, view: RowView, index: number): number {
    const eager = this.#eager[index];
    if (eager === null || eager?.cut(view, index, this.#cutText) !== true) return -1;
    const start = block.length;
    const cut = this.#cut as { -readonly [Name in keyof RowView]: RowView[Name] };
    cut.bytes = this.#cutText.bytes;
    cut.storage[index] = Storage.Text;
    cut.start[index] = this.#cutText.start;
    cut.end[index] = this.#cutText.end;
    try {
      const length = this.#plain(block, cut, index);
      const { change, scale } = this.#cutText;
      this.#pending.push({ mark: eager.mark, counter: eager.counter, start, change, scale });
      return length;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      block.length = start;
      return -1;
    }
  }

  /** Rule after rule, until the value fits. */
  #convert(block: Block, view: RowView, index: number, first: Misfit): number {
    const column = this.#columns[index] as ColumnPlan;
    const edit = this.#edit;
    this.#isUsed = true;
    edit.loadCell(view, index);
    const start = block.length;
    let misfit = first;
    for (let turn = 0; turn < conversionsMax; turn += 1) {
      const problem = textProblemOf(column, edit.view, index) ?? { code: misfit.code, reason: misfit.message };
      const hazard = hazardOf(problem.code);
      const policy = policyFor(column.policies ?? {}, hazard);
      if (typeof policy === 'string') throw first;
      const { convert: rule } = policy;
      const change = convertValue(edit, index, column, { hazard, rule });
      if (change === null) throw first;
      const mark = { column: index, hazard, rule, reason: problem.reason, change };
      this.#pending.push({ mark, counter: this.#counters.counterOf(mark), start, change: 0, scale: 0 });
      if (edit.view.storage[index] === Storage.Null) {
        if (column.notNull === true) throw first;
        return -1;
      }
      if (textProblemOf(column, edit.view, index) !== null) continue;
      try {
        return this.#plain(block, edit.view, index);
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        block.length = start;
        misfit = error;
      }
    }
    throw first;
  }
}

function isConversion(policy: Policy): boolean {
  return typeof policy === 'object';
}

type Suspect = (view: RowView, index: number) => boolean;

/** What the server alone would refuse in a text, where a rule is named for it. */
function suspectOf({ kind, policies = {} }: ColumnPlan): Suspect | null {
  if (!hasTextProblems(kind)) return null;
  const isNamed = (hazard: string) => isConversion(policies[hazard] ?? 'fail');
  const wanted = [...(isNamed('nul_byte') ? [0] : []), ...(isNamed('json_nul') ? [nulEscape] : [])];
  if (wanted.length === 0) return null;
  return (view, index) =>
    view.storage[index] === Storage.Text && wanted.some((part) => bytesOf(view, index).includes(part));
}

function hasProblem(column: ColumnPlan, view: RowView, index: number): boolean {
  return textProblemOf(column, view, index) !== null;
}

function textProblemOf({ kind }: ColumnPlan, view: RowView, index: number) {
  if (view.storage[index] !== Storage.Text || !hasTextProblems(kind)) return null;
  return textProblem(kind, bytesOf(view, index));
}
