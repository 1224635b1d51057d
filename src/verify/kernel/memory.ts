import { readFileSync } from 'node:fs';
import { programFile } from '../../platform/installation.js';

/** The part of WebAssembly that is used. Node has it, but only the browsers' type definitions declare it. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number;
  }) => { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const pageBytes = 65_536;

/** What the loop asks for: a cell that it does not know. Numbers are addresses. */
export interface Asked {
  readonly putCell: (position: number, cell: number, to: number, last: number) => number;
}

/** A memory and the loop that works on it. */
export interface LoopMemory {
  /** As large as was asked for last. A memory that has grown is a new buffer. */
  readonly reserve: (bytes: number) => ArrayBuffer;
  /** Takes the address of the state; 0 where a row did not fit. */
  readonly sum: (state: number) => number;
}

let compiled: object | null = null;

/** Loads the loop, which is compiled once in each thread. */
export function openLoop(ask: Asked): LoopMemory {
  compiled ??= new WebAssembly.Module(readFileSync(programFile('verify/kernel/kernel.wasm')));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory }, ask });
  const reserve = (bytes: number) => {
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) memory.grow(missing);
    return memory.buffer;
  };
  return { reserve, sum: (exports as { sum: LoopMemory['sum'] }).sum };
}
