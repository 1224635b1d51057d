import { existsSync } from 'node:fs';
import type { CutoverFacts, TableDigest } from '../../../model/cutover.js';
import { walMs } from '../../../cutover/prediction.js';
import { interruption } from '../../../lib/interruption.js';
import { CopierError, toWire } from '../../../model/error.js';
import { formatBytes, formatDuration } from '../../../report/units.js';
import { readSettledBase } from '../../../run/follow/base.js';
import type { FollowSession } from '../../../run/follow/follow-session.js';
import { proveTables, refuseUnproven } from '../../../run/follow/prove-tables.js';
import { type Shown, takeRound } from '../../../run/follow/take-round.js';
import { type HeldReader, withHeldReader } from '../../../source/live/held-reader.js';
import { removeWithSidecars } from '../../../source/snapshot/snapshot.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { digestSmall } from '../../../target/fingerprint/digest.js';
import { openToOthers, readMarks } from '../../../target/schema/closed-tables.js';
import { applicationFacts, movedFacts, runHooks } from '../application.js';
import { type CutoverSession, type Preflight, stepsOf } from '../cutover-session.js';
import { type Guards, switchIfClosed, withFencePhase } from '../guarded-switch.js';
import { closeSources } from '../switch/close-sources.js';
import { attemptFolder, generate, withLockedTables } from '../switch.js';
import { keepJournal } from '../way-back/reverse-journal.js';
import type { CutoverProgress } from '../undo.js';
import { type CaughtUp, catchUp, predictAfter, tooLong } from './catch-up.js';
import { type FrozenView, freeze } from './frozen-view.js';
import { type LastSnapshot, prepareLastSnapshot } from './last-snapshot.js';

/*
 * The switch of a live cutover. Writers wait from the fence to the commit that opens the target:
 *   reader held, snapshot, round · copy and owners · fence · -wal folded, last round · tables locked, marks as accepted ·
 *   view frozen · rollback.env · ledger: closing · triggers and fence committed in one · env file · target opened
 * The reader is held no longer than this, since the -wal grows and the application's own checkpoints may wait for it.
 */

export interface LiveProgress extends CutoverProgress {
  /** Whether the application is switched: nothing may be taken back any more. */
  isSwitched: boolean;
}

export interface LiveWork {
  readonly session: CutoverSession;
  readonly preflight: Preflight;
  readonly follow: FollowSession;
  readonly progress: LiveProgress;
  readonly signal: AbortSignal;
  readonly isWal: boolean;
  /** A session that can freeze the target. */
  readonly viewer: TargetClient;
  /** Of the tables that were accepted, by name; those that cannot be closed have none. */
  readonly marks: ReadonlyMap<string, string>;
}

export interface LiveSwitched {
  readonly facts: CutoverFacts;
  readonly downtimeMs: number;
  readonly view: FrozenView;
}

/** How often a switch is prepared anew where the application wrote too much meanwhile. */
const triesMax = 3;

/** How large the -wal may be while the reader is held, beyond which it is let go and taken again: as the file, or this. */
const walBytesLeast = 1024 * 1024 * 1024;

export async function switchLive(work: LiveWork, caughtUp: CaughtUp): Promise<LiveSwitched> {
  if (!work.isWal) return await fenceAndSwitch(work, caughtUp.shown, null, null);
  let { shown } = caughtUp;
  for (let tries = 1; ; tries++) {
    const ended = await withHeldReader(work.preflight.sourcePath, (held) => tryWithReader(work, shown, held));
    if (ended.tag === 'switched') return ended.switched;
    if (tries === triesMax) throw ended.why;
    work.session.context.journal.note('the application wrote too much meanwhile: once more');
    ({ shown } = await catchUp(work.follow, ended.shown, true));
  }
}

type Tried =
  | { readonly tag: 'switched'; readonly switched: LiveSwitched }
  | { readonly tag: 'again'; readonly shown: Shown; readonly why: CopierError };

