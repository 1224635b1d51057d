/** What was sent, in rows and in COPY bytes. */
export interface Sent {
  readonly rows: number;
  readonly bytes: number;
}

/** What each cell of the shared memory holds; the cells of the slots come after these. */
const cells = {
  /** 1 once every thread shall end its chunk. */
  stopFlag: 0,
  /** When the copy began, on the machine's monotonic clock, in nanoseconds. */
  startedAtNs: 1,
  /** Rows of the whole run. */
  rows: 2,
  /** COPY bytes of the whole run. */
  bytes: 3,
  /** Time that all threads together spent reading and encoding, in microseconds. */
  fillingUs: 4,
  /** 1 while nothing shall be sent. */
  pauseFlag: 5,
  /** Bytes per second that may be sent; 0: as the run began; -1: any number. */
  bytesPerSecond: 6,
  /** Rows and bytes from which on the limits count. */
  rowsBefore: 7,
  bytesBefore: 8,
  firstSlot: 9,
} as const;

/** What each slot holds: the heartbeats of its jobs, and the rows that they sent. */
const slotCells = { heartbeats: 0, rows: 1, count: 2 } as const;

const cellBytes = BigInt64Array.BYTES_PER_ELEMENT;

/**
 * Memory that all threads of a run share: 64-bit signed integers, laid out as `cells` says. Every change is one atomic
 * operation, so that no thread ever waits for another.
 */
export class Counters {
  readonly shared: SharedArrayBuffer;
  readonly #cells: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#cells = new BigInt64Array(shared);
  }

  /** `slots` is how many jobs may be in work at once. */
  static create(slots = 0): Counters {
    return new Counters(new SharedArrayBuffer(cellBytes * (cells.firstSlot + slotCells.count * slots)));
  }

  /** Counts what a job sent, or, below 0, what was rolled back. */
  add(sent: Sent, slot: number | null = null): void {
    if (slot !== null) Atomics.add(this.#cells, cellOf(slot, 'rows'), BigInt(sent.rows));
    Atomics.add(this.#cells, cells.rows, BigInt(sent.rows));
    Atomics.add(this.#cells, cells.bytes, BigInt(sent.bytes));
  }

  total(): Sent {
    return { rows: this.#read(cells.rows), bytes: this.#read(cells.bytes) };
  }

  addFilling(ms: number): void {
    Atomics.add(this.#cells, cells.fillingUs, BigInt(Math.round(ms * 1000)));
  }

  /** Time in which threads read and encoded, all together; the rest of their time they waited. */
  get fillingMs(): number {
    return this.#read(cells.fillingUs) / 1000;
  }

  /** Notes the moment from which rate limits count, as process.hrtime.bigint() gives it. */
  markStart(startedAtNs: bigint): void {
    Atomics.store(this.#cells, cells.startedAtNs, startedAtNs);
  }

  get startedAtNs(): bigint {
    return Atomics.load(this.#cells, cells.startedAtNs);
  }

  /** Says that the job in this slot is alive: called whenever its thread's event loop turns, and with every block. */
  heartbeat(slot: number): void {
    Atomics.add(this.#cells, cellOf(slot, 'heartbeats'), 1n);
  }

  /** How many heartbeats the jobs in this slot have given so far. */
  heartbeats(slot: number): number {
    return this.#read(cellOf(slot, 'heartbeats'));
  }

  /** Rows that the jobs in this slot have sent so far, all together. */
  rowsIn(slot: number): number {
    return this.#read(cellOf(slot, 'rows'));
  }

  /** Holds what is sent, or lets it go on. */
  pause(isPaused: boolean): void {
    Atomics.store(this.#cells, cells.pauseFlag, isPaused ? 1n : 0n);
  }

  get isPaused(): boolean {
    return Atomics.load(this.#cells, cells.pauseFlag) !== 0n;
  }

  /** From now on at most so many bytes per second, or any number; what was sent before does not count. */
  limit(bytesPerSecond: number | null, nowNs: bigint): void {
    const sent = this.total();
    Atomics.store(this.#cells, cells.rowsBefore, BigInt(sent.rows));
    Atomics.store(this.#cells, cells.bytesBefore, BigInt(sent.bytes));
    this.markStart(nowNs);
    Atomics.store(this.#cells, cells.bytesPerSecond, bytesPerSecond === null ? -1n : BigInt(Math.ceil(bytesPerSecond)));
  }

  /** The limit on bytes that holds now; `standard` is the one with which the run began. */
  bytesPerSecond(standard: number | null): number | null {
    const now = this.#read(cells.bytesPerSecond);
    if (now === 0) return standard;
    return now < 0 ? null : now;
  }

  /** What was sent since the moment from which limits count. */
  sinceStart(): Sent {
    const { rows, bytes } = this.total();
    return { rows: rows - this.#read(cells.rowsBefore), bytes: bytes - this.#read(cells.bytesBefore) };
  }

  /** Asks every thread to end its chunk now; the chunk's transaction rolls back. */
  stop(): void {
    Atomics.store(this.#cells, cells.stopFlag, 1n);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#cells, cells.stopFlag) !== 0n;
  }

  #read(cell: number): number {
    return Number(Atomics.load(this.#cells, cell));
  }
}

function cellOf(slot: number, what: 'heartbeats' | 'rows'): number {
  return cells.firstSlot + slotCells.count * slot + slotCells[what];
}
