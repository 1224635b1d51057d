import { existsSync } from 'node:fs';
import { providerHere } from './cutover/application.js';
import { asLead } from './cutover/group/group-members.js';
import { standingOf } from '../cutover/standing.js';
import { toWire } from '../model/error.js';
import type { Cutover, GroupMember } from '../model/cutover.js';
import type { Plan } from '../model/plan.js';
import { readClosing } from '../source/live/closing.js';
import { describeTarget } from '../target/connection/address.js';
import { listChunks } from '../target/ledger/chunk.js';
import { withTarget } from '../target/connection/connect.js';
import type { TargetClient } from '../target/connection/client.js';
import { latestCutover, listSteps } from '../target/ledger/cutover.js';
import { hasLedger } from '../target/ledger/ledger.js';
import { lastComparison } from '../target/ledger/comparison.js';
import { listWaivers } from '../target/ledger/waiver.js';
import { latestRun, listMissing, type Run } from '../target/ledger/run.js';
import { countClosed } from '../target/schema/closed-tables.js';
import { embeddedStatus } from '../target/embedded/embedded.js';
import { type Context, embeddedFolder, resolveTarget } from '../run/context.js';
import { findLeft, readBase } from '../run/follow/base.js';
import { statFile } from '../source/open.js';
import { listRounds } from '../target/ledger/round.js';
import type { CutoverStatus, FollowStatus, RunStatus } from '../model/status.js';
import { lockWaits } from '../run/lock-waits.js';
import { readPlan, readStoredSettings } from '../run/plan/stored-plan.js';

/** The status command: the youngest run of the target schema, from the ledger; reads only. */
export async function runStatus(given: Context): Promise<RunStatus> {
  const context = asLead(given);
  // Asking for the status must not make an embedded server.
  if (context.settings.targetUrl === null && (await embeddedStatus(embeddedFolder)).tag === 'absent') {
    return { target: 'the embedded PostgreSQL, which was never started here', run: null, follow: null, cutover: null };
  }
  const { address } = await resolveTarget(context);
  const target = describeTarget(address);
  const connecting = { applicationName: 'pgferry status', signal: context.signal, locks: lockWaits(context) };
  return await withTarget(address, connecting, async (client) => {
    if (!(await hasLedger(client))) return { target, run: null, follow: null, cutover: null };
    const cutover = await readCutover(client, address.schema);
    const run = await latestRun(client, address.schema);
    if (run === null) return { target, run: null, follow: null, cutover };
    const plan = await readPlan(client, run.runId);
    // Chunks of rounds have negative numbers.
    const chunks = (await listChunks(client, run.runId)).filter(({ index }) => index >= 0);
    return {
      target,
      run: {
        ...shown(run),
        chunksDone: chunks.length,
        chunksTotal: chunksOf(plan),
        rowsDone: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
        rowsTotal: plan.tables.reduce((sum, table) => sum + table.rows, 0),
        objectsMissing: await listMissing(client, run.runId),
        tablesClosed: await countClosed(client, run.runId),
        compared: await lastComparison(client, run.runId),
        waived: await listWaivers(client, run.runId),
        configured: Object.keys((await readStoredSettings(client, run.runId)).moved ?? {}),
      },
      follow: await readFollow(client, address.schema, run),
      cutover,
    };
  });
}

/** How far the target is behind the source, as far as that is known without reading either. */
async function readFollow(client: TargetClient, schema: string, run: Run): Promise<FollowStatus | null> {
  if (run.state !== 'complete' || (await findLeft(client, schema, run)) !== null) return null;
  const rounds = await listRounds(client, run.runId);
  const { snapshot } = await readBase(client, run);
  const last = rounds.at(-1);
  const changedAtMs = lastChange(run.sourcePath);
  return {
    rounds: rounds.length,
    showsSourceOf: snapshot.takenAt,
    behindSeconds: Math.max(0, Math.round((Date.now() - Date.parse(snapshot.takenAt)) / 1000)),
    isSourceChanged: changedAtMs === null ? null : changedAtMs > Date.parse(snapshot.takenAt),
    ...sizesOf(run.sourcePath, snapshot.path),
    lastRows: last?.changes.reduce((sum, change) => sum + change.deleted + change.updated + change.inserted, 0) ?? null,
    lastMs: last === undefined ? null : Math.round(last.durationMs),
    snapshotPath: snapshot.path,
    isSnapshotThere: existsSync(snapshot.path),
  };
}