async function tryWithReader(work: LiveWork, from: Shown, held: HeldReader): Promise<Tried> {
  const { session, follow } = work;
  const limitMs = session.context.settings.downtimeMaxSeconds * 1000;
  const taken = await stepsOf(session, work.progress)('follow', () =>
    takeRound(follow, from, {
      isRehearsal: false,
      take: (snapshotPath) => held.snapshot({ snapshotPath, signal: work.signal, checkPages: async () => [] }),
    }),
  );
  const { shown } = taken;
  const path = freePath(session);
  const last = await prepareLastSnapshot(follow, shown, { path, held });
  try {
    const walBytes = held.walBytes();
    const predictedMs = predictAfter(taken, from, true) + walMs(walBytes);
    const isTooLarge = walBytes > Math.max(walBytesLeast, shown.base.snapshot.bytes);
    if (predictedMs > limitMs || isTooLarge) {
      await removeWithSidecars(path);
      return { tag: 'again', shown, why: isTooLarge ? tooLargeWal(walBytes) : tooLong(predictedMs, limitMs) };
    }
    return { tag: 'switched', switched: await fenceAndSwitch(work, shown, last, held) };
  } finally {
    last.clear();
  }
}

/** An attempt that was undone may have left its own there, which the target shows. */
function freePath({ folder, cutover }: CutoverSession): string {
  for (let number = 1; ; number++) {
    const path = `${attemptFolder(folder, 'sqlite-final', cutover)}${number === 1 ? '' : `.${number}`}.db`;
    if (!existsSync(path)) return path;
  }
}

async function fenceAndSwitch(
  work: LiveWork,
  shown: Shown,
  last: LastSnapshot | null,
  held: HeldReader | null,
): Promise<LiveSwitched> {
  const { session, preflight, follow, progress, signal } = work;
  const { settings } = session.context;
  const path = last?.path ?? freePath(session);
  const step = stepsOf(session, progress);
  if (signal.aborted) throw interruption(signal);
  progress.step = 'fence';
  return await withFencePhase(session.context, preflight.sourcePath, async (fence) => {
    fence.refuseClosed();
    const fencedAtMs = performance.now();
    const fencedAt = new Date().toISOString();
    const checkTime = () => {
      const waitedMs = performance.now() - fencedAtMs;
      if (waitedMs > settings.downtimeMaxSeconds * 1000) throw waitedTooLong(waitedMs, settings.downtimeMaxSeconds);
    };
    held?.check();
    progress.step = 'hooks fenced';
    await runHooks(session, 'fenced', follow.run.runId);
    checkTime();
    const round = await step('final', () =>
      takeRound(follow, shown, { isRehearsal: false, path, ...(last === null ? {} : { take: () => last.take() }) }),
    ).catch(async (error: unknown) => {
      await removeUnlessBrought(follow, path);
      throw error;
    });
    checkTime();
    return await withLockedTables([{ session }], signal, async (holder) => {
      await proveUnmarked(work, round.shown, holder);
      if (preflight.clients !== null) await step('generate', () => generate(session, preflight, progress));
      progress.step = 'hooks before-switch';
      await runHooks(session, 'before-switch', follow.run.runId);
      checkTime();
      if (signal.aborted) throw interruption(signal);
      const view = await freeze(work.viewer);
      const { snapshot } = round.shown.base;
      const known = {
        runId: follow.run.runId,
        snapshotPath: snapshot.path,
        snapshotSha256: snapshot.sha256,
        journalMode: fence.journalMode,
        ...applicationFacts(session, preflight, progress),
        ...movedFacts(session.context),
        digests: [],
        fencedAt,
        live: { ...factsOf(work.marks, follow), others: await digestOthers(follow, holder) },
        ...(await keepJournal(session, holder, { runId: follow.run.runId, isWanted: settings.reverseJournal })),
      };
      // A lock that went with its connection would let others write: asked once more before anything is closed.
      await holder.query('SELECT 1');
      checkTime();
      const [facts] = await step('close', () => closeSources([{ session, fence, known }], progress));
      const held = [{ cutover: session.cutover, fence }];
      await step('switch', () => switchAndOpen(work, { facts, held, holder }));
      return { facts, downtimeMs: performance.now() - fencedAtMs, view };
    });
  });
}

