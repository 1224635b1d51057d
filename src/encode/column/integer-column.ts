import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { refuse, refuseBlob } from '../value/misfit.js';

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** Numbers of at most this many decimal digits are always below 2^53. */
const SAFE_DIGITS = 15;

/** A text this long, leading zeros aside, is no integer of 64 bits. Bounds what is turned into a string. */
const DIGITS_MAX = 400;

/** int2 or int4: two or four bytes, two's complement. */
export function smallIntEncoder(bits: 16 | 32): ColumnEncoder {
  const limit = 2 ** (bits - 1);
  const type = bits === 16 ? 'int2' : 'int4';
  const integer = (out: Block, value: number): void => {
    if (value < -limit || value >= limit) outOfRange(type);
    if (bits === 16) out.int16(value);
    else out.int32(value);
  };
  return {
    integer,
    wide: () => outOfRange(type),
    real: (out, value) => integer(out, Number.isInteger(value) ? value : notAnInteger()),
    text: (out, bytes, start, end) => integer(out, Number(integerOf(bytes, start, end))),
    blob: () => refuseBlob('integer'),
  };
}

/** int8: eight bytes, two's complement. */
export function int8Encoder(): ColumnEncoder {
  return {
    integer: (out, value) => out.int64(value),
    wide: (out, value) => out.bigInt64(value),
    real: (out, value) => {
      if (!Number.isInteger(value)) notAnInteger();
      writeInt8(out, Number.isSafeInteger(value) ? value : BigInt(value));
    },
    text: (out, bytes, start, end) => writeInt8(out, integerOf(bytes, start, end)),
    blob: () => refuseBlob('integer'),
  };
}

function writeInt8(out: Block, value: number | bigint): void {
  if (typeof value === 'number') out.int64(value);
  else if (value < INT64_MIN || value > INT64_MAX) outOfRange('int8');
  else out.bigInt64(value);
}

/** Reads `[+-] digits`, with nothing before or after. The result is a bigint where it may be beyond 2^53. */
function integerOf(bytes: Buffer, start: number, end: number): number | bigint {
  const sign = start < end ? bytes[start] : 0;
  const first = sign === 0x2d || sign === 0x2b ? start + 1 : start;
  if (first === end || end - first > DIGITS_MAX) notAnInteger();
  let value = 0;
  for (let at = first; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) notAnInteger();
    value = value * 10 + digit;
  }
  if (end - first <= SAFE_DIGITS) return sign === 0x2d ? -value : value;
  const size = BigInt(bytes.toString('latin1', first, end));
  return sign === 0x2d ? -size : size;
}

function notAnInteger(): never {
  refuse(
    'data.not_an_integer',
    'not an integer',
    'correct the value in the source, or make the target column text or numeric',
  );
}

function outOfRange(type: string): never {
  refuse(
    'data.out_of_range',
    `out of range for ${type}`,
    'make the target column a wider type, for example bigint or numeric',
  );
}
