import type { Plan } from '../model.js';
import { describeTarget } from '../target/address.js';
import { listChunks } from '../target/chunk.js';
import { withTarget } from '../target/connect.js';
import { listRestoreSteps } from '../target/constraints.js';
import { hasLedger } from '../target/ledger.js';
import { latestRun, readPlan, type Run } from '../target/run.js';
import { embeddedStatus } from '../target/embedded.js';
import { type Context, embeddedFolder, resolveTarget } from './context.js';
import type { RunStatus } from '../report/status-text.js';
import type { StoredPlan } from './stored-plan.js';

/** The status command: the youngest run of the target schema, from the ledger; reads only. */
export async function runStatus(context: Context): Promise<RunStatus> {
  // To look is no reason to make a server.
  if (context.settings.targetUrl === null && (await embeddedStatus(embeddedFolder)).tag === 'absent') {
    return { target: 'the embedded PostgreSQL, which was never started here', run: null };
  }
  const { address } = await resolveTarget(context);
  const target = describeTarget(address);
  return await withTarget(address, { applicationName: 'pgferry status', signal: context.signal }, async (client) => {
    const run = (await hasLedger(client)) ? await latestRun(client, address.schema) : null;
    if (run === null) return { target, run: null };
    const stored = JSON.parse(await readPlan(client, run.runId)) as StoredPlan;
    const chunks = await listChunks(client, run.runId);
    const missing = await listRestoreSteps(client, run.runId);
    return {
      target,
      run: {
        ...shown(run),
        chunksDone: chunks.length,
        chunksTotal: chunksOf(stored.plan),
        rowsDone: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
        rowsTotal: stored.plan.tables.reduce((sum, table) => sum + table.rows, 0),
        objectsMissing: missing.map(({ kind, table, name }) => ({ kind, table, name })),
      },
    };
  });
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
