import { createDecimal, digitsText, parseDecimal } from '../value/decimal.js';
import { type CellForm, type Inverse, isInt64, wholeOf } from './form.js';

const integerForm: CellForm = {
  name: 'integers',
  write: (printed) => {
    const whole = wholeOf(normalNumber(printed));
    return whole !== undefined && isInt64(whole) ? whole : undefined;
  },
};

const realForm: CellForm = {
  name: 'reals',
  write: (printed) => {
    const value = Number(printed);
    return Number.isNaN(value) ? undefined : value;
  },
};

const textForm: CellForm = { name: 'numbers as texts', write: (printed) => printed };

const plainForm: CellForm = { name: 'numbers as the shortest plain texts', write: (printed) => normalNumber(printed) };

/** `usual` where the column holds none yet. */
export function numberInverse(usual: 'integers' | 'reals'): Inverse {
  return {
    formsLike: (cell) => {
      if (typeof cell === 'bigint') return [integerForm];
      if (typeof cell === 'number') return [realForm];
      return typeof cell === 'string' ? [textForm, plainForm] : [];
    },
    usual: usual === 'integers' ? integerForm : realForm,
    normal: normalNumber,
  };
}

/**
 * A float4 is printed with the fewest digits that name it among its like. SQLite holds the double of that decimal, or the
 * double that the float4 is.
 */
export function float4Inverse(): Inverse {
  const plain = numberInverse('reals');
  const widened = ({ name, write }: CellForm): CellForm => ({
    name: `${name} of single precision`,
    write: (printed) => write(doubleOf(printed)),
  });
  return {
    formsLike: (cell) => {
      const forms = plain.formsLike(cell);
      // PostgreSQL begins to write exponents at fewer digits than we print.
      return [...forms.filter((form) => form !== textForm), ...forms.map(widened)];
    },
    usual: plain.usual,
    normal: (printed) => plain.normal(doubleOf(printed)),
  };
}

function doubleOf(printed: string): string {
  const value = Math.fround(Number(printed));
  return Object.is(value, -0) ? '-0' : String(value);
}

/** One plain text for each number, however it was written; a sign of zero is kept, which doubles have. */
export function normalNumber(printed: string): string {
  const decimal = createDecimal();
  const bytes = Buffer.from(printed, 'latin1');
  if (!parseDecimal(decimal, bytes, 0, bytes.length)) return printed;
  if (decimal.count === 0) return decimal.isNegative ? '-0' : '0';
  const { count, point, isNegative } = decimal;
  const digits = digitsText(decimal).replace('-', '');
  const sign = isNegative ? '-' : '';
  if (point >= count) return `${sign}${digits}${'0'.repeat(point - count)}`;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}0.${'0'.repeat(-point)}${digits}`;
}

const words = [
  ['0', '1'],
  ['f', 't'],
  ['false', 'true'],
  ['n', 'y'],
  ['no', 'yes'],
  ['off', 'on'],
] as const;

const cases = [
  (word: string) => word,
  (word: string) => word.toUpperCase(),
  (word: string) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`,
];

const wordForms: readonly CellForm[] = words.flatMap(([no, yes]) =>
  cases.map((spell) => ({
    name: `${spell(no)} and ${spell(yes)} as texts`,
    write: (printed: string) => spell(printed === 't' ? yes : no),
  })),
);

/** bool: 0 and 1 in the column's storage class, or its pair of words. */
export function boolInverse(): Inverse {
  const whole: CellForm = { name: '0 and 1', write: (printed) => (printed === 't' ? 1n : 0n) };
  const real: CellForm = { name: '0.0 and 1.0', write: (printed) => (printed === 't' ? 1 : 0) };
  return {
    formsLike: (cell) => {
      if (typeof cell === 'bigint') return [whole];
      if (typeof cell === 'number') return [real];
      return wordForms.filter(({ write }) => write('t') === cell || write('f') === cell);
    },
    usual: whole,
    normal: (printed) => printed,
  };
}
