import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { lookUpProvider, planSwitch, readEnvFile, switchEnvFile, undoSwitch } from '../../cutover/env-file.js';
import { findPrisma, generateClient, type PrismaClientSource } from '../../cutover/prisma-client.js';
import { hashFileSync, snapshotChanged } from '../../cutover/restored-file.js';
import { decideRollback, type LocalFacts } from '../../cutover/standing.js';
import { CopierError, must, toWire } from '../../model/error.js';
import type { Cutover, CutoverFacts, CutoverResult, EnvSwitch } from '../../model/cutover.js';
import type { CutoverPhase } from '../../model/event.js';
import { makeRunFolder, type RunFolder, writeArtefact, writeManifest } from '../../report/files/run-folder.js';
import { jsonText } from '../../report/units.js';
import { readClosing } from '../../source/live/closing.js';
import { databasePath } from '../../source/live/file.js';
import { describeTarget } from '../../target/connection/address.js';
import { closeTargetTables, lockTables, reopenTargetTables } from '../../target/schema/closing.js';
import { interruption } from '../../lib/interruption.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { latestCutover, listSteps, moveCutover } from '../../target/ledger/cutover.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { holderName, withCutoverLock, withRunLock } from '../../target/ledger/lock.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { type CutoverSession, type LockedTarget, keepLog, runStep } from './cutover-session.js';
import { asRefusal, waitsOf, wrapped } from './preflight.js';
import { reopenSource } from './release.js';
import type { Settings } from '../../model/settings.js';
import { rollBackWithoutTarget } from './rollback-without-target.js';
import { decideRestore, readSourceState, restoreSource, type RestoreMove } from './source-state.js';
import { describeWritten, findWritten, saveWrites, type WrittenTable } from './target-writes.js';

/*
 * The way back. PostgreSQL is checked for writes since the switch, then locked and checked again, so that no row can come
 * between the check and the switch. At the end the very transaction that holds the locks closes its tables to writers.
 *   checked → ledger: rolling_back → locked, checked, saved → generated → restored → closed and unlocked → env file → ledger: rolled_back
 * The env file decides which database the application uses, and it is switched last; until then everything can be repeated.
 */

export async function runRollback(context: Context): Promise<CutoverResult> {
  const { settings } = context;
  if (settings.withoutTarget) return await rollBackWithoutTarget(context);
  if (settings.targetUrl === null) {
    throw new CopierError(
      'rollback.no_target',
      'no target is named, so nobody can tell what PostgreSQL took since the switch',
      {
        hint: 'source the rollback.env of the cutover, or name the target with --target; where it is lost: --without-target',
      },
    );
  }
  try {
    const { address } = await resolveTarget(context);
    // Without the run's signal: an interrupted rollback must still record in the ledger that it was undone.
    const connecting = { applicationName: holderName('rollback'), settings: waitsOf(settings) };
    return await withTarget(address, connecting, (client) =>
      withCutoverLock(client, address.schema, (lost) =>
        withRunLock(client, address.schema, () => decideAndDo(context, { address, client, lost })),
      ),
    );
  } catch (error) {
    throw asRefusal(error, 'rollback');
  }
}

async function decideAndDo(context: Context, locked: LockedTarget): Promise<CutoverResult> {
  const { client, address } = locked;
  const known = (await hasLedger(client)) ? await latestCutover(client, address.schema) : null;
  if (known !== null) checkIdentity(context.settings, known);
  const local = known === null ? nothingKnown : await readLocalState(context, known);
  const move = decideRollback(known, local);
  switch (move.tag) {
    case 'refuse':
      throw new CopierError('rollback.nothing', move.message, { hint: move.hint });
    case 'reopen':
      await reopenSource(context, move.cutover);
      await moveCutover(client, move.cutover.cutoverId, 'undone');
      return resultOf(move.cutover, locked, { state: 'undone' });
    case 'conclude':
      await moveCutover(client, move.cutover.cutoverId, 'rolled_back');
      return resultOf(move.cutover, locked, { state: 'rolled_back', replacedPath: replacedPathOf(move.cutover) });
    case 'roll-back':
      return await rollBack(context, locked, move.cutover);
  }
}

