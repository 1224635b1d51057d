import { switchEnvFile, undoSwitch } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { interruption } from '../../lib/interruption.js';
import type { Cutover, CutoverFacts, CutoverResult, EnvSwitch } from '../../model/cutover.js';
import { CopierError } from '../../model/error.js';
import type { CutoverPhase } from '../../model/event.js';
import type { Settings } from '../../model/settings.js';
import { writeArtefact } from '../../report/files/run-folder.js';
import { withTarget } from '../../target/connection/connect.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { closeTargetTables, lockTables } from '../../target/schema/closing.js';
import { type CutoverSession, type LockedTarget, runStep } from './cutover-session.js';
import { sessionOptions } from './preflight.js';
import type { RollbackPreflight } from './rollback-preflight.js';
import { closeBeforeRestore, restoreSource } from './source-state.js';
import { type WrittenTable, describeWritten, findWritten, saveWrites } from './target-writes.js';

function switchToSqlite(planned: EnvSwitch, cutover: Cutover): void {
  const isUndo = planned.sha256After === cutover.facts?.env?.sha256After;
  if (isUndo) undoSwitch(planned);
  else switchEnvFile(planned);
}

export function refuseWritten({ discardTargetWrites }: Settings, written: readonly WrittenTable[]): void {
  if (written.length === 0 || discardTargetWrites) return;
  throw new CopierError(
    'rollback.target_writes',
    `PostgreSQL took writes since the switch, which SQLite would not have: ${describeWritten(written)}`,
    {
      hint: 'stay on PostgreSQL; or run again with --discard-target-writes (ROLLBACK_DISCARD_TARGET_WRITES=1), which saves these rows to a file first',
    },
  );
}

export interface RollbackProgress {
  step: string;
  hasGenerated: boolean;
  /** Whether the target refuses writes. */
  hasClosed: boolean;
  hasSwitched: boolean;
  /** Under which the replaced file is kept, null where this attempt replaced none. */
  replacedPath: string | null;
}

export async function restoreAndSwitch(
  session: CutoverSession,
  locked: LockedTarget,
  {
    facts,
    preflight,
    progress,
  }: { readonly facts: CutoverFacts; readonly preflight: RollbackPreflight; readonly progress: RollbackProgress },
): Promise<CutoverResult['savedWrites']> {
  const { context, address, cutover, folder } = session;
  const signal = AbortSignal.any([context.signal, locked.lost]);
  const step = <T>(name: CutoverPhase, use: () => T | Promise<T>) => {
    progress.step = name;
    return runStep(session, name, use);
  };
  const connecting = { ...sessionOptions(context, 'rollback_fence'), signal };
  const saved = await withTarget(address, connecting, async (holder) => {
    await holder.run('BEGIN');
    const written = await step('lock', async () => {
      await lockTables(holder, address.schema);
      return findWritten(facts.digests, await digestTables(holder, address.schema));
    });
    refuseWritten(context.settings, written);
    const rows =
      written.length === 0
        ? []
        : await step('save', () =>
            saveWrites(context, { client: session.client, address, facts, written, folder: folder.path, signal }),
          );
    const { clients } = preflight;
    if (clients !== null) {
      await step('generate', async () => {
        progress.hasGenerated = true;
        await generateClient(clients.sqlite, (output) => writeArtefact(folder.pathOf('generate.log'), output));
      });
    }
    if (preflight.restore === 'close-and-restore')
      await step('fence', () => closeBeforeRestore(cutover.sourcePath, cutover.cutoverId));
    progress.replacedPath = await step('restore', () =>
      restoreSource(preflight.restore, {
        livePath: cutover.sourcePath,
        snapshotPath: preflight.snapshotPath,
        snapshotSha256: facts.snapshotSha256,
        replacedPath: preflight.replacedPath,
        journalMode: facts.journalMode,
        signal,
      }),
    );
    if (signal.aborted) throw interruption(signal);
    await step('close', async () => {
      const at = new Date().toISOString();
      const message = `this database was left for SQLite by pgferry on ${at} (rollback of cutover ${cutover.cutoverId}); writes go there`;
      await closeTargetTables(holder, address.schema, message);
      progress.hasClosed = true;
      await holder.run('COMMIT');
    });
    return rows;
  });
  const { env } = preflight;
  if (env !== null) {
    await step('switch', () => {
      progress.hasSwitched = true;
      switchToSqlite(env, cutover);
    });
  }
  return saved;
}
