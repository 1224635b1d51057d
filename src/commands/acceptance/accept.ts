import { rmSync } from 'node:fs';
import { must } from '../../model/error.js';
import type { Plan, TablePlan } from '../../model/plan.js';
import type { AcceptResult } from '../../model/shadow.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { metersOf } from '../../run/compare/compare-table.js';
import { makeRunFolder, removedOnFailure, type RunFolder } from '../../report/files/run-folder.js';
import { beginWatchedSnapshot } from '../../run/survey/watched-snapshot.js';
import { nameSource } from '../../source/import/named-source.js';
import { checkSnapshot } from '../../source/snapshot/snapshot.js';
import { describeTarget } from '../../target/connection/address.js';
import type { Run } from '../../target/ledger/run.js';
import { writeAcceptance } from './acceptance-record.js';
import {
  type Comparison,
  compareSchemas,
  compareTables,
  readQuarantines,
  planComparison,
  requireWholeRun,
} from '../../run/compare/comparison.js';
import { recordComparison } from '../../run/compare/note-comparison.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { asRunWas } from '../../run/moved-settings.js';
import type { CheckedSnapshot } from '../../run/plan/stored-plan.js';
import { withRunThreads } from '../../run/load/copy-threads.js';
import { hashKeyset } from './keysets.js';
import { runShadowReads } from './shadow-reads.js';
import { besideProof, type UnprovenSnapshot } from '../../run/survey/beside-proof.js';
import { threadsOfOneJob } from '../../run/survey/temporary-snapshot.js';
import { readCatalog } from '../../run/survey/survey.js';

/** The name of the snapshot that an acceptance keeps where it cannot use the run's. */
export const acceptanceSnapshotName = 'sqlite-acceptance.db';

/** Everything that one acceptance works with. */
interface Acceptance {
  readonly context: Context;
  readonly address: TargetAddress;
  readonly folder: RunFolder;
  /** The youngest run of the schema, complete; null where pgferry did not load it. */
  readonly run: Run | null;
  /** The snapshot to accept against; null where a new one is taken. */
  readonly given: Snapshot | null;
  /** As in `SnapshotRequest`, where a new one is taken. */
  readonly sound: CheckedSnapshot | null;
  readonly startedAtMs: number;
}

/**
 * The accept command: every value and every key of the source as it is now against the target as it is now, and the
 * reads of shadow, with artefacts by which anyone can audit them. Refused while a run is unfinished or has failed.
 */
export async function runAccept(context: Context): Promise<AcceptResult> {
  const startedAtMs = performance.now();
  nameSource(context.settings);
  const { address } = await resolveTarget(context);
  const { context: asRun, sound } = await asRunWas(context, address);
  return await acceptWith(asRun, { address, given: null, sound, startedAtMs });
}

/**
 * The same for a snapshot of the source that is there and hashed, and for the target as `address` shows it, which may be
 * frozen.
 */
export async function acceptSnapshot(
  context: Context,
  { address, snapshot }: { readonly address: TargetAddress; readonly snapshot: Snapshot },
): Promise<AcceptResult> {
  return await acceptWith(context, {
    address,
    given: snapshot,
    sound: null,
    startedAtMs: performance.now(),
  });
}

async function acceptWith(
  context: Context,
  known: Pick<Acceptance, 'address' | 'given' | 'sound' | 'startedAtMs'>,
): Promise<AcceptResult> {
  const { settings } = context;
  const run = await requireWholeRun(context, known.address);
  const folder = makeRunFolder({
    baseFolder: settings.acceptanceFolder,
    runFolder: settings.acceptanceRunFolder,
    now: new Date(),
    flags: { base: '--acceptance-dir', folder: '--acceptance-run-dir' },
  });
  return await removedOnFailure(folder, () => accept({ ...known, context, folder, run }));
}

async function accept(acceptance: Acceptance): Promise<AcceptResult> {
  const { context, address, given, folder, sound } = acceptance;
  const { settings, signal } = context;
  if (given !== null) {
    const catalog = await readCatalog(given.path, settings);
    return await acceptOn(acceptance, {
      path: given.path,
      catalog,
      proof: Promise.resolve(given),
      counted: Promise.resolve([]),
    });
  }
  const snapshotPath = folder.pathOf(acceptanceSnapshotName);
  const threads = threadsOfOneJob(signal);
  const watched = await beginWatchedSnapshot(context, {
    source: nameSource(settings),
    snapshotPath,
    threads,
    signal,
    sound,
  });
  return await besideProof(context, { watched, address }, (own) =>
    acceptOwn({ ...acceptance, context: own.context }, own),
  );
}

