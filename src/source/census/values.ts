import { describeValue } from '../../lib/describe-value.js';
import { assert, must } from '../../model/error.js';
import {
  type ColumnValues,
  type TableValues,
  type ValueClass,
  type ValueExample,
  valueClasses,
} from '../../model/census.js';
import { type RowView, Storage } from '../../model/value.js';
import type { Allocate } from '../pages/page-run.js';
import { lentArrays } from './lent-arrays.js';
import { decimalDigits, hasDigitsWithin, integerClass, realClass, wideClass } from './number-class.js';
import { type TextShape, textClass } from './text-class.js';
import { describeRowKey, exampleCharsMax } from './value-text.js';

/** What is counted, in the order of the columns of each row. */
export interface CountedColumns {
  readonly table: string;
  readonly columns: readonly string[];
  /** Indexes of those that make the key; empty where there is none. */
  readonly key: readonly number[];
}

export const examplesMax = 2;
const indexOf: ReadonlyMap<ValueClass, number> = new Map(valueClasses.map((name, index) => [name, index]));

/** The values of some rows of a table, by column and class. */
export function takeValues(rows: Iterable<RowView>, counted: CountedColumns): TableValues {
  const tally = new ValueTally(counted);
  for (const view of rows) tally.add(view);
  return tally.result();
}

function example(view: RowView, index: number, { columns, key }: CountedColumns): ValueExample {
  return { key: describeRowKey(view, key, columns), value: describeValue(view, index, exampleCharsMax) };
}

/** The class of a value, as its index in `valueClasses`. */
type ClassIndex = number;
const nullIndex = classIndexOf('null');
const hasNumbers = new Set([classIndexOf('text_integer'), classIndexOf('text_decimal')]);
const hasSeconds = new Set([classIndexOf('text_iso'), classIndexOf('text_iso_offset'), classIndexOf('text_time')]);

function classIndexOf(name: ValueClass): ClassIndex {
  return must(indexOf.get(name), 'a known class');
}

/**
 * Counts the values of rows by column and class. Memory: a few counters and examples per column, which `allocate` lends: a
 * loop that counts the same way may write into them.
 */
export class ValueTally {
  /** Per column and class: values, and the most digits after the point. */
  readonly counts: Float64Array;
  readonly scaleMax: Float64Array;
  /** Per column. */
  readonly wholeDigitsMax: Float64Array;
  readonly #counted: CountedColumns;
  readonly #columns: readonly ColumnTally[];

