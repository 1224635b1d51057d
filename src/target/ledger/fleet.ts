import { randomBytes } from 'node:crypto';
import type { FileOptions } from '../../model/fleet/file-options.js';
import type {
  FleetEntry,
  FleetFile,
  FleetFileState,
  FleetPace,
  FleetReason,
  FleetShape,
  FleetVerdict,
} from '../../model/fleet/fleet.js';
import type { TargetClient } from '../connection/client.js';

/*
 * The files of a fleet. This is the truth about each of them; the queue only says who may look at which next. A file
 * goes waiting → taken → done, or → failed; back to waiting where its worker gave it back, or died. No two files have one
 * schema, but for those that are refused: what is not loaded keeps no name from another.
 */

/** A file that a worker has taken. */
export interface TakenFile {
  readonly source: string;
  readonly schema: string;
  readonly job: string;
  readonly attempts: number;
  /** How often a worker died over it. */
  readonly losses: number;
  /** What its line of the manifest sets otherwise. */
  readonly options: FileOptions | null;
}

const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const taken = `source, target_schema AS schema, job::text AS job, attempts, losses, options`;

/** What a fleet becomes; null where there is none of this name. */
export async function findFleet(client: TargetClient, fleet: string): Promise<FleetShape | null> {
  const [row] = await client.query<FleetShape & Record<string, unknown>>(
    `SELECT form, CASE WHEN parents_schema IS NOT NULL THEN json_build_object('schema', parents_schema, 'column', tenant_column)
       END AS parents FROM ${client.ledger('fleet')} WHERE name = $1`,
    [fleet],
  );
  return row ?? null;
}

