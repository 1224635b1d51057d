import { noteRestoring } from '../../cutover/carried-copies.js';
import { switchEnvFile, undoSwitch } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { undoSwitches } from '../../cutover/switches/switches.js';
import { interruption } from '../../lib/interruption.js';
import { quoteTable } from '../../lib/quote.js';
import type { Cutover, CutoverResult, EnvSwitch, TableDigest } from '../../model/cutover.js';
import { toWire } from '../../model/error.js';
import { writeArtefact } from '../../report/files/run-folder.js';
import { LeftBehind } from '../../run/carry/left-behind.js';
import { noteCarried } from '../../run/carry/note-carried.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { closeTargetTables, listTables, lockTables, readClosedMark } from '../../target/schema/closing.js';
import { programsOf } from './application.js';
import { namedCopy } from './carry-back.js';
import { stepsOf } from './cutover-session.js';
import { sessionOptions } from './preflight.js';
import { closeBeforeRestore, type RestoreMove, restoreSource } from './source-state.js';
import type { WrittenTable } from './target-writes.js';
import { type BroughtBack, lockAndBringBack, refuseUnseen, type RollbackMember } from './way-back/bring-back.js';

function switchToSqlite(planned: EnvSwitch, cutover: Cutover): void {
  const isUndo = planned.sha256After === cutover.facts?.env?.sha256After;
  if (isUndo) undoSwitch(planned);
  else switchEnvFile(planned);
}

export interface RollbackProgress {
  step: string;
  hasGenerated: boolean;
  /** Whether the target refuses writes. */
  hasClosed: boolean;
  hasSwitched: boolean;
}

/** What became of one file. */
export interface BackFile extends Pick<CutoverResult, 'savedWrites' | 'carried'> {
  /** Under which the replaced file is kept, null where this attempt replaced none. */
  readonly replacedPath: string | null;
}

/**
 * Takes the files back: all that can be refused is found under the locks of all of them before the first file is touched;
 * then they are restored, their tables closed by the commit that ends the locks, and the application is switched once.
 */
export async function restoreAndSwitch(
  members: readonly [RollbackMember, ...RollbackMember[]],
  progress: RollbackProgress,
): Promise<BackFile[]> {
  const [lead] = members;
  const { context, address } = lead.session;
  const signal = AbortSignal.any([context.signal, lead.locked.lost]);
  const step = stepsOf(lead.session, progress);
  const connecting = { ...sessionOptions(context, 'rollback_fence'), signal };
  const closed: (LockedMember & { readonly mark: string })[] = [];
  const back = await withTarget(address, connecting, async (holder) => {
    await holder.run('BEGIN');
    const ready: LockedMember[] = [];
    for (const member of members)
      ready.push({ ...member, brought: await lockAndBringBack(member, holder, { progress, signal }) });
    const { clients } = lead.preflight;
    if (clients !== null) {
      await step('generate', async () => {
        progress.hasGenerated = true;
        const log = lead.session.folder.pathOf('generate.log');
        await generateClient(clients.sqlite, (output) => writeArtefact(log, output));
      });
    }
    // The server reads its tables while the files are written; nobody else can write to them.
    const noted = noteBrought(holder, ready);
    noted.catch(() => undefined);
    const files: BackFile[] = [];
    for (const { brought, ...member } of ready) {
      const replacedPath = await restore(member, brought, { progress, signal });
      files.push({ savedWrites: brought.saved, carried: brought.copy?.tables ?? [], replacedPath });
    }
    if (signal.aborted) throw interruption(signal);
    await step('close', async () => {
      await noted;
      for (const member of ready) closed.push({ ...member, mark: await closeTables(holder, member) });
      progress.hasClosed = true;
      await holder.run('COMMIT');
    });
    return files;
  });
  await switchBack(lead, progress);
  for (const member of closed) await noteClosed(member);
  return back;
}

interface LockedMember extends RollbackMember {
  readonly brought: BroughtBack;
}

