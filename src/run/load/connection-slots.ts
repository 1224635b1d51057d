import { must } from '../../model/error.js';

export interface SlotCounts {
  /** Connections that may be at work on the target at once. */
  readonly connections: number;
  /** Chunks that may be copied at once. */
  readonly streams: number;
}

/**
 * The connections at work on the target. Chunks go first: as long as one waits, all that chunks can use is theirs, and
 * none ever waits for anything else. What they leave serves proofs, index builds and statistics.
 */
export class ConnectionSlots {
  #connections: number;
  #streams: number;
  /** How many slots chunks hold or wait for. */
  #wanted: number;
  #onMore: () => void = () => {};
  readonly #free: number[];

  constructor({ connections, streams }: SlotCounts) {
    this.#connections = connections;
    this.#streams = Math.min(connections, streams);
    this.#wanted = this.#streams;
    this.#free = Array.from({ length: this.#streams }, (_, slot) => slot);
  }

  /** How many chunks may be in work at once; never grows. */
  get streams(): number {
    return this.#streams;
  }

  /** How many connections others than chunks may use now. */
  get left(): number {
    return this.#connections - this.#wanted;
  }

  /** Whether no chunk is in work, nor waits. */
  get isCopyOver(): boolean {
    return this.#wanted === 0;
  }

  /** Takes a slot for one more chunk: a number below that of the streams. */
  take(): number {
    return must(this.#free.pop(), 'free connection slot');
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** Says how many slots chunks hold or wait for from now on. */
  want(slots: number): void {
    this.#wanted = Math.min(slots, this.#streams);
    this.#onMore();
  }

  /** Where the server lets no more chunk in: one fewer at once, and one connection. False where one is all there is. */
  shrink(): boolean {
    if (this.#streams === 1) return false;
    this.#streams -= 1;
    this.#connections -= 1;
    this.want(this.#wanted);
    return true;
  }

  /** Where the server lets nobody else in: one connection fewer for others. False where chunks can use all there are. */
  shrinkLeft(): boolean {
    if (this.#connections === this.#streams) return false;
    this.#connections -= 1;
    return true;
  }

  /** Calls each time when there may be more left than before. */
  onLeft(listener: () => void): void {
    this.#onMore = listener;
  }
}
