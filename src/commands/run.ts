import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { CopierError, exitCodes, toWire } from '../errors.js';
import type { ChunkResult, RunResult, Snapshot, SourceCatalog, TargetAddress } from '../model.js';
import { hashPlan } from '../plan/plan-hash.js';
import type { Threads } from '../pool/threads.js';
import {
  appendLog,
  makeRunFolder,
  openRunFolder,
  removeRunFolder,
  type RunFolder,
  writeArtefact,
} from '../report/run-folder.js';
import { describeFinding } from '../report/summary.js';
import { jsonText } from '../report/units.js';
import { sourceFile } from '../source/file.js';
import { statFile } from '../source/open.js';
import { beginSnapshot, checkSnapshot, type TakenSnapshot } from '../source/snapshot.js';
import { describeTarget } from '../target/address.js';
import { listChunks } from '../target/chunk.js';
import { interruption, type TargetClient, withTarget, withTransaction } from '../target/connect.js';
import { dumpTarget } from '../target/dump.js';
import { hasLedger, openLedger } from '../target/ledger.js';
import { holderName, withRunLock } from '../target/lock.js';
import { beginRun, findUnfinishedRun, readPlan, resumeRun, type Run } from '../target/run.js';
import { giveUp } from './abandon.js';
import { type Context, refuseIfBlocked, resolveTarget } from './context.js';
import { threadCount, withRunThreads } from './copy-threads.js';
import { makeSchema, type MadeSchema } from './init.js';
import { type Journal, logError, logLine } from './journal.js';
import { concludeRun, type LoadOutcome, loadTables } from './load.js';
import { sessionsOf } from './sessions.js';
import { findKeptRows } from './kept.js';
import { patience } from './patience.js';
import { preparePlan } from './prepare.js';
import { writeQuarantine } from './quarantine-file.js';
import { writeRecord } from './record.js';
import { checkSchema, waiversOf } from './schema-check.js';
import { checkChoices, choicesOf, type StoredPlan } from './stored-plan.js';
import { readCatalog, type Survey, surveySource } from './survey.js';

/*
 * migrate and copy. Both go: lock → go on with the unfinished run of this schema, or begin a new one (snapshot, survey,
 * schema, plan, ledger) → load → record. migrate also saves the target with pg_dump and makes the schema.
 */

const snapshotName = 'sqlite-precutover.db';
const dumpName = 'postgres-precutover.sql';

/** Everything that reads and writes for one attempt at a run. */
interface Attempt {
  readonly context: Context;
  readonly command: 'migrate' | 'copy';
  readonly address: TargetAddress;
  readonly client: TargetClient;
  readonly sourcePath: string;
  readonly signal: AbortSignal;
}

/** A run that is in the ledger and may copy. */
interface BegunRun {
  readonly run: Run;
  readonly stored: StoredPlan;
  readonly snapshot: Snapshot;
  readonly folder: RunFolder;
  readonly catalog: SourceCatalog;
  readonly done: readonly ChunkResult[];
}

/** Backup of both sides, schema, copy and proof in one pass. */
export async function runMigrate(context: Context): Promise<RunResult> {
  return await runLoad(context, 'migrate');
}

/** The copy alone, into a schema that is there. */
export async function runCopy(context: Context): Promise<RunResult> {
  return await runLoad(context, 'copy');
}

async function runLoad(context: Context, command: 'migrate' | 'copy'): Promise<RunResult> {
  const startedAtMs = performance.now();
  const sourcePath = sourceFile(context.settings.sourcePath).path;
  // A --memory-limit that is too small is refused before anything is begun.
  threadCount(context.settings);
  const { address } = await resolveTarget(context);
  const connecting = { applicationName: holderName('coordinator'), silence: patience(context, address) };
  return await withTarget(address, connecting, (client) =>
    withRunLock(client, address.schema, async (lost) => {
      const signal = AbortSignal.any([context.signal, lost]);
      const attempt: Attempt = { context, command, address, client, sourcePath, signal };
      return await goOnOrBegin(attempt, startedAtMs);
    }),
  );
}

