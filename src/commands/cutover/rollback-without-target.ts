import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { planSwitch, readEnvFile, switchEnvFile } from '../../cutover/env-file.js';
import { findPrisma, generateClient } from '../../cutover/prisma-client.js';
import { hashFileSync, snapshotChanged } from '../../cutover/restored-file.js';
import type { NotedMember } from '../../cutover/rollback-env.js';
import { forgetSwitches, undoSwitches } from '../../cutover/switches/switches.js';
import { runHookPrograms } from '../../cutover/programs.js';
import type { HookEdge, HookRules, PlannedSwitch } from '../../model/application/rules.js';
import { CopierError, must, toWire } from '../../model/error.js';
import type { CutoverResult } from '../../model/cutover.js';
import { databasePath } from '../../source/live/file.js';
import { readJournalMode } from '../../source/live/journal-mode.js';
import type { Context } from '../../run/context.js';
import { cutoverResult } from './cutover-result.js';
import { standardEnvFile } from './preflight.js';
import {
  closeBeforeRestore,
  decideRestore,
  type RestoreMove,
  readSourceState,
  refuseClosedByOther,
  restoreSource,
} from './source-state.js';
import { pendingSha256 } from '../../model/follow.js';
import { checkPages } from '../../source/snapshot/snapshot-check.js';
import type { Settings } from '../../model/settings.js';

/**
 * The way back where PostgreSQL is lost: all that the ledger would say must be in the environment, as rollback.env sets
 * it. Writes that PostgreSQL took cannot be found, and its tables cannot be closed.
 */
export async function rollBackWithoutTarget(context: Context): Promise<CutoverResult> {
  const { settings, journal } = context;
  const files = [];
  for (const given of filesOf(settings)) files.push(await lookAt(context, given));
  const lead = must(files[0], 'a file that goes back');
  const { cutoverId, path } = lead;
  const switches = switchesOf(settings);
  const env =
    settings.rollbackSwitchEnv && switches === null
      ? planSwitch(readEnvFile(settings.envFile ?? standardEnvFile), 'sqlite')
      : null;
  const client = settings.rollbackGenerate ? findPrisma(settings.sqlitePrismaSchema) : null;
  const runHooks = hooksOf(context, cutoverId);
  await runHooks('before-rollback');
  journal.warn('PostgreSQL is not asked: what it took since the switch stays there, and it goes on taking writes');
  const copies: (string | null)[] = [];
  for (const file of files) copies.push(await restoreOne(context, file));
  const copyPath = copies[0] ?? null;
  if (client !== null) await journal.phase('generate', () => generateClient(client, () => {}));
  if (env !== null) await journal.phase('switch', () => switchEnvFile(env));
  if (switches !== null) await journal.phase('switch', () => takeBack(switches, context, cutoverId));
  try {
    await runHooks('after-rollback');
  } catch (error) {
    const { message } = toWire(error);
    const hint = 'the rollback itself is done: do by hand what the hook was to do';
    const what = `the application is on SQLite again, and its hook failed: ${message}`;
    throw new CopierError('stuck.hook', what, { hint, cause: error });
  }
  return cutoverResult({
    command: 'rollback',
    cutoverId,
    state: 'rolled_back',
    source: path,
    replacedPath: copyPath !== null && existsSync(copyPath) ? copyPath : null,
    phases: journal.phases,
  });
}

/** One SQLite file that goes back, and what is done to it. */
interface LookedAt {
  readonly path: string;
  readonly snapshotPath: string;
  readonly sha256: string;
  readonly cutoverId: string;
  readonly journalMode: string;
  readonly move: RestoreMove;
}

type Given = Pick<Settings, 'sourcePath' | 'rollbackSnapshot' | 'rollbackSha256' | 'rollbackCutoverId'>;

/** The file that rollback.env names, or all that went over with it, as the cutover noted them beside. */
function filesOf(settings: Settings): readonly Given[] {
  if (settings.rollbackGroup === null) return [settings];
  const path = resolve(settings.rollbackGroup);
  if (existsSync(path)) {
    const noted = JSON.parse(readFileSync(path, 'utf8')) as readonly NotedMember[];
    return noted.map(({ cutoverId, sourcePath, snapshotPath, snapshotSha256 }) => ({
      sourcePath,
      rollbackCutoverId: cutoverId,
      rollbackSnapshot: snapshotPath,
      rollbackSha256: snapshotSha256,
    }));
  }
  throw new CopierError('rollback.not_named', `there is no ${path}, which says the files that went over together`, {
    hint: 'bring the cutover’s folder back from a backup: its files go back together',
  });
}

