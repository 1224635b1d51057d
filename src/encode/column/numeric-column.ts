import { type Block, scratchBlock } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import {
  createDecimal,
  type Decimal,
  FRACTION_DIGITS_MAX,
  INTEGER_DIGITS_MAX,
  parseDecimal,
} from '../value/decimal.js';
import { refuse, refuseBlob } from '../value/misfit.js';

const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/** More bytes than the text of any number has. */
const SCRATCH_BYTES = 64;

/**
 * numeric(p,s) in the wire form of numeric_recv (src/backend/utils/adt/numeric.c): int16 number of base-10000 digits,
 * weight of the first, sign, display scale; then the digits. A REAL stands for the shortest decimal that reads back
 * the same double, as JavaScript and PostgreSQL print it. precision and scale are null where undeclared.
 */
export function numericEncoder(precision: number | null, scale: number | null): ColumnEncoder {
  const decimal = createDecimal();
  const scratch = scratchBlock(SCRATCH_BYTES);
  const number = (out: Block, text: string): void => {
    scratch.length = 0;
    scratch.ascii(text);
    parseDecimal(decimal, scratch.bytes, 0, scratch.length);
    writeNumeric(out, decimal, precision, scale);
  };
  return {
    integer: (out, value) => number(out, String(value)),
    wide: (out, value) => number(out, String(value)),
    real: (out, value) => {
      if (Number.isFinite(value)) number(out, String(value));
      else if (precision !== null)
        refuse('data.numeric_overflow', `infinity in numeric(${precision},${scale ?? 0})`, hint);
      else writeHeader(out, 0, 0, value > 0 ? INFINITY : MINUS_INFINITY, 0);
    },
    text: (out, bytes, start, end) => {
      if (!parseDecimal(decimal, bytes, start, end)) {
        refuse(
          'data.not_a_number',
          'not a decimal number',
          'correct the value in the source, or make the target column text',
        );
      }
      writeNumeric(out, decimal, precision, scale);
    },
    blob: () => refuseBlob('number'),
  };
}

const hint = 'make the target column numeric without precision, or correct the value in the source';

function writeNumeric(out: Block, decimal: Decimal, precision: number | null, scale: number | null): void {
  if (precision === null) checkLimits(decimal);
  else checkDeclared(decimal, precision, scale ?? 0);
  const displayScale = precision === null ? decimal.scale : Math.max(scale ?? 0, 0);
  const { count, point, digits } = decimal;
  if (count === 0) {
    writeHeader(out, 0, 0, POSITIVE, displayScale);
    return;
  }
  const weight = Math.floor((point - 1) / 4);
  // Decimal digits in the first base-10000 digit, 1 to 4.
  const first = point - weight * 4;
  const groups = Math.ceil((count - first) / 4) + 1;
  writeHeader(out, groups, weight, decimal.isNegative ? NEGATIVE : POSITIVE, displayScale);
  for (let group = 0, at = first - 4; group < groups; group += 1, at += 4) {
    let value = 0;
    for (let i = at; i < at + 4; i += 1) value = value * 10 + (i >= 0 && i < count ? (digits[i] as number) : 0);
    out.int16(value);
  }
}

function writeHeader(out: Block, groups: number, weight: number, sign: number, displayScale: number): void {
  out.int16(groups);
  out.int16(weight);
  out.int16(sign);
  out.int16(displayScale);
}

function checkDeclared(decimal: Decimal, precision: number, scale: number): void {
  const name = `numeric(${precision},${scale})`;
  if (decimal.count === 0) return;
  if (decimal.point > precision - scale) refuse('data.numeric_overflow', `too big for ${name}`, hint);
  if (decimal.count - decimal.point > scale) refuse('data.inexact', `more digits than ${name} keeps`, hint);
}

function checkLimits(decimal: Decimal): void {
  const isTooBig = decimal.count > 0 && decimal.point > INTEGER_DIGITS_MAX;
  if (isTooBig || decimal.scale > FRACTION_DIGITS_MAX) {
    refuse('data.out_of_range', 'more digits than numeric can hold', 'make the target column text');
  }
}
