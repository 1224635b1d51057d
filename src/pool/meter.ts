/** A count that a job raises on its thread, and that the coordinator reads meanwhile. */
export class Meter {
  readonly shared: SharedArrayBuffer;
  readonly #cells: BigInt64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#cells = new BigInt64Array(shared);
  }

  add(count: number): void {
    Atomics.add(this.#cells, 0, BigInt(count));
  }

  get count(): number {
    return Number(Atomics.load(this.#cells, 0));
  }
}
