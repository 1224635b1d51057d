import { randomBytes } from 'node:crypto';
import type { RunResult } from '../model/result.js';
import type { TableCensus } from '../model/census.js';
import type { Settings } from '../model/settings.js';
import type { Snapshot } from '../model/source.js';
import type { TargetAddress } from '../model/target.js';
import { makeRunFolder, type RunFolder, writeArtefact } from '../report/files/run-folder.js';
import { jsonText } from '../report/units.js';
import { nameSource } from '../source/import/named-source.js';
import { checkingSqlite } from '../source/snapshot/snapshot-check.js';
import { describeTarget } from '../target/connection/address.js';
import { interruption } from '../lib/interruption.js';
import { withTarget } from '../target/connection/connect.js';
import { withTransaction } from '../target/connection/transaction.js';
import { hasLedger, openLedger } from '../target/ledger/ledger.js';
import { withJoinedSignal } from '../lib/joined-signal.js';
import { holderName, withRunLock } from '../target/ledger/lock.js';
import { addWaivers, listWaivers } from '../target/ledger/waiver.js';
import { beginRun, findUnfinishedRun, type Run } from '../target/ledger/run.js';
import { type Context, refuseIfBlocked, resolveTarget, whoWeAre } from '../run/context.js';
import { threadCount, withRunThreads } from '../run/load/copy-threads.js';
import { agreeToReset } from '../run/schema/agree-to-reset.js';
import { makeSchema } from '../run/schema/make-schema.js';
import type { MadeSchema } from '../model/schema.js';
import type { LoadOutcome, Recorder } from '../run/load/conclude.js';
import { loadTables } from '../run/load/load.js';
import { sessionsOf } from '../run/load/sessions.js';
import { listQuarantineFindings } from '../run/compare/quarantined-rows.js';
import { lockWaits } from '../run/lock-waits.js';
import { recordSettings } from '../run/moved-settings.js';
import { preparePlan, withoutTwins } from '../run/plan/plan-in-place.js';
import { type CheckedSnapshot, textsOf } from '../run/plan/stored-plan.js';
import { writeQuarantine } from '../run/quarantine-file.js';
import { writeRecord } from '../run/attempt/record.js';
import { checkSchema } from '../run/plan/schema-check.js';
import { waiversOf } from '../plan/rules/left-open.js';
import { type Judging, judgeAgain, loadUnjudged, orDamage, type Unjudged } from '../run/attempt/judged-pages.js';
import { takeBackups } from '../run/attempt/take-backups.js';
import type { Survey } from '../run/survey/survey.js';
import type { Attempt, BegunRun } from '../run/attempt/attempt.js';
import { resumeOrAbandon } from '../run/attempt/resume.js';
import { logged, loggedOrRemoved } from '../run/attempt/run-log.js';
import { withWayOut } from './way-out.js';

/*
 * migrate and copy. Both go: lock → resume the unfinished run of this schema, or begin a new one (snapshot, survey,
 * schema, plan, ledger) → load → record. migrate also saves the target with pg_dump and makes the schema.
 */

/** Backup of both sides, schema, copy and proof in one pass. */
export async function runMigrate(context: Context): Promise<RunResult> {
  return await runLoad(context, 'migrate');
}

/** The copy alone, into a schema that is there. */
export async function runCopy(context: Context): Promise<RunResult> {
  return await runLoad(context, 'copy');
}

/** The same into a schema of a target that is known already. */
export async function migrateInto(context: Context, address: TargetAddress): Promise<RunResult> {
  return await loadInto(context, 'migrate', async () => address);
}

async function runLoad(context: Context, command: 'migrate' | 'copy'): Promise<RunResult> {
  return await loadInto(context, command, async () => (await resolveTarget(context)).address);
}

async function loadInto(
  context: Context,
  command: 'migrate' | 'copy',
  findAddress: () => Promise<TargetAddress>,
): Promise<RunResult> {
  const startedAtMs = performance.now();
  const source = nameSource(context.settings);
  // A --memory-limit that is too small is refused before anything is begun.
  threadCount(context.settings);
  const address = await findAddress();
  const connecting = { applicationName: holderName('coordinator'), locks: lockWaits(context) };
  return await withTarget(address, connecting, (client) =>
    withRunLock(client, address.schema, (lost) =>
      withJoinedSignal([context.signal, lost], (signal) =>
        resumeOrBegin({ context, command, address, client, source, signal }, startedAtMs),
      ),
    ),
  );
}

