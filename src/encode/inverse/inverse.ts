import type { Kind } from '../../model/kind.js';
import type { ColumnPlan } from '../../model/plan.js';
import type { SqliteValue } from '../../model/value.js';
import { type CellForm, type Inverse, isSameValue } from './form.js';
import { literalInverse } from './literal-inverse.js';
import { boolInverse, float4Inverse, numberInverse } from './number-inverses.js';
import { createPrinter, type PrintedAs } from './printed.js';
import { byteaInverse, charInverse, jsonInverse, textInverse, uuidBlobOf, uuidInverse } from './text-inverses.js';
import { temporalInverse, timeInverse, unitForm } from './time-inverses.js';

/** The inverse of the kind's encoder. */
export function inverseOf(kind: Kind): Inverse {
  switch (kind.tag) {
    case 'bool':
      return boolInverse();
    case 'int2':
    case 'int4':
    case 'int8':
      return numberInverse('integers');
    case 'float4':
      return float4Inverse();
    case 'float8':
    case 'numeric':
      return numberInverse('reals');
    case 'text':
    case 'enum':
      return textInverse();
    case 'char':
      return charInverse(kind.chars);
    case 'json':
      return jsonInverse(false);
    case 'jsonb':
      return jsonInverse(true);
    case 'bytea':
      return byteaInverse();
    case 'uuid':
      return uuidInverse(kind.bytes);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return temporalInverse(kind);
    case 'time':
      return timeInverse(kind.pattern);
    case 'literal':
      return literalInverse(kind.form);
  }
}

/** The form of a column that holds nothing yet, where its declaration says more than the kind. */
function usualForm({
  kind,
  affinity,
  declaredType,
}: Pick<ColumnPlan, 'kind' | 'affinity' | 'declaredType'>): CellForm | null {
  const isNumber = affinity === 'integer' || affinity === 'real';
  if (isNumber && (kind.tag === 'date' || kind.tag === 'timestamp' || kind.tag === 'timestamptz'))
    return unitForm(kind);
  return kind.tag === 'uuid' && /blob|binary/i.test(declaredType) ? uuidBlobOf(kind.bytes) : null;
}

/**
 * A kind as wide as SQLite: where the copy rounds, as a policy says, the cells of a column have more digits than the target
 * keeps, and show its form all the same.
 */
function withAllDigits(kind: Kind): Kind {
  if (kind.tag === 'numeric') return { ...kind, precision: null, scale: null };
  const isClock = kind.tag === 'time' || kind.tag === 'timestamp' || kind.tag === 'timestamptz';
  return isClock ? { ...kind, precision: 6 } : kind;
}

/** Widening ends soon: a form has a widest one. */
const widenedMax = 4;

/**
 * Learns from the cells of a column in which forms it holds its values, and writes values that PostgreSQL prints in the
 * form that most of the cells have. A cell is only given where the encoder sends it as this very value again.
 */
export class CellWriter {
  readonly #kind: Kind;
  readonly #inverse: Inverse;
  readonly #printedAs: PrintedAs;
  /** The same for a target that keeps every digit. */
  readonly #printedWhole: PrintedAs;
  readonly #votes = new Map<string, { readonly form: CellForm; votes: number }>();
  readonly #usual: CellForm;
  /** Forms that the operator named by a cell; null where none was named. */
  readonly #said: readonly CellForm[] | null;
  #cells = 0;
  #unknown: SqliteValue = null;

  /** `like`: a cell in the form to write; other forms serve where that one has no cell for a value. */
  constructor(column: Pick<ColumnPlan, 'kind' | 'affinity' | 'declaredType'>, like: SqliteValue = null) {
    const { kind } = column;
    this.#kind = kind;
    this.#inverse = inverseOf(kind);
    this.#printedAs = createPrinter(kind);
    this.#printedWhole = createPrinter(withAllDigits(kind));
    this.#usual = usualForm(column) ?? this.#inverse.usual;
    this.#said = like === null ? null : this.formsOf(like);
    if (this.#said?.length === 0) this.#unknown = like;
  }

  /** Takes a cell of the column for evidence. */
  learn(cell: SqliteValue): void {
    if (cell === null) return;
    this.#cells += 1;
    const forms = this.formsOf(cell);
    if (forms.length === 0 && this.#said === null) this.#unknown = cell;
    for (const form of forms) {
      const known = this.#votes.get(form.name) ?? { form, votes: 0 };
      known.votes += 1;
      this.#votes.set(form.name, known);
    }
  }

  /** The forms that give the very cell again, or one that says the same. */
  formsOf(cell: SqliteValue): readonly CellForm[] {
    const like = this.#inverse.formsLike(cell);
    // PostgreSQL prints a literal in its own way, which only the server knows.
    if (this.#kind.tag === 'literal' || like.length === 0) return like;
    const printed = this.#printedAs(cell) ?? this.#printedWhole(cell);
    if (printed === null) return [];
    const exact = like.filter(({ write }) => {
      const again = write(printed);
      return again !== undefined && isSameValue(again, cell);
    });
    const { otherwise } = this.#inverse;
    return exact.length === 0 && otherwise !== undefined && typeof cell === 'string' ? [otherwise] : exact;
  }

  get hasLearnt(): boolean {
    return this.#cells > 0 || this.#said !== null;
  }

  /** The forms of the column, the most frequent first, in words. */
  get forms(): readonly string[] {
    return this.#ranked().map(({ name }) => name);
  }

  /**
   * A cell of the column where none is in a form that can be written, or the one that was named and is in none; null where
   * one is, or where the column is empty.
   */
  get unwritable(): SqliteValue {
    if (this.#said !== null) return this.#said.length === 0 ? this.#unknown : null;
    return this.#votes.size === 0 && this.#cells > 0 ? this.#unknown : null;
  }

  /** The cell for a value as PostgreSQL prints it. Undefined where no form of the column has one. */
  write(printed: string): SqliteValue | undefined {
    if (this.unwritable !== null) return undefined;
    const ranked = this.#ranked();
    for (const form of ranked) {
      const cell = this.#proven(form, printed);
      if (cell !== undefined) return cell;
    }
    for (const form of ranked) {
      const cell = this.#widened(form, printed);
      if (cell !== undefined) return cell;
    }
    return undefined;
  }

  /** Whether the copy sends a cell as this very value. */
  means(cell: SqliteValue, printed: string): boolean {
    const again = this.#printedAs(cell);
    return again !== null && this.#inverse.normal(again) === this.#inverse.normal(printed);
  }

  #ranked(): CellForm[] {
    const learnt = [...this.#votes.values()].sort((a, b) => b.votes - a.votes).map(({ form }) => form);
    const said = this.#said ?? [];
    const ranked = [...said, ...learnt.filter(({ name }) => said.every((one) => one.name !== name))];
    return ranked.length === 0 ? [this.#usual] : ranked;
  }

  #widened(form: CellForm, printed: string): SqliteValue | undefined {
    let wider = this.#inverse.wider?.(form) ?? null;
    for (let count = 0; wider !== null && count < widenedMax; count += 1) {
      const cell = this.#proven(wider, printed);
      if (cell !== undefined) return cell;
      wider = this.#inverse.wider?.(wider) ?? null;
    }
    return undefined;
  }

  #proven({ write }: CellForm, printed: string): SqliteValue | undefined {
    const cell = write(printed);
    if (cell === undefined || this.#kind.tag === 'literal') return cell;
    return this.means(cell, printed) ? cell : undefined;
  }
}
