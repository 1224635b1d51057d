import { must } from '../../model/error.js';

export interface SlotCounts {
  /** Connections that may be at work on the target at once. */
  readonly connections: number;
  /** Chunks that may be copied at once. */
  readonly streams: number;
}

/**
 * Counts the connections that are at work on the target. Chunks go first: while a chunk waits, all connections that
 * chunks can use are reserved for them, and a chunk never waits for anything else. The connections that are left serve
 * proofs, index builds and statistics.
 */
export class ConnectionSlots {
  #connections: number;
  #streams: number;
  /** How many slots chunks hold or wait for. */
  #wanted: number;
  /** What was ordered, beside what the server allows. */
  #limit = Number.POSITIVE_INFINITY;
  #onMore: () => void = () => {};
  #onLimit: () => void = () => {};
  readonly #free: number[];

  constructor({ connections, streams }: SlotCounts) {
    this.#connections = connections;
    this.#streams = Math.min(connections, streams);
    this.#wanted = this.#streams;
    this.#free = Array.from({ length: this.#streams }, (_, slot) => slot);
  }

  /** How many chunks may be in work at once. */
  get streams(): number {
    return Math.min(this.#streams, this.#limit);
  }

  /** How many connections are left for work other than chunks now. Below a limit, at least one. */
  get left(): number {
    const left = this.#connections - this.#wanted;
    return Math.min(left, Math.max(this.#limit - this.#wanted, left > 0 ? 1 : 0));
  }

  /** At most so many at once from now on, chunks and other work together; null: as many as there are. */
  limitTo(count: number | null): void {
    this.#limit = Math.max(1, count ?? Number.POSITIVE_INFINITY);
    this.#onLimit();
    this.#onMore();
  }

  /** The listener is called whenever the limit changes. */
  onLimit(listener: () => void): void {
    this.#onLimit = listener;
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

  /**
   * Called when the server refuses a connection for a chunk: lowers both the chunks at once and the connections by one.
   * False where only one chunk is left.
   */
  shrink(): boolean {
    if (this.#streams === 1) return false;
    this.#streams -= 1;
    this.#connections -= 1;
    this.want(this.#wanted);
    return true;
  }

  /**
   * Called when the server refuses a connection for other work: lowers the connections for such work by one. False
   * where chunks can use all that are left.
   */
  shrinkLeft(): boolean {
    if (this.#connections === this.#streams) return false;
    this.#connections -= 1;
    return true;
  }

  /** The listener is called whenever more connections may be left than before. */
  onLeft(listener: () => void): void {
    this.#onMore = listener;
  }
}