/** Removes a snapshot, but not one that a round has brought whose answer was lost: what the ledger does not say stays. */
async function removeUnlessBrought({ client, run }: FollowSession, path: string): Promise<void> {
  const base = await readSettledBase(client, run).catch(() => null);
  if (base !== null && base.snapshot.path !== path) await removeWithSidecars(path);
}

/** The env file first, once the source is known to be closed: no write of the application is lost in between, since the tables are closed until the commit. */
async function switchAndOpen(
  { session, progress, follow }: Pick<LiveWork, 'session' | 'progress' | 'follow'>,
  guards: Guards,
): Promise<void> {
  const { holder } = guards;
  await switchIfClosed(session, progress, guards);
  await openToOthers(holder, follow.run.runId);
  // A commit whose answer is lost may have opened the tables, and the application may write there.
  progress.isSwitched = true;
  try {
    await holder.run('COMMIT');
  } catch (error) {
    throw new CopierError(
      'stuck.not_opened',
      `the application is switched to PostgreSQL by cutover ${session.cutover.cutoverId}, and it is not known whether its tables take writes: ${toWire(error).message}`,
      { hint: 'run `pgferry cutover` again: it opens them, and makes the last proof', cause: error },
    );
  }
}

/**
 * Makes sure, under the lock, that nobody but the rounds has changed a table since it was accepted: its mark is the same.
 * A table that cannot be closed has none, and is read once more.
 */
async function proveUnmarked(
  { follow, marks, session }: Pick<LiveWork, 'follow' | 'marks' | 'session'>,
  { base }: Shown,
  holder: TargetClient,
): Promise<void> {
  const now = await readTableMarks(follow, holder);
  const changed = follow.plan.tables.filter(
    ({ target }) => !marks.has(target) || now.get(target) !== marks.get(target),
  );
  if (changed.length === 0) return;
  session.context.journal.note(
    `${changed.map(({ target }) => target).join(', ')}: read once more, since others could have written there`,
  );
  refuseUnproven(await proveTables(follow, base, changed));
}

export async function readTableMarks(
  { run, plan, address }: FollowSession,
  client: TargetClient,
): Promise<ReadonlyMap<string, string>> {
  const tables = plan.tables.map(({ target }) => target);
  return await readMarks(client, { runId: run.runId, schema: address.schema, tables });
}

/** The marks as going on after a crash needs them. */
function factsOf(marks: LiveWork['marks'], { plan }: FollowSession): NonNullable<CutoverFacts['live']> {
  return { marks: [...marks].map(([table, mark]) => ({ table, mark })), isWhole: marks.size === plan.tables.length };
}

async function digestOthers({ plan, address }: FollowSession, holder: TargetClient): Promise<TableDigest[]> {
  const planned = plan.tables.map(({ target }) => target);
  return await digestSmall(holder, address.schema, planned);
}

function tooLargeWal(walBytes: number): CopierError {
  return new CopierError(
    'cutover.too_long',
    `the -wal of the source grew to ${formatBytes(walBytes)} while the last round was prepared`,
    { hint: 'run again when the application writes less; what was loaded stays, and the next run goes on from it' },
  );
}

function waitedTooLong(waitedMs: number, limitSeconds: number): CopierError {
  return new CopierError(
    'cutover.too_long',
    `writers have waited ${formatDuration(waitedMs)}, --downtime-max allows ${limitSeconds} s: they go on, on SQLite`,
    {
      hint: `run again when the application writes less, or with --downtime-max ${Math.ceil((2 * waitedMs) / 1000)}s; what was loaded stays, and the next run goes on from it`,
    },
  );
}
