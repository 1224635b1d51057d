import { maskSecrets } from '../lib/mask-secrets.js';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CopierError } from '../model/error.js';
import type { QuarantineResult } from '../model/quarantine.js';
import type { Plan } from '../model/plan.js';
import type { TargetAddress } from '../model/target.js';
import { openRunFolder } from '../report/files/run-folder.js';
import { addUp } from '../pool/tally.js';
import { listChunks } from '../target/ledger/chunk.js';
import { withTarget } from '../target/connection/connect.js';
import type { TargetClient } from '../target/connection/client.js';
import { withTransaction } from '../target/connection/transaction.js';
import { hasLedger } from '../target/ledger/ledger.js';
import { recordLoaded } from '../target/fingerprint/loaded.js';
import { holderName, withRunLock } from '../target/ledger/lock.js';
import { listLosses } from '../target/ledger/losses.js';
import { countQuarantine, listConverted, readQuarantineNotes } from '../target/ledger/quarantine.js';
import { latestRun, type Run } from '../target/ledger/run.js';
import { joinRun } from '../target/schema/closed-tables.js';
import { setSequences } from '../target/schema/sequences.js';
import { compareTable } from '../run/compare/compare-table.js';
import { type Context, resolveTarget } from '../run/context.js';
import { CountedThreads } from '../pool/counted-threads.js';
import { withRunThreads } from '../run/load/copy-threads.js';
import { checkQuarantinedColumns } from '../run/compare/quarantined-rows.js';
import { preparePlan } from '../run/plan/plan-in-place.js';
import { writeQuarantine } from '../run/quarantine-file.js';
import { retryTable } from '../copy/retry-table.js';
import { findBase } from '../run/follow/base.js';
import { sequenceNeeds } from '../run/plan/schema-check.js';
import { readPlan } from '../run/plan/stored-plan.js';
import { readCatalog, type Survey, surveySource } from '../run/survey/survey.js';

/** The quarantine command: `list` or `retry`. */
export async function runQuarantine(context: Context, action: string): Promise<QuarantineResult> {
  if (action === 'list') return await listQuarantine(context);
  if (action === 'retry') return await retryQuarantine(context);
  throw new CopierError('usage.action', `quarantine knows no action ${JSON.stringify(maskSecrets(action))}`, {
    hint: 'use pgferry quarantine list or pgferry quarantine retry',
  });
}

/** The command `quarantine list`; reads only. */
async function listQuarantine(context: Context): Promise<QuarantineResult> {
  const { address } = await resolveTarget(context);
  return await withTarget(
    address,
    { applicationName: 'pgferry quarantine', signal: context.signal },
    async (client) => {
      const run = (await hasLedger(client)) ? await latestRun(client, address.schema) : null;
      return {
        ...(await summarizeQuarantine(context, client, run)),
        action: 'list',
        released: 0,
        tables: [],
        ok: true,
      };
    },
  );
}

async function summarizeQuarantine(
  { settings }: Context,
  client: TargetClient,
  run: Run | null,
): Promise<Pick<QuarantineResult, 'runId' | 'runDir' | 'groups' | 'losses' | 'rows' | 'isComplete'>> {
  if (run === null) return { runId: null, runDir: null, groups: [], losses: [], rows: [], isComplete: true };
  const groups = await countQuarantine(client, run.runId);
  const losses = await listLosses(client, run.runId);
  const rows = await readQuarantineNotes(client, run.runId, settings.listMax);
  const total = groups.reduce((sum, group) => sum + (group.state === 'released' ? 0 : group.rows), 0);
  const runDir = dirname(run.snapshotPath);
  return { runId: run.runId, runDir, groups, losses, rows, isComplete: rows.length === total };
}

/**
 * The command `quarantine retry`: the held rows of the youngest run against the target's schema and the config file as
 * they are now. All that fit go in, in one transaction with the ledger; the tables that got rows are compared anew.
 */
async function retryQuarantine(context: Context): Promise<QuarantineResult> {
  const { address } = await resolveTarget(context);
  const connecting = { applicationName: holderName('quarantine'), signal: context.signal };
  return await withTarget(address, connecting, (client) =>
    withRunLock(client, address.schema, async () => await retryRun(context, client, address)),
  );
}

