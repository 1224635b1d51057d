import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { lookUpProvider, planSwitch, readEnvFile, switchEnvFile } from '../../cutover/env-file.js';
import { readProvider } from '../../cutover/env-text.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { rollbackEnv } from '../../cutover/rollback-env.js';
import { decideCutover } from '../../cutover/standing.js';
import { CopierError, must, toWire } from '../../model/error.js';
import type { Cutover, CutoverFacts, CutoverResult } from '../../model/cutover.js';
import type { CutoverPhase } from '../../model/event.js';
import type { RunResult } from '../../model/result.js';
import {
  makeRunFolder,
  openRunFolder,
  removeRunFolder,
  replaceArtefact,
  type RunFolder,
  writeArtefact,
  writeManifest,
} from '../../report/files/run-folder.js';
import { formatDuration, jsonText } from '../../report/units.js';
import { busyTimeoutMs } from '../../source/open.js';
import { type Fence, withFence } from '../../source/live/fence.js';
import { describeTarget } from '../../target/connection/address.js';
import { listTables, lockTables, reopenTargetTables } from '../../target/schema/closing.js';
import { interruption } from '../../lib/interruption.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { nameLockHolders } from '../../target/connection/lock-holders.js';
import { beginCutover, latestCutover, moveCutover } from '../../target/ledger/cutover.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { hasLedger, openLedger } from '../../target/ledger/ledger.js';
import { holderName, withCutoverLock } from '../../target/ledger/lock.js';
import { runAccept } from '../acceptance/accept.js';
import { type Context, resolveTarget, whoWeAre } from '../../run/context.js';
import {
  type CutoverSession,
  innerContext,
  type LockedTarget,
  keepLog,
  noteStep,
  type Preflight,
  runStep,
} from './cutover-session.js';
import {
  asRefusal,
  checkDiskSpace,
  checkBeforeCutover,
  readLocalFacts,
  refuseEmbedded,
  refuseUnconfirmed,
  waitsOf,
  wrapped,
} from './preflight.js';
import { type CutoverProgress, undoCutover } from './undo.js';
import { rehearseCutover } from './rehearsal.js';
import { runMigrate } from '../migrate.js';
import { describeWritten, findWritten, type WrittenTable } from './target-writes.js';

/*
 * The switch. A failure before the env file says postgres is undone, and a process that is killed before that leaves the
 * application where it was; see cutover/standing.ts for the states. The order of the last steps makes sure that no write
 * is lost:
 *   fence held → … → rollback.env → ledger: closing → triggers and fence committed in one → env file → ledger: switched
 * Between the fence and the triggers no writer can commit, and after the triggers none ever can.
 */

const cutoverFlags = { base: '--cutover-base-dir', folder: '--cutover-run-dir' };
const rollbackEnvName = 'rollback.env';

export async function runCutover(context: Context): Promise<CutoverResult> {
  const { settings } = context;
  if (!settings.dryRun) refuseUnconfirmed(settings);
  refuseEmbedded(settings);
  if (settings.exclude.length > 0)
    context.journal.warn(`these tables stay behind, as --exclude says: ${settings.exclude.join(', ')}`);
  try {
    const preflight = await checkBeforeCutover(settings);
    const { address } = await resolveTarget(context);
    // Without the run's signal: an interrupted cutover must still record in the ledger that it was undone.
    const connecting = { applicationName: holderName('cutover'), settings: waitsOf(settings) };
    return await withTarget(address, connecting, (client) =>
      withCutoverLock(client, address.schema, (lost) => decideAndDo(context, preflight, { address, client, lost })),
    );
  } catch (error) {
    throw asRefusal(error, 'cutover');
  }
}

async function decideAndDo(context: Context, preflight: Preflight, locked: LockedTarget): Promise<CutoverResult> {
  const { client, address } = locked;
  const known = (await hasLedger(client)) ? await latestCutover(client, address.schema) : null;
  const local = await readLocalFacts(preflight.sourcePath, preflight.envFile?.path ?? null);
  const move = decideCutover(known, local, preflight.sourcePath);
  switch (move.tag) {
    case 'refuse':
      throw new CopierError(move.code, move.message, { hint: move.hint });
    case 'go-on':
      if (context.settings.dryRun) throw unfinished(move.cutover);
      return await resumeCutover(context, preflight, locked, move.cutover);
    case 'again':
    case 'begin':
      refuseSwitched(preflight);
      if (context.settings.dryRun) return await rehearseCutover(context, preflight, { ...locked, flags: cutoverFlags });
      return await begin(context, preflight, locked, move.tag === 'again' ? move.cutover : null);
  }
}

