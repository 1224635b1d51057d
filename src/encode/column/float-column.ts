import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { createDecimal, parseDecimal, type Decimal } from '../value/decimal.js';
import { printedFloat4 } from '../value/float4.js';
import { refuse, refuseBlob } from '../value/misfit.js';

/** float8: eight bytes, IEEE 754, bit for bit; and decimal texts all of whose digits a double has. */
export function float8Encoder(): ColumnEncoder {
  return floatEncoder((out, value) => out.float64(value));
}

/**
 * float4: four bytes; only values that a float4 holds exactly, or whose decimal PostgreSQL prints again: 0.1, which is no
 * more exact as a double.
 */
export function float4Encoder(): ColumnEncoder {
  return floatEncoder((out, value) => out.float32(float4Of(value)));
}

/** The value itself, where a float4 is enough for it. */
export function float4Of(value: number): number {
  if (Math.fround(value) !== value && printedFloat4(value) !== value) inexact('float4');
  return value;
}

function floatEncoder(write: (out: Block, value: number) => void): ColumnEncoder {
  const decimal = createDecimal();
  return {
    integer: write,
    wide: (out, value) => {
      const near = Number(value);
      if (BigInt(near) !== value) inexact('double');
      write(out, near);
    },
    real: write,
    text: (out, bytes, start, end) => write(out, float8Of(decimal, bytes, start, end)),
    blob: () => refuseBlob('number'),
  };
}

/** The double that a plain decimal literal names; overflow and underflow to zero are refused, as PostgreSQL does. */
export function float8Of(decimal: Decimal, bytes: Buffer, start: number, end: number): number {
  if (!parseDecimal(decimal, bytes, start, end)) {
    refuse(
      'data.not_a_number',
      'not a decimal number',
      'correct the value in the source, or make the target column text',
    );
  }
  const value = Number(bytes.toString('latin1', start, end));
  if (!Number.isFinite(value) || (value === 0 && decimal.count > 0))
    return refuse('data.out_of_range', 'out of range for a double', 'make the target column numeric');
  if (!hasDigits(value, decimal)) inexact('double');
  return value;
}

/** So many digits of a decimal come back from the double nearest to it (DBL_DIG of C), unless that is a subnormal one. */
const digitsOfDouble = 15;
const normalMin = 2 ** -1022;
/** As many as toPrecision writes. */
const printedMax = 100;
const printed = createDecimal();

/** Whether a decimal is a double as it is written: in its shortest form, or with as many digits as the decimal has (%.17g, or more). */
function hasDigits(value: number, decimal: Decimal): boolean {
  const { count } = decimal;
  if (count <= digitsOfDouble && (Math.abs(value) >= normalMin || value === 0)) return true;
  return isPrinted(String(value), decimal) || (count <= printedMax && isPrinted(value.toPrecision(count), decimal));
}

function isPrinted(text: string, { count, point, digits }: Decimal): boolean {
  const bytes = Buffer.from(text, 'latin1');
  if (!parseDecimal(printed, bytes, 0, bytes.length) || printed.count !== count || printed.point !== point)
    return false;
  for (let i = 0; i < count; i += 1) if (printed.digits[i] !== digits[i]) return false;
  return true;
}

function inexact(type: string): never {
  refuse(
    'data.inexact',
    `a ${type} cannot hold this exactly`,
    type === 'double' ? 'make the target column numeric' : 'make the target column double precision, bigint or numeric',
  );
}
