import type { Allocate } from '../pages/page-run.js';

/** Arrays of counters in memory that is lent, whatever it held before. */
export interface LentArrays {
  readonly floats: (count: number, value?: number) => Float64Array;
  readonly words: (count: number, value?: number) => Int32Array;
  readonly bytes: (count: number) => Uint8Array;
}

export function lentArrays(allocate: Allocate): LentArrays {
  return {
    floats: (count, value = 0) => {
      const { buffer, byteOffset } = allocate(8 * count);
      return new Float64Array(buffer, byteOffset, count).fill(value);
    },
    words: (count, value = 0) => {
      const { buffer, byteOffset } = allocate(4 * count);
      return new Int32Array(buffer, byteOffset, count).fill(value);
    },
    bytes: (count) => allocate(count).fill(0),
  };
}
