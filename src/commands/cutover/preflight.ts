import { existsSync } from 'node:fs';
import { type EnvFile, readEnvFile } from '../../cutover/env-file.js';
import { readProvider } from '../../cutover/env-text.js';
import { findPrisma } from '../../cutover/prisma-client.js';
import type { Cutover } from '../../model/cutover.js';
import { providerHere } from './application.js';
import type { LocalFacts } from '../../cutover/standing.js';
import { CopierError, type ErrorCode, exitCodes } from '../../model/error.js';
import { readClosing } from '../../source/live/closing.js';
import type { Context } from '../../run/context.js';
import { lockWaits } from '../../run/lock-waits.js';
import { refuseStaying } from '../../run/plan/staying-rows.js';
import { readPlan } from '../../run/plan/stored-plan.js';
import type { ConnectOptions } from '../../target/connection/client.js';
import { lockWaitFor } from '../../target/connection/lock-holders.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { listTenantTables } from '../../target/tenant/constant-column.js';
import { holderName } from '../../target/ledger/lock.js';
import { latestRun } from '../../target/ledger/run.js';
import type { TargetClient } from '../../target/connection/client.js';
import { liveFile } from '../../source/import/named-source.js';
import { sourceFile } from '../../source/live/file.js';
import { switchProblem } from '../../platform/system.js';
import { checkSpace } from '../../source/snapshot/snapshot-space.js';
import { withSource } from '../../source/open.js';
import type { Preflight } from './cutover-session.js';
import type { Settings } from '../../model/settings.js';

/** The words that an operator must say. */
export const confirmation = 'I_UNDERSTAND_PRODUCTION_CUTOVER';
/** The name of the env file, unless the operator names another. */
export const standardEnvFile = '.vps.env';

export function refuseUnconfirmed({ confirm }: Settings): void {
  if (confirm === confirmation) return;
  const what = confirm === null ? 'the confirmation phrase is missing' : 'the confirmation phrase is another one';
  throw new CopierError('cutover.not_confirmed', `nothing was cut over: ${what}`, {
    hint: `set CUTOVER_CONFIRM=${confirmation}, or rehearse first with: pgferry cutover --dry-run`,
  });
}

export function refuseEmbedded({ targetUrl }: Settings): void {
  if (targetUrl !== null) return;
  throw new CopierError(
    'cutover.embedded_target',
    'no target is named, and the embedded PostgreSQL is no production database',
    {
      hint: 'name the production database with --target or POSTGRES_DATABASE_URL, then run again',
    },
  );
}

/**
 * How a session of a cutover connects. Writers are fenced while it waits for a lock of others: the wait is short, its
 * holder is named, and the first Ctrl-C ends it. The server's own limit is for the case that nobody could be asked.
 */
export function sessionOptions(context: Context, command: string): ConnectOptions {
  const limitMs = Number(lockWaitFor(context.settings.stallTimeoutSeconds * 1000));
  return {
    applicationName: holderName(command),
    settings: { lock_timeout: String(2 * limitMs) },
    locks: { ...lockWaits(context), limitMs },
  };
}

/** Throws where rows of the target's own stay: the way back would take them along. */
export async function refuseStayingRows(client: TargetClient, schema: string): Promise<void> {
  if (!(await hasLedger(client))) return;
  const run = await latestRun(client, schema);
  if (run !== null) refuseStaying(await readPlan(client, run.runId), 'a cutover, whose way back takes rows along,');
}

/** Throws where the schema holds tables of one tenant: whoever is switched there would share its tables with others. */
export async function refuseTenantTables(client: TargetClient, schema: string, sourcePath: string): Promise<void> {
  const tables = await listTenantTables(client, schema);
  if (tables.length === 0) return;
  throw new CopierError(
    'cutover.tenant_tables',
    `nothing was changed: schema ${schema} holds partitions of tables with a column of the tenant (${tables.join(', ')}), which are not cut over by themselves`,
    {
      hint: `bring what ${sourcePath} got with \`pgferry follow\`, stop its writers, follow once more and verify, then switch the tenant by hand; or cut over into a schema of its own with ?schema= in the target url`,
    },
  );
}

