import type { Block } from '../row/block.js';

/**
 * Appends one value that is not NULL to the block, in the type's binary wire form without its length word. Throws a
 * Misfit where the value does not fit; the caller then cuts the block back. All encoders are object literals of this
 * one shape, so that the row loop stays monomorphic.
 */
export interface ColumnEncoder {
  /** An integer within ±(2^53 − 1). */
  readonly integer: (out: Block, value: number) => void;
  /** An integer beyond that. */
  readonly wide: (out: Block, value: bigint) => void;
  readonly real: (out: Block, value: number) => void;
  readonly text: (out: Block, bytes: Buffer, start: number, end: number) => void;
  readonly blob: (out: Block, bytes: Buffer, start: number, end: number) => void;
}
