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
    if (address.frozenAs !== undefined) await beginReading(client, address.frozenAs);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/**
 * Runs `use` while the session sees what the session sees that has exported this snapshot (pg_export_snapshot), or as
 * it is where there is none. The client must be connected to an address without `frozenAs`.
 */
export async function withFrozenView<T>(
  client: TargetClient,
  snapshot: string | undefined,
  use: () => Promise<T>,
): Promise<T> {
  if (snapshot === undefined) return await use();
  await beginReading(client, snapshot);
  try {
    return await use();
  } finally {
    // Where this fails, or the client was closed in the midst of a COPY, the transaction is gone with the connection.
    await client.run('ROLLBACK').catch(() => undefined);
  }
}

/** Begins a transaction that sees what the exported snapshot shows, or the target of this moment where there is none. */
export async function beginReading(client: TargetClient, snapshot: string | undefined): Promise<void> {
  const view = snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`];
  await client.run(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', ...view].join('; '));
}

/** A silent server is lost, unless its backend is at work for us. */
function defaultStallPolicy(address: TargetAddress): StallPolicy {
  return {
    limitMs: address.stallTimeoutMs ?? stallTimeoutMs,
    isAtWork: async (backendPid) => (await readBackendWork(address, backendPid)).isAtWork,
  };
}
