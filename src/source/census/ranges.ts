import type { LentArrays } from './lent-arrays.js';

/** Smallest and largest number per column. A NaN is passed by. */
export class NumberRanges {
  readonly min: Float64Array;
  readonly max: Float64Array;

  constructor(columnCount: number, arrays: LentArrays) {
    this.min = arrays.floats(columnCount, Number.POSITIVE_INFINITY);
    this.max = arrays.floats(columnCount, Number.NEGATIVE_INFINITY);
  }

  add(column: number, value: number): void {
    if (value < (this.min[column] as number)) this.min[column] = value;
    if (value > (this.max[column] as number)) this.max[column] = value;
  }

  /** Nothing, or smallest and largest. */
  of(column: number): readonly number[] {
    const [min, max] = [this.min[column] as number, this.max[column] as number];
    return min <= max ? [min, max] : [];
  }
}

/**
 * Smallest and largest of 64-bit integers, given and stored as halves (upper signed, lower unsigned), so that no bigint
 * is made per value.
 */
export class WideRanges {
  readonly minHigh: Int32Array;
  readonly minLow: Uint32Array;
  readonly maxHigh: Int32Array;
  readonly maxLow: Uint32Array;

  constructor(columnCount: number, arrays: LentArrays) {
    const unsigned = ({ buffer, byteOffset }: Int32Array) => new Uint32Array(buffer, byteOffset, columnCount);
    this.minHigh = arrays.words(columnCount, 0x7fffffff);
    this.minLow = unsigned(arrays.words(columnCount, -1));
    this.maxHigh = arrays.words(columnCount, -0x80000000);
    this.maxLow = unsigned(arrays.words(columnCount));
  }

  add(column: number, high: number, low: number): void {
    const minHigh = this.minHigh[column] as number;
    const maxHigh = this.maxHigh[column] as number;
    if (high < minHigh || (high === minHigh && low <= (this.minLow[column] as number))) {
      this.minHigh[column] = high;
      this.minLow[column] = low;
    }
    if (high > maxHigh || (high === maxHigh && low >= (this.maxLow[column] as number))) {
      this.maxHigh[column] = high;
      this.maxLow[column] = low;
    }
  }

  addInteger(column: number, value: bigint): void {
    this.add(column, Number(value >> 32n), Number(value & 0xffffffffn));
  }

  of(column: number): readonly bigint[] {
    const min = toInteger(this.minHigh[column], this.minLow[column]);
    const max = toInteger(this.maxHigh[column], this.maxLow[column]);
    return min <= max ? [min, max] : [];
  }
}

/** The 64-bit integer of two halves, the lower one unsigned. */
export function toInteger(high = 0, low = 0): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
