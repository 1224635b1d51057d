import { rmSync } from 'node:fs';
import { unfinishedCopy } from '../../../cutover/carried-copies.js';
import type { CutoverFacts, CutoverResult, TableDigest } from '../../../model/cutover.js';
import { CopierError } from '../../../model/error.js';
import type { Settings } from '../../../model/settings.js';
import { hasGivenNumbers } from '../../../run/carry/given-numbers.js';
import { LeftBehind } from '../../../run/carry/left-behind.js';
import { readPlan } from '../../../run/plan/stored-plan.js';
import { TableCount } from '../../../run/table-count.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { lockTables } from '../../../target/schema/closing.js';
import { type BroughtCopy, carryBack, wayOfWrites } from '../carry-back.js';
import { type CutoverSession, type LockedTarget, stepsOf } from '../cutover-session.js';
import type { PlannedRestore, RollbackPreflight } from '../rollback-preflight.js';
import { describeWritten, findWritten, saveWrites, type WrittenTable } from '../target-writes.js';
import { readWritten } from './target-state.js';

/** One file that goes back, and what was found out about it before anything was changed. */
export interface RollbackMember extends PlannedRestore {
  readonly session: CutoverSession;
  readonly locked: LockedTarget;
  readonly facts: CutoverFacts;
  readonly preflight: RollbackPreflight;
  /** What PostgreSQL held when `restore` was decided, where the file stays as it is. */
  readonly seen: readonly TableDigest[] | null;
  /** Whether the copy into which rows go is made already. */
  readonly isCopied: boolean;
}

/** What of PostgreSQL goes into the file, found under the lock. */
export interface BroughtBack {
  readonly digests: readonly TableDigest[];
  readonly written: readonly WrittenTable[];
  /** null: the snapshot itself is restored. */
  readonly copy: BroughtCopy | null;
  readonly saved: CutoverResult['savedWrites'];
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

/** A file that stays has what PostgreSQL held when it was looked at, and nothing of what came after. */
export function refuseUnseen(written: readonly WrittenTable[]): void {
  if (written.length === 0) return;
  throw new CopierError(
    'rollback.target_writes',
    `PostgreSQL took writes since it was looked at: ${describeWritten(written)}`,
    { hint: 'run again: these rows are then seen, too' },
  );
}

/** Locks the tables of one schema in the transaction of `holder`, and prepares what goes back; no file is touched yet. */
export async function lockAndBringBack(
  { session, locked, facts, preflight, seen, isCopied }: RollbackMember,
  holder: TargetClient,
  { progress, signal }: { readonly progress: { step: string }; readonly signal: AbortSignal },
): Promise<BroughtBack> {
  const { context, address, cutover, folder, client } = session;
  const step = stepsOf(session, progress);
  const { snapshotPath } = preflight;
  const count = new TableCount();
  const { digests, written } = await step(
    'lock',
    async () => {
      await lockTables(holder, address.schema);
      return await readWritten(context, holder, { address, facts, snapshotPath, onTable: count.note });
    },
    () => count.progress('lock'),
  );
  refuseWritten(context.settings, written);
  const way = wayOfWrites(context.settings);
  if (way === 'carry' && seen !== null) refuseUnseen(findWritten(seen, digests));
  const isCarried =
    way === 'carry' &&
    (written.length > 0 ||
      (seen === null &&
        facts.mapped === undefined &&
        (await hasGivenNumbers(client, address.schema, { runId: facts.runId, snapshotPath }))));
  const copy = isCarried
    ? await step('carry', () =>
        carryBack(context, locked, cutover, { facts, snapshotPath, written, digests, isCopied, signal }),
      )
    : null;
  // The restore needs its room.
  if (copy === null && isCopied) rmSync(unfinishedCopy(cutover.folder), { force: true });
  const leftBehind = new LeftBehind(context.settings.leaveBehind);
  const toSave = way === 'discard' ? written : await leftOf(client, facts.runId, written, leftBehind);
  const saved =
    toSave.length > 0
      ? await step('save', () =>
          saveWrites(context, { client, address, facts, written: toSave, folder: folder.path, signal }),
        )
      : [];
  return { digests, written, copy, saved };
}

/** The tables of which the operator leaves something behind: what PostgreSQL took there is saved. */
async function leftOf(
  client: TargetClient,
  runId: string,
  written: readonly WrittenTable[],
  leftBehind: LeftBehind,
): Promise<readonly WrittenTable[]> {
  if (leftBehind.isNothing) return [];
  const plan = await readPlan(client, runId);
  return written.filter(({ table }) =>
    leftBehind.touches(plan.tables.find(({ target }) => target === table) ?? { source: table, target: table }),
  );
}