function unfinished({ cutoverId }: Cutover): CopierError {
  return new CopierError(
    'cutover.unfinished',
    `cutover ${cutoverId} has closed the SQLite database and is not finished`,
    {
      hint: 'there is nothing to rehearse: run `pgferry cutover` without --dry-run to go on, or `pgferry release` to go back',
    },
  );
}

function refuseSwitched({ envFile }: Preflight): void {
  if (envFile === null || readProvider(envFile.text) !== 'postgres') return;
  throw new CopierError('cutover.env_switched', `${envFile.path} says VPS_DB_PROVIDER=postgres already`, {
    hint: 'the application is not on SQLite: name the env file of the one to be switched, or put sqlite there if it is',
  });
}

/** Enters the attempt in the ledger, with a folder of its own, or that of the attempt before. */
async function begin(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  before: Cutover | null,
): Promise<CutoverResult> {
  const { settings } = context;
  const { client, address } = locked;
  const again = before !== null && existsSync(before.folder) ? before : null;
  const options = {
    baseFolder: settings.cutoverBaseFolder,
    runFolder: settings.cutoverRunFolder,
    now: new Date(),
    flags: cutoverFlags,
  };
  const folder = again === null ? makeRunFolder(options) : openRunFolder(again.folder);
  try {
    await checkDiskSpace(folder.path, preflight.sourcePath);
  } catch (error) {
    if (again === null) removeRunFolder(folder);
    throw error;
  }
  await openLedger(client);
  const cutover = await beginCutover(client, {
    ...whoWeAre(context),
    cutoverId: again?.cutoverId ?? randomBytes(6).toString('hex'),
    schema: address.schema,
    folder: folder.path,
    sourcePath: preflight.sourcePath,
    envPath: preflight.envFile?.path ?? null,
  });
  const session = openSession(context, locked, cutover, folder);
  if (again !== null) {
    context.journal.note(
      `cutover ${cutover.cutoverId} of ${cutover.startedAt}, attempt ${cutover.attempt}, in ${folder.path}`,
    );
  }
  const progress: CutoverProgress = { step: 'fence', generated: 'no', hasClosed: false, envSwitch: null };
  let switched: Switched;
  try {
    switched = await prepareAndSwitch(session, preflight, locked, progress);
  } catch (error) {
    return await undoCutover(session, preflight, progress, error);
  }
  return await conclude(session, preflight, switched);
}

function openSession(
  context: Context,
  { client, address }: LockedTarget,
  cutover: Cutover,
  folder: RunFolder,
): CutoverSession {
  const checkLog = keepLog(context.journal, folder.pathOf('cutover.log'));
  return { context, client, address, cutover, folder, checkLog };
}

interface Switched {
  readonly facts: CutoverFacts;
  readonly downtimeMs: number;
}

async function prepareAndSwitch(
  session: CutoverSession,
  preflight: Preflight,
  locked: LockedTarget,
  progress: CutoverProgress,
): Promise<Switched> {
  const { context, client, address } = session;
  const signal = AbortSignal.any([context.signal, locked.lost]);
  const { journal } = context;
  journal.emit({ tag: 'phase-begin', name: 'fence' });
  return await withFence(preflight.sourcePath, { timeoutMs: busyTimeoutMs }, async (held) => {
    const heldAtMs = performance.now();
    const fencedAt = new Date().toISOString();
    await noteStep(session, 'fence', () => undefined);
    // An earlier rollback may have closed the target's tables to writers. No application uses them now, so they are
    // opened.
    await reopenTargetTables(client, address.schema);
    const step = <T>(name: CutoverPhase, use: () => T | Promise<T>) => {
      progress.step = name;
      return runStep(session, name, use);
    };
    const migrated = await step('migrate', () => migrate(session, signal));
    return await withLockedTables(session, signal, async (holder) => {
      await step('accept', () => accept(session, signal));
      const digests = await step('digest', () => digestTables(holder, address.schema));
      if (preflight.clients !== null) await step('generate', () => generate(session, preflight, progress));
      if (signal.aborted) throw interruption(signal);
      const snapshot = must(migrated.snapshot, 'snapshot of the migration');
      const facts = {
        runId: must(migrated.runId, 'run of the migration'),
        snapshotPath: snapshot.path,
        snapshotSha256: snapshot.sha256,
        journalMode: held.journalMode,
        env: preflight.envFile === null ? null : planSwitch(preflight.envFile, 'postgres'),
        prismaSchemas: schemasOf(preflight),
        digests,
        fencedAt,
      };
      // A lock that went with its connection would let others write: asked once more before anything is closed.
      await holder.query('SELECT 1');
      const closed = await step('close', () => close(session, held, progress, facts));
      await step('switch', () => switchApplication(progress, closed));
      return { facts: closed, downtimeMs: performance.now() - heldAtMs };
    });
  });
}