async function goOnOrBegin(attempt: Attempt, startedAtMs: number): Promise<RunResult> {
  const unfinished = await findUnfinished(attempt);
  if (unfinished === null) return await beginAnew(attempt, startedAtMs);
  const begun = await goOn(attempt, unfinished);
  if (begun === null) return await beginAnew(attempt, startedAtMs);
  return await logged(attempt, begun.folder, async () => {
    return await withRunThreads(threadsFor(attempt), async (threads, counters) =>
      finish(attempt, begun, startedAtMs, (request) => loadTables({ ...request, threads, counters })),
    );
  });
}

function threadsFor({ context, address, signal }: Attempt) {
  return { settings: context.settings, address, applicationName: 'pgferry copy', signal };
}

async function findUnfinished({ client, address }: Attempt): Promise<Run | null> {
  if (!(await hasLedger(client))) return null;
  return await findUnfinishedRun(client, address.schema);
}

/** Takes an unfinished run over, or gives it up where it cannot or shall not go on; null then. */
async function goOn(attempt: Attempt, run: Run): Promise<BegunRun | null> {
  const { context, client, sourcePath } = attempt;
  const stored = JSON.parse(await readPlan(client, run.runId)) as StoredPlan;
  const give = async (why: string): Promise<null> => {
    context.journal.warn(`run ${run.runId} is given up: ${why}`);
    const mayEmpty = context.settings.truncateTarget;
    await giveUp({ client, run, stored, schema: attempt.address.schema, mayEmpty });
    return null;
  };
  if (context.settings.fresh) return await give('--fresh was given');
  if (run.sourcePath !== sourcePath) throw otherSource(run, sourcePath);
  if (run.toolVersion !== context.toolVersion) throw otherVersion(run, context.toolVersion);
  if (hashPlan(stored.plan) !== run.planHash) throw changedPlan(run);
  checkChoices(run.runId, stored.choices, choicesOf(context.settings));
  const snapshot = await findSnapshot(run);
  if (typeof snapshot === 'string') return await give(snapshot);
  const resumed = await resumeRun(client, { ...whoWeAre(context), runId: run.runId, planHash: run.planHash });
  const done = await listChunks(client, run.runId);
  const total = stored.plan.tables.reduce((sum, table) => sum + table.chunks.length, 0);
  context.journal.note(
    `going on with run ${run.runId} of ${run.startedAt}: ${done.length} of ${total} chunks are there, on its snapshot of ${run.snapshotTakenAt}`,
  );
  const catalog = await readCatalog(snapshot.path);
  return { run: resumed, stored, snapshot, catalog, folder: openRunFolder(folderOf(run.snapshotPath)), done };
}

function folderOf(snapshotPath: string): string {
  return snapshotPath.slice(0, -`/${snapshotName}`.length);
}

/** The run's snapshot, checked against its SHA-256, or why it cannot be used. */
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

/** Another version may encode or plan otherwise: its chunks and ours would be halves of two different copies. */
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

function whoWeAre(context: Context) {
  return { toolVersion: context.toolVersion, host: hostname(), pid };
}

async function beginAnew(attempt: Attempt, startedAtMs: number): Promise<RunResult> {
  const { context } = attempt;
  const { settings } = context;
  const folder = makeRunFolder({ baseFolder: settings.backupFolder, runFolder: settings.runFolder, now: new Date() });
  return await loggedOrRemoved(attempt, folder, async (keep) => {
    return await withRunThreads(threadsFor(attempt), async (threads, counters) => {
      const taken = await takeRunSnapshot(attempt, folder, threads);
      const { snapshot, survey } = await proveAndSurvey(attempt, { folder, taken, threads });
      const begun = await planAndBegin(attempt, { folder, snapshot, survey, keep });
      return await finish(attempt, begun, startedAtMs, (request) => loadTables({ ...request, threads, counters }));
    });
  });
}

