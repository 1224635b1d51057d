import { undoSwitch } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { forgetSwitches, undoSwitches } from '../../cutover/switches/switches.js';
import type { PlannedSwitch } from '../../model/application/rules.js';
import { CopierError, toWire } from '../../model/error.js';
import type { EnvSwitch } from '../../model/cutover.js';
import { reopenSourceTables } from '../../source/live/closing.js';
import { moveCutovers } from '../../target/ledger/cutover.js';
import { programsOf, runHooks } from './application.js';
import { type CutoverMembers, type CutoverSession, idsOf } from './cutover-session.js';
import { wrapped } from './preflight.js';

/** How far an attempt has come in what must be undone; filled in before each act, so that nothing done is missed. */
export interface CutoverProgress {
  step: string;
  generated: 'no' | 'tried' | 'yes';
  /** The SQLite files that were closed to writers. */
  readonly closed: string[];
  envSwitch: EnvSwitch | null;
  /** The operator's own switches, once they are prepared; those that are not done are left as they are. */
  prepared: readonly PlannedSwitch[];
}

/**
 * Undoes what an attempt has done, and then throws `cutover.undone`, or the interruption itself where that was the
 * cause. Throws `stuck.undo` with what must be done by hand where it cannot undo everything.
 */
export async function undoCutover(members: CutoverMembers, progress: CutoverProgress, error: unknown): Promise<never> {
  const [{ session, preflight }] = members;
  const { context, client, cutover } = session;
  const left: string[] = [];
  await context.journal.phase('undo', async () => {
    // In this order: the application's old world first, then its writes, then the client of its next start.
    await tryUndo(left, 'put VPS_DB_PROVIDER back in the env file', () => {
      if (progress.envSwitch !== null) undoSwitch(progress.envSwitch);
    });
    left.push(...(await undoOwn(session, progress)));
    for (const path of progress.closed)
      await tryUndo(left, `open ${path} again with \`pgferry release\``, () => void reopenSourceTables(path));
    await tryUndo(left, 'generate the Prisma client for SQLite', async () => {
      if (progress.generated === 'yes' && preflight.clients !== null)
        await generateClient(preflight.clients.sqlite, () => {});
    });
    // One that failed has hardly changed anything, and what broke it may break this too.
    if (progress.generated === 'tried' && preflight.clients !== null) {
      await generateClient(preflight.clients.sqlite, () => {}).catch((failure: unknown) => {
        context.journal.warn(`the Prisma client was not generated again for SQLite: ${toWire(failure).message}`);
      });
    }
  });
  if (left.length > 0) throw stuck(cutover.cutoverId, progress.step, left, error);
  await moveCutovers(client, 'undone', idsOf(members)).catch(() => {
    context.journal.warn(
      'the ledger could not be told that the cutover was undone; the next attempt finds out by itself',
    );
  });
  // Whatever stopped the cutover, this is the hook for it.
  await runHooks({ ...session, context: { ...context, signal: new AbortController().signal } }, 'undone').catch(
    (failure: unknown) => context.journal.warn(toWire(failure).message),
  );
  throw asUndone(cutover.cutoverId, progress.step, error);
}

/** Undoes the operator's own switches; what could not be undone, in words. */
async function undoOwn(session: CutoverSession, { prepared }: CutoverProgress): Promise<string[]> {
  if (prepared.length === 0) return [];
  const programs = await programsOf({ ...session, runId: null });
  const left = await undoSwitches(prepared, { ...programs, signal: null });
  if (left.length === 0) forgetSwitches(prepared);
  return left.map(({ what, error }) => `${what} (${toWire(error).message})`);
}

async function tryUndo(left: string[], what: string, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    left.push(`${what} (${toWire(error).message})`);
  }
}

function asUndone(cutoverId: string, step: string, error: unknown): unknown {
  // A bug keeps its stack, and an interruption its exit code. In either case the application is where it was.
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
