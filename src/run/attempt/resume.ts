import { dirname } from 'node:path';
import { CopierError } from '../../model/error.js';
import type { Snapshot } from '../../model/source.js';
import { hashPlan } from '../../plan/plan-hash.js';
import { openRunFolder } from '../../report/files/run-folder.js';
import { statFile } from '../../source/open.js';
import { checkSnapshot } from '../../source/snapshot/snapshot.js';
import { lockWaitFor } from '../../target/connection/lock-holders.js';
import { listChunks } from '../../target/ledger/chunk.js';
import { resumeRun, type Run } from '../../target/ledger/run.js';
import { addWaivers } from '../../target/ledger/waiver.js';
import { abandon } from './abandon.js';
import { checkChoices, choicesOf, readStoredPlan } from '../plan/stored-plan.js';
import { readCatalog } from '../survey/survey.js';
import type { Attempt, BegunRun } from './attempt.js';
import { whoWeAre } from '../context.js';

/** The name of the snapshot in a run's folder. */
export const snapshotName = 'sqlite-precutover.db';

/** Resumes an unfinished run, or abandons it where it cannot be resumed or must not be. Null after it was abandoned. */
export async function resumeOrAbandon(attempt: Attempt, run: Run): Promise<BegunRun | null> {
  const { context, client } = attempt;
  const { sourcePath } = attempt.source;
  const stored = await readStoredPlan(client, run.runId);
  const abandonBecause = async (why: string): Promise<null> => {
    context.journal.warn(`run ${run.runId} is given up: ${why}`);
    const mayEmpty = context.settings.truncateTarget;
    const lockWait = lockWaitFor(context.settings.stallTimeoutSeconds * 1000);
    await abandon({ client, run, stored, schema: attempt.address.schema, mayEmpty, lockWait });
    return null;
  };
  if (context.settings.fresh) return await abandonBecause('--fresh was given');
  if (run.sourcePath !== sourcePath) throw otherSource(run, sourcePath);
  if (run.toolVersion !== context.toolVersion) throw otherVersion(run, context.toolVersion);
  if (hashPlan(stored.plan) !== run.planHash) throw changedPlan(run);
  checkChoices(run.runId, stored.choices, choicesOf(context.settings));
  const snapshot = await findSnapshot(run);
  if (typeof snapshot === 'string') return await abandonBecause(snapshot);
  const resumed = await resumeRun(client, { ...whoWeAre(context), runId: run.runId, planHash: run.planHash });
  await addWaivers(client, run.runId, context.settings.waive);
  const done = await listChunks(client, run.runId);
  const total = stored.plan.tables.reduce((sum, table) => sum + table.chunks.length, 0);
  context.journal.note(
    `going on with run ${run.runId} of ${run.startedAt}: ${done.length} of ${total} chunks are there, on its snapshot of ${run.snapshotTakenAt}`,
  );
  const catalog = await readCatalog(snapshot.path, context.settings);
  const areJudged = run.state !== 'copying';
  return {
    run: resumed,
    stored,
    snapshot,
    catalog,
    folder: openRunFolder(folderOf(run.snapshotPath)),
    done,
    areJudged,
  };
}

function folderOf(snapshotPath: string): string {
  return dirname(snapshotPath);
}

/** The run's snapshot, checked against its SHA-256, or the reason why it cannot be used. */
export async function findSnapshot(run: Run): Promise<Snapshot | string> {
  const { snapshotPath: path, snapshotSha256: sha256, snapshotTakenAt: takenAt, sourcePath } = run;
  try {
    const snapshot = { path, sourcePath, sha256, takenAt, bytes: statFile(path).size };
    await checkSnapshot(snapshot);
    return snapshot;
  } catch (error) {
    if (error instanceof CopierError) return `its snapshot cannot be used: ${error.message}`;
    throw error;
  }
}

function otherSource(run: Run, sourcePath: string): CopierError {
  return new CopierError(
    'plan.other_source',
    `the target schema has an unfinished run ${run.runId} of ${run.sourcePath}, not of ${sourcePath}`,
    {
      hint: 'finish that run with its own source, or give it up with --fresh, or use another schema',
    },
  );
}

/** Another version may encode or plan in another way: its chunks and ours would be halves of two different copies. */
function otherVersion(run: Run, toolVersion: string): CopierError {
  return new CopierError(
    'plan.other_version',
    `run ${run.runId} was begun by pgferry ${run.toolVersion}, this is pgferry ${toolVersion}`,
    { hint: `go on with pgferry ${run.toolVersion}, or give the run up with --fresh` },
  );
}

function changedPlan(run: Run): CopierError {
  return new CopierError('plan.tampered', `the plan of run ${run.runId} in the ledger is not the one it began with`, {
    hint: 'find out who writes to schema pgferry of the target, then give the run up with --fresh',
  });
}
