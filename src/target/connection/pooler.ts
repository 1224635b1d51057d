import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import type { TargetClient } from './client.js';

/** Addresses at which a pooler in session mode was found in this thread. */
const sound = new Set<string>();

/** Enough for a pooler that hands out its backends in turn, and for others that take them in between. */
const looksMax = 6;

/**
 * Refuses a pooler that hands a session's transactions to different backends (`target.pooler`): locks and settings of
 * the session would be lost, or stay with others. Sets nothing and locks nothing. Without a pooler it is one look; with
 * one, a second session keeps a backend busy while the first is idle: in session mode each has its own all the time.
 */
export async function refuseSharedBackends(
  client: TargetClient,
  openSecond: () => Promise<TargetClient>,
): Promise<void> {
  if (await look(client)) return;
  const name = nameOf(client.address);
  if (sound.has(name)) return;
  const second = await openSecond();
  try {
    await compare(client, second);
  } finally {
    await second.close();
  }
  sound.add(name);
}

async function compare(client: TargetClient, second: TargetClient): Promise<void> {
  const own = client.backendPid;
  for (let count = 0; count < looksMax; count++) {
    await lookAgain(second);
    if (second.backendPid === own) throw shared(client.address);
    await look(client);
    if (client.backendPid !== own) throw shared(client.address);
  }
}

/** Whether the server itself answers; a pooler in statement mode refuses the question. */
async function look(client: TargetClient): Promise<boolean> {
  try {
    return await client.learnBackend();
  } catch (error) {
    if (error instanceof Error && /statement pooling/.test(error.message)) throw shared(client.address, error);
    throw error;
  }
}

/** In session mode the second session waits where the pool has but one backend. */
async function lookAgain(second: TargetClient): Promise<void> {
  try {
    await look(second);
  } catch (error) {
    if (!(error instanceof CopierError) || error.code !== 'target.stalled') throw error;
    throw new CopierError('target.pooler', `the pooler at ${at(second.address)} has no second backend free`, {
      hint: 'name the port of the server itself in the target url, or give the pool more connections than --connections',
      cause: error,
    });
  }
}

function shared(address: TargetAddress, cause?: unknown): CopierError {
  return new CopierError('target.pooler', `the pooler at ${at(address)} lets sessions share backends of postgres`, {
    hint: 'it is in transaction or statement mode: name the port of the server itself, or of a pool in session mode, in the target url',
    cause,
  });
}

function at({ host, port }: TargetAddress): string {
  return `${host}:${port}`;
}

function nameOf({ host, port, user, database }: TargetAddress): string {
  return JSON.stringify([host, port, user, database]);
}