/** How far the source has grown, by the sizes of its files alone. */
function sizesOf(sourcePath: string, snapshotPath: string): Pick<FollowStatus, 'grownBytes' | 'logBytes'> {
  const sizeOf = (path: string) => (existsSync(path) ? statFile(path).size : null);
  const [now, then] = [sizeOf(sourcePath), sizeOf(snapshotPath)];
  return {
    grownBytes: now === null || then === null ? null : now - then,
    logBytes: now === null ? null : (sizeOf(`${sourcePath}-wal`) ?? 0),
  };
}

/** When the source, or the log beside it, was written last; null where it is not on this machine. Nothing is opened. */
function lastChange(sourcePath: string): number | null {
  const times = [sourcePath, `${sourcePath}-wal`].filter(existsSync).map((path) => statFile(path).mtimeMs);
  return times.length === 0 ? null : Math.max(...times);
}

/** The ledger's record of the youngest cutover, compared with the env file and the SQLite file on this machine. */
async function readCutover(client: TargetClient, schema: string): Promise<CutoverStatus | null> {
  const cutover = await latestCutover(client, schema);
  if (cutover === null) return null;
  const { facts } = cutover;
  const alarms: string[] = [];
  const closing = await readSourceState(cutover, alarms);
  const provider = providerHere(cutover);
  const standing = standingOf(cutover, { provider, closedBy: closing?.cutoverId ?? null });
  if (closing !== null && facts !== null && closing.schemaVersion !== facts.schemaVersion) {
    alarms.push(
      `the closed database was changed since: its schema_version is ${closing.schemaVersion}, was ${facts.schemaVersion}`,
    );
  }
  if (cutover.state === 'switched' && standing.application === 'postgres' && closing === null && alarms.length === 0) {
    alarms.push(`${cutover.sourcePath} was closed to writers, and is not any more: somebody may write there`);
  }
  const { cutoverId, state, attempt, folder, sourcePath, envPath, startedAt, updatedAt, host, pid } = cutover;
  const shownFacts = { cutoverId, state, attempt, folder, sourcePath, envPath, startedAt, updatedAt, host, pid };
  const group = await readGroup(facts?.group ?? []);
  return { ...shownFacts, ...standing, group, steps: await listSteps(client, cutoverId), alarms };
}

/** The files that go over together, and which of them are closed. */
async function readGroup(members: readonly GroupMember[]): Promise<CutoverStatus['group']> {
  const group = [];
  for (const { cutoverId, schema, sourcePath } of members) {
    const closing = existsSync(sourcePath) ? await readClosing(sourcePath).catch(() => null) : null;
    group.push({ cutoverId, schema, sourcePath, isClosed: closing?.cutoverId === cutoverId });
  }
  return group;
}

async function readSourceState({ sourcePath }: Cutover, alarms: string[]) {
  if (!existsSync(sourcePath)) {
    alarms.push(`there is no ${sourcePath} on this machine`);
    return null;
  }
  try {
    return await readClosing(sourcePath);
  } catch (error) {
    alarms.push(toWire(error).message);
    return null;
  }
}

function chunksOf(plan: Plan): number {
  return plan.tables.reduce((sum, table) => sum + table.chunks.length, 0);
}

function shown(run: Run) {
  const {
    runId,
    state,
    sourcePath,
    snapshotPath,
    snapshotSha256,
    snapshotTakenAt,
    startedAt,
    updatedAt,
    finishedAt,
    host,
    pid,
    toolVersion,
  } = run;
  return {
    runId,
    state,
    sourcePath,
    snapshotPath,
    snapshotSha256,
    snapshotTakenAt,
    startedAt,
    updatedAt,
    finishedAt,
    host,
    pid,
    toolVersion,
  };
}
