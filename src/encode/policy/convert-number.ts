import { type ExactDecimal, addDecimals, noDecimal, plainText } from '../../lib/number/exact-decimal.js';
import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import { bytesOf, integerOf, type RowEdit } from './row-edit.js';

export type Rounding = 'round' | 'round-half-even' | 'truncate';

/** Digits that Python's default context, as Django has it, gives a float before it rounds. */
const contextDigits = 15;

/** More fraction digits than any number of the source has. Keeps a text like 1e999999999 from being written out. */
const fractionDigitsMax = 2000;

/**
 * The value of a cell as a decimal, or null where it is no number. A real becomes the shortest decimal that reads back
 * the same.
 */
export function decimalOf(edit: RowEdit, index: number): ExactDecimal | null {
  const { view } = edit;
  switch (view.storage[index]) {
    case Storage.Integer:
    case Storage.Wide:
      return { digits: integerOf(view, index), scale: 0 };
    case Storage.Real:
      return parsePlain(String(view.number[index]));
    case Storage.Text:
      return parsePlain(bytesOf(view, index).toString('latin1').trim());
    default:
      return null;
  }
}

/**
 * Cuts to this many fraction digits. Half a unit rounds away from zero, as PostgreSQL's numeric does, or to the even
 * neighbour. Null where there is nothing to cut.
 */
export function cutDecimal(
  { digits, scale }: ExactDecimal,
  fractionDigits: number,
  cut: Rounding,
): ExactDecimal | null {
  if (scale <= fractionDigits) return null;
  const grain = 10n ** BigInt(scale - fractionDigits);
  const whole = digits / grain;
  const rest = digits - whole * grain;
  const twice = 2n * (rest < 0n ? -rest : rest);
  const isHalfUp = cut === 'round' || whole % 2n !== 0n;
  const isUp = cut !== 'truncate' && (twice > grain || (twice === grain && isHalfUp));
  return { digits: isUp ? whole + (digits < 0n ? -1n : 1n) : whole, scale: fractionDigits };
}

/** numeric(p,s): the number with as many digits as the column keeps. Gives by how much it changed. */
export function cutNumber(edit: RowEdit, index: number, { kind }: ColumnPlan, cut: Rounding): ExactDecimal | null {
  const number = kind.tag === 'numeric' ? decimalOf(edit, index) : null;
  const scale = kind.tag === 'numeric' ? (kind.scale ?? 0) : 0;
  const isReal = edit.view.storage[index] === Storage.Real;
  const decimal = number !== null && isReal && cut === 'round-half-even' ? shortened(number) : number;
  const short = decimal === null ? null : (cutDecimal(decimal, scale, cut) ?? (decimal === number ? null : decimal));
  if (short === null || number === null) return null;
  edit.setBytes(index, Buffer.from(plainText(short), 'latin1'), Storage.Text);
  return addDecimals(short, number, -1n);
}

/** A float with the digits that Python's decimals give it, half to even. */
function shortened(number: ExactDecimal): ExactDecimal {
  const size = String(number.digits < 0n ? -number.digits : number.digits).length;
  return cutDecimal(number, number.scale - Math.max(0, size - contextDigits), 'round-half-even') ?? number;
}

/**
 * float4 and float8: the nearest value that the type can hold. Gives by how much the shortest decimal that reads back
 * changed.
 */
export function roundFloat(edit: RowEdit, index: number, { kind }: ColumnPlan): ExactDecimal | null {
  const before = decimalOf(edit, index);
  const value = Number(edit.view.storage[index] === Storage.Wide ? integerOf(edit.view, index) : numberOf(edit, index));
  const near = kind.tag === 'float4' ? Math.fround(value) : value;
  if (!Number.isFinite(near)) return null;
  edit.setNumber(index, near, Storage.Real);
  const after = decimalOf(edit, index);
  return before === null || after === null ? noDecimal : addDecimals(after, before, -1n);
}

function numberOf(edit: RowEdit, index: number): number {
  const isText = edit.view.storage[index] === Storage.Text;
  return isText ? Number(bytesOf(edit.view, index).toString('latin1')) : (edit.view.number[index] as number);
}

function parsePlain(text: string): ExactDecimal | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (whole + fraction === '') return null;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > fractionDigitsMax) return null;
  const digits = BigInt(`${whole}${fraction}`) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  return { digits: sign === '-' ? -digits : digits, scale: Math.max(0, scale) };
}