/** Accepts against our own snapshot, and keeps it only where the run has not the very same one. */
async function acceptOwn(acceptance: Acceptance, { proof, ...own }: UnprovenSnapshot): Promise<AcceptResult> {
  const chosen = proof.then(({ unmapped, ...snapshot }) => {
    if (unmapped !== undefined)
      for (const { path: made } of [unmapped.snapshot, unmapped.keys]) rmSync(made, { force: true });
    return chooseSnapshot(acceptance, snapshot);
  });
  // Looked at once the values are compared; until then it must not count as an unhandled rejection.
  chosen.catch(() => {});
  return await acceptOn(acceptance, { ...own, proof: chosen });
}

/** Accepts against the file at `path`, which is that of `proof` byte for byte. */
async function acceptOn(
  acceptance: Acceptance,
  { path, catalog, proof, counted }: Pick<UnprovenSnapshot, 'path' | 'catalog' | 'proof' | 'counted'>,
): Promise<AcceptResult> {
  const { context, address } = acceptance;
  const { settings, signal } = context;
  const request = { settings, address, applicationName: 'pgferry accept', signal };
  return await withRunThreads(request, async (threads) => {
    const comparison = { context, address, snapshotPath: path, catalog, threads, counted };
    const plan = await planComparison(comparison);
    const result = await compareAll(acceptance, { comparison, plan, catalog, proof });
    if (result.snapshot?.path !== path) rmSync(path, { force: true });
    await writeAcceptance({ ...acceptance, result, plan, catalog });
    await recordComparison(context, address, result);
    return result;
  });
}

/**
 * Which snapshot to audit. Where the source has not changed since the run took its snapshot, and that file is still
 * whole, both are equal byte for byte: the run's is named, and our own is not kept.
 */
async function chooseSnapshot({ context, run }: Acceptance, own: Snapshot): Promise<Snapshot> {
  if (run === null || run.snapshotSha256 !== own.sha256) return own;
  const ofRun = { ...own, path: run.snapshotPath, takenAt: run.snapshotTakenAt };
  try {
    await checkSnapshot(ofRun, context.signal);
  } catch {
    context.signal.throwIfAborted();
    return own;
  }
  return ofRun;
}

async function compareAll(
  { context, address, folder, run, startedAtMs }: Acceptance,
  against: {
    readonly comparison: Comparison;
    readonly plan: Plan;
    readonly catalog: SourceCatalog;
    readonly proof: Promise<Snapshot>;
  },
): Promise<AcceptResult> {
  const { comparison, plan, catalog, proof } = against;
  const { threads, snapshotPath } = comparison;
  const compared = await compareTables(comparison, plan, { hashesKeys: true });
  const quarantines = await readQuarantines(comparison, plan);
  const byTable = new Map(compared.map((one) => [one.report.table, one]));
  const meters = metersOf(plan.tables);
  const hash = (table: TablePlan) =>
    meters.during(table.source, (meter) =>
      hashKeyset(table, must(byTable.get(table.source), `comparison of ${table.source}`), {
        threads,
        snapshotPath,
        encoding: catalog.encoding,
        quarantines,
        meter,
      }),
    );
  const keysets = await context.journal.phase(
    'keysets',
    () => Promise.all(plan.tables.map(hash)),
    () => meters.progress('keysets'),
  );
  const shadow = await runShadowReads(comparison, plan);
  const schema = await compareSchemas(comparison, plan);
  const snapshot = await proof;
  const isEqual =
    compared.every(({ report }) => report.ok) &&
    keysets.every(({ ok }) => ok) &&
    shadow.reads.every(({ verdict }) => verdict === 'equal') &&
    !schema.findings.some(({ severity }) => severity === 'error');
  return {
    ok: isEqual,
    command: 'accept',
    runId: run?.runId ?? null,
    runDir: folder.path,
    durationMs: Math.round(performance.now() - startedAtMs),
    tables: compared.map(({ report }) => report),
    findings: [
      ...plan.findings,
      ...schema.findings,
      ...compared.flatMap(({ findings }) => findings),
      ...shadow.findings,
    ],
    phases: context.journal.phases,
    source: snapshot.sourcePath,
    target: describeTarget(address),
    snapshot,
    chunksResumed: 0,
    chunksCopied: 0,
    bytesCopied: 0,
    differences: compared.flatMap(({ differences }) => differences),
    differenceTotals: compared.flatMap(({ totals }) => totals),
    objects: schema.objects,
    reads: shadow.reads,
    keysets,
  };
}
