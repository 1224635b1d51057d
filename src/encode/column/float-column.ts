import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { createDecimal, parseDecimal, type Decimal } from '../value/decimal.js';
import { printedFloat4 } from '../value/float4.js';
import { refuse, refuseBlob } from '../value/misfit.js';

/** float8: eight bytes, IEEE 754, bit for bit. A decimal text becomes the nearest double, which is what it means. */
export function float8Encoder(): ColumnEncoder {
  return floatEncoder((out, value) => out.float64(value));
}

/**
 * float4: four bytes; only values that a float4 holds exactly, or whose decimal PostgreSQL prints again: 0.1, which is no
 * more exact as a double.
 */
export function float4Encoder(): ColumnEncoder {
  return floatEncoder((out, value) => {
    if (Math.fround(value) !== value && printedFloat4(value) !== value) inexact('float4');
    out.float32(value);
  });
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
    text: (out, bytes, start, end) => write(out, doubleOf(decimal, bytes, start, end)),
    blob: () => refuseBlob('number'),
  };
}

/** The double nearest to a plain decimal literal; overflow and underflow to zero are refused, as PostgreSQL does. */
function doubleOf(decimal: Decimal, bytes: Buffer, start: number, end: number): number {
  if (!parseDecimal(decimal, bytes, start, end)) {
    refuse(
      'data.not_a_number',
      'not a decimal number',
      'correct the value in the source, or make the target column text',
    );
  }
  const value = Number(bytes.toString('latin1', start, end));
  if (Number.isFinite(value) && (value !== 0 || decimal.count === 0)) return value;
  return refuse('data.out_of_range', 'out of range for a double', 'make the target column numeric');
}

function inexact(type: string): never {
  refuse(
    'data.inexact',
    `a ${type} cannot hold this exactly`,
    'make the target column double precision, bigint or numeric',
  );
}
