import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { kill, pid as ownPid } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { hasLedger } from './ledger.js';

/**
 * Holds the one run lock of a schema while `use` runs. It is a session advisory lock of the database, so it goes with
 * the connection whatever happens. Does not wait: `target.run_active` names the session that has it. `lost` fires
 * when the connection, and so the lock, is gone.
 */
export async function withRunLock<T>(
  client: TargetClient,
  schema: string,
  use: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  return await withLock(client, { key: runKey(schema), describe: () => describeRunHolder(client, schema) }, use);
}

/** Holds the one lock of a schema's cutovers and rollbacks, which covers the runs that they make. */
export async function withCutoverLock<T>(
  client: TargetClient,
  schema: string,
  use: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const key = cutoverKey(schema);
  return await withLock(client, { key, describe: () => describeCutoverHolder(client, schema) }, use);
}

/** Serialises the making of a fleet's queue. The number has no meaning, but must not be used by anything else. */
const queueLockKey = '7366466925186049794';

/** Waits until nobody else makes a queue, and runs `use`, which may have transactions of its own. */
export async function withMakingLock<T>(client: TargetClient, use: () => Promise<T>): Promise<T> {
  await client.query('SELECT pg_advisory_lock($1::bigint)', [queueLockKey]);
  try {
    return await use();
  } finally {
    await client.query('SELECT pg_advisory_unlock($1::bigint)', [queueLockKey]).catch(() => undefined);
  }
}

interface WantedLock {
  readonly key: string;
  /** Describes the session that holds it. */
  readonly describe: () => Promise<string>;
}

async function withLock<T>(
  client: TargetClient,
  wanted: WantedLock,
  use: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  await takeLock(client, wanted);
  const lost = new AbortController();
  const onEnd = () => lost.abort(lockLost());
  client.raw.once('end', onEnd);
  try {
    return await use(lost.signal);
  } finally {
    client.raw.off('end', onEnd);
    // On a lost connection the lock is gone already, and the error of `use` says more.
    await client.query('SELECT pg_advisory_unlock($1::bigint)', [wanted.key]).catch(() => undefined);
  }
}

/** The advisory key of a schema's run lock, a signed 64-bit number as a decimal string. */
export function runKey(schema: string): string {
  return hashKey(['pgferry', 'schema', schema]);
}

/** The advisory key of a schema's cutover lock. */
function cutoverKey(schema: string): string {
  return hashKey(['pgferry', 'cutover', schema]);
}

/** The advisory key that every writing transaction of a run's attempts holds shared. */
export function attemptKey(runId: string): string {
  return hashKey(['pgferry', 'run', runId]);
}

/** The advisory key of a chunk. Only one try at a chunk may hold it. */
export function chunkKey(runId: string, table: string, index: number): string {
  return hashKey(['pgferry', 'chunk', runId, table, String(index)]);
}

/**
 * Call it in every transaction of an attempt except the coordinator's own, before it reads the token. A session that
 * takes the run over finds us by this lock and ends us, should we hang.
 */
export async function shareAttempt(client: TargetClient, runId: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock_shared($1::bigint)', [attemptKey(runId)]);
}

/** Ends every other session that holds the key's lock; gives their backends. */
export async function endHolders(client: TargetClient, key: string): Promise<number[]> {
  const rows = await client.query<{ pid: number }>(
    `SELECT l.pid, pg_terminate_backend(l.pid) FROM pg_locks l WHERE ${isKey} AND l.granted AND l.pid <> pg_backend_pid()`,
    [key],
  );
  return rows.map(({ pid }) => pid);
}

const drainTriesMax = 100;
const drainPauseMs = 100;

/** Ends all sessions that share the attempt's lock, and waits until they are gone. */
export async function drainAttempt(client: TargetClient, runId: string): Promise<void> {
  const key = attemptKey(runId);
  let holders: readonly number[] = [];
  for (let look = 1; look <= drainTriesMax; look++) {
    holders = await endHolders(client, key);
    if (holders.length === 0) return;
    await wait(drainPauseMs);
  }
  throw new CopierError('target.locked', `an earlier attempt at run ${runId} still holds pid ${holders.join(', ')}`, {
    hint: 'these sessions of the server do not end when they are told to: stop them on the server, then run again',
  });
}

function hashKey(parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\0')).digest();
  return digest.readBigInt64BE(0).toString();
}

/** SQL: a row l of pg_locks is the lock with the key $1. */
const isKey = `l.locktype = 'advisory' AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint`;

/**
 * The name of a session that holds a run lock; it shows others which process holds it. The server cuts it to 63 bytes.
 */
export function holderName(command: string): string {
  return `pgferry ${command} ${ownPid} on ${hostname()}`.slice(0, 63);
}

/** A backend whose client was killed in the middle of a statement notices that within seconds, so it is waited for. */
const leaveTriesMax = 50;
const leavePauseMs = 200;

async function takeLock(client: TargetClient, { key, describe }: WantedLock): Promise<void> {
  for (let look = 1; ; look++) {
    const [row] = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS taken', [key]);
    if (row?.taken === true) return;
    const holder = await readHolder(client, key);
    if (look < leaveTriesMax && (holder === undefined || isGone(holder.name))) await wait(leavePauseMs);
    else throw active(await describe());
  }
}

function active(message: string): CopierError {
  return new CopierError('target.run_active', message, {
    hint: 'wait until that run ends; where its process is gone, end its session with pg_terminate_backend(pid)',
  });
}

/** Whether the process that named the session ran on this machine and runs no more. */
function isGone(name: string): boolean {
  const [, pid, host] = /^pgferry \w+ (\d+) on (.+)$/.exec(name) ?? [];
  if (pid === undefined || host === undefined || !hostname().startsWith(host)) return false;
  try {
    kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function describeRunHolder(client: TargetClient, schema: string): Promise<string> {
  const session = await readHolder(client, runKey(schema));
  const run = (await hasLedger(client)) ? await readActiveRun(client, schema) : undefined;
  const held = describeSession(session);
  if (run === undefined) return `${session?.name || 'another pgferry'} works on schema ${schema}${held}`;
  return `run ${run.runId} is active on schema ${schema} (pid ${run.pid} on ${run.host}, since ${run.since})${held}`;
}

async function describeCutoverHolder(client: TargetClient, schema: string): Promise<string> {
  const session = await readHolder(client, cutoverKey(schema));
  return `a cutover or rollback of schema ${schema} is active: ${session?.name || 'another pgferry'}${describeSession(session)}`;
}

function describeSession(session: { readonly pid: number; readonly since: string } | undefined): string {
  return session === undefined ? '' : `; its session is pid ${session.pid} on the server, since ${session.since}`;
}

async function readHolder(client: TargetClient, key: string) {
  const rows = await client.query<{ pid: number; name: string; since: string }>(
    `SELECT l.pid, coalesce(a.application_name, '') AS name, coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'), '?') AS since
       FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE ${isKey} AND l.granted`,
    [key],
  );
  return rows[0];
}

async function readActiveRun(client: TargetClient, schema: string) {
  const rows = await client.query<{ runId: string; pid: number; host: string; since: string }>(
    `SELECT run_id AS "runId", pid, host, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') AS since
       FROM ${client.ledger('run')} WHERE target_schema = $1 AND state IN ('copying', 'finishing')`,
    [schema],
  );
  return rows[0];
}

function lockLost(): CopierError {
  return new CopierError('target.connection_lost', 'lost the connection that held the lock of the run', {
    hint: 'check that the server is up, then run the same command again: finished chunks are not sent twice',
  });
}
