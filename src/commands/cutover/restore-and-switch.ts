import { noteRestoring } from '../../cutover/carried-copies.js';
import { switchEnvFile, undoSwitch } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { interruption } from '../../lib/interruption.js';
import { quoteTable } from '../../lib/quote.js';
import type { Cutover, CutoverFacts, CutoverResult, EnvSwitch, TableDigest } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import { readStoredPlan } from '../../run/plan/stored-plan.js';
import { LeftBehind } from '../../run/carry/left-behind.js';
import { noteCarried } from '../../run/carry/note-carried.js';
import { writeArtefact } from '../../report/files/run-folder.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { undoSwitches } from '../../cutover/switches/switches.js';
import { programsOf } from './application.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { closeTargetTables, listTables, lockTables, readClosedMark } from '../../target/schema/closing.js';
import { carryBack, wayOfWrites } from './carry-back.js';
import { type CutoverSession, type LockedTarget, stepsOf } from './cutover-session.js';
import { sessionOptions } from './preflight.js';
import type { RollbackPreflight } from './rollback-preflight.js';
import { closeBeforeRestore, type RestoreMove, restoreSource } from './source-state.js';
import { readWritten } from './way-back/target-state.js';
import { type WrittenTable, describeWritten, findWritten, saveWrites } from './target-writes.js';

function switchToSqlite(planned: EnvSwitch, cutover: Cutover): void {
  const isUndo = planned.sha256After === cutover.facts?.env?.sha256After;
  if (isUndo) undoSwitch(planned);
  else switchEnvFile(planned);
}

export function refuseWritten(settings: Settings, written: readonly WrittenTable[]): void {
  if (written.length === 0 || wayOfWrites(settings) !== 'refuse') return;
  throw new CopierError(
    'rollback.target_writes',
    `PostgreSQL took writes since the switch, which SQLite would not have: ${describeWritten(written)}`,
    {
      hint: 'stay on PostgreSQL; or run again with --target-writes carry, which brings these rows into SQLite, or with --target-writes discard (ROLLBACK_TARGET_WRITES=discard), which saves them to a file first',
    },
  );
}

export interface RollbackProgress {
  step: string;
  hasGenerated: boolean;
  /** Whether the target refuses writes. */
  hasClosed: boolean;
  hasSwitched: boolean;
  /** Under which the replaced file is kept, null where this attempt replaced none. */
  replacedPath: string | null;
}

