import { describeValue } from '../../lib/describe-value.js';
import { must } from '../../model/error.js';
import type { ColumnTrial, ConvertedExample, RefusedValues, TableTrial } from '../../model/census.js';
import type { TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { type RowView, Storage } from '../../model/value.js';
import { writeValue } from '../row/binary-row.js';
import { scratchBlock } from '../row/block.js';
import type { ColumnEncoder } from '../column/column-encoder.js';
import { encoderOf } from '../column/encoder-of-kind.js';
import { describeKey, shownCharsMax } from '../value/describe.js';
import { directField, MOMENT_MICROS_MAX } from '../row/direct.js';
import { hasTextProblems, textProblem } from '../value/explain.js';
import { Misfit } from '../value/misfit.js';
import type { ValueProblem } from '../value/value-error.js';
import { mergeRemarks, Remarks } from './remarks.js';
import { type CutText, eagerCutOf } from './eager-cut.js';
import { PatternTrial } from './pattern-trial.js';
import { judgedKind, RuleTrial } from './rule-trial.js';
import { type TextField, textFieldOf } from '../row/text-field.js';

const examplesMax = 3;
/** After this many refusals in a column nothing more is to be learnt about it. */
const refusalsMax = 100_000;
const scratchBytes = 4096;

/**
 * Tries the values of some columns with the very encoders of the copy, and checks JSON as the server would. Counts how
 * many would be refused, by hazard, and keeps the first of them. Memory: the largest value.
 */
export function tryRows(
  rows: Iterable<RowView>,
  table: Omit<TablePlan, 'chunks'>,
  columns: readonly number[],
): TableTrial {
  const trials = columns.map((index) => new Trial(table, index));
  for (const view of rows) for (const trial of trials) trial.add(view);
  return { table: table.source, columns: trials.map((trial) => trial.result()) };
}

/** The trial of one column. */
class Trial {
  readonly #table: Omit<TablePlan, 'chunks'>;
  readonly #index: number;
  readonly #kind: Kind;
  readonly #encoder: ColumnEncoder;
  readonly #textField: TextField;
  readonly #isTemporal: boolean;
  readonly #remarks: Remarks;
  /** Microseconds per unit of whole numbers that the copy takes for moments as they stand; else 0. */
  readonly #momentMicros: number;
  readonly #scratch = scratchBlock(scratchBytes);
  readonly #refused = new Map<string, RefusedValues>();
  readonly #converted = new Map<string, ConvertedExample>();
  readonly #eager: ReturnType<typeof eagerCutOf>;
  readonly #cut: CutText = { bytes: Buffer.alloc(0), start: 0, end: 0, change: 0, scale: 0 };
  readonly #rules: RuleTrial;
  readonly #patterns: PatternTrial;
  #count = 0;

  constructor(table: Omit<TablePlan, 'chunks'>, index: number) {
    this.#table = table;
    this.#index = index;
    this.#kind = table.columns[index]?.kind ?? { tag: 'literal' };
    this.#encoder = encoderOf(this.#kind);
    this.#textField = textFieldOf(this.#kind);
    const direct = directField(this.#kind, null);
    this.#momentMicros = direct.tag === 'moment' ? direct.factor : 0;
    this.#remarks = new Remarks(this.#kind);
    this.#rules = new RuleTrial(table, index, (view) => this.#problemOf(view)?.code ?? null);
    this.#patterns = new PatternTrial(this.#kind);
    this.#eager = eagerCutOf(must(table.columns[index], 'column of a trial'), index);
    this.#isTemporal = ['date', 'time', 'timestamp', 'timestamptz'].includes(this.#kind.tag);
  }

  add(view: RowView): void {
    const storage = view.storage[this.#index] as number;
    if (storage === Storage.Null || this.#count >= refusalsMax) return;
    if (storage === Storage.Integer && this.#isSafe(view.number[this.#index] as number)) return;
    if (this.#isCutLikeOthers(view)) return;
    const problem = this.#misfitOf(view, storage) ?? (this.#isJudged ? this.#textProblemOf(view, storage) : null);
    if (problem !== null) {
      this.#refuse(view, problem);
      return;
    }
    if (storage === Storage.Text) this.#remarks.add(view, this.#index, () => this.#example(view));
    if (this.#isTemporal) this.#keepExample(view, storage);
  }

  /** Whether a rule cuts the value like many before it: it is counted without a word of its own. */
  #isCutLikeOthers(view: RowView): boolean {
    const hazard = this.#eager?.mark.hazard;
    const before = hazard === undefined ? undefined : this.#refused.get(`data.${hazard}`);
    if (before === undefined || before.count <= allRulesMax || this.#eager?.cut(view, this.#index, this.#cut) !== true)
      return false;
    this.#scratch.clear();
    try {
      this.#encoder.text(this.#scratch, this.#cut.bytes, this.#cut.start, this.#cut.end);
    } catch (error) {
      if (error instanceof Misfit) return false;
      throw error;
    }
    this.#count += 1;
    this.#refused.set(before.code, { ...before, count: before.count + 1 });
    return true;
  }

  /** Why the copy or the server would refuse the value; also of a value that a rule has made. */
  #problemOf(view: RowView): ValueProblem | null {
    const storage = view.storage[this.#index] as number;
    if (storage === Storage.Null) return null;
    return this.#misfitOf(view, storage) ?? this.#textProblemOf(view, storage);
  }

  /** What the encoder says of the value; null where it is now written into the scratch. */
  #misfitOf(view: RowView, storage: number): ValueProblem | null {
    this.#scratch.clear();
    try {
      writeValue(this.#scratch, this.#encoder, view, storage, this.#index);
      return null;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      return { code: error.code, reason: error.message, hint: error.hint };
    }
  }

  /** Whole numbers that the copy writes without a check need none here either, except to show an example. */
  #isSafe(value: number): boolean {
    if (this.#momentMicros === 0 || !this.#converted.has(String(Storage.Integer))) return false;
    return Math.abs(value) * this.#momentMicros < MOMENT_MICROS_MAX;
  }

  result(): ColumnTrial {
    return {
      column: this.#table.columns[this.#index]?.source ?? '',
      refused: [...this.#refused.values()],
      converted: [...this.#converted.values()],
      ...this.#remarks.result(),
      isWhole: this.#count < refusalsMax,
    };
  }

  /** What only the server would refuse of a text: it takes any JSON text, and rejects any other. And what json takes and cannot be read. */
  #textProblemOf(view: RowView, storage: number): ValueProblem | null {
    if (storage !== Storage.Text || this.#isTemporal || this.#kind.tag === 'bytea') return null;
    const bytes = view.bytes.subarray(view.start[this.#index], view.end[this.#index]);
    return textProblem(judgedKind(this.#kind), bytes);
  }

  /** Whether the server says more of texts than the encoder; a column of texts alone is tried only where it holds such ones. */
  get #isJudged(): boolean {
    return hasTextProblems(this.#kind);
  }

  #refuse(view: RowView, { code, reason, hint }: ValueProblem): void {
    this.#count += 1;
    const before = this.#refused.get(code);
    const count = (before?.count ?? 0) + 1;
    const rules = this.#rules.carrying(view, code, before?.rules, count > allRulesMax);
    const patterns = this.#patterns.reading(view, this.#index, { code, known: before && (before.patterns ?? []) });
    const examples =
      count > examplesMax
        ? (before?.examples ?? [])
        : [
            ...(before?.examples ?? []),
            { key: describeKey(this.#table, view), value: describeValue(view, this.#index, shownCharsMax) },
          ];
    this.#refused.set(code, {
      code,
      reason: before?.reason ?? reason,
      hint: before?.hint ?? hint,
      count,
      examples,
      rules,
      ...(patterns.length === 0 ? {} : { patterns }),
    });
  }

  #example(view: RowView): ConvertedExample {
    const out = scratchBlock(scratchBytes);
    this.#textField(out, this.#scratch, 0, this.#scratch.length);
    const becomes = out.bytes.toString('utf8', 0, out.length);
    return { value: describeValue(view, this.#index, shownCharsMax), becomes };
  }

  /** Keeps one example of each form: the storage class, and for texts their length. */
  #keepExample(view: RowView, storage: number): void {
    if (this.#converted.size >= examplesMax) return;
    const length = (view.end[this.#index] as number) - (view.start[this.#index] as number);
    const form = storage === Storage.Text ? `text ${length}` : String(storage);
    if (this.#converted.has(form)) return;
    this.#converted.set(form, this.#example(view));
  }
}

/** So many refused values are tried with every rule; of more only the rule that a policy names is, where one does. */
const allRulesMax = 1000;

/** Adds up the trials of a table's parts, at least one, in the order of the table. */
export function mergeTrials(parts: readonly TableTrial[]): TableTrial {
  const first = must(parts[0], 'part of a trial');
  return {
    table: first.table,
    columns: first.columns.map(({ column }, at) => ({
      column,
      refused: mergeRefused(parts.flatMap(({ columns }) => columns[at]?.refused ?? [])),
      converted: parts.flatMap(({ columns }) => columns[at]?.converted ?? []).slice(0, examplesMax),
      ...mergeRemarks(parts.flatMap(({ columns }) => columns[at] ?? [])),
      isWhole: parts.every(({ columns }) => columns[at]?.isWhole !== false),
    })),
  };
}

function mergeRefused(all: readonly RefusedValues[]): RefusedValues[] {
  const byCode = new Map<string, RefusedValues>();
  for (const one of all) {
    const before = byCode.get(one.code);
    if (before === undefined) byCode.set(one.code, one);
    else {
      const examples = [...before.examples, ...one.examples].slice(0, examplesMax);
      const patterns = before.patterns?.filter((pattern) => one.patterns?.includes(pattern) === true) ?? [];
      const { patterns: _, ...others } = before;
      byCode.set(one.code, {
        ...others,
        ...(patterns.length === 0 ? {} : { patterns }),
        count: before.count + one.count,
        examples,
        rules: before.rules.filter((rule) => one.rules.includes(rule)),
      });
    }
  }
  return [...byCode.values()];
}
