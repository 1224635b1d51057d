import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { TargetAddress } from '../model.js';
import { connectTarget, interruption, type Silence, type TargetClient } from '../target/connect.js';
import { isRetryable, isTooMany } from '../target/errors.js';

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
  const { room } = options;
  const free: (TargetClient | null)[] = Array.from({ length: options.lanes }, () => null);
  const waiting: Waiting[] = [];
  const open = new Set<TargetClient>();
  const begun = new Set<Promise<void>>();
  let atWork = 0;
  let isClosed = false;
  // Each lane's connection listens, beside what the run itself does: more than Node takes for a leak.
  setMaxListeners(options.lanes + listenersBeside, options.signal);

  const startNext = () => {
    while (free.length > 0 && atWork < room.left) {
      const next = waiting.shift();
      if (next === undefined) return;
      atWork += 1;
      const connected = free.findLastIndex((client) => client !== null);
      next.start(free.splice(Math.max(0, connected), 1)[0] ?? null);
    }
  };
  room.onLeft(startNext);
  const acquire = (turn: Turn) =>
    new Promise<TargetClient | null>((start, refuse) => {
      if (isClosed) return refuse(interruption(options.signal));
      const before = waiting.findIndex((other) => isBefore(turn, other.turn));
      waiting.splice(before === -1 ? waiting.length : before, 0, { turn, start, refuse });
      startNext();
    });
  const release = (client: TargetClient | null) => {
    atWork -= 1;
    free.push(client);
    if (client !== null) setTimeout(() => closeIdle(client), idleMs).unref();
    startNext();
  };
  const closeIdle = (client: TargetClient) => {
    const place = free.indexOf(client);
    if (place === -1) return;
    free[place] = null;
    open.delete(client);
    void client.close();
  };
  const connect = async () => {
    const client = await connectTarget(options.address, options);
    open.add(client);
    if (!isClosed) return client;
    // The run failed elsewhere while this connection was being made; nobody is left to use it.
    await client.close();
    throw interruption(options.signal);
  };

  /** A new connection for a task; else `later`, where chunks need those that there are, or `fewer`, where other lanes must do. */
  const findRoom = async (): Promise<TargetClient | 'later' | 'fewer'> => {
    for (let look = 1; ; look++) {
      try {
        return await connect();
      } catch (error) {
        if (!isTooMany(error) || look === roomTriesMax || isClosed) throw error;
        if (look === 1) options.onFewer();
        if (atWork > room.left) return 'later';
        if (open.size > 0) return 'fewer';
        await wait(roomPauseMs, undefined, { signal: options.signal }).catch(() => {
          throw interruption(options.signal);
        });
      }
    }
  };
  const spare = () => {
    if (room.isCopyOver && atWork === 1) return Number.POSITIVE_INFINITY;
    return Math.max(Math.floor(room.left / atWork) - 1, room.isCopyOver && waiting.length < atWork ? 1 : 0);
  };
  const findClient = async (turn: Turn): Promise<TargetClient | null> => {
    const found = await findRoom();
    if (typeof found === 'object') return found;
    atWork -= 1;
    if (found === 'later') free.push(null);
    return await acquire(turn);
  };

  const perform = async <R>(task: (client: TargetClient) => Promise<R>, turn: Turn, first: TargetClient | null) => {
    let client = first;
    try {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          while (client === null) client = await findClient(turn);
          return await task(client);
        } catch (error) {
          if (client !== null) {
            open.delete(client);
            await client.close();
            client = null;
          }
          if (tryNumber === triesMax || isClosed || options.signal.aborted || !isRetryable(error)) throw error;
        }
      }
    } finally {
      release(client);
    }
  };

  const run = async <R>(task: (client: TargetClient) => Promise<R>, turn: Turn = anyTurn): Promise<R> => {
    const work = perform(task, turn, await acquire(turn));
    const ended = work.then(
      () => void begun.delete(ended),
      () => void begun.delete(ended),
    );
    begun.add(ended);
    return await work;
  };

  try {
    return await use({
      run,
      spare,
      settle: async () => void (await Promise.all(begun)),
    });
  } finally {
    isClosed = true;
    for (const { refuse } of waiting.splice(0)) refuse(interruption(options.signal));
    await Promise.all([...open].map((client) => client.close()));
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.bytes > b.bytes);
}
