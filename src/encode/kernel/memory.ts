import { readFileSync } from 'node:fs';
import { type KernelMemory, openKernel } from '../../lib/kernel/memory.js';
import { programFile } from '../../platform/installation.js';

/**
 * Functions that the loop calls for columns that their encoder writes. A column is given as the address of its table.
 */
export interface KernelImports {
  readonly writeAside: (column: number, to: number) => number;
  readonly hashAside: (column: number, isKey: number, seedHigh: number, seedLow: number) => void;
}

/** Creates a memory of at least this many bytes. */
export function createMemory(bytes: number, aside: KernelImports): KernelMemory {
  return openKernel(readFileSync(programFile('encode/kernel/kernel.wasm')), bytes, { aside });
}
