import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CopierError } from '../../model/error.js';
import type { Snapshot } from '../../model/source.js';
import { statFile } from '../../source/open.js';
import { pendingSha256 } from '../../model/follow.js';
import { hashFile } from '../../source/snapshot/file-hash.js';
import { checkPages } from '../../source/snapshot/snapshot-check.js';
import { checkSnapshot } from '../../source/snapshot/snapshot.js';
import type { TargetClient } from '../../target/connection/client.js';
import { latestCutover, rolledBackCutoverOf } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { awaitRounds, latestRound, settleRound } from '../../target/ledger/round.js';
import { findUnfinishedRun, latestRun, type Run } from '../../target/ledger/run.js';

/** The snapshot that the target shows: that of the last round, or of the load. */
export interface Base {
  readonly snapshot: Snapshot;
  /** How many rounds have been brought so far. */
  readonly rounds: number;
}

/** Names of the snapshots that rounds make in the run's folder. */
const roundSnapshot = /^follow-\d+\.db(?:-journal|-wal|-shm)?$/;

export function roundSnapshotName(number: number): string {
  return `follow-${String(number).padStart(4, '0')}.db`;
}

/** The same as `readBase`, once nothing can change it any more but the caller, who has the lock of the schema's runs. */
export async function readSettledBase(client: TargetClient, run: Run): ReturnType<typeof readBase> {
  await awaitRounds(client, run.runId);
  return await readBase(client, run);
}

/** The path and hash of the last round's snapshot, or of the run's own. The file is not read. */
export async function readBase(
  client: TargetClient,
  run: Run,
): Promise<Omit<Base, 'snapshot'> & { readonly snapshot: Omit<Snapshot, 'bytes'> }> {
  const round = await latestRound(client, run.runId);
  const { sourcePath } = run;
  if (round === null) {
    const { snapshotPath: path, snapshotSha256: sha256, snapshotTakenAt: takenAt } = run;
    return { rounds: 0, snapshot: { path, sourcePath, sha256, takenAt } };
  }
  const { snapshotPath: path, snapshotSha256: sha256, snapshotTakenAt: takenAt, number } = round;
  return { rounds: number, snapshot: { path, sourcePath, sha256, takenAt } };
}

/** The same snapshot, checked against its SHA-256. Error: `plan.no_base`. */
export async function findBase(client: TargetClient, run: Run): Promise<Base> {
  const { rounds, snapshot } = await readSettledBase(client, run);
  try {
    return { rounds, snapshot: await settleBase(client, run.runId, snapshot, async (path) => checkPages(path)) };
  } catch (cause) {
    if (!(cause instanceof CopierError)) throw cause;
    throw new CopierError('plan.no_base', `the snapshot that the target shows cannot be used: ${cause.message}`, {
      hint: 'bring the run folder back to where it was; or migrate anew with --truncate-target',
      cause,
    });
  }
}

/**
 * Checks a snapshot against its SHA-256; one that the ledger does not have yet is made, and entered, once the pages are
 * proven sound. Errors: those of `checkSnapshot`, source.corrupt.
 */
export async function settleBase(
  client: TargetClient,
  runId: string,
  snapshot: Omit<Snapshot, 'bytes'>,
  check: (path: string) => Promise<unknown>,
): Promise<Snapshot> {
  const { path } = snapshot;
  const bytes = statFile(path).size;
  if (snapshot.sha256 !== pendingSha256) {
    await checkSnapshot({ ...snapshot, bytes });
    return { ...snapshot, bytes };
  }
  const [sha256] = await Promise.all([hashFile(path), check(path)]);
  await settleRound(client, runId, { path, sha256 });
  return { ...snapshot, bytes, sha256 };
}

/**
 * The complete run of the schema that rounds continue. Refused where there is none, where one is unfinished, and once
 * the application was switched, since PostgreSQL then has the newer data.
 */
export async function findRunToFollow(client: TargetClient, schema: string): Promise<Run> {
  if (!(await hasLedger(client))) throw noRun(schema);
  const open = await findUnfinishedRun(client, schema);
  if (open !== null) {
    throw new CopierError(
      'target.run_unfinished',
      `run ${open.runId} of schema ${schema} is not finished (${open.state})`,
      {
        hint: 'finish it first: run `pgferry migrate` or `pgferry copy` again; `pgferry status` shows where it stands',
      },
    );
  }
  const run = await latestRun(client, schema);
  if (run === null || run.state !== 'complete') throw noRun(schema);
  const left = await findLeft(client, schema, run);
  if (left !== null) throw left;
  return run;
}

/** Why nothing can go on from a complete run any more: an application was switched to what it loaded. Null where it can. */
export async function findLeft(client: TargetClient, schema: string, run: Run): Promise<CopierError | null> {
  const cutover = await latestCutover(client, schema);
  if (cutover !== null && !['undone', 'rolled_back'].includes(cutover.state) && cutover.state !== 'preparing') {
    return new CopierError(
      'cutover.already_switched',
      `cutover ${cutover.cutoverId} of schema ${schema} is ${cutover.state}: the target may hold writes that the source does not have`,
      { hint: '`pgferry status` shows where it stands; `pgferry rollback` takes it back' },
    );
  }
  const rolledBack = await rolledBackCutoverOf(client, run.runId);
  return rolledBack === null ? null : leftRun(run, rolledBack);
}

/** An application has lived on these rows: they are not those of any snapshot of the source. */
function leftRun({ runId }: Run, cutoverId: string): CopierError {
  return new CopierError(
    'plan.no_base',
    `the application was on what run ${runId} loaded, until cutover ${cutoverId} was rolled back: nothing can go on from it`,
    { hint: 'load it anew: pgferry migrate, or pgferry cutover, which does so by itself' },
  );
}

function noRun(schema: string): CopierError {
  return new CopierError('plan.no_base', `schema ${schema} holds no finished run to go on from`, {
    hint: 'load it first: pgferry migrate',
  });
}

/** Removes snapshots of earlier rounds: all in the run's folder except the one that the target shows. */
export function removeOldSnapshots(run: Run, base: Pick<Snapshot, 'path'>): void {
  const folder = dirname(run.snapshotPath);
  for (const name of readdirSync(folder))
    if (roundSnapshot.test(name) && name !== basename(base.path)) rmSync(join(folder, name), { force: true });
}