/** Makes a fleet where there is none of this name; one that is there stays what it is. */
export async function makeFleet(client: TargetClient, fleet: string, { form, parents }: FleetShape): Promise<void> {
  await client.query(
    `INSERT INTO ${client.ledger('fleet')} (name, form, parents_schema, tenant_column) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [fleet, form, parents?.schema ?? null, parents?.column ?? null],
  );
}

/** The files of all fleets that have their schema for themselves: all but those that are refused. */
export async function listFleetSchemas(
  client: TargetClient,
): Promise<{ source: string; schema: string; fleet: string }[]> {
  return await client.query(
    `SELECT source, target_schema AS schema, fleet FROM ${client.ledger('fleet_file')} WHERE state <> 'refused'`,
  );
}

/**
 * Enters files, each waiting with its job, or refused with its reason. One that was refused before is entered anew; any
 * other that is there already stays as it is. Gives the schemas of those that wait now.
 */
export async function enterFiles(
  client: TargetClient,
  fleet: string,
  files: readonly (FleetEntry & { readonly job: string })[],
): Promise<string[]> {
  const rows = await client.query<{ schema: string; state: FleetFileState }>(
    `INSERT INTO ${client.ledger('fleet_file')} AS f (fleet, target_schema, source, version, bytes, options, state, job, reason, after_run)
     SELECT $1, schema, source, version, bytes, options, CASE WHEN reason IS NULL THEN 'waiting' ELSE 'refused' END, job, reason,
            (SELECT coalesce(max(number), 0) FROM ${client.ledger('run')})
       FROM jsonb_to_recordset($2::jsonb) AS f (schema text, source text, version text, bytes bigint, options jsonb, job uuid, reason jsonb)
     ON CONFLICT (fleet, source) DO UPDATE SET target_schema = excluded.target_schema, version = excluded.version,
       bytes = excluded.bytes, options = excluded.options, state = excluded.state, job = excluded.job, reason = excluded.reason
       WHERE f.state = 'refused'
     RETURNING target_schema AS schema, state`,
    [
      fleet,
      JSON.stringify(
        files.map((file) => ({ ...file, options: file.options ?? undefined, reason: file.reason ?? undefined })),
      ),
    ],
  );
  return rows.filter(({ state }) => state === 'waiting').map(({ schema }) => schema);
}

/** Enters a worker; the session holds its lock, which no longer being held is how others know that it is gone. */
export async function enterWorker(client: TargetClient, who: { host: string; pid: number }): Promise<number> {
  const key = randomBytes(8).readBigInt64BE(0).toString();
  const [row] = await client.query<{ number: number }>(
    `WITH held AS MATERIALIZED (SELECT pg_advisory_lock($1::bigint))
     INSERT INTO ${client.ledger('fleet_worker')} (lock_key, host, pid) SELECT $1, $2, $3 FROM held RETURNING number`,
    [key, who.host, who.pid],
  );
  return row?.number ?? 0;
}

/** Marks the file of a job as taken; null where the ledger does not have it waiting for this very job. */
export async function takeFile(
  client: TargetClient,
  { fleet, schema, job, worker }: { fleet: string; schema: string; job: string; worker: number },
): Promise<TakenFile | null> {
  const [file] = await client.query<TakenFile & Record<string, unknown>>(
    `UPDATE ${client.ledger('fleet_file')} SET state = 'taken', worker = $4, attempts = attempts + 1, began_at = clock_timestamp(),
        ended_at = NULL, reason = NULL
      WHERE fleet = $1 AND target_schema = $2 AND job = $3 AND state = 'waiting' RETURNING ${taken}`,
    [fleet, schema, job, worker],
  );
  return file ?? null;
}

/** How a file that a worker had taken ended. */
export type FleetEnding =
  | {
      readonly tag: 'done';
      readonly runId: string | null;
      readonly rows: number;
      readonly bytes: number | null;
      readonly remarks: readonly string[];
    }
  | { readonly tag: 'failed'; readonly runId: string | null; readonly reason: FleetReason };

/** Ends a file that this worker has; false where it has it no more. */
export async function endFile(
  client: TargetClient,
  { fleet, schema, worker }: { fleet: string; schema: string; worker: number },
  ending: FleetEnding,
): Promise<boolean> {
  const { tag, runId } = ending;
  const done = ending.tag === 'done' ? ending : null;
  const reason = ending.tag === 'failed' ? JSON.stringify(ending.reason) : null;
  const rows = await client.query(
    `UPDATE ${client.ledger('fleet_file')} SET state = $4, run_id = $5, rows = coalesce($6, rows), bytes = coalesce($7, bytes),
        reason = $8, remarks = $9, ended_at = clock_timestamp()
      WHERE fleet = $1 AND target_schema = $2 AND worker = $3 AND state = 'taken' RETURNING 1`,
    [
      fleet,
      schema,
      worker,
      tag,
      runId,
      done?.rows ?? null,
      done?.bytes ?? null,
      reason,
      JSON.stringify(done?.remarks ?? []),
    ],
  );
  return rows.length === 1;
}

/** Gives a file back under a new job; false where this worker has it no more. `isCounted`: whether it was an attempt. */
export async function giveFileBack(
  client: TargetClient,
  { fleet, schema, worker }: { fleet: string; schema: string; worker: number },
  next: { readonly job: string; readonly isCounted: boolean; readonly reason: FleetReason | null },
): Promise<boolean> {
  const rows = await client.query(
    `UPDATE ${client.ledger('fleet_file')} SET state = 'waiting', job = $4, attempts = attempts - $5, reason = $6
      WHERE fleet = $1 AND target_schema = $2 AND worker = $3 AND state = 'taken' RETURNING 1`,
    [
      fleet,
      schema,
      worker,
      next.job,
      next.isCounted ? 0 : 1,
      next.reason === null ? null : JSON.stringify(next.reason),
    ],
  );
  return rows.length === 1;
}

/** SQL: the worker w holds its lock no more, and so is gone. */
const isGone = `NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) = w.lock_key)`;

/** How many files count as taken though their worker is gone. */
export async function countLostFiles(client: TargetClient, fleet: string): Promise<number> {
  const [row] = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${client.ledger('fleet_file')} f JOIN ${client.ledger('fleet_worker')} w ON w.number = f.worker
      WHERE f.fleet = $1 AND f.state = 'taken' AND ${isGone}`,
    [fleet],
  );
  return row?.count ?? 0;
}

/** Takes the files of workers that are gone over for `worker`, and counts the loss. */
export async function takeLostFiles(client: TargetClient, fleet: string, worker: number): Promise<TakenFile[]> {
  return await client.query<TakenFile & Record<string, unknown>>(
    `UPDATE ${client.ledger('fleet_file')} f SET worker = $2, losses = losses + 1 FROM ${client.ledger('fleet_worker')} w
      WHERE f.fleet = $1 AND f.state = 'taken' AND w.number = f.worker AND ${isGone} RETURNING ${taken}`,
    [fleet, worker],
  );
}

/** Whether a run that was begun since the file was entered has loaded it whole, and which. */
export async function findCompleteRun(
  client: TargetClient,
  { fleet, schema }: { fleet: string; schema: string },
): Promise<{ runId: string; rows: number } | null> {
  const [row] = await client.query<{ runId: string; rows: string }>(
    `SELECT r.run_id AS "runId", (SELECT coalesce(sum(c.rows), 0) FROM ${client.ledger('chunk')} c WHERE c.run_id = r.run_id)::text AS rows
       FROM ${client.ledger('fleet_file')} f JOIN ${client.ledger('run')} r ON r.target_schema = f.target_schema
      WHERE f.fleet = $1 AND f.target_schema = $2 AND f.state <> 'refused' AND r.number > f.after_run AND r.state = 'complete'
      ORDER BY r.number DESC LIMIT 1`,
    [fleet, schema],
  );
  return row === undefined ? null : { runId: row.runId, rows: Number(row.rows) };
}

