/** What was sent, in rows and in COPY bytes. */
export interface Sent {
  readonly rows: number;
  readonly bytes: number;
}

/** Cells before those of the jobs. */
const firstBeat = 5;

/**
 * What all threads may look at and add to while a run goes on. Layout of the shared memory, as 64-bit signed
 * integers: [0] stop flag; [1] start of the copy on the machine's monotonic clock, in nanoseconds; [2] rows and
 * [3] COPY bytes of the whole run; [4] microseconds that threads spent reading and encoding; then one per job in work, its signs of life. Adding is atomic; nobody waits on it.
 */
export class Counters {
  readonly shared: SharedArrayBuffer;
  readonly #cells: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#cells = new BigInt64Array(shared);
  }

  /** `jobs` is how many may be in work at once. */
  static create(jobs = 0): Counters {
    return new Counters(new SharedArrayBuffer(8 * (firstBeat + jobs)));
  }

  add(sent: Sent): void {
    Atomics.add(this.#cells, 2, BigInt(sent.rows));
    Atomics.add(this.#cells, 3, BigInt(sent.bytes));
  }

  total(): Sent {
    return { rows: this.#read(2), bytes: this.#read(3) };
  }

  addFilling(ms: number): void {
    Atomics.add(this.#cells, 4, BigInt(Math.round(ms * 1000)));
  }

  /** Time in which threads read and encoded, all together; the rest of their time they waited. */
  get fillingMs(): number {
    return this.#read(4) / 1000;
  }

  /** Notes the moment from which rate limits count, as process.hrtime.bigint() gives it. */
  markStart(startedAtNs: bigint): void {
    Atomics.store(this.#cells, 1, startedAtNs);
  }

  get startedAtNs(): bigint {
    return Atomics.load(this.#cells, 1);
  }

  /** A sign of life of the job in this place, given as often as its thread's event loop turns and with every block. */
  beat(place: number): void {
    Atomics.add(this.#cells, firstBeat + place, 1n);
  }

  /** Changes with every sign of life. */
  beats(place: number): number {
    return this.#read(firstBeat + place);
  }

  /** Asks every thread to end its chunk now; the chunk's transaction rolls back. */
  stop(): void {
    Atomics.store(this.#cells, 0, 1n);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#cells, 0) !== 0n;
  }

  #read(cell: number): number {
    return Number(Atomics.load(this.#cells, cell));
  }
}
