import { readFileSync } from 'node:fs';
import { must } from '../../../model/error.js';
import { type KernelMemory, openKernel } from '../../../lib/kernel/memory.js';
import type { LeafCursor } from '../../../model/kernel.js';
import { programFile } from '../../../platform/installation.js';
import type { RecordTally } from '../tally.js';
import * as at from './layout.js';

const KiB = 1024;
/** Memory for the counters of columns, and behind it for a window of pages; what does not fit goes without the kernel. */
const countersBytes = 512 * KiB;
const windowBytes = 320 * KiB;
const columnsMax = Math.floor((countersBytes - at.tallyBytes) / at.countedBytes);

const integerMax = 2n ** 63n - 1n;

/** Lends cells leaf by leaf, and takes back what is left of them. */
export interface CellLender {
  readonly lend: () => LeafCursor | null;
  readonly takeBack: (cursor: LeafCursor) => void;
}

/**
 * The WebAssembly loop that counts the cells of leaves as `RecordTally` does, with the memory that it works on: one in each
 * thread. Its life, again for each count: `lend`; `lendWindow`; one row that the caller reads, for the smallest
 * rowid; `countUpTo`; `addTo`.
 */
export class TallyKernel {
  readonly #memory: KernelMemory;
  #columnCount = 0;
  #isUsed = false;

  constructor() {
    const file = readFileSync(programFile('source/census/kernel/kernel.wasm'));
    this.#memory = openKernel(file, countersBytes + windowBytes, {});
  }

  /** This thread's kernel, with all counters at nothing. */
  static lend(columnCount: number): TallyKernel {
    ofThread ??= new TallyKernel();
    ofThread.#restart(columnCount);
    return ofThread;
  }

  #restart(columnCount: number): void {
    this.#columnCount = columnCount;
    this.#isUsed = columnCount <= columnsMax;
    if (!this.#isUsed) return;
    const { bytes, words } = this.#memory;
    bytes.fill(0, 0, at.tallyBytes + columnCount * at.countedBytes);
    words.setInt32(at.tallyColumnCount, columnCount, true);
    for (const column of this.#columns()) {
      words.setBigInt64(column + at.countedIntegerMin, integerMax, true);
      words.setBigInt64(column + at.countedIntegerMax, -integerMax - 1n, true);
      words.setFloat64(column + at.countedRealMin, Number.POSITIVE_INFINITY, true);
      words.setFloat64(column + at.countedRealMax, Number.NEGATIVE_INFINITY, true);
    }
  }

  *#columns(): Generator<number> {
    for (let i = 0; i < this.#columnCount; i++) yield at.tallyBytes + i * at.countedBytes;
  }

  /** Memory for the pages that are read; of any content, and the same for each count. */
  readonly lendWindow = (bytes: number): Buffer => {
    if (bytes <= windowBytes) return this.#memory.bytes.subarray(countersBytes, countersBytes + bytes);
    this.#isUsed = false;
    return Buffer.allocUnsafeSlow(bytes);
  };

  /** Counts cells up to the first one that the caller must read itself, or up to the last one: then false. */
  countUpTo(cells: CellLender): boolean {
    if (!this.#isUsed) return true;
    for (let cursor = cells.lend(); cursor !== null; cursor = cells.lend()) {
      const isWhole = this.#countLeaf(cursor);
      cells.takeBack(cursor);
      if (!isWhole) return true;
    }
    return false;
  }

  #countLeaf(cursor: LeafCursor): boolean {
    this.#memory.putCursor(0, cursor);
    const says = this.#memory.fill(0);
    this.#memory.takeCursor(0, cursor);
    return says === at.tallyIsDone;
  }

  /** Adds all that was counted. */
  addTo(tally: RecordTally): void {
    if (!this.#isUsed) return;
    const { words } = this.#memory;
    const count = (address: number): number => Number(words.getBigUint64(address, true));
    let whole = count(at.tallyRows);
    if (whole === 0) return;
    let i = 0;
    for (const column of this.#columns()) {
      const absent = count(column + at.countedAbsent);
      whole -= absent;
      addAt(tally.widths, i, absent);
      for (let type = 0; type < at.typeCounters; type++)
        addAt(tally.types, i * at.typeCounters + type, count(column + 8 * type));
      const integerMin = words.getBigInt64(column + at.countedIntegerMin, true);
      const integerMax = words.getBigInt64(column + at.countedIntegerMax, true);
      if (integerMin <= integerMax) for (const one of [integerMin, integerMax]) tally.wides.addInteger(i, one);
      const reals = [at.countedRealMin, at.countedRealMax].map((at) => words.getFloat64(column + at, true));
      if (must(reals[0], 'minimum') <= must(reals[1], 'maximum')) for (const real of reals) tally.reals.add(i, real);
      addAt(tally.nans, i, count(column + at.countedNans));
      raiseAt(tally.charsMax, i, words.getUint32(column + at.countedCharsMax, true));
      raiseAt(tally.longBytesMax, i, words.getUint32(column + at.countedLongBytesMax, true));
      if (words.getUint32(column + at.countedHasBadTexts, true) !== 0) tally.badTexts[i] = 1;
      i += 1;
    }
    addAt(tally.widths, i, whole);
  }
}

let ofThread: TallyKernel | null = null;

function addAt(counts: Float64Array, index: number, more: number): void {
  counts[index] = (counts[index] ?? 0) + more;
}

function raiseAt(counts: Float64Array, index: number, to: number): void {
  if (to > (counts[index] ?? 0)) counts[index] = to;
}