/** Puts failed files back to waiting, each under its new job; gives them with the job that they had. */
export async function reviveFiles(
  client: TargetClient,
  fleet: string,
): Promise<{ schema: string; job: string; buried: string }[]> {
  return await client.query(
    `UPDATE ${client.ledger('fleet_file')} f SET state = 'waiting', job = gen_random_uuid(), attempts = 0, losses = 0, reason = NULL
       FROM (SELECT source, job FROM ${client.ledger('fleet_file')} WHERE fleet = $1 AND state = 'failed' FOR UPDATE) AS old
      WHERE f.fleet = $1 AND f.source = old.source
      RETURNING f.target_schema AS schema, f.job::text AS job, old.job::text AS buried`,
    [fleet],
  );
}

/** Notes what a verify of one file found. */
export async function noteVerified(
  client: TargetClient,
  { fleet, schema }: { fleet: string; schema: string },
  verdict: Omit<FleetVerdict, 'at'>,
): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('fleet_file')} SET verified = $3::jsonb || jsonb_build_object('at', ${iso('clock_timestamp()')})
      WHERE fleet = $1 AND target_schema = $2 AND state <> 'refused'`,
    [fleet, schema, JSON.stringify(verdict)],
  );
}

/** Every file of a fleet, by the name of its schema. */
export async function listFleetFiles(client: TargetClient, fleet: string): Promise<FleetFile[]> {
  const rows = await client.query<Omit<FleetFile, 'bytes' | 'rows'> & { bytes: string | null; rows: string | null }>(
    `SELECT f.source, f.target_schema AS schema, f.version, f.bytes, f.options, f.reason, f.state, f.attempts,
            'pid ' || w.pid || ' on ' || w.host AS worker, f.run_id AS "runId", f.rows, f.remarks,
            ${iso('f.began_at')} AS "beganAt", ${iso('f.ended_at')} AS "endedAt", f.verified
       FROM ${client.ledger('fleet_file')} f LEFT JOIN ${client.ledger('fleet_worker')} w ON w.number = f.worker
      WHERE f.fleet = $1 ORDER BY f.target_schema COLLATE "C", f.source COLLATE "C"`,
    [fleet],
  );
  const asNumber = (text: string | null) => (text === null ? null : Number(text));
  return rows.map((row) => ({ ...row, bytes: asNumber(row.bytes), rows: asNumber(row.rows) }));
}

/** The files that are not done yet and may still be taken. */
export async function listOpenFiles(
  client: TargetClient,
  fleet: string,
): Promise<{ source: string; schema: string; state: 'waiting' | 'taken'; job: string }[]> {
  return await client.query(
    `SELECT source, target_schema AS schema, state, job::text AS job FROM ${client.ledger('fleet_file')} WHERE fleet = $1 AND state IN ('waiting', 'taken')`,
    [fleet],
  );
}

/**
 * The pace of a fleet over the last minute, or since its first file began where that is less; null before the first end.
 * It says when the fleet will be done only while files are taken.
 */
export async function readFleetPace(client: TargetClient, fleet: string): Promise<FleetPace | null> {
  const [row] = await client.query<{ rows: string; files: string; seconds: number | null; left: string }>(
    `SELECT coalesce(sum(rows) FILTER (WHERE isRecent), 0)::text AS rows, count(*) FILTER (WHERE isRecent)::text AS files,
            least(60, extract(epoch FROM clock_timestamp() - min(began_at) FILTER (WHERE isRecent)))::float8 AS seconds,
            CASE WHEN bool_or(state = 'taken') THEN count(*) FILTER (WHERE state IN ('waiting', 'taken')) ELSE 0 END::text AS left
       FROM (SELECT *, state = 'done' AND ended_at > clock_timestamp() - interval '1 minute' AS isRecent
               FROM ${client.ledger('fleet_file')} WHERE fleet = $1) AS f`,
    [fleet],
  );
  const files = Number(row?.files ?? 0);
  if (row === undefined || files === 0 || row.seconds === null || row.seconds <= 0) return null;
  const filesPerSecond = files / row.seconds;
  const left = Number(row.left);
  const etaSeconds = left === 0 ? null : left / filesPerSecond;
  return { rowsPerSecond: Number(row.rows) / row.seconds, filesPerSecond, etaSeconds };
}