async function takeRunSnapshot(
  { context, sourcePath, signal }: Attempt,
  folder: RunFolder,
  threads: Threads,
): Promise<TakenSnapshot> {
  return await context.journal.phase('snapshot', () =>
    beginSnapshot({
      sourcePath,
      snapshotPath: folder.pathOf(snapshotName),
      signal,
      checkPages: (path) => threads.run('check', path),
    }),
  );
}

/**
 * Proves the snapshot, saves the target and surveys, all at once, since each leaves a core or the disk idle. A damaged
 * snapshot may make the survey stumble first: the proof names the damage better.
 */
async function proveAndSurvey(
  attempt: Attempt,
  { folder, taken, threads }: { folder: RunFolder; taken: TakenSnapshot; threads: Threads },
): Promise<{ readonly snapshot: Snapshot; readonly survey: Survey }> {
  const { journal, settings } = attempt.context;
  const proving = journal.phase('check', () => taken.proof);
  const saving = attempt.command === 'migrate' ? saveTarget(attempt, folder) : null;
  const surveying = journal.phase('census', async () =>
    surveySource({
      snapshotPath: taken.path,
      catalog: await readCatalog(taken.path),
      threads,
      chunkBytes: settings.chunkBytes,
      countsPages: settings.reader !== 'rows',
    }),
  );
  await Promise.allSettled([proving, saving, surveying]);
  const snapshot = await proving;
  await saving;
  return { snapshot, survey: await surveying };
}

async function saveTarget({ context, address, signal }: Attempt, folder: RunFolder): Promise<void> {
  const { journal } = context;
  const saved = await journal.phase('dump', () => dumpTarget({ address, path: folder.pathOf(dumpName), signal }));
  if (saved.tag === 'absent') journal.warn(`the target was not saved with pg_dump: ${saved.reason}`);
}

/** Surveys, makes the schema and plans in one transaction of the target: a refused plan leaves nothing behind. */
async function planAndBegin(
  attempt: Attempt,
  found: {
    folder: RunFolder;
    snapshot: Snapshot;
    survey: Survey;
    /** Called before the ledger refers to the folder. */
    keep: () => void;
  },
): Promise<BegunRun> {
  const { context, client, address, sourcePath, signal } = attempt;
  const { settings, journal } = context;
  const { folder, snapshot, survey, keep } = found;
  const stored = await withTransaction(client, async () => {
    const made = await makeSchemaFor(attempt, survey);
    const prepared = await journal.phase('plan', () =>
      preparePlan({ survey, client, schema: address.schema, settings, made }),
    );
    refuseIfBlocked(prepared.plan);
    if (signal.aborted) throw interruption(signal);
    // Before the commit: a folder that cannot be written leaves no schema behind.
    writeArtefact(folder.pathOf('plan.json'), `${jsonText(prepared.plan, 1)}\n`);
    return prepared;
  });
  for (const finding of stored.plan.findings) journal.note(`${describeFinding(finding)} [${finding.code}]`);
  await openLedger(client);
  keep();
  const run = await beginRun(client, {
    ...whoWeAre(context),
    runId: randomBytes(6).toString('hex'),
    schema: address.schema,
    planHash: stored.plan.hash,
    snapshotPath: snapshot.path,
    snapshotSha256: snapshot.sha256,
    snapshotTakenAt: snapshot.takenAt,
    sourcePath,
    plan: JSON.stringify(stored),
  });
  return { run, stored, snapshot, catalog: survey.catalog, folder, done: [] };
}

async function makeSchemaFor(attempt: Attempt, survey: Survey): Promise<MadeSchema> {
  const { context, client, address, command } = attempt;
  if (command === 'copy')
    return { tag: 'there', message: '', findings: [], lost: [], views: [], reasons: [], sql: null };
  const made = await context.journal.phase('init', () =>
    makeSchema({ client, schema: address.schema, settings: context.settings, survey, needsLedger: true }),
  );
  context.journal.note(made.message);
  return made;
}

