import type { Block } from '../row/block.js';

const NEGATIVE = 0x4000;
const INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/**
 * Appends the text of a numeric in wire form as numeric_out prints it: plain digits, no exponent. `isTrimmed` leaves out
 * trailing zeros of the fraction, as trim_scale does.
 */
export function writeNumericText(out: Block, view: DataView, start: number, isTrimmed: boolean): void {
  const groups = view.getInt16(start);
  const weight = view.getInt16(start + 2);
  const sign = view.getUint16(start + 4);
  const scale = view.getInt16(start + 6);
  if (sign === INFINITY || sign === MINUS_INFINITY) {
    out.ascii(sign === INFINITY ? 'Infinity' : '-Infinity');
    return;
  }
  if (sign === NEGATIVE) out.byte(0x2d);
  if (weight < 0) out.byte(0x30);
  for (let power = weight; power >= 0; power -= 1) {
    writeGroup(out, groupAt(view, start, groups, weight - power), power < weight);
  }
  if (scale > 0) writeFraction(out, view, start, { groups, weight, scale, isTrimmed });
}

interface Shape {
  readonly groups: number;
  readonly weight: number;
  readonly scale: number;
  readonly isTrimmed: boolean;
}

function writeFraction(out: Block, view: DataView, start: number, shape: Shape): void {
  const point = out.length;
  out.byte(0x2e);
  for (let power = -1; -4 * (power + 1) < shape.scale; power -= 1) {
    writeGroup(out, groupAt(view, start, shape.groups, shape.weight - power), true);
  }
  out.length = point + 1 + shape.scale;
  if (!shape.isTrimmed) return;
  while (out.length > point + 1 && out.bytes[out.length - 1] === 0x30) out.length -= 1;
  if (out.length === point + 1) out.length = point;
}

function groupAt(view: DataView, start: number, groups: number, index: number): number {
  return index >= 0 && index < groups ? view.getInt16(start + 8 + 2 * index) : 0;
}

/** One base-10000 digit as four decimal digits, or without leading zeros. */
function writeGroup(out: Block, group: number, isPadded: boolean): void {
  if (!isPadded) {
    out.ascii(String(group));
    return;
  }
  out.reserve(4);
  out.byte(0x30 + Math.floor(group / 1000));
  out.byte(0x30 + (Math.floor(group / 100) % 10));
  out.byte(0x30 + (Math.floor(group / 10) % 10));
  out.byte(0x30 + (group % 10));
}