/** Keeps others from writing to the target while it is accepted and the application switched to it; they wait until then. */
async function withLockedTables<T>(
  { address, client, context }: CutoverSession,
  signal: AbortSignal,
  use: (holder: TargetClient) => Promise<T>,
): Promise<T> {
  const connecting = { applicationName: holderName('cutover_fence'), settings: waitsOf(context.settings), signal };
  return await withTarget(address, connecting, async (holder) => {
    await holder.run('BEGIN');
    await lockTables(holder, address.schema).catch(async (error: unknown) => {
      const tables = await listTables(client, address.schema);
      throw await nameLockHolders(client, { error, schema: address.schema, tables, wanted: 'table' });
    });
    const result = await use(holder);
    // The application is switched: its writes wait for nothing that could still fail.
    await holder.run('COMMIT').catch(() => undefined);
    return result;
  });
}

function schemasOf({ clients }: Preflight): CutoverFacts['prismaSchemas'] {
  return clients === null ? null : { sqlite: clients.sqlite.schemaPath, postgres: clients.postgres.schemaPath };
}

async function migrate(session: CutoverSession, signal: AbortSignal): Promise<RunResult> {
  const { context, cutover, folder } = session;
  // An earlier attempt has lost its fence, so its snapshot may be out of date. A run of that attempt is never resumed.
  const settings = { ...context.settings, fresh: true, runFolder: attemptFolder(folder, 'migration', cutover) };
  const result = await runMigrate(innerContext(context, settings, signal));
  if (!result.ok) throw differs('after the copy', result);
  return result;
}

async function accept(session: CutoverSession, signal: AbortSignal): Promise<void> {
  const { context, cutover, folder } = session;
  const settings = { ...context.settings, acceptanceRunFolder: attemptFolder(folder, 'acceptance', cutover) };
  const result = await runAccept(innerContext(context, settings, signal));
  if (!result.ok) throw differs('at the acceptance', result);
}

/** migration, migration-2 and so on, one for each attempt. */
function attemptFolder(folder: RunFolder, name: string, { attempt }: Cutover): string {
  return folder.pathOf(attempt === 1 ? name : `${name}-${attempt}`);
}

function differs(when: string, { runDir, findings }: Pick<RunResult, 'runDir' | 'findings'>): CopierError {
  return new CopierError('cutover.differs', `the two sides differ ${when}`, {
    hint: `see ${runDir ?? 'the run folder'}; \`pgferry verify\` names the rows`,
    findings,
  });
}

async function generate(session: CutoverSession, preflight: Preflight, progress: CutoverProgress): Promise<void> {
  const { folder, cutover } = session;
  const clients = must(preflight.clients, 'Prisma clients');
  progress.generated = 'tried';
  await generateClient(clients.postgres, (output) => {
    const name = cutover.attempt === 1 ? 'generate.log' : `generate-${cutover.attempt}.log`;
    writeArtefact(folder.pathOf(name), output);
  });
  progress.generated = 'yes';
}

/** Everything that the way back needs is durable before the database is closed. */
async function close(
  session: CutoverSession,
  fence: Fence,
  progress: CutoverProgress,
  known: Omit<CutoverFacts, 'schemaVersion'>,
): Promise<CutoverFacts> {
  const { client, cutover, folder, address } = session;
  fence.check();
  const facts = { ...known, schemaVersion: fence.prepareClosing(cutover.cutoverId, new Date()) };
  replaceArtefact(folder.pathOf(rollbackEnvName), rollbackEnv(cutover, facts, describeTarget(address)));
  await moveCutover(client, cutover.cutoverId, 'closing', facts);
  fence.check();
  // Before the act: a commit that fails is undone like one that did not.
  progress.hasClosed = true;
  fence.commitClosing();
  return facts;
}

function switchApplication(progress: CutoverProgress, { env }: CutoverFacts): void {
  if (env === null) return;
  progress.envSwitch = env;
  switchEnvFile(env);
}

/**
 * Resumes a cutover that crashed after the source was closed. The copy is still complete, since no writer could change
 * the source since.
 */
