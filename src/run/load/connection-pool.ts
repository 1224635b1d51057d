import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { TargetAddress } from '../../model/target.js';
import { interruption } from '../../lib/interruption.js';
import { connectTarget } from '../../target/connection/connect.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { LockWaits } from '../../target/connection/lock-watch.js';
import { isRetryable, isTooMany } from '../../target/connection/errors.js';

/** A task that lost its connection is tried again on a new one, up to this many tries in all. */
const triesMax = 3;
/** When the server has no connection left for even one task, it is asked this often, with this pause between. */
const connectTriesMax = 150;
const connectPauseMs = 2_000;
/** An idle connection is closed after this time, since on a server that has few the copy may be waiting for one. */
const idleMs = 2_000;

/** Which of the waiting tasks starts next: the lowest rank, then the most bytes, then the one that came first. */
export interface Priority {
  readonly rank: number;
  readonly bytes: number;
}

/** A few connections to the target for work beside the copy: proofs, index builds, statistics. */
export interface ConnectionPool {
  /** Runs a task on a free connection, once no waiting task has a higher priority. */
  run<T>(task: (client: TargetClient) => Promise<T>, priority?: Priority): Promise<T>;
  /**
   * How many parallel workers of the server a task may use beside its own backend: an equal share of the connections that
   * are left; at least one when fewer tasks wait than run; no limit when the task is alone.
   */
  spareProcesses(): number;
  /** Resolves when all tasks that are at work now have ended, however they end. */
  settled(): Promise<void>;
}

/** How many connections the pool may use; `ConnectionSlots` answers this during a load. */
export interface PoolCapacity {
  /** Connections that chunks leave for tasks now. */
  readonly left: number;
  /** Whether the copy has ended, so that all connections are free for tasks. */
  readonly isCopyOver: boolean;
  /** The listener is called whenever more may be left than before. */
  onLeft(listener: () => void): void;
}

export interface ConnectionPoolOptions {
  readonly address: TargetAddress;
  /** Connections at most. */
  readonly connectionsMax: number;
  /** Asked before each task starts. When it shrinks, tasks that are at work go on. */
  readonly capacity: PoolCapacity;
  readonly applicationName: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly locks: LockWaits;
  readonly signal: AbortSignal;
  /** Called when the server has no connection left for a task. */
  readonly onFewer: () => void;
}

interface Waiting {
  readonly priority: Priority;
  readonly start: (client: TargetClient | null) => void;
  readonly refuse: (error: Error) => void;
}

const defaultPriority: Priority = { rank: 0, bytes: 0 };

/** Lends a few connections for work beside the copy, opened when first needed, closed afterwards. */
export async function withConnectionPool<T>(
  options: ConnectionPoolOptions,
  use: (pool: ConnectionPool) => Promise<T>,
): Promise<T> {
  // Every connection listens to the signal.
  setMaxListeners(0, options.signal);
  const opened = new OnDemandPool(options);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

class OnDemandPool implements ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  /** One entry for each connection that no task uses: the open client, or null where none is open yet. */
  readonly #free: (TargetClient | null)[];
  readonly #open = new Set<TargetClient>();
  readonly #waiting: Waiting[] = [];
  readonly #begun = new Set<Promise<void>>();
  #atWork = 0;
  #isClosed = false;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#free = Array.from({ length: options.connectionsMax }, () => null);
    options.capacity.onLeft(() => this.#startNext());
  }

  async run<T>(task: (client: TargetClient) => Promise<T>, priority = defaultPriority): Promise<T> {
    const work = this.#perform(task, priority, await this.#acquire(priority));
    const end = () => void this.#begun.delete(ended);
    const ended: Promise<void> = work.then(end, end);
    this.#begun.add(ended);
    return await work;
  }

  spareProcesses(): number {
    const { left, isCopyOver } = this.#options.capacity;
    if (isCopyOver && this.#atWork === 1) return Number.POSITIVE_INFINITY;
    const isEnding = isCopyOver && this.#waiting.length < this.#atWork;
    return Math.max(Math.floor(left / this.#atWork) - 1, isEnding ? 1 : 0);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#begun);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(interruption(this.#options.signal));
    await Promise.all([...this.#open].map((client) => client.close()));
  }

  /** Waits until the task may start. Gives an idle client, or null where the task must connect first. */
  #acquire(priority: Priority): Promise<TargetClient | null> {
    return new Promise((start, refuse) => {
      if (this.#isClosed) return refuse(interruption(this.#options.signal));
      const before = this.#waiting.findIndex((other) => isBefore(priority, other.priority));
      this.#waiting.splice(before === -1 ? this.#waiting.length : before, 0, { priority, start, refuse });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#free.length > 0 && this.#atWork < this.#options.capacity.left) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#atWork += 1;
      const connected = this.#free.findLastIndex((client) => client !== null);
      next.start(this.#free.splice(Math.max(0, connected), 1)[0] ?? null);
    }
  }

  #release(client: TargetClient | null): void {
    this.#atWork -= 1;
    this.#free.push(client);
    if (client !== null) setTimeout(() => this.#closeIdle(client), idleMs).unref();
    this.#startNext();
  }

  #closeIdle(client: TargetClient): void {
    const index = this.#free.indexOf(client);
    if (index === -1) return;
    this.#free[index] = null;
    this.#open.delete(client);
    void client.close();
  }

  async #perform<T>(
    task: (client: TargetClient) => Promise<T>,
    priority: Priority,
    first: TargetClient | null,
  ): Promise<T> {
    let client = first;
    try {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          while (client === null) client = await this.#findClient(priority);
          return await task(client);
        } catch (error) {
          if (client !== null) {
            this.#open.delete(client);
            await client.close();
            client = null;
          }
          const mayTry = tryNumber < triesMax && !this.#isClosed && !this.#options.signal.aborted;
          if (!mayTry || !isRetryable(error)) throw error;
        }
      }
    } finally {
      this.#release(client);
    }
  }

  /** Connects for a task. Where the server refuses, the task waits for a connection that another task leaves. */
  async #findClient(priority: Priority): Promise<TargetClient | null> {
    const found = await this.#connectIfPossible();
    if (typeof found === 'object') return found;
    this.#atWork -= 1;
    if (found === 'later') this.#free.push(null);
    return await this.#acquire(priority);
  }

  /** A new connection; or `later`, where chunks need all that the server has, or `fewer`, where the pool must do with those it has. */
  async #connectIfPossible(): Promise<TargetClient | 'later' | 'fewer'> {
    const { capacity, onFewer, signal } = this.#options;
    for (let look = 1; ; look++) {
      try {
        return await this.#connect();
      } catch (error) {
        if (!isTooMany(error) || look === connectTriesMax || this.#isClosed) throw error;
        if (look === 1) onFewer();
        if (this.#atWork > capacity.left) return 'later';
        if (this.#open.size > 0) return 'fewer';
        await wait(connectPauseMs, undefined, { signal }).catch(() => {
          throw interruption(signal);
        });
      }
    }
  }

  async #connect(): Promise<TargetClient> {
    const client = await connectTarget(this.#options.address, this.#options);
    this.#open.add(client);
    if (!this.#isClosed) return client;
    // The run failed elsewhere while this connection was being made, so no task is left to use it.
    await client.close();
    throw interruption(this.#options.signal);
  }
}

function isBefore(a: Priority, b: Priority): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.bytes > b.bytes);
}