async function lookAt({ settings, journal }: Context, given: Given): Promise<LookedAt> {
  const { snapshotPath, sha256, cutoverId } = checkGiven(given);
  const path = databasePath(given.sourcePath);
  const state = await readSourceState(path, { cutoverId, schemaVersion: null });
  refuseClosedByOther(state, path, cutoverId);
  const move = await decideRestore(state, {
    livePath: path,
    snapshotPath,
    isRestored: false,
    settings,
    warn: (message) => journal.warn(message),
  });
  return { path, snapshotPath, sha256, cutoverId, journalMode: await journalModeOf(path), move };
}

async function restoreOne({ journal, signal }: Context, file: LookedAt): Promise<string | null> {
  const { path, snapshotPath, sha256, cutoverId, journalMode, move } = file;
  if (move === 'close-and-restore') await closeBeforeRestore(path, cutoverId);
  return await journal.phase('restore', () =>
    restoreSource(move, {
      ...{ livePath: path, snapshotPath, snapshotSha256: sha256, journalMode, signal },
      replacedPath: `${path}.replaced-${cutoverId}`,
    }),
  );
}

/** The hooks of the config, else those that the cutover noted in its folder, where what they print is kept. */
function hooksOf({ settings, journal, signal }: Context, cutoverId: string) {
  const { rollbackHooks, rollbackSnapshot } = settings;
  const path = rollbackHooks === null ? null : resolve(rollbackHooks);
  const rules = Object.keys(settings.hooks).length > 0 || path === null ? settings.hooks : readHooks(path);
  const folder = dirname(path ?? resolve(rollbackSnapshot ?? '.'));
  const note = (message: string) => journal.note(message);
  return async (edge: HookEdge): Promise<void> => {
    const variables = {
      PGFERRY_EDGE: edge,
      PGFERRY_CUTOVER_ID: cutoverId,
      PGFERRY_CUTOVER_FOLDER: folder,
      PGFERRY_SQLITE_PATH: databasePath(settings.sourcePath),
    };
    await runHookPrograms({ folder, variables, secrets: {}, passwords: [], signal, note }, edge, rules);
  };
}

function readHooks(path: string): HookRules {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as HookRules;
  throw new CopierError('rollback.not_named', `there is no ${path}, which says the hooks of the cutover`, {
    hint: 'bring the cutover’s folder back from a backup, give the config of the cutover with --config, or unset ROLLBACK_HOOKS',
  });
}

/** The operator's own switches, as the cutover noted them in its folder. */
function switchesOf({ rollbackSwitches, rollbackSwitchEnv }: Settings) {
  if (rollbackSwitches === null || !rollbackSwitchEnv) return null;
  const path = resolve(rollbackSwitches);
  if (!existsSync(path)) {
    throw new CopierError('rollback.not_named', `there is no ${path}, which says what the cutover switched`, {
      hint: 'bring the cutover’s folder back from a backup; or run with --switch-env 0, and switch the application by hand',
    });
  }
  return { folder: dirname(path), planned: JSON.parse(readFileSync(path, 'utf8')) as PlannedSwitch[] };
}

async function takeBack(
  { folder, planned }: NonNullable<ReturnType<typeof switchesOf>>,
  { settings, journal, signal }: Context,
  cutoverId: string,
): Promise<void> {
  const variables = { PGFERRY_CUTOVER_ID: cutoverId, PGFERRY_SQLITE_PATH: databasePath(settings.sourcePath) };
  const note = (message: string) => journal.note(message);
  const [left] = await undoSwitches(planned, { folder, variables, secrets: {}, passwords: [], signal, note });
  if (left !== undefined) throw left.error;
  forgetSwitches(planned);
}

function checkGiven({ rollbackSnapshot, rollbackSha256, rollbackCutoverId }: Given) {
  if (rollbackSnapshot === null || rollbackSha256 === null || rollbackCutoverId === null) {
    throw new CopierError('rollback.not_named', 'without the target nobody knows which snapshot to restore', {
      hint: 'source the rollback.env of the cutover first: it names the snapshot, its SHA-256 and the cutover',
    });
  }
  const snapshotPath = resolve(rollbackSnapshot);
  if (!/^[0-9a-f]+$/.test(rollbackCutoverId) || !existsSync(snapshotPath)) {
    throw new CopierError('rollback.no_snapshot', `there is no snapshot ${snapshotPath} of a cutover`, {
      hint: 'bring the run folder back from a backup, and source its rollback.env',
    });
  }
  const found = hashFileSync(snapshotPath);
  if (rollbackSha256 === pendingSha256) {
    // A live cutover was switched, and its last proof not made: the pages at least are proven here.
    checkPages(snapshotPath);
    return { snapshotPath, sha256: found, cutoverId: rollbackCutoverId };
  }
  if (found !== rollbackSha256) throw snapshotChanged(snapshotPath, found, rollbackSha256);
  return { snapshotPath, sha256: rollbackSha256, cutoverId: rollbackCutoverId };
}

/** A file that is not there, or cannot be read, has none. */
async function journalModeOf(path: string): Promise<string> {
  return existsSync(path) ? await readJournalMode(path).catch(() => 'delete') : 'delete';
}
