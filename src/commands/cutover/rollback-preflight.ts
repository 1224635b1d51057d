import { planSwitch, readEnvFile } from '../../cutover/env-file.js';
import { type PrismaClientSource, findPrisma } from '../../cutover/prisma-client.js';
import { hashFileSync, snapshotChanged } from '../../cutover/restored-file.js';
import type { PlannedSwitch } from '../../model/application/rules.js';
import type { Cutover, CutoverFacts, EnvSwitch } from '../../model/cutover.js';
import { pendingSha256 } from '../../model/follow.js';
import { CopierError } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import type { Context } from '../../run/context.js';
import { databasePath } from '../../source/live/file.js';
import type { ReplacedCopy } from '../../source/live/replaced-copy.js';
import type { TargetClient } from '../../target/connection/client.js';
import { listSteps } from '../../target/ledger/cutover.js';
import type { LockedTarget } from './cutover-session.js';
import {
  type KnownContents,
  type RestoreMove,
  decideRestore,
  readSourceState,
  refuseClosedByOther,
} from './source-state.js';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** What the operator's environment says must be of this very cutover: a rollback.env of another one would restore other data. */
export function checkIdentity({ rollbackCutoverId, rollbackSha256, sourcePath }: Settings, cutover: Cutover): void {
  const { cutoverId, facts } = cutover;
  if (rollbackCutoverId !== null && rollbackCutoverId !== cutoverId) {
    throw otherRun(`it is of cutover ${rollbackCutoverId}, and the youngest of this target is ${cutoverId}`, cutover);
  }
  if (facts !== null && rollbackSha256 !== null && ![facts.snapshotSha256, pendingSha256].includes(rollbackSha256)) {
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
export interface RollbackPreflight {
  readonly snapshotPath: string;
  readonly env: EnvSwitch | null;
  /** The operator's own switches that are taken back. */
  readonly switches: readonly PlannedSwitch[];
  readonly clients: { readonly sqlite: PrismaClientSource; readonly postgres: PrismaClientSource } | null;
  readonly replacedPath: string;
}

export function checkBeforeRollback({ settings }: Context, cutover: Cutover, facts: CutoverFacts): RollbackPreflight {
  const snapshotPath = resolve(settings.rollbackSnapshot ?? facts.snapshotPath);
  if (!existsSync(snapshotPath)) {
    throw new CopierError('rollback.no_snapshot', `there is no snapshot ${snapshotPath}`, {
      hint: 'bring the run folder back from a backup, or name the file with ROLLBACK_SQLITE_BACKUP',
    });
  }
  const found = hashFileSync(snapshotPath);
  if (found !== facts.snapshotSha256) throw snapshotChanged(snapshotPath, found, facts.snapshotSha256);
  const schemas = facts.prismaSchemas;
  return {
    snapshotPath,
    env: settings.rollbackSwitchEnv && facts.env !== null ? wayBack(facts.env) : null,
    switches: settings.rollbackSwitchEnv ? (facts.switches ?? []) : [],
    clients:
      settings.rollbackGenerate && schemas !== null
        ? { sqlite: findPrisma(schemas.sqlite), postgres: findPrisma(schemas.postgres) }
        : null,
    replacedPath: replacedPathOf(cutover),
  };
}

/** The step that is noted once per rollback, before its first attempt. */
export const firstStepName = 'roll back';

/** What becomes of the SQLite file, and the copy of it that is kept where it is closed and was copied already. */
export interface PlannedRestore {
  readonly restore: RestoreMove;
  readonly replacedCopy: ReplacedCopy | null;
}

/** Decides what becomes of the SQLite file. `contents`: what it may hold already of what PostgreSQL took; `keep`: copies it. */
export async function planRestore(
  { settings, journal }: Context,
  { client }: LockedTarget,
  cutover: Cutover,
  request: {
    readonly facts: CutoverFacts;
    readonly snapshotPath: string;
    readonly contents: KnownContents;
    readonly keep: () => Promise<ReplacedCopy | null>;
  },
): Promise<PlannedRestore> {
  const { facts, snapshotPath, contents, keep } = request;
  const { sourcePath: livePath, cutoverId } = cutover;
  const state = await readSourceState(livePath, { cutoverId, schemaVersion: facts.schemaVersion });
  refuseClosedByOther(state, livePath, cutoverId);
  const replacedCopy = state.tag === 'closed' ? await keep() : null;
  const restore = await decideRestore(state, {
    replacedCopy,
    livePath,
    snapshotPath,
    isRestored: cutover.state === 'rolling_back' && (await hasBegunRestore(client, cutoverId)),
    carried: contents,
    settings,
    warn: (message) => journal.warn(message),
  });
  return { restore, replacedCopy };
}

/** Whether an attempt at the rollback that goes on now came as far as the file: an open one is then its work. */
async function hasBegunRestore(client: TargetClient, cutoverId: string): Promise<boolean> {
  const steps = (await listSteps(client, cutoverId)).map(({ step }) => step);
  return steps.slice(steps.lastIndexOf(firstStepName) + 1).includes('restore');
}

/**
 * The name under which the replaced database is kept. It is the same in every attempt, so that each finds what an
 * earlier one did.
 */
export function replacedPathOf({ sourcePath, cutoverId }: Pick<Cutover, 'sourcePath' | 'cutoverId'>): string {
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
