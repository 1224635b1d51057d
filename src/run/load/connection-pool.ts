import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { TargetAddress } from '../../model/target.js';
import { connectTarget, interruption, type Silence, type TargetClient } from '../../target/connection/connect.js';
import { isRetryable, isTooMany } from '../../target/connection/errors.js';

/** A task is tried again on a new connection when its own was lost, so often in all. */
const triesMax = 3;
/** Where the server has no connection left for even one lane, it is asked again so often, after so long. */
const roomTriesMax = 150;
const roomPauseMs = 2_000;
/** A connection that no task needs is closed after so long: where the server has few, the copy waits for it. */
const idleMs = 2_000;

/** Listeners to the run's signal beside the lanes; Node's own default, so that a leak is still told. */
const listenersBeside = 10;

/** Which of the tasks that wait goes next: lower ranks first, then the biggest, then the one that came first. */
export interface Turn {
  readonly rank: number;
  readonly bytes: number;
}

export interface Lanes {
  /** Runs a task on the next free connection, when its turn has come. */
  run<T>(task: (client: TargetClient) => Promise<T>, turn?: Turn): Promise<T>;
  /**
   * How many processes beside its own a task may have at the server: its share of what is left, one where fewer wait than
   * are at work, any where it is alone.
   */
  spare(): number;
  /** Resolves when all tasks that are at work now have ended, however they end. */
  settle(): Promise<void>;
}

/** How many tasks may be at work. */
export interface Room {
  readonly left: number;
  /** Whether all connections are there for tasks from now on. */
  readonly isCopyOver: boolean;
  /** Takes a listener for whenever there may be more left. */
  onLeft(tell: () => void): void;
}

export interface LaneOptions {
  readonly address: TargetAddress;
  /** Connections at most. */
  readonly lanes: number;
  /** Asked before each task; fewer does not stop those at work. */
  readonly room: Room;
  readonly applicationName: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly silence: Silence;
  readonly signal: AbortSignal;
  /** Called when the server has no connection left for a task. */
  readonly onFewer: () => void;
}

interface Waiting {
  readonly turn: Turn;
  readonly start: (client: TargetClient | null) => void;
  readonly refuse: (error: Error) => void;
}

const anyTurn: Turn = { rank: 0, bytes: 0 };

/** Lends a few connections for work beside the copy, opened when first needed, closed afterwards. */
export async function withLanes<T>(options: LaneOptions, use: (lanes: Lanes) => Promise<T>): Promise<T> {
  // Each lane's connection listens, beside what the run itself does: more than Node takes for a leak.
  setMaxListeners(options.lanes + listenersBeside, options.signal);
  const pool = new LanePool(options);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

class LanePool implements Lanes {
  readonly #options: LaneOptions;
  /** Lanes that no task has: with a connection, or without. */
  readonly #free: (TargetClient | null)[];
  readonly #open = new Set<TargetClient>();
  readonly #waiting: Waiting[] = [];
  readonly #begun = new Set<Promise<void>>();
  #atWork = 0;
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#free = Array.from({ length: options.lanes }, () => null);
    options.room.onLeft(() => this.#startNext());
  }

  async run<T>(task: (client: TargetClient) => Promise<T>, turn = anyTurn): Promise<T> {
    const work = this.#perform(task, turn, await this.#acquire(turn));
    const end = () => void this.#begun.delete(ended);
    const ended: Promise<void> = work.then(end, end);
    this.#begun.add(ended);
    return await work;
  }

  spare(): number {
    const { left, isCopyOver } = this.#options.room;
    if (isCopyOver && this.#atWork === 1) return Number.POSITIVE_INFINITY;
    const isEnding = isCopyOver && this.#waiting.length < this.#atWork;
    return Math.max(Math.floor(left / this.#atWork) - 1, isEnding ? 1 : 0);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#begun);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(interruption(this.#options.signal));
    await Promise.all([...this.#open].map((client) => client.close()));
  }

  /** A lane when the turn has come; its connection is null where it has none yet. */
  #acquire(turn: Turn): Promise<TargetClient | null> {
    return new Promise((start, refuse) => {
      if (this.#isClosed) return refuse(interruption(this.#options.signal));
      const before = this.#waiting.findIndex((other) => isBefore(turn, other.turn));
      this.#waiting.splice(before === -1 ? this.#waiting.length : before, 0, { turn, start, refuse });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#free.length > 0 && this.#atWork < this.#options.room.left) {
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
    const place = this.#free.indexOf(client);
    if (place === -1) return;
    this.#free[place] = null;
    this.#open.delete(client);
    void client.close();
  }

  async #perform<T>(task: (client: TargetClient) => Promise<T>, turn: Turn, first: TargetClient | null): Promise<T> {
    let client = first;
    try {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          while (client === null) client = await this.#findClient(turn);
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

  /** A connection for the lane of a task; where there is no room for one, the task waits for another lane. */
  async #findClient(turn: Turn): Promise<TargetClient | null> {
    const found = await this.#findRoom();
    if (typeof found === 'object') return found;
    this.#atWork -= 1;
    if (found === 'later') this.#free.push(null);
    return await this.#acquire(turn);
  }

  /** A new connection; else `later`, where chunks need those that there are, or `fewer`, where other lanes must do. */
  async #findRoom(): Promise<TargetClient | 'later' | 'fewer'> {
    const { room, onFewer, signal } = this.#options;
    for (let look = 1; ; look++) {
      try {
        return await this.#connect();
      } catch (error) {
        if (!isTooMany(error) || look === roomTriesMax || this.#isClosed) throw error;
        if (look === 1) onFewer();
        if (this.#atWork > room.left) return 'later';
        if (this.#open.size > 0) return 'fewer';
        await wait(roomPauseMs, undefined, { signal }).catch(() => {
          throw interruption(signal);
        });
      }
    }
  }

  async #connect(): Promise<TargetClient> {
    const client = await connectTarget(this.#options.address, this.#options);
    this.#open.add(client);
    if (!this.#isClosed) return client;
    // The run failed elsewhere while this connection was being made; nobody is left to use it.
    await client.close();
    throw interruption(this.#options.signal);
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.bytes > b.bytes);
}
