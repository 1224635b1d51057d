import {
  type CarriedCopyFile,
  lastRestored,
  listCarriedCopies,
  nameCarriedCopy,
  unfinishedCopy,
} from '../../cutover/carried-copies.js';
import { existsSync } from 'node:fs';
import { hashFileSync, snapshotChanged } from '../../cutover/restored-file.js';
import type { CarriedTable, Uncarried } from '../../model/carry.js';
import type { Cutover, CutoverFacts, TableDigest } from '../../model/cutover.js';
import { CopierError } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import { type Carried, carryWrites } from '../../run/carry/carry-writes.js';
import { LeftBehind } from '../../run/carry/left-behind.js';
import type { Context } from '../../run/context.js';
import { readKeys } from '../../source/snapshot/mapped-keys.js';
import { unmapCopy } from '../../source/snapshot/unmap.js';
import type { LockedTarget } from './cutover-session.js';
import type { KnownContents } from './source-state.js';
import { describeWritten, findWritten, type WrittenTable } from './target-writes.js';

/** What the operator chose for the rows that PostgreSQL took since the switch. */
export function wayOfWrites({ targetWrites, discardTargetWrites }: Settings): Settings['targetWrites'] {
  return discardTargetWrites ? 'discard' : targetWrites;
}

/** What the SQLite file may hold already, and what it would have to hold. */
export function contentsOf(
  { settings }: Pick<Context, 'settings'>,
  { folder }: Cutover,
  request: {
    readonly snapshotPath: string;
    readonly look: () => Promise<Pick<CarryBackRequest, 'written' | 'digests'>>;
  },
): KnownContents {
  const copies = listCarriedCopies(folder);
  const { snapshotPath, look } = request;
  const current = async () => {
    if (wayOfWrites(settings) !== 'carry') return snapshotPath;
    const { written, digests } = await look();
    return written.length === 0 ? snapshotPath : (findCopy(copies, digests, settings.leaveBehind)?.path ?? null);
  };
  const restored = lastRestored(folder, copies)?.path ?? snapshotPath;
  return { copies: copies.map(({ path }) => path), restored, current };
}

/** The copy of what PostgreSQL holds now. */
export function findCopy(
  copies: readonly CarriedCopyFile[],
  digests: readonly TableDigest[],
  leftBehind: readonly string[],
): CarriedCopyFile | undefined {
  return copies.find(
    (copy) => findWritten(copy.digests, digests).length === 0 && copy.leftBehind.join('\n') === leftBehind.join('\n'),
  );
}

export interface CarryBackRequest {
  readonly facts: CutoverFacts;
  readonly snapshotPath: string;
  readonly written: readonly WrittenTable[];
  readonly digests: readonly TableDigest[];
  /** Whether the copy into which rows go is made already. */
  readonly isCopied?: boolean;
  readonly signal: AbortSignal;
}

/** A copy that was just made, with its SHA-256 where somebody has read it whole. */
type MadeCopy = Omit<CarriedCopyFile, 'path' | 'sha256'> & { readonly sha256: string | null };

/** What the rollback restores; a new copy gets its name, after its hash, where it is put in place. */
export type BroughtCopy = CarriedCopyFile | MadeCopy;

/**
 * Makes the file that the rollback restores: a copy of the snapshot with what PostgreSQL took, proven and durable. A copy that
 * an earlier attempt put in place, or was about to, serves again where the rows are the same. Error: `rollback.uncarried`, with all that cannot be brought back.
 */
export async function carryBack(
  context: Context,
  locked: LockedTarget,
  cutover: Cutover,
  request: CarryBackRequest,
): Promise<BroughtCopy> {
  const { digests } = request;
  const { leaveBehind } = context.settings;
  const known = findCopy(listCarriedCopies(cutover.folder), digests, leaveBehind);
  if (known !== undefined && hashFileSync(known.path) === known.sha256) return known;
  const { tables, sha256 } = await carry(context, locked, cutover, { ...request, isRehearsal: false });
  return { digests, tables, leftBehind: leaveBehind, sha256 };
}

/** Gives a copy that was just made its name: whoever goes on after a crash knows the restored file by it. */
export function namedCopy({ folder }: Pick<Cutover, 'folder'>, copy: BroughtCopy): CarriedCopyFile {
  return 'path' in copy ? copy : nameCarriedCopy(folder, copy);
}