const nothingKnown: LocalFacts = { provider: null, closedBy: null };

/**
 * Reads what can be read about the old database and the env file. The database may be in any state, which must not
 * prevent going back.
 */
async function readLocalState({ journal }: Context, { sourcePath, envPath }: Cutover): Promise<LocalFacts> {
  const provider = envPath === null ? null : lookUpProvider(envPath);
  try {
    return { provider, closedBy: (await readClosing(sourcePath))?.cutoverId ?? null };
  } catch (error) {
    journal.warn(`the database that will be replaced cannot be read: ${toWire(error).message}`);
    return { provider, closedBy: null };
  }
}

/** What the operator's environment says must be of this very cutover: a rollback.env of another one would restore other data. */
function checkIdentity({ rollbackCutoverId, rollbackSha256, sourcePath }: Settings, cutover: Cutover): void {
  const { cutoverId, facts } = cutover;
  if (rollbackCutoverId !== null && rollbackCutoverId !== cutoverId) {
    throw otherRun(`it is of cutover ${rollbackCutoverId}, and the youngest of this target is ${cutoverId}`, cutover);
  }
  if (facts !== null && rollbackSha256 !== null && rollbackSha256 !== facts.snapshotSha256) {
    throw otherRun(`it names a snapshot with SHA-256 ${rollbackSha256}, recorded was ${facts.snapshotSha256}`, cutover);
  }
  if (databasePath(sourcePath) !== cutover.sourcePath) {
    throw otherRun(`it names ${sourcePath}, and cutover ${cutoverId} moved ${cutover.sourcePath}`, cutover);
  }
}

function otherRun(why: string, cutover: Cutover): CopierError {
  return new CopierError('rollback.other_run', `what is set does not fit the cutover of this target: ${why}`, {
    hint: `source ${cutover.folder}/rollback.env in a fresh shell, then run again`,
  });
}

/** What was looked at before anything is changed. */
interface RollbackPreflight {
  readonly restore: RestoreMove;
  readonly snapshotPath: string;
  readonly env: EnvSwitch | null;
  readonly clients: { readonly sqlite: PrismaClientSource; readonly postgres: PrismaClientSource } | null;
  readonly replacedPath: string;
}

async function rollBack(context: Context, locked: LockedTarget, cutover: Cutover): Promise<CutoverResult> {
  const { settings, journal } = context;
  const { client, address } = locked;
  const facts = must(cutover.facts, 'facts of a switched cutover');
  const preflight = await checkBeforeRollback(context, locked, cutover, facts);
  const written = await journal.phase('look', async () =>
    findWritten(facts.digests, await digestTables(client, address.schema)),
  );
  refuseWritten(settings, written);
  const folder = makeRunFolder({ baseFolder: cutover.folder, runFolder: null, now: new Date(), prefix: 'rollback-' });
  const checkLog = keepLog(journal, folder.pathOf('rollback.log'));
  const session: CutoverSession = { context, client, address, cutover, folder, checkLog };
  await moveCutover(client, cutover.cutoverId, 'rolling_back');
  const progress: RollbackProgress = {
    hasGenerated: false,
    hasClosed: false,
    hasSwitched: false,
    replacedPath: null,
    step: 'look',
  };
  let saved: CutoverResult['savedWrites'];
  try {
    saved = await restoreAndSwitch(session, locked, { facts, preflight, progress });
  } catch (error) {
    return await undoRollback(session, preflight, progress, error);
  }
  return await conclude(session, locked, preflight, { savedWrites: saved, replacedPath: progress.replacedPath });
}