/** Puts one SQLite file in place; gives the name under which the replaced one is kept. */
async function restore(
  { session, facts, preflight, restore: move, replacedCopy }: RollbackMember,
  { copy }: BroughtBack,
  { progress, signal }: { readonly progress: RollbackProgress; readonly signal: AbortSignal },
): Promise<string | null> {
  const { cutover } = session;
  const step = stepsOf(session, progress);
  if (move === 'close-and-restore')
    await step('fence', () => closeBeforeRestore(cutover.sourcePath, cutover.cutoverId));
  return await step('restore', () => {
    const named = copy === null || isLeft(move) ? null : namedCopy(cutover, copy);
    if (!isLeft(move)) noteRestoring(cutover.folder, named);
    return restoreSource(move, {
      livePath: cutover.sourcePath,
      snapshotPath: named?.path ?? preflight.snapshotPath,
      snapshotSha256: named?.sha256 ?? facts.snapshotSha256,
      replacedPath: preflight.replacedPath,
      journalMode: facts.journalMode,
      replacedCopy,
      signal,
    });
  });
}

/** Notes what the tables hold that were compared whole, as rows that a later load may replace; committed with what closes them. */
async function noteBrought(holder: TargetClient, ready: readonly LockedMember[]): Promise<void> {
  for (const { session, facts, brought } of ready) {
    if (brought.copy === null) continue;
    const changed = brought.written.filter(({ noted }) => noted === undefined);
    const leftBehind = new LeftBehind(session.context.settings.leaveBehind);
    await noteCarried(holder, session.address.schema, { runId: facts.runId, changed, leftBehind });
  }
}

/** Closes the tables of one schema by the transaction of `holder`; gives what they are known by then. */
async function closeTables(holder: TargetClient, { session, brought }: LockedMember): Promise<string> {
  const { cutover, address } = session;
  const at = new Date().toISOString();
  const message = `this database was left for SQLite by pgferry on ${at} (rollback of cutover ${cutover.cutoverId}); writes go there`;
  await closeTargetTables(holder, address.schema, message);
  refuseUnseen(await findNewTables(holder, address.schema, brought.digests));
  return await readClosedMark(holder, address.schema);
}

/** Switches the application back, which is done once however many files it has. */
async function switchBack(
  { session, facts, preflight: { env, switches } }: RollbackMember,
  progress: RollbackProgress,
): Promise<void> {
  const step = stepsOf(session, progress);
  if (env !== null) {
    await step('switch', () => {
      progress.hasSwitched = true;
      switchToSqlite(env, session.cutover);
    });
  }
  if (switches.length > 0) {
    await step('switch', async () => {
      progress.hasSwitched = true;
      const [left] = await undoSwitches(switches, await programsOf({ ...session, runId: facts.runId }));
      if (left !== undefined) throw left.error;
    });
  }
}

/**
 * Notes what the tables hold that were not read whole, now that the application is back: they are closed, and nobody else can
 * have written there as long as what closes them is the same.
 */
async function noteClosed({ session, facts, brought, mark }: LockedMember & { readonly mark: string }): Promise<void> {
  const { context, client, address } = session;
  const changed = brought.copy === null ? [] : brought.written.filter(({ noted }) => noted !== undefined);
  if (changed.length === 0) return;
  const leftBehind = new LeftBehind(context.settings.leaveBehind);
  try {
    await withTransaction(client, async () => {
      await lockTables(client, address.schema);
      if ((await readClosedMark(client, address.schema)) !== mark) return;
      await noteCarried(client, address.schema, { runId: facts.runId, changed, leftBehind });
    });
  } catch (error) {
    context.journal.warn(
      `the application is on SQLite again; a later load will take rows of PostgreSQL for those of others: ${toWire(error).message}`,
    );
  }
}

/** Whether the file stays as it is. */
export function isLeft(restore: RestoreMove): boolean {
  return restore === 'leave' || restore === 'reopen';
}

/** Tables that were made while all others were locked, with rows. They are closed by now, so nothing can come after this look. */
async function findNewTables(
  holder: TargetClient,
  schema: string,
  seen: readonly TableDigest[],
): Promise<readonly WrittenTable[]> {
  const known = new Set(seen.map(({ table }) => table));
  const made = (await listTables(holder, schema)).filter((table) => !known.has(table));
  const counted: WrittenTable[] = [];
  for (const table of made) {
    const [row] = await holder.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${quoteTable(schema, table)}`);
    if (Number(row?.rows) > 0) counted.push({ table, rowsBefore: 0, rowsNow: Number(row?.rows) });
  }
  return counted;
}