  constructor(counted: CountedColumns, allocate: Allocate = Buffer.allocUnsafeSlow) {
    const { floats } = lentArrays(allocate);
    const { columns } = counted;
    this.counts = floats(columns.length * valueClasses.length);
    this.scaleMax = floats(columns.length * valueClasses.length);
    this.wholeDigitsMax = floats(columns.length);
    this.#counted = counted;
    this.#columns = columns.map((_, at) => {
      const ofColumn = (all: Float64Array) => all.subarray(at * valueClasses.length, (at + 1) * valueClasses.length);
      return new ColumnTally({
        counts: ofColumn(this.counts),
        scaleMax: ofColumn(this.scaleMax),
        wholeDigitsMax: this.wholeDigitsMax.subarray(at, at + 1),
      });
    });
  }

  /** Counts a row. */
  add(view: RowView): void {
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as ColumnTally;
      if (column.add(view, i)) column.keep(example(view, i, this.#counted));
    }
  }

  /** What is counted of one column by whoever counts the classes. */
  column(at: number): ColumnTally {
    return must(this.#columns[at], 'column');
  }

  result(): TableValues {
    const { table, columns } = this.#counted;
    return { table, columns: columns.map((column, at) => this.column(at).result(column)) };
  }
}

interface ColumnCounters {
  readonly counts: Float64Array;
  readonly scaleMax: Float64Array;
  readonly wholeDigitsMax: Float64Array;
}

class ColumnTally {
  readonly #counts: Float64Array;
  readonly #scaleMax: Float64Array;
  readonly #wholeDigitsMax: Float64Array;
  readonly #examples = new Map<ClassIndex, ValueExample[]>();
  readonly #shape: TextShape = { wholeDigits: 0, scale: 0, fractionDigits: 0 };
  #last: ClassIndex = 0;
  #lastName: ValueClass = 'null';
  #lastIndex = nullIndex;

  constructor({ counts, scaleMax, wholeDigitsMax }: ColumnCounters) {
    this.#counts = counts;
    this.#scaleMax = scaleMax;
    this.#wholeDigitsMax = wholeDigitsMax;
  }

  /** Counts a value; true where it is one of the first of its class. */
  add(view: RowView, index: number): boolean {
    const found = this.#classify(view, index);
    const count = (this.#counts[found] as number) + 1;
    this.#counts[found] = count;
    this.#last = found;
    return count <= examplesMax && found !== nullIndex;
  }

  /** Stores an example of the class that was counted last. */
  keep(one: ValueExample): void {
    this.#examples.set(this.#last, [...(this.#examples.get(this.#last) ?? []), one]);
  }

  result(column: string): ColumnValues {
    const classes = valueClasses.flatMap((name, index) => {
      const count = this.#counts[index] as number;
      const scaleMax = this.#scaleMax[index] as number;
      return count === 0 ? [] : [{ class: name, count, scaleMax, examples: this.#examples.get(index) ?? [] }];
    });
    return { column, classes, wholeDigitsMax: this.#wholeDigitsMax[0] as number };
  }

  /** Most values of a column are of one class, whose index is not looked up again. */
  #indexOf(name: ValueClass): ClassIndex {
    if (name !== this.#lastName) {
      this.#lastName = name;
      this.#lastIndex = classIndexOf(name);
    }
    return this.#lastIndex;
  }

  #classify(view: RowView, index: number): ClassIndex {
    switch (view.storage[index]) {
      case Storage.Null:
        return nullIndex;
      case Storage.Integer:
        return this.#indexOf(integerClass(view.number[index] as number));
      case Storage.Wide:
        return this.#indexOf(wideClass(view.wide.getBigInt64(8 * index)));
      case Storage.Real:
        return this.#classifyReal(view.number[index] as number);
      case Storage.Text:
        return this.classifyText(view.bytes, view.start[index] as number, view.end[index] as number);
      default:
        return this.#indexOf(blobClass((view.end[index] as number) - (view.start[index] as number)));
    }
  }

  #classifyReal(value: number): ClassIndex {
    const found = this.#indexOf(realClass(value));
    const isKnown = hasDigitsWithin(value, this.#wholeDigitsMax[0] as number, this.#scaleMax[found] as number);
    if (!isKnown && Number.isFinite(value)) this.widenReal(found, value);
    return found;
  }

  /** Counts the digits of a finite real of this class. */
  widenReal(found: ClassIndex, value: number): void {
    const { whole, scale } = decimalDigits(value);
    this.#widen(found, whole, scale);
  }

  /** The class of a text; its digits are counted, itself is not. */
  classifyText(bytes: Buffer, start: number, end: number): ClassIndex {
    const shape = this.#shape;
    const found = this.#indexOf(textClass(bytes, start, end, shape));
    if (hasNumbers.has(found)) this.#widen(found, shape.wholeDigits, shape.scale);
    else if (hasSeconds.has(found)) this.#widen(found, 0, shape.fractionDigits);
    return found;
  }

  #widen(found: ClassIndex, wholeDigits: number, scale: number): void {
    if (wholeDigits > (this.#wholeDigitsMax[0] as number)) this.#wholeDigitsMax[0] = wholeDigits;
    if (scale > (this.#scaleMax[found] as number)) this.#scaleMax[found] = scale;
  }
}

function blobClass(length: number): ValueClass {
  if (length === 0) return 'blob_empty';
  return length === 16 ? 'blob_16' : 'blob_other';
}

/** Adds up the parts of one table, given in the order of the table; at least one. */
export function mergeValues(parts: readonly TableValues[]): TableValues {
  const first = must(parts[0], 'part of a table');
  assert(
    parts.every(({ table }) => table === first.table),
    'the parts are of one table',
  );
  return {
    table: first.table,
    columns: first.columns.map((_, at) => mergeColumns(parts.map(({ columns }) => must(columns[at], 'column')))),
  };
}

function mergeColumns(parts: readonly ColumnValues[]): ColumnValues {
  const all = parts.flatMap(({ classes }) => classes);
  const classes = valueClasses.flatMap((name) => {
    const same = all.filter((one) => one.class === name);
    if (same.length === 0) return [];
    const count = same.reduce((sum, one) => sum + one.count, 0);
    const scaleMax = Math.max(...same.map((one) => one.scaleMax));
    return [{ class: name, count, scaleMax, examples: same.flatMap(({ examples }) => examples).slice(0, examplesMax) }];
  });
  const { column } = must(parts[0], 'part of a column');
  return { column, classes, wholeDigitsMax: Math.max(...parts.map((part) => part.wholeDigitsMax)) };
}