async function resumeCutover(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  known: Cutover,
): Promise<CutoverResult> {
  const { client } = locked;
  const before = must(known.facts, 'facts of a closing cutover');
  const folder = openRunFolder(known.folder);
  const session = openSession(context, locked, known, folder);
  context.journal.note(
    `going on with cutover ${known.cutoverId} of ${known.startedAt}: the SQLite database is closed, the switch is left`,
  );
  const isSwitched = before.env !== null && lookUpProvider(before.env.path) === 'postgres';
  // The file may have been edited since. That does no harm, as no other cutover is at work.
  const env = before.env === null || isSwitched ? before.env : planSwitch(readEnvFile(before.env.path), 'postgres');
  const facts = { ...before, env };
  const progress: CutoverProgress = { step: 'switch', generated: 'no', hasClosed: true, envSwitch: null };
  try {
    await moveCutover(client, known.cutoverId, 'closing', facts);
    if (!isSwitched) await switchUnchanged(session, AbortSignal.any([context.signal, locked.lost]), progress, facts);
  } catch (error) {
    if (error instanceof CopierError && error.code === 'cutover.target_changed') throw error;
    // The source stays closed, and the Prisma client stays generated for PostgreSQL. The same command resumes; release
    // goes back.
    throw new CopierError(
      'stuck.switch',
      `cutover ${known.cutoverId} could not switch the application: ${toWire(error).message}`,
      {
        hint: `${toWire(error).hint}; then run \`pgferry cutover\` again, or \`pgferry release\` to go back to SQLite`,
        cause: error,
      },
    );
  }
  return await conclude(session, preflight, { facts, downtimeMs: Date.now() - Date.parse(facts.fencedAt) });
}

/** Switches the application only to the very rows that were accepted: looked at under the lock that is held until then. */
async function switchUnchanged(
  session: CutoverSession,
  signal: AbortSignal,
  progress: CutoverProgress,
  facts: CutoverFacts,
): Promise<void> {
  const { address, cutover } = session;
  await withLockedTables(session, signal, async (holder) => {
    const written = await runStep(session, 'look', async () =>
      findWritten(facts.digests, await digestTables(holder, address.schema)),
    );
    if (written.length > 0) throw targetChanged(cutover, written);
    await runStep(session, 'switch', () => switchApplication(progress, facts));
  });
}

function targetChanged({ cutoverId }: Cutover, written: readonly WrittenTable[]): CopierError {
  return new CopierError(
    'cutover.target_changed',
    `PostgreSQL was changed since cutover ${cutoverId} accepted it, and the application was not switched: ${describeWritten(written)}`,
    {
      hint: 'see who writes there; then `pgferry release` lets SQLite take writes again, and `pgferry cutover` begins anew',
    },
  );
}

/** The application is switched. From here on nothing may fail: what cannot be written is only reported. */
async function conclude(
  session: CutoverSession,
  preflight: Preflight,
  { facts, downtimeMs }: Switched,
): Promise<CutoverResult> {
  const { context, client, cutover, folder, address } = session;
  try {
    await moveCutover(client, cutover.cutoverId, 'switched', facts);
  } catch (error) {
    throw wrappedStuck(cutover, error);
  }
  const { journal } = context;
  journal.note(`writers waited ${formatDuration(downtimeMs)}`);
  if (facts.env === null) journal.warn('the env file was left alone: switch the application to PostgreSQL by hand now');
  const result: CutoverResult = {
    command: 'cutover',
    cutoverId: cutover.cutoverId,
    state: 'switched',
    runId: facts.runId,
    runDir: folder.path,
    source: preflight.sourcePath,
    target: describeTarget(address),
    downtimeMs: Math.round(downtimeMs),
    rollbackEnvPath: folder.pathOf(rollbackEnvName),
    replacedPath: null,
    savedWrites: [],
    phases: journal.phases,
  };
  try {
    replaceArtefact(folder.pathOf('cutover.json'), `${jsonText({ ...result, facts }, 1)}\n`);
    // The snapshot was hashed when it was taken, and is as large as the source.
    const name = relative(folder.path, facts.snapshotPath);
    await writeManifest(folder, { known: [{ name, sha256: facts.snapshotSha256 }] });
  } catch (error) {
    journal.warn(
      `the application is switched, but the record in ${folder.path} is not whole: ${toWire(error).message}`,
    );
  }
  return result;
}

function wrappedStuck({ cutoverId }: Cutover, error: unknown): unknown {
  if (!(error instanceof CopierError)) return error;
  const stuck = wrapped(
    'stuck.not_recorded',
    `the application is switched to PostgreSQL by cutover ${cutoverId}, but the ledger could not be told: ${error.message}`,
    error,
  );
  return new CopierError(stuck.code, stuck.message, {
    hint: 'run `pgferry cutover` again when the target can be reached: it only concludes',
    cause: error,
  });
}
