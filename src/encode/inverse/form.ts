import type { SqliteValue } from '../../model/value.js';

/**
 * A way in which values of a kind stand in SQLite: `write` makes the cell of what PostgreSQL prints for a value
 * (COPY's text without its escapes, in a session of UTC), undefined where the form has no cell for it. Integers are
 * bigints, reals are numbers.
 */
export interface CellForm {
  /** In words, the same for the same form: forms are counted by it. */
  readonly name: string;
  readonly write: (printed: string) => SqliteValue | undefined;
}

/** The inverse of a kind's encoder. */
export interface Inverse {
  /** The forms that a cell may be in, the likeliest first. A cell that none of them gives again has a form of its own. */
  readonly formsLike: (cell: SqliteValue) => readonly CellForm[];
  /** The form of a column that has no value yet. */
  readonly usual: CellForm;
  /** The form for texts that none gives again, where what is lost means nothing to a reader. */
  readonly otherwise?: CellForm;
  /** A form in which more values fit, where those of the column have no cell: the same form with more fraction digits. */
  readonly wider?: (form: CellForm) => CellForm | null;
  /** Brings prints of one value to one text, so that a cell can be proven by encoding it again. */
  readonly normal: (printed: string) => string;
}

export function isSameValue(a: SqliteValue, b: SqliteValue): boolean {
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  return Object.is(a, b);
}

/** The bigint that a text of plain digits stands for. */
export function wholeOf(text: string): bigint | undefined {
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

const int64End = 2n ** 63n;

export function isInt64(value: bigint): boolean {
  return value >= -int64End && value < int64End;
}