async function checkBeforeRollback(
  { settings, journal }: Context,
  { client }: LockedTarget,
  cutover: Cutover,
  facts: CutoverFacts,
): Promise<RollbackPreflight> {
  const snapshotPath = resolve(settings.rollbackSnapshot ?? facts.snapshotPath);
  if (!existsSync(snapshotPath)) {
    throw new CopierError('rollback.no_snapshot', `there is no snapshot ${snapshotPath}`, {
      hint: 'bring the run folder back from a backup, or name the file with ROLLBACK_SQLITE_BACKUP',
    });
  }
  const found = hashFileSync(snapshotPath);
  if (found !== facts.snapshotSha256) throw snapshotChanged(snapshotPath, found, facts.snapshotSha256);
  const schemas = facts.prismaSchemas;
  const { sourcePath: livePath, cutoverId } = cutover;
  const state = await readSourceState(livePath, { cutoverId, schemaVersion: facts.schemaVersion });
  const restore = await decideRestore(state, {
    livePath,
    snapshotPath,
    isRestored: cutover.state === 'rolling_back' && (await hasBegunRestore(client, cutoverId)),
    settings,
    warn: (message) => journal.warn(message),
  });
  return {
    restore,
    snapshotPath,
    env: settings.rollbackSwitchEnv && facts.env !== null ? wayBack(facts.env) : null,
    clients:
      settings.rollbackGenerate && schemas !== null
        ? { sqlite: findPrisma(schemas.sqlite), postgres: findPrisma(schemas.postgres) }
        : null,
    replacedPath: replacedPathOf(cutover),
  };
}

/** Whether an attempt at the rollback that goes on now came as far as the file: an open one is then its work. */
async function hasBegunRestore(client: TargetClient, cutoverId: string): Promise<boolean> {
  return (await listSteps(client, cutoverId)).some(({ step }) => step === 'restore');
}

/**
 * The name under which the replaced database is kept. It is the same in every attempt, so that each finds what an
 * earlier one did.
 */
function replacedPathOf({ sourcePath, cutoverId }: Pick<Cutover, 'sourcePath' | 'cutoverId'>): string {
  return `${sourcePath}.replaced-${cutoverId}`;
}

/**
 * The edit of the env file that goes back: to the exact bytes of before where the file was not edited since, else only
 * its provider.
 */
function wayBack(env: EnvSwitch): EnvSwitch {
  const now = readEnvFile(env.path);
  return now.sha256 === env.sha256After ? env : planSwitch(now, 'sqlite');
}

function switchToSqlite(planned: EnvSwitch, cutover: Cutover): void {
  const isUndo = planned.sha256After === cutover.facts?.env?.sha256After;
  if (isUndo) undoSwitch(planned);
  else switchEnvFile(planned);
}

function refuseWritten({ discardTargetWrites }: Settings, written: readonly WrittenTable[]): void {
  if (written.length === 0 || discardTargetWrites) return;
  throw new CopierError(
    'rollback.target_writes',
    `PostgreSQL took writes since the switch, which SQLite would not have: ${describeWritten(written)}`,
    {
      hint: 'stay on PostgreSQL; or run again with --discard-target-writes (ROLLBACK_DISCARD_TARGET_WRITES=1), which saves these rows to a file first',
    },
  );
}

interface RollbackProgress {
  step: string;
  hasGenerated: boolean;
  /** Whether the target refuses writes. */
  hasClosed: boolean;
  hasSwitched: boolean;
  /** Under which the replaced file is kept, null where this attempt replaced none. */
  replacedPath: string | null;
}

