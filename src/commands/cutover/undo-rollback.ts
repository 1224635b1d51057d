import { planSwitch, readEnvFile, switchEnvFile } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { doSwitches } from '../../cutover/switches/switches.js';
import type { EnvSwitch } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import { moveCutovers } from '../../target/ledger/cutover.js';
import { reopenTargetTables } from '../../target/schema/closing.js';
import { programsOf } from './application.js';
import { idsOf } from './cutover-session.js';
import { wrapped } from './preflight.js';
import type { RollbackProgress } from './restore-and-switch.js';
import type { RollbackMember } from './way-back/bring-back.js';

/** The application stays on PostgreSQL, which takes writes; a restored SQLite file is no harm, and is found again. */
export async function undoRollback(
  members: readonly [RollbackMember, ...RollbackMember[]],
  progress: RollbackProgress,
  error: unknown,
): Promise<never> {
  const [{ session, preflight }] = members;
  const { context, client, cutover } = session;
  const left: string[] = [];
  const tryUndo = async (what: string, use: () => unknown) => {
    try {
      await use();
    } catch (failure) {
      left.push(`${what} (${toWire(failure).message})`);
    }
  };
  await context.journal.phase('undo', async () => {
    const { env, clients } = preflight;
    if (progress.hasSwitched && env !== null)
      await tryUndo('put VPS_DB_PROVIDER=postgres into the env file', () => switchToPostgres(env));
    if (progress.hasSwitched && preflight.switches.length > 0) {
      const programs = await programsOf({ ...session, runId: cutover.facts?.runId ?? null });
      await tryUndo('switch the application to PostgreSQL again', () =>
        doSwitches(preflight.switches, { ...programs, signal: null }, { mayBeEdited: true }),
      );
    }
    if (progress.hasClosed) {
      for (const { schema } of members.map((member) => member.session.address))
        await tryUndo(`drop the triggers pgferry_closed of schema ${schema}`, () => reopenTargetTables(client, schema));
    }
    if (progress.hasGenerated && clients !== null) {
      await generateClient(clients.postgres, () => {}).catch((failure: unknown) => {
        context.journal.warn(`the Prisma client was not generated again for PostgreSQL: ${toWire(failure).message}`);
      });
    }
  });
  const failure = toWire(error);
  if (left.length > 0) {
    throw new CopierError(
      'stuck.rollback',
      `the rollback of cutover ${cutover.cutoverId} failed at its step ${progress.step} (${failure.message}) and could not be undone whole`,
      {
        hint: `run \`pgferry rollback\` again to go on; or to stay on PostgreSQL: ${left.join('; ')}`,
        cause: error,
      },
    );
  }
  await moveCutovers(client, 'switched', idsOf(members)).catch(() => undefined);
  if (!(error instanceof CopierError) || error.code.startsWith('interrupted.') || error.code.startsWith('rollback.'))
    throw error;
  throw wrapped(
    'rollback.undone',
    `the rollback failed at its step ${progress.step} and was undone, the application is on PostgreSQL: ${error.message} [${error.code}]`,
    error,
  );
}

function switchToPostgres({ path }: EnvSwitch): void {
  switchEnvFile(planSwitch(readEnvFile(path), 'postgres'));
}
