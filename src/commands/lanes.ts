import { setTimeout as wait } from 'node:timers/promises';
import type { TargetAddress } from '../model.js';
import { connectTarget, interruption, type Silence, type TargetClient } from '../target/connect.js';
import { isRetryable, isTooMany } from '../target/errors.js';

/** A task is tried again on a new connection when its own was lost, so often in all. */
const triesMax = 3;
/** Where the server has no connection left for even one lane, it is asked again so often, after so long. */
const roomTriesMax = 150;
const roomPauseMs = 2_000;

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

  const acquire = () =>
    new Promise<TargetClient | null>((resolve) => {
      const next = free.pop();
      if (next === undefined) waiting.push(resolve);
      else resolve(next);
    });
  const release = (client: TargetClient | null) => {
    const next = waiting.shift();
    if (next === undefined) free.push(client);
    else next(client);
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