async function resumeOrBegin(attempt: Attempt, startedAtMs: number): Promise<RunResult> {
  const unfinished = await findUnfinished(attempt);
  if (unfinished === null) return await beginAnew(attempt, startedAtMs);
  const begun = await resumeOrAbandon(attempt, unfinished);
  if (begun === null) return await beginAnew(attempt, startedAtMs);
  return await logged(attempt, begun.folder, async () => {
    return await withRunThreads(threadsFor(attempt), async (threads, counters) =>
      finish(attempt, begun, {
        startedAtMs,
        judging: judgeAgain(attempt, begun, threads),
        load: (request, record) => loadTables({ ...request, threads, counters }, record),
      }),
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

async function beginAnew(attempt: Attempt, startedAtMs: number): Promise<RunResult> {
  const { context, command, client, address } = attempt;
  const { settings } = context;
  if (command === 'migrate') await agreeToReset(context, client, address.schema);
  const folder = makeRunFolder({ baseFolder: settings.backupFolder, runFolder: settings.runFolder, now: new Date() });
  return await loggedOrRemoved(attempt, folder, async (keep) => {
    return await withRunThreads(threadsFor(attempt), async (threads, counters) => {
      const { judging, ...found } = await takeBackups(attempt, { folder, threads });
      const begun = await orDamage(judging, () => planAndBegin(attempt, { ...found, folder, judging, keep }));
      return await finish(attempt, begun, {
        startedAtMs,
        judging,
        load: (request, record) => loadTables({ ...request, threads, counters }, record),
      });
    });
  });
}

/** Surveys, makes the schema and plans in one transaction of the target: a refused plan leaves nothing behind. */
async function planAndBegin(
  attempt: Attempt,
  found: {
    folder: RunFolder;
    snapshot: Snapshot;
    survey: Survey;
    judging: Judging;
    /** Called before the ledger refers to the folder. */
    keep: () => void;
  },
): Promise<BegunRun> {
  const { context, client, address, signal } = attempt;
  const { sourcePath } = attempt.source;
  const { settings, journal } = context;
  const { folder, snapshot, survey, judging, keep } = found;
  const stored = await withTransaction(client, async () => {
    const made = await makeSchemaFor(attempt, survey);
    const prepared = await journal.phase('plan', () =>
      preparePlan({ survey, client, schema: address.schema, settings, made }),
    );
    refuseIfBlocked(prepared.plan);
    // Rows that are there make way for nothing but sound ones.
    if (prepared.toEmpty.length > 0) await judging;
    if (signal.aborted) throw interruption(signal);
    // Before the commit: a folder that cannot be written leaves no schema behind.
    writeArtefact(folder.pathOf('plan.json'), `${jsonText(prepared.plan, 1)}\n`);
    return prepared;
  });
  for (const finding of stored.plan.findings) journal.emit({ tag: 'finding', finding });
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
    ...textsOf({ ...stored, moved: recordSettings(context) }, checkedOf(found, settings)),
  });
  await addWaivers(client, run.runId, settings.waive);
  return { run, stored, snapshot, catalog: survey.catalog, folder, done: [], areJudged: false };
}

/**
 * What is recorded of the check of a snapshot, which holds once the run is past its copy, and of what was counted in it. Where
 * some table could not be judged it is taken out then.
 */
function checkedOf(
  { snapshot, survey }: { readonly snapshot: Snapshot; readonly survey: Survey },
  { reader }: Settings,
): CheckedSnapshot | null {
  const { sha256, unchecked, unmapped } = snapshot;
  if (unchecked !== undefined) return null;
  const sqlite = checkingSqlite();
  // Where keys are mapped the rows are loaded from another file; the one that was checked is the source's.
  if (unmapped !== undefined) return { sha256: unmapped.snapshot.sha256, sqlite, census: null };
  const census = reader === 'rows' ? null : JSON.stringify(survey.census.filter(isExactInJson));
  return { sha256, sqlite, census };
}

/** JSON has no infinities. */
function isExactInJson({ columns }: TableCensus): boolean {
  return columns.every(({ realMin, realMax }) =>
    [realMin, realMax].every((real) => real === null || Number.isFinite(real)),
  );
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
  how: {
    readonly startedAtMs: number;
    readonly judging: Judging;
    readonly load: (request: LoadStart, record: Recorder) => Promise<RunResult>;
  },
): Promise<RunResult> {
  const { context, client, address } = attempt;
  const { run, stored, snapshot, catalog, folder, done } = begun;
  const { plan, toEmpty, seeded = {} } = stored;
  const ticket = { runId: run.runId, token: run.token };
  const request = { context, client, address, ticket, plan, snapshot, catalog, toEmpty, seeded, done };
  const record = async (outcome: LoadOutcome): Promise<RunResult> => {
    const result = await describeRun(attempt, begun, { outcome, startedAtMs: how.startedAtMs });
    // In this order: a run that is complete has its record.
    await writeQuarantine(folder, { client, runId: run.runId, plan });
    await writeRecord(folder, result);
    return result;
  };
  const load = (unjudged: Unjudged) => how.load({ ...request, ...unjudged }, record);
  return await loadUnjudged(attempt, begun, { judging: how.judging, load }).catch((error: unknown) => {
    throw withWayOut(error, plan);
  });
}

/** The result of a run that is about to end, with both schemas compared. */
async function describeRun(
  { context, client, address, command, source: { sourcePath } }: Attempt,
  { run, stored, snapshot, catalog, folder, done }: BegunRun,
  { outcome, startedAtMs }: { readonly outcome: LoadOutcome; readonly startedAtMs: number },
): Promise<RunResult> {
  const { plan } = stored;
  const given = await listWaivers(client, run.runId);
  const checked = await context.journal.phase('compare', () =>
    checkSchema({
      client,
      schema: address.schema,
      plan,
      source: catalog,
      stored: stored.schema ?? null,
      waive: [...given, ...waiversOf(plan)],
    }),
  );
  return {
    ok: outcome.tables.every((table) => table.ok) && !checked.findings.some(({ severity }) => severity === 'error'),
    command,
    runId: run.runId,
    runDir: folder.path,
    durationMs: Math.round(performance.now() - startedAtMs),
    tables: outcome.tables,
    findings: withoutTwins([
      ...plan.findings,
      ...checked.findings,
      ...(await listQuarantineFindings(client, [run.runId])),
    ]),
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
}