export async function restoreAndSwitch(
  session: CutoverSession,
  locked: LockedTarget,
  {
    facts,
    preflight,
    restore,
    seen,
    progress,
  }: {
    readonly facts: CutoverFacts;
    readonly preflight: RollbackPreflight;
    readonly restore: RestoreMove;
    /** What PostgreSQL held when `restore` was decided, where the file stays as it is. */
    readonly seen: readonly TableDigest[] | null;
    readonly progress: RollbackProgress;
  },
): Promise<Pick<CutoverResult, 'savedWrites' | 'carried'>> {
  const { context, address, cutover, folder } = session;
  const signal = AbortSignal.any([context.signal, locked.lost]);
  const step = stepsOf(session, progress);
  const connecting = { ...sessionOptions(context, 'rollback_fence'), signal };
  let closedMark = '';
  let unread: readonly WrittenTable[] = [];
  const rows = await withTarget(address, connecting, async (holder) => {
    await holder.run('BEGIN');
    const { snapshotPath } = preflight;
    const { digests, written } = await step('lock', async () => {
      await lockTables(holder, address.schema);
      return await readWritten(context, holder, { address, facts, snapshotPath });
    });
    refuseWritten(context.settings, written);
    const way = wayOfWrites(context.settings);
    if (way === 'carry' && seen !== null) refuseUnseen(findWritten(seen, digests));
    const copy =
      written.length > 0 && way === 'carry'
        ? await step('carry', () =>
            carryBack(context, locked, cutover, { facts, snapshotPath, written, digests, signal }),
          )
        : null;
    const leftBehind = new LeftBehind(context.settings.leaveBehind);
    const toSave = way === 'discard' ? written : await leftOf(session.client, facts.runId, written, leftBehind);
    const saved =
      toSave.length > 0
        ? await step('save', () =>
            saveWrites(context, {
              client: session.client,
              address,
              facts,
              written: toSave,
              folder: folder.path,
              signal,
            }),
          )
        : [];
    const { clients } = preflight;
    if (clients !== null) {
      await step('generate', async () => {
        progress.hasGenerated = true;
        await generateClient(clients.sqlite, (output) => writeArtefact(folder.pathOf('generate.log'), output));
      });
    }
    if (restore === 'close-and-restore')
      await step('fence', () => closeBeforeRestore(cutover.sourcePath, cutover.cutoverId));
    progress.replacedPath = await step('restore', () => {
      if (!isLeft(restore)) noteRestoring(cutover.folder, copy);
      return restoreSource(restore, {
        livePath: cutover.sourcePath,
        snapshotPath: copy?.path ?? snapshotPath,
        snapshotSha256: copy?.sha256 ?? facts.snapshotSha256,
        replacedPath: preflight.replacedPath,
        journalMode: facts.journalMode,
        signal,
      });
    });
    if (signal.aborted) throw interruption(signal);
    await step('close', async () => {
      const at = new Date().toISOString();
      const message = `this database was left for SQLite by pgferry on ${at} (rollback of cutover ${cutover.cutoverId}); writes go there`;
      const read = written.filter(({ noted }) => noted === undefined);
      if (copy !== null) await noteCarried(holder, address.schema, { runId: facts.runId, changed: read, leftBehind });
      await closeTargetTables(holder, address.schema, message);
      refuseUnseen(await findNewTables(holder, address.schema, digests));
      closedMark = await readClosedMark(holder, address.schema);
      progress.hasClosed = true;
      await holder.run('COMMIT');
    });
    if (copy !== null) unread = written.filter(({ noted }) => noted !== undefined);
    return { savedWrites: saved, carried: copy?.tables ?? [] };
  });
  const { env } = preflight;
  if (env !== null) {
    await step('switch', () => {
      progress.hasSwitched = true;
      switchToSqlite(env, cutover);
    });
  }
  if (preflight.switches.length > 0) {
    await step('switch', async () => {
      progress.hasSwitched = true;
      const [left] = await undoSwitches(preflight.switches, await programsOf({ ...session, runId: facts.runId }));
      if (left !== undefined) throw left.error;
    });
  }
  if (unread.length > 0) await noteClosed(session, { facts, unread, closedMark });
  return rows;
}

/**
 * Notes what the tables hold that were not read whole, now that the application is back: they are closed, and nobody else can
 * have written there as long as what closes them is the same.
 */
async function noteClosed(
  { context, client, address }: CutoverSession,
  request: { readonly facts: CutoverFacts; readonly unread: readonly WrittenTable[]; readonly closedMark: string },
): Promise<void> {
  const { facts, unread: changed, closedMark } = request;
  const leftBehind = new LeftBehind(context.settings.leaveBehind);
  try {
    await withTransaction(client, async () => {
      await lockTables(client, address.schema);
      if ((await readClosedMark(client, address.schema)) !== closedMark) return;
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

/** The tables of which the operator leaves something behind: what PostgreSQL took there is saved. */
async function leftOf(
  client: TargetClient,
  runId: string,
  written: readonly WrittenTable[],
  leftBehind: LeftBehind,
): Promise<readonly WrittenTable[]> {
  if (leftBehind.isNothing) return [];
  const { plan } = await readStoredPlan(client, runId);
  return written.filter(({ table }) =>
    leftBehind.touches(plan.tables.find(({ target }) => target === table) ?? { source: table, target: table }),
  );
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

/** A file that stays has what PostgreSQL held when it was looked at, and nothing of what came after. */
function refuseUnseen(written: readonly WrittenTable[]): void {
  if (written.length === 0) return;
  throw new CopierError(
    'rollback.target_writes',
    `PostgreSQL took writes since it was looked at: ${describeWritten(written)}`,
    { hint: 'run again: these rows are then seen, too' },
  );
}
