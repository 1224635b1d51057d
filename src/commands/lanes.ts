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

export interface Lanes {
  /** Runs a task on the next free connection; tasks start in the order in which they were given. */
  run<T>(task: (client: TargetClient) => Promise<T>): Promise<T>;
}

export interface LaneOptions {
  readonly address: TargetAddress;
  readonly lanes: number;
  readonly applicationName: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly silence: Silence;
  readonly signal: AbortSignal;
  /** Called when a lane is given up because the server has no connection left for it. */
  readonly onFewer: () => void;
}

/** Lends a few connections for work beside the copy, opened when first needed, closed afterwards. */
export async function withLanes<T>(options: LaneOptions, use: (lanes: Lanes) => Promise<T>): Promise<T> {
  const free: (TargetClient | null)[] = Array.from({ length: options.lanes }, () => null);
  const waiting: ((client: TargetClient | null) => void)[] = [];
  const open = new Set<TargetClient>();
  let isClosed = false;
  // Each lane's connection listens, beside what the run itself does: more than Node takes for a leak.
  setMaxListeners(options.lanes + listenersBeside, options.signal);

  const acquire = () =>
    new Promise<TargetClient | null>((resolve) => {
      if (free.length === 0) return void waiting.push(resolve);
      const connected = free.findLastIndex((client) => client !== null);
      resolve(free.splice(Math.max(0, connected), 1)[0] ?? null);
    });
  const release = (client: TargetClient | null) => {
    const next = waiting.shift();
    if (next !== undefined) return next(client);
    free.push(client);
    if (client !== null) setTimeout(() => closeIdle(client), idleMs).unref();
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

  /** A new connection for a lane without one, or null where other lanes must do. */
  const findRoom = async (): Promise<TargetClient | null> => {
    for (let look = 1; ; look++) {
      try {
        return await connect();
      } catch (error) {
        if (!isTooMany(error) || look === roomTriesMax || isClosed) throw error;
        if (look === 1) options.onFewer();
        if (open.size > 0) return null;
        await wait(roomPauseMs, undefined, { signal: options.signal }).catch(() => {
          throw interruption(options.signal);
        });
      }
    }
  };

  const run = async <R>(task: (client: TargetClient) => Promise<R>): Promise<R> => {
    let client = await acquire();
    try {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          // Where there is no room, this lane is given up: the task waits for one of those that have a connection.
          while (client === null) client = (await findRoom()) ?? (await acquire());
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

  try {
    return await use({ run });
  } finally {
    isClosed = true;
    await Promise.all([...open].map((client) => client.close()));
  }
}