async function restoreAndSwitch(
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
  const connecting = {
    applicationName: holderName('rollback_fence'),
    settings: waitsOf(session.context.settings),
    signal,
  };
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
    progress.replacedPath = await step('restore', () =>
      restoreSource(preflight.restore, {
        cutoverId: cutover.cutoverId,
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

/** The application stays on PostgreSQL, which takes writes; a restored SQLite file is no harm, and is found again. */
async function undoRollback(
  session: CutoverSession,
  preflight: RollbackPreflight,
  progress: RollbackProgress,
  error: unknown,
): Promise<never> {
  const { context, client, address, cutover } = session;
  const left: string[] = [];
  const tryUndo = async (what: string, use: () => unknown) => {
    try {
      await use();
    } catch (failure) {
      left.push(`${what} (${toWire(failure).message})`);
    }
  };
  await context.journal.phase('undo', async () => {
    const { env, clients } = preflight;
    if (progress.hasSwitched && env !== null)
      await tryUndo('put VPS_DB_PROVIDER=postgres into the env file', () => switchToPostgres(env));
    if (progress.hasClosed) {
      await tryUndo(`drop the triggers pgferry_closed of schema ${address.schema}`, () =>
        reopenTargetTables(client, address.schema),
      );
    }
    if (progress.hasGenerated && clients !== null) {
      await generateClient(clients.postgres, () => {}).catch((failure: unknown) => {
        context.journal.warn(`the Prisma client was not generated again for PostgreSQL: ${toWire(failure).message}`);
      });
    }
  });
  const failure = toWire(error);
  if (left.length > 0) {
    throw new CopierError(
      'stuck.rollback',
      `the rollback of cutover ${cutover.cutoverId} failed at its step ${progress.step} (${failure.message}) and could not be undone whole`,
      {
        hint: `run \`pgferry rollback\` again to go on; or to stay on PostgreSQL: ${left.join('; ')}`,
        cause: error,
      },
    );
  }
  await moveCutover(client, cutover.cutoverId, 'switched').catch(() => undefined);
  if (!(error instanceof CopierError) || error.code.startsWith('interrupted.') || error.code.startsWith('rollback.'))
    throw error;
  throw wrapped(
    'rollback.undone',
    `the rollback failed at its step ${progress.step} and was undone, the application is on PostgreSQL: ${error.message} [${error.code}]`,
    error,
  );
}

function switchToPostgres({ path }: EnvSwitch): void {
  switchEnvFile(planSwitch(readEnvFile(path), 'postgres'));
}

async function conclude(
  session: CutoverSession,
  locked: LockedTarget,
  preflight: RollbackPreflight,
  { savedWrites, replacedPath }: Pick<CutoverResult, 'savedWrites' | 'replacedPath'>,
): Promise<CutoverResult> {
  const { context, client, cutover, folder } = session;
  try {
    await moveCutover(client, cutover.cutoverId, 'rolled_back');
  } catch (error) {
    throw new CopierError(
      'stuck.not_recorded',
      `the application is on SQLite again, but the ledger could not be told: ${toWire(error).message}`,
      { hint: 'run `pgferry rollback` again when the target can be reached: it only concludes', cause: error },
    );
  }
  if (preflight.env === null)
    context.journal.warn('the env file was left alone: switch the application to SQLite by hand now');
  const result = resultOf(cutover, locked, {
    state: 'rolled_back',
    runDir: folder.path,
    // An attempt that was killed may have kept it.
    replacedPath: [replacedPath, preflight.replacedPath].find((path) => path !== null && existsSync(path)) ?? null,
    savedWrites,
    phases: context.journal.phases,
  });
  writeRecord(context, folder, result);
  await writeManifest(folder).catch((error: unknown) => context.journal.warn(toWire(error).message));
  return result;
}

function writeRecord({ journal }: Context, folder: RunFolder, result: CutoverResult): void {
  try {
    writeArtefact(folder.pathOf('rollback.json'), `${jsonText(result, 1)}\n`);
  } catch (error) {
    journal.warn(`the application is on SQLite again, but its record is not whole: ${toWire(error).message}`);
  }
}

function resultOf(
  cutover: Cutover,
  { address }: LockedTarget,
  more: Pick<CutoverResult, 'state'> & Partial<CutoverResult>,
): CutoverResult {
  return {
    command: 'rollback',
    cutoverId: cutover.cutoverId,
    runId: cutover.facts?.runId ?? null,
    runDir: cutover.folder,
    source: cutover.sourcePath,
    target: describeTarget(address),
    downtimeMs: null,
    rollbackEnvPath: null,
    replacedPath: null,
    savedWrites: [],
    phases: [],
    ...more,
  };
}