type LoadStart = Omit<Parameters<typeof loadTables>[0], 'threads' | 'counters'>;

async function finish(
  attempt: Attempt,
  begun: BegunRun,
  startedAtMs: number,
  load: (request: LoadStart) => Promise<LoadOutcome>,
): Promise<RunResult> {
  const { context, client, address, signal, command, sourcePath } = attempt;
  const { run, stored, snapshot, catalog, folder, done } = begun;
  const { plan, toEmpty } = stored;
  const ticket = { runId: run.runId, token: run.token };
  const request = { context, client, address, ticket, plan, snapshot, catalog, toEmpty, done, signal };
  const outcome = await load(request).catch((error: unknown) => {
    throw withWayOut(error);
  });
  const { schema } = address;
  const checked = await context.journal.phase('compare', () =>
    checkSchema({
      client,
      schema,
      plan,
      source: catalog,
      stored: stored.schema ?? null,
      waive: [...context.settings.waive, ...waiversOf(plan)],
    }),
  );
  const result: RunResult = {
    ok: outcome.tables.every((table) => table.ok) && !checked.findings.some(({ severity }) => severity === 'error'),
    command,
    runId: run.runId,
    runDir: folder.path,
    durationMs: Math.round(performance.now() - startedAtMs),
    tables: outcome.tables,
    findings: [...plan.findings, ...checked.findings, ...(await findKeptRows(client, [run.runId]))],
    phases: context.journal.phases,
    source: sourcePath,
    target: describeTarget(address),
    snapshot,
    chunksResumed: done.length,
    chunksCopied: outcome.chunksCopied,
    bytesCopied: outcome.bytesCopied,
    fillMs: outcome.fillMs,
    sessions: sessionsOf(context.settings),
    differences: outcome.differences,
    objects: checked.objects,
  };
  // In this order: a run that is complete has its record.
  await writeQuarantine(folder, { client, runId: run.runId, plan });
  await writeRecord(folder, result);
  await concludeRun(request, result);
  return result;
}

/** A row that the target does not take stands in the run's snapshot too: to mend the source alone is not enough. */
function withWayOut(error: unknown): unknown {
  if (!(error instanceof CopierError) || !error.code.startsWith('data.')) return error;
  const { code, message, table, column, key, foreignCode, findings } = error;
  const hint = `${error.hint}; after a change in the source run again with --fresh, for this run keeps to its snapshot; what is dropped or changed for good in the target is named with --waive, such as check:NAME`;
  return new CopierError(code, message, { hint, table, column, key, foreignCode, findings, cause: error });
}

/** The log of a new run; one that fails before the ledger knows of it leaves no folder behind, unless by a bug of ours. */
async function loggedOrRemoved<T>(
  attempt: Attempt,
  folder: RunFolder,
  use: (keep: () => void) => Promise<T>,
): Promise<T> {
  let isKept = false;
  const keep = () => {
    isKept = true;
  };
  try {
    return await logged(attempt, folder, () => use(keep));
  } catch (error) {
    if (!isKept && toWire(error).exitCode !== exitCodes.bug) removeRunFolder(folder);
    throw error;
  }
}

/** Keeps the run's log while `use` works; an error is its last line. */
async function logged<T>({ context }: Attempt, folder: RunFolder, use: () => Promise<T>): Promise<T> {
  const append = createLog(context.journal, folder.pathOf('run.log'));
  context.journal.listen((event) => {
    const line = logLine(event, new Date());
    if (line !== null) append(line);
  });
  try {
    return await use();
  } catch (error) {
    append(logError(error, new Date()));
    throw error;
  }
}

/** A line that cannot be written is no reason to stop a copy: it is said once, and the record at the end will fail. */
function createLog(journal: Journal, path: string): (line: string) => void {
  let isTold = false;
  return (line) => {
    try {
      appendLog(path, line);
    } catch (error) {
      if (isTold) return;
      isTold = true;
      journal.warn(`the log of the run misses lines: ${toWire(error).message}`);
    }
  };
}
