import type { LeafCursor } from '../../model/kernel.js';
import * as at from './cursor-layout.js';

/** Every allocation begins at a multiple of this. */
const alignBytes = 16;
/** Unused bytes at the very end, so that whole words may be read there. */
const slackBytes = 64;
const wasmPageBytes = 65_536;

/** The part of WebAssembly that is used. Node has it, but only the browsers' type definitions declare it. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** A loop over the cells of a leaf: takes the address of a state, and returns what stopped it. */
interface LeafLoop {
  readonly fill: (state: number) => number;
}

/**
 * The memory that a WebAssembly loop works on, and the loop itself. Memory is given out piece by piece, and freed all at
 * once.
 */
export class KernelMemory {
  readonly bytes: Buffer;
  readonly words: DataView;
  readonly fill: (state: number) => number;
  #next = 0;

  constructor(memory: ArrayBuffer, { fill }: LeafLoop) {
    this.bytes = Buffer.from(memory);
    this.words = new DataView(memory);
    this.fill = fill;
  }

  /** Frees all that was allocated. */
  restart(): void {
    this.#next = 0;
  }

  /** Allocates from this memory while there is some, else ordinary memory; `holds` says which it was. */
  readonly allocate = (bytes: number): Buffer => {
    const start = this.#next;
    if (start + bytes + slackBytes > this.bytes.length) return Buffer.allocUnsafeSlow(bytes);
    this.#next = Math.ceil((start + bytes) / alignBytes) * alignBytes;
    return this.bytes.subarray(start, start + bytes);
  };

  holds(bytes: Uint8Array | Float64Array | Int32Array | Uint32Array): boolean {
    return bytes.buffer === this.bytes.buffer;
  }

  put(address: number, value: number): void {
    this.words.setInt32(address, value, true);
  }

  get(address: number): number {
    return this.words.getInt32(address, true);
  }

  putCursor(state: number, cursor: LeafCursor): void {
    const pages = cursor.bytes.byteOffset;
    this.put(state + at.statePointer, pages + cursor.pointer);
    this.put(state + at.statePointersEnd, pages + cursor.pointersEnd);
    this.put(state + at.statePage, pages + cursor.page);
    this.put(state + at.stateCells, pages + cursor.cells);
    this.put(state + at.statePageEnd, pages + cursor.end);
    this.put(state + at.stateLocalMax, cursor.localMax);
    this.put(state + at.stateHasRow, cursor.hasRow ? 1 : 0);
    this.put(state + at.stateHigh, cursor.high);
    this.put(state + at.stateLow, cursor.low);
  }

  /** Moves the cursor to where the loop stopped. */
  takeCursor(state: number, cursor: LeafCursor): void {
    cursor.pointer = this.get(state + at.statePointer) - cursor.bytes.byteOffset;
    cursor.hasRow = this.get(state + at.stateHasRow) !== 0;
    cursor.high = this.get(state + at.stateHigh);
    cursor.low = this.get(state + at.stateLow);
  }
}

/** A compiled loop with a memory of at least this many bytes. `imports` are the functions that it calls, by module. */
export function openKernel(file: Uint8Array, bytes: number, imports: object): KernelMemory {
  const pages = Math.ceil((bytes + slackBytes) / wasmPageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(file);
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, ...imports });
  return new KernelMemory(memory.buffer, exports as LeafLoop);
}
