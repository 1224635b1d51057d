import type { EnvFile } from '../../cutover/env-file.js';
import type { PrismaClientSource } from '../../cutover/prisma-client.js';
import type { SwitchPlan } from '../../cutover/switches/switches.js';
import type { Cutover, CutoverFacts } from '../../model/cutover.js';
import type { CutoverPhase, Progress } from '../../model/event.js';
import type { TargetAddress } from '../../model/target.js';
import { appendLog, type RunFolder } from '../../report/files/run-folder.js';
import type { TargetClient } from '../../target/connection/client.js';
import { beginStep, endStep } from '../../target/ledger/cutover.js';
import type { Context } from '../../run/context.js';
import { Journal, logLine } from '../../run/journal.js';

/** What was found to be in order before anything was done. */
export interface Preflight {
  readonly sourcePath: string;
  /** null: it is left alone. */
  readonly envFile: EnvFile | null;
  /** What the operator's own switches will do; null where nothing is planned. */
  readonly switchPlan: SwitchPlan | null;
  /** null: they are left alone. */
  readonly clients: { readonly postgres: PrismaClientSource; readonly sqlite: PrismaClientSource } | null;
}

/** The target while this process holds the lock of its schema's cutovers. */
export interface LockedTarget {
  readonly address: TargetAddress;
  readonly client: TargetClient;
  /** Fires when the lock is gone. */
  readonly lost: AbortSignal;
}

/** Everything that the steps of one attempt at a cutover work with. */
export interface CutoverSession {
  readonly context: Context;
  readonly client: TargetClient;
  readonly address: TargetAddress;
  readonly cutover: Cutover;
  readonly folder: RunFolder;
  /** Throws where the log could not be written any more: a full disk must end the attempt, not a step in the middle. */
  readonly checkLog: () => void;
}

/** One SQLite file of an application in an attempt at its cutover. */
export interface CutoverMember {
  readonly session: CutoverSession;
  readonly preflight: Preflight;
}

/** The files that go over together; the first has what is done once: switches, hooks, the Prisma client. */
export type CutoverMembers = readonly [CutoverMember, ...CutoverMember[]];

/** Their cutovers, as the ledger takes them. */
export function idsOf(members: readonly Pick<CutoverMember, 'session'>[]): { readonly cutoverId: string }[] {
  return members.map(({ session: { cutover } }) => ({ cutoverId: cutover.cutoverId }));
}

/** What the facts of each cutover say where there is more than one. */
export function groupFacts(members: readonly Pick<CutoverMember, 'session'>[]): Pick<CutoverFacts, 'group'> {
  if (members.length === 1) return {};
  return {
    group: members.map(({ session: { cutover } }) => ({
      cutoverId: cutover.cutoverId,
      schema: cutover.schema,
      sourcePath: cutover.sourcePath,
    })),
  };
}

/** Begins the session of one attempt, whose log stands in its folder. */
export function openSession(
  context: Context,
  { client, address }: LockedTarget,
  cutover: Cutover,
  folder: RunFolder,
): CutoverSession {
  const checkLog = keepLog(context.journal, folder.pathOf('cutover.log'));
  return { context, client, address, cutover, folder, checkLog };
}

/**
 * Runs one step. It is recorded in the ledger before and after, and emitted as a phase with its time; `look` says how far
 * it has come.
 */
export async function runStep<T>(
  session: CutoverSession,
  name: CutoverPhase,
  use: () => T | Promise<T>,
  look?: () => Progress,
): Promise<T> {
  return await noteStep(session, name, () => session.context.journal.phase(name, use, look));
}

/** Runs steps as `runStep` does, and keeps in `progress` which one was begun last. */
export function stepsOf(
  session: CutoverSession,
  progress: { step: string },
): <T>(name: CutoverPhase, use: () => T | Promise<T>, look?: () => Progress) => Promise<T> {
  return async (name, use, look) => {
    progress.step = name;
    return await runStep(session, name, use, look);
  };
}

/** Runs one step that emits its own phases. It is recorded in the ledger before and after. */
export async function noteStep<T>(session: CutoverSession, name: string, use: () => T | Promise<T>): Promise<T> {
  const { client, cutover } = session;
  session.checkLog();
  const ordinal = await beginStep(client, cutover, name);
  try {
    const result = await use();
    await endStep(client, cutover.cutoverId, ordinal, 'done');
    return result;
  } catch (error) {
    // The connection may be what failed; the step's own error says more.
    await endStep(client, cutover.cutoverId, ordinal, 'failed').catch(() => undefined);
    throw error;
  }
}

/**
 * Keeps a log in the folder from now on. A line that cannot be written makes the next `checkLog` throw; it does not
 * break a step in the middle.
 */
export function keepLog(journal: Journal, path: string): () => void {
  let failure: unknown = null;
  journal.listen((event) => {
    const line = logLine(event, new Date());
    if (line === null || failure !== null) return;
    try {
      appendLog(path, line);
    } catch (error) {
      failure = error;
    }
  });
  return () => {
    if (failure !== null) throw failure;
  };
}

/**
 * The context of a run within a cutover. Its events are emitted by the cutover's journal too; its phases and log are
 * its own.
 */
export function innerContext(context: Context, settings: Context['settings'], signal: AbortSignal): Context {
  const journal = new Journal();
  journal.listen((event) => context.journal.emit(event));
  return { ...context, settings, journal, signal };
}
