import { quoteLiteral } from '../../lib/quote.js';
import type { TargetAddress } from '../../model/target.js';
import { cancelLockWait, readBackendWork, readLockWait } from './backend.js';
import type { ConnectOptions, StallPolicy, TargetClient } from './client.js';
import { openTarget } from './open.js';

const stallTimeoutMs = 300_000;

/** Lends a client and closes it afterwards, whatever happens. */
export async function withTarget<T>(
  address: TargetAddress,
  options: ConnectOptions,
  use: (client: TargetClient) => Promise<T>,
): Promise<T> {
  const client = await connectTarget(address, options);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** A client for a long life, as a worker's session needs it: the caller must close() it. */
export async function connectTarget(address: TargetAddress, options: ConnectOptions): Promise<TargetClient> {
  const stallPolicy = options.stallPolicy ?? defaultStallPolicy(address);
  const limitMs = options.locks?.limitMs ?? address.stallTimeoutMs ?? stallTimeoutMs;
  const lockPolicy = {
    ...options.locks,
    limitMs,
    check: (pid: number) => readLockWait(address, pid),
    cancel: (pid: number) => cancelLockWait(address, pid),
  };
  const client = await openTarget(address, { ...options, stallPolicy, lockPolicy });
  try {
    if (address.frozenAs !== undefined) await freeze(client, address.frozenAs);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** From here on the session sees what the session sees that has exported this snapshot (pg_export_snapshot). */
async function freeze(client: TargetClient, snapshot: string): Promise<void> {
  await client.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.run(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`);
}

/** A silent server is lost, unless its backend is at work for us. */
function defaultStallPolicy(address: TargetAddress): StallPolicy {
  return {
    limitMs: address.stallTimeoutMs ?? stallTimeoutMs,
    isAtWork: async (backendPid) => (await readBackendWork(address, backendPid)).isAtWork,
  };
}
