import type { TargetAddress } from '../model.js';
import { connectTarget, interruption, type TargetClient } from '../target/connect.js';
import { isRetryable } from '../target/errors.js';

/** A task is tried again on a new connection when its own was lost, so often in all. */
const triesMax = 3;

export interface Lanes {
  /** Runs a task on the next free connection; tasks start in the order in which they were given. */
  run<T>(task: (client: TargetClient) => Promise<T>): Promise<T>;
}

export interface LaneOptions {
  readonly address: TargetAddress;
  readonly lanes: number;
  readonly applicationName: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
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

  const run = async <R>(task: (client: TargetClient) => Promise<R>): Promise<R> => {
    let client = await acquire();
    try {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          client ??= await connect();
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