async function retryRun(context: Context, client: TargetClient, address: TargetAddress): Promise<QuarantineResult> {
  const run = (await hasLedger(client)) ? await latestRun(client, address.schema) : null;
  const before = await summarizeQuarantine(context, client, run);
  const held = new Set(before.groups.filter(({ state }) => state === 'held').map(({ table }) => table));
  if (run === null || held.size === 0) return { ...before, action: 'retry', released: 0, tables: [], ok: true };
  if (run.state !== 'complete' && run.state !== 'failed') throw unfinished(run);
  await joinRun(client, run.runId);
  const threads = {
    settings: context.settings,
    address,
    applicationName: 'pgferry quarantine',
    signal: context.signal,
  };
  return await withRunThreads(threads, async (pool) => {
    const { journal, settings } = context;
    // Rounds may have brought a newer one than the run's own.
    const { snapshot } = await findBase(client, run);
    const catalog = await readCatalog(snapshot.path, settings);
    const counted = new CountedThreads(pool);
    const { chunkBytes } = settings;
    const request = { snapshotPath: snapshot.path, catalog, threads: counted, chunkBytes, countsPages: true };
    const survey = await journal.phase(
      'census',
      () => surveySource(request),
      () => counted.progress('census', 'parts'),
    );
    const plan = await planAgain(context, client, { run, survey, schema: address.schema, held });
    const released = await journal.phase('copy', () => retryAll(context, client, { address, run, plan, held }));
    const touched = plan.tables.filter(({ source }) => (released.get(source) ?? 0) > 0);
    await setSequences(client, address.schema, sequenceNeeds({ ...plan, tables: touched }, catalog));
    const converted = await listConverted(client, run.runId);
    const compared = await journal.phase('compare', () =>
      Promise.all(
        touched.map((table) =>
          compareTable(table, {
            threads: pool,
            snapshotPath: snapshot.path,
            differencesMax: settings.differencesMax,
            quarantine: { runId: run.runId, rules: converted.filter((one) => one.table === table.source) },
          }),
        ),
      ),
    );
    const tables = compared.map(({ report }) => report);
    const after = await summarizeQuarantine(context, client, run);
    await leaveFile(client, run);
    const count = [...released.values()].reduce((sum, rows) => sum + rows, 0);
    return { ...after, action: 'retry', released: count, tables, ok: tables.every(({ ok }) => ok) };
  });
}

/** The plan of the tables as they are now, which must have the columns that the quarantined cells belong to. */
async function planAgain(
  { settings }: Context,
  client: TargetClient,
  { run, survey, schema, held }: { run: Run; survey: Survey; schema: string; held: ReadonlySet<string> },
): Promise<Plan> {
  const { plan } = await preparePlan({ survey, client, schema, settings, made: null });
  const before = await readPlan(client, run.runId);
  checkQuarantinedColumns(plan, before, held, run.runId);
  return plan;
}

interface Retry {
  readonly address: TargetAddress;
  readonly run: Run;
  readonly plan: Plan;
  readonly held: ReadonlySet<string>;
}

/** Tables in the order of their layers, parents first; once more where rows may have waited for others of a cycle. */
async function retryAll(context: Context, client: TargetClient, retry: Retry): Promise<Map<string, number>> {
  const { plan } = retry;
  const isCyclic = plan.cycles.length > 0 || plan.edges.some(({ child, parent }) => child === parent);
  const released = new Map<string, number>();
  for (let isAgain = true; isAgain; ) {
    const pass = await retryPass(context, client, retry);
    for (const [table, rows] of pass) released.set(table, (released.get(table) ?? 0) + rows);
    isAgain = isCyclic && pass.size > 0;
  }
  return released;
}

async function retryPass(
  { settings, signal }: Context,
  client: TargetClient,
  { address, run, plan, held }: Retry,
): Promise<Map<string, number>> {
  const released = new Map<string, number>();
  await withTarget(address, { applicationName: 'pgferry quarantine', signal }, async (reading) =>
    withTransaction(client, async () => {
      for (const { chunks, ...table } of plan.tables.filter(({ source }) => held.has(source))) {
        const rows = await retryTable(
          {
            runId: run.runId,
            table,
            sentinel: settings.nullSentinel,
            allowSentinel: settings.allowSentinel,
            blockBytes: settings.blockBytes,
            onProgress: async () => signal.throwIfAborted(),
          },
          { client, reading },
        );
        if (rows > 0) released.set(table.source, rows);
      }
    }),
  );
  const chunks = await listChunks(client, run.runId);
  for (const { source, target, columns } of plan.tables.filter((table) => released.has(table.source))) {
    // What we brought, not what is there: rows that others wrote meanwhile are theirs, and no later run may replace them.
    const names = columns.map((column) => column.target);
    const ours = addUp(
      names,
      chunks.filter(({ table }) => table === source),
    );
    await recordLoaded(client, [{ ...ours, schema: address.schema, table: target, runId: run.runId }]);
  }
  return released;
}

/** The file in the run's folder follows, where that folder is on this machine. */
async function leaveFile(client: TargetClient, run: Run): Promise<void> {
  const path = dirname(run.snapshotPath);
  if (!existsSync(path)) return;
  const plan = await readPlan(client, run.runId);
  await writeQuarantine(openRunFolder(path), { client, runId: run.runId, plan });
}

function unfinished(run: Run): CopierError {
  return new CopierError(
    'target.run_unfinished',
    `run ${run.runId} of schema ${run.schema} is not finished (${run.state})`,
    {
      hint: 'finish it first: run the same command again, then retry',
    },
  );
}