/** Throws where the operating system lacks what a switch needs. */
export function refusePlatform(problem: string | null): void {
  if (problem === null) return;
  throw new CopierError('cutover.platform', `nothing was changed: ${problem}`, {
    hint: 'load with migrate and follow here, and switch the application by hand, or run the cutover on Linux or macOS',
  });
}

/** Checks everything on this machine that a cutover needs, and changes nothing. */
export async function checkBeforeCutover(settings: Settings): Promise<Preflight> {
  refusePlatform(switchProblem());
  const sourcePath = liveFile(settings);
  // Read-only, so that a hot journal is refused instead of rolled back by the fence.
  await withSource(sourcePath, (db) => db.pragma('schema_version'));
  return {
    sourcePath,
    envFile: settings.cutoverSwitchEnv && settings.switch === null ? envFileOf(settings) : null,
    switchPlan: null,
    clients: isGenerated(settings)
      ? { postgres: findPrisma(settings.postgresPrismaSchema), sqlite: findPrisma(settings.sqlitePrismaSchema) }
      : null,
  };
}

/** An application with switches of its own need not have Prisma: its schemas are then looked for, and not asked for. */
function isGenerated(settings: Settings): boolean {
  if (!settings.cutoverGenerate || settings.switch === null) return settings.cutoverGenerate;
  return existsSync(settings.postgresPrismaSchema) && existsSync(settings.sqlitePrismaSchema);
}

/** The env file to be switched. One that does not have the key is read by an application that looks elsewhere. */
function envFileOf({ envFile, addEnvKey }: Settings): EnvFile {
  const found = readEnvFile(envFile ?? standardEnvFile);
  if (addEnvKey || readProvider(found.text) !== null) return found;
  throw new CopierError('cutover.env_key_missing', `${found.path} does not set VPS_DB_PROVIDER`, {
    hint: `an application that does not read it would stay on SQLite: name its env file with --env-file, put VPS_DB_PROVIDER=sqlite there, or run again with --add-env-key; with --switch-env 0 you switch it by hand`,
  });
}

/** The two facts on this machine that decide which world the application lives in. */
export async function readLocalFacts(
  sourcePath: string,
  envPath: string | null,
  known: Cutover | null,
): Promise<LocalFacts> {
  const closing = await readClosing(sourcePath);
  return {
    provider: providerHere({ folder: '', facts: null, ...known, envPath }),
    closedBy: closing?.cutoverId ?? null,
  };
}

/** Besides the snapshot and the acceptance's temporary one, the run folder needs little space. */
const otherArtefactsBytes = 16 * 1024 * 1024;

export async function checkDiskSpace(folder: string, sourcePath: string): Promise<void> {
  await checkSpace(folder, 2 * sourceFile(sourcePath).bytes + otherArtefactsBytes);
}

/** Turns an error into a refusal of the cutover: whatever stops it before its first step has changed nothing. */
export function asRefusal(error: unknown, name: 'cutover' | 'rollback'): unknown {
  if (!(error instanceof CopierError)) return error;
  const ours: readonly number[] = [exitCodes.cutoverRefused, exitCodes.cutoverStuck, exitCodes.usage, exitCodes.bug];
  if (ours.includes(error.exitCode) || error.code.startsWith('interrupted.')) return error;
  return wrapped(`${name}.refused`, `nothing was changed: ${error.message} [${error.code}]`, error);
}

/** The same failure under another code, with all its details. */
export function wrapped(code: ErrorCode, message: string, error: CopierError) {
  const { hint, table, column, key, foreignCode, findings } = error;
  return new CopierError(code, message, { hint, table, column, key, foreignCode, findings, cause: error });
}