/** The same without a file that stays, and without locks: what would be brought back now. */
export async function rehearseCarry(
  context: Context,
  locked: LockedTarget,
  cutover: Cutover,
  request: CarryBackRequest,
): Promise<readonly CarriedTable[]> {
  return (await carry(context, locked, cutover, { ...request, isRehearsal: true })).tables;
}

async function carry(
  context: Context,
  { client, address }: LockedTarget,
  { folder }: Cutover,
  request: CarryBackRequest & { readonly isRehearsal: boolean },
): Promise<Carried> {
  const { facts, snapshotPath, written, isRehearsal, signal } = request;
  const mapped = facts.mapped === undefined ? null : checkMapped(facts.mapped);
  const carried = await carryWrites({
    ...(mapped !== null && { finish: (path: string) => unmap(path, mapped) }),
    context,
    client,
    address,
    runId: facts.runId,
    snapshotPath: mapped?.snapshot.path ?? snapshotPath,
    copyPath: `${unfinishedCopy(folder)}${isRehearsal ? '.rehearsal' : ''}`,
    isCopied: request.isCopied === true && !isRehearsal,
    changed: written,
    leftBehind: new LeftBehind(context.settings.leaveBehind),
    isRehearsal,
    signal,
  });
  if (carried.uncarried.length > 0) throw uncarriedError(context, carried.uncarried);
  return { ...carried, tables: carried.tables.filter(isAnything) };
}

type Mapped = NonNullable<CutoverFacts['mapped']>;

/** What was loaded, and its keys, as they were. */
function checkMapped(mapped: Mapped): Mapped {
  for (const { path, sha256 } of [mapped.snapshot, mapped.keys]) {
    if (!existsSync(path)) {
      throw new CopierError('rollback.no_snapshot', `there is no ${path}, which has the keys of PostgreSQL`, {
        hint: 'bring the run folder back from a backup; or run again with --target-writes discard, which saves what PostgreSQL took to a file and needs only the snapshot',
      });
    }
    const found = hashFileSync(path);
    if (found !== sha256) throw snapshotChanged(path, found, sha256);
  }
  return mapped;
}

/** Gives the copy the keys of SQLite again. */
function unmap(copyPath: string, { snapshot, keys }: Mapped): Uncarried[] {
  return unmapCopy(copyPath, snapshot.path, readKeys(keys.path)).map(({ table, column, parent, value }) => ({
    table,
    column,
    key: null,
    reason: `it refers to ${value} of ${parent}, a row that the application made on PostgreSQL and SQLite does not have`,
  }));
}

function isAnything({ inserted, updated, deleted }: CarriedTable): boolean {
  return inserted + updated + deleted > 0;
}

const namedMax = 20;

function uncarriedError({ journal }: Context, uncarried: readonly Uncarried[]): CopierError {
  const lines = uncarried.map(
    ({ table, column, key, reason }) =>
      `${table}${column === null ? '' : `.${column}`}${key === null ? '' : ` at ${key}`}: ${reason}`,
  );
  for (const line of lines.slice(1, namedMax)) journal.warn(`cannot be brought back: ${line}`);
  const [first] = uncarried;
  const more = uncarried.length > 1 ? ` (and ${uncarried.length - 1} more)` : '';
  return new CopierError(
    'rollback.uncarried',
    `PostgreSQL took writes since the switch that SQLite cannot hold: ${lines[0] ?? ''}${more}`,
    {
      table: first?.table ?? null,
      column: first?.column ?? null,
      key: first?.key ?? null,
      hint: 'nothing was changed: change these rows in PostgreSQL and run again; run again with --leave-behind and the names of these tables or columns (TABLE.COLUMN), which saves what PostgreSQL took there to a file first; or with --target-writes discard, which saves all of it',
    },
  );
}

/** A file that stays because of what it took itself has not what PostgreSQL took: one of both must be given up by name. */
export async function refuseLeftBehind(
  { current }: KnownContents,
  look: () => Promise<Pick<CarryBackRequest, 'written'>>,
): Promise<void> {
  if ((await current()) !== null) return;
  const { written } = await look();
  throw new CopierError(
    'rollback.target_writes',
    `both SQLite and PostgreSQL took writes since the move, and --source-writes keep leaves the file as it is: ${describeWritten(written)}`,
    {
      hint: 'nothing was changed; run again with --source-writes discard to go on with what PostgreSQL took, or with --target-writes discard to save that to a file',
    },
  );
}
