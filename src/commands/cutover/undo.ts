import { undoSwitch } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { CopierError, toWire } from '../../model/error.js';
import type { EnvSwitch } from '../../model/cutover.js';
import { reopenTables } from '../../source/live/closing.js';
import { moveCutover } from '../../target/ledger/cutover.js';
import type { Desk, Preflight } from './cutover-session.js';
import { wrapped } from './preflight.js';

/** How far an attempt has come in what must be undone; filled in before each act, so that nothing done is missed. */
export interface Reached {
  step: string;
  generated: 'no' | 'tried' | 'yes';
  hasClosed: boolean;
  envSwitch: EnvSwitch | null;
}

/**
 * Takes back what an attempt has done, and throws what there is to tell: `cutover.undone` (the interruption itself, where
 * it was one), or `stuck.undo` with what is left to be done by hand.
 */
export async function undoCutover(desk: Desk, look: Preflight, reached: Reached, error: unknown): Promise<never> {
  const { context, client, cutover } = desk;
  const left: string[] = [];
  await context.journal.phase('undo', async () => {
    // In this order: the application's old world first, then its writes, then the client of its next start.
    await attempt(left, 'put VPS_DB_PROVIDER back in the env file', () => {
      if (reached.envSwitch !== null) undoSwitch(reached.envSwitch);
    });
    await attempt(left, 'open the SQLite database again with `pgferry release`', () => {
      if (reached.hasClosed) reopenTables(look.sourcePath);
    });
    await attempt(left, 'generate the Prisma client for SQLite', async () => {
      if (reached.generated === 'yes' && look.clients !== null) await generateClient(look.clients.sqlite, () => {});
    });
    // One that failed has hardly changed anything, and what broke it may break this too.
    if (reached.generated === 'tried' && look.clients !== null) {
      await generateClient(look.clients.sqlite, () => {}).catch((failure: unknown) => {
        context.journal.warn(`the Prisma client was not generated again for SQLite: ${toWire(failure).message}`);
      });
    }
  });
  if (left.length > 0) throw stuck(cutover.cutoverId, reached.step, left, error);
  await moveCutover(client, cutover.cutoverId, 'undone').catch(() => {
    context.journal.warn(
      'the ledger could not be told that the cutover was undone; the next attempt finds out by itself',
    );
  });
  throw asUndone(cutover.cutoverId, reached.step, error);
}

async function attempt(left: string[], what: string, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    left.push(`${what} (${toWire(error).message})`);
  }
}

function asUndone(cutoverId: string, step: string, error: unknown): unknown {
  // A bug keeps its stack, an interruption its exit code; either way the application is where it was.
  if (!(error instanceof CopierError) || error.code.startsWith('interrupted.')) return error;
  return wrapped(
    'cutover.undone',
    `cutover ${cutoverId} failed at its step ${step} and was undone, the application is where it was: ${error.message} [${error.code}]`,
    error,
  );
}

function stuck(cutoverId: string, step: string, left: readonly string[], error: unknown): CopierError {
  return new CopierError(
    'stuck.undo',
    `cutover ${cutoverId} failed at its step ${step} (${toWire(error).message}) and could not be undone whole`,
    { hint: `do this by hand: ${left.join('; ')}`, cause: error },
  );
}
