import { readFileSync } from 'node:fs';
import { type KernelMemory, openKernel } from '../../../lib/kernel/memory.js';
import { assert, must } from '../../../model/error.js';
import type { LeafCursor, RecordShape } from '../../../model/kernel.js';
import { programFile } from '../../../platform/installation.js';
import type { RecordTally } from '../tally.js';
import type { ValueTally } from '../values.js';
import * as at from './layout.js';

/**
 * The window of pages, a row that is put together, and the counters of the widest table that SQLite makes unasked, 2 000
 * columns. Of memory that is never touched the system gives none.
 */
const memoryBytes = 4 * 1024 * 1024;

/** A table as the kernel counts it. */
export interface TalliedTable {
  readonly record: RecordShape;
  readonly tally: RecordTally;
  readonly values: ValueTally;
}

/**
 * The WebAssembly loop from leaf cells to the counters of both tallies, which stand in its memory. Its life, again for
 * each part of a table: `restart`; `allocate` the window of pages and the counters, and `load` the table; `fill` leaf by
 * leaf. What does not fit into its memory is allocated as ordinary memory, which the loop cannot use.
 */
export class CensusKernel {
  readonly #memory: KernelMemory;
  #state = 0;
  #values: ValueTally | null = null;

  constructor() {
    const file = readFileSync(programFile('source/census/class-kernel/kernel.wasm'));
    this.#memory = openKernel(file, memoryBytes, {
      ask: {
        askText: (column: number, start: number, length: number) =>
          this.#column(column).classifyText(this.#memory.bytes, start, start + length),
        widenReal: (column: number, found: number, value: number) => this.#column(column).widenReal(found, value),
      },
    });
  }

  /** Forgets the part before, and frees all that was allocated for it. */
  restart(): void {
    this.#memory.restart();
  }

  get allocate(): (bytes: number) => Buffer {
    return this.#memory.allocate;
  }

  holds(bytes: Buffer): boolean {
    return this.#memory.holds(bytes);
  }

  /** False where the counters of the table do not fit into the memory. */
  load({ record, tally, values }: TalliedTable): boolean {
    const columnCount = record.integerIsReal.length;
    assert(tally.columnCount === columnCount, 'a column has a place in the record');
    const memory = this.#memory;
    const arrays = arraysOf(tally, values);
    const own = this.allocate(
      at.classStateBytes + columnCount * at.classColumnBytes + at.depthMax + 8 * (at.powerMax + 1),
    );
    if (!memory.holds(own) || !arrays.every((array) => memory.holds(array))) return false;
    own.fill(0);
    const state = own.byteOffset;
    const columns = state + at.classStateBytes;
    const powers = columns + columnCount * at.classColumnBytes;
    memory.put(state + at.classStateColumnCount, columnCount);
    memory.put(state + at.classStateRowidColumn, record.rowidSlot);
    memory.put(state + at.classStateColumns, columns);
    memory.put(state + at.classStatePowers, powers);
    memory.put(state + at.classStateOpen, powers + 8 * (at.powerMax + 1));
    for (const [i, array] of arrays.entries()) memory.put(state + at.classStateTypes + 4 * i, array.byteOffset);
    for (let i = 0; i <= at.powerMax; i++) memory.words.setFloat64(powers + 8 * i, Number(`1e${i}`), true);
    for (let i = 0; i < columnCount; i++) {
      const column = columns + i * at.classColumnBytes;
      // The rowid is in no record, and so never absent.
      const isNullWhereAbsent = i === record.rowidSlot || record.absentIsNull[i] === true;
      memory.put(column + at.classColumnIsReal, record.integerIsReal[i] === true ? 1 : 0);
      memory.put(column + at.classColumnAbsentIsNull, isNullWhereAbsent ? 1 : 0);
    }
    this.#state = state;
    this.#values = values;
    return true;
  }

  /** Counts the cells of the cursor, and moves it; true where it is at its end. Of the cell that it stops at nothing is counted. */
  fill(cursor: LeafCursor): boolean {
    const state = this.#state;
    this.#memory.putCursor(state, cursor);
    const says = this.#memory.fill(state);
    assert(says === at.classSaysDone || says === at.classSaysNotMine, 'the kernel says why it stopped');
    this.#memory.takeCursor(state, cursor);
    return says === at.classSaysDone;
  }

  #column(at: number): ReturnType<ValueTally['column']> {
    return must(this.#values, 'values').column(at);
  }
}

/** In the order of the state, from `classStateTypes` on. */
function arraysOf(tally: RecordTally, values: ValueTally): (Uint8Array | Float64Array | Int32Array | Uint32Array)[] {
  const { types, widths, integers, wides, reals, nans, charsMax, longBytesMax, badTexts } = tally;
  const { minHigh, minLow, maxHigh, maxLow } = wides;
  const ranges = [integers.min, integers.max, minHigh, minLow, maxHigh, maxLow, reals.min, reals.max];
  const counters = [values.counts, values.scaleMax, values.wholeDigitsMax];
  return [types, widths, ...ranges, nans, charsMax, longBytesMax, badTexts, ...counters];
}
