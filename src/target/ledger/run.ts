import { CopierError, must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { attemptKey, drainAttempt, endHolders } from './lock.js';

/** copying → finishing → complete; failed can be resumed, abandoned cannot. */
export type RunState = 'copying' | 'finishing' | 'complete' | 'failed' | 'abandoned';

/** The data of a new run. Paths and hashes only, never a secret. */
export interface NewRun {
  readonly runId: string;
  readonly schema: string;
  readonly planHash: string;
  readonly snapshotPath: string;
  readonly snapshotSha256: string;
  /** ISO 8601, UTC. */
  readonly snapshotTakenAt: string;
  readonly sourcePath: string;
  readonly toolVersion: string;
  readonly host: string;
  readonly pid: number;
  /** The plan as JSON, stored byte for byte. */
  readonly plan: string;
  readonly parts?: Readonly<Partial<Record<PlanPart, string>>>;
}

/**
 * What is stored beside a plan, as JSON in a column of its own, since it is wanted without the plan, or seldom: what the run
 * was told, the objects of the schema before the load, which snapshot was found sound, and what was counted in it.
 */
export type PlanPart = 'settings' | 'objects' | 'checked' | 'census';

export interface Run extends Omit<NewRun, 'plan' | 'parts'> {
  readonly state: RunState;
  /** Decimal string; grows with each attempt. */
  readonly token: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

/** The data of an attempt that resumes a run: its process, and its plan. */
export interface ResumeRequest {
  readonly runId: string;
  readonly planHash: string;
  readonly toolVersion: string;
  readonly host: string;
  readonly pid: number;
}

/** The right to write for a run: void once the token has been raised. */
export interface RunTicket {
  readonly runId: string;
  readonly token: string;
}

const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const columns = `run_id AS "runId", target_schema AS "schema", state, token::text AS token, plan_hash AS "planHash",
  snapshot_path AS "snapshotPath", snapshot_sha256 AS "snapshotSha256", snapshot_taken_at AS "snapshotTakenAt",
  source_path AS "sourcePath", tool_version AS "toolVersion", host, pid, ${iso('started_at')} AS "startedAt",
  ${iso('updated_at')} AS "updatedAt", ${iso('finished_at')} AS "finishedAt"`;

const unfinished = `state IN ('copying', 'finishing', 'failed')`;

/** Enters a new run, state copying, token 1. `target.run_unfinished` where the schema has one that is not finished. */
export async function beginRun(client: TargetClient, run: NewRun): Promise<Run> {
  const rows = await client.query<Run & Record<string, unknown>>(
    `INSERT INTO ${client.ledger('run')} (run_id, target_schema, state, token, plan_hash, snapshot_path, snapshot_sha256,
       snapshot_taken_at, source_path, tool_version, host, pid, plan, settings, objects, checked, census)
     VALUES ($1, $2, 'copying', 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (target_schema) WHERE ${unfinished} DO NOTHING RETURNING ${columns}`,
    [
      run.runId,
      run.schema,
      run.planHash,
      run.snapshotPath,
      run.snapshotSha256,
      run.snapshotTakenAt,
      run.sourcePath,
      run.toolVersion,
      run.host,
      run.pid,
      run.plan,
      run.parts?.settings ?? null,
      run.parts?.objects ?? null,
      run.parts?.checked ?? null,
      run.parts?.census ?? null,
    ],
  );
  return rows[0] ?? (await refuseSecond(client, run.schema));
}

/**
 * Takes an unfinished run over: the token rises, so that older coordinators and workers can commit nothing any more,
 * and sessions that still hold a chunk of theirs open are ended. Call it under the run lock. `plan.changed` where the
 * plan is another one, `target.run_superseded` where the run is finished or gone.
 */
export async function resumeRun(client: TargetClient, request: ResumeRequest): Promise<Run> {
  return await takeOver(client, request.runId, async () => {
    const run = await raiseToken(
      client,
      request.runId,
      `, state = 'copying', finished_at = NULL, tool_version = $2, host = $3, pid = $4`,
      [request.toolVersion, request.host, request.pid],
    );
    if (run.planHash !== request.planHash) throw planChanged(run, request);
    return run;
  });
}

/** Voids every older ticket of an unfinished run, and leaves its state as it is: the new ticket is ours alone. */
export async function fenceRun(client: TargetClient, runId: string): Promise<Run> {
  return await takeOver(client, runId, () => raiseToken(client, runId, '', []));
}

/** The run of the schema that neither completed nor was abandoned; there is at most one. */
export async function findUnfinishedRun(client: TargetClient, schema: string): Promise<Run | null> {
  const rows = await client.query<Run & Record<string, unknown>>(
    `SELECT ${columns} FROM ${client.ledger('run')} WHERE target_schema = $1 AND ${unfinished}`,
    [schema],
  );
  return rows[0] ?? null;
}

/** The youngest run of the schema, whatever its state: by its number, since the server's clock may have been set back. */
export async function latestRun(client: TargetClient, schema: string): Promise<Run | null> {
  const rows = await client.query<Run & Record<string, unknown>>(
    `SELECT ${columns} FROM ${client.ledger('run')} WHERE target_schema = $1 ORDER BY number DESC LIMIT 1`,
    [schema],
  );
  return rows[0] ?? null;
}

/** The plan of a run and what is stored beside it, the very texts that beginRun was given; null where it was given none. */
export async function readPlanParts<Part extends PlanPart | 'plan'>(
  client: TargetClient,
  runId: string,
  parts: readonly Part[],
): Promise<Readonly<Record<Part, string | null>>> {
  const rows = await client.query<Record<Part, string | null>>(
    `SELECT ${parts.join(', ')} FROM ${client.ledger('run')} WHERE run_id = $1`,
    [runId],
  );
  return must(rows[0], `run ${runId}`);
}

/** Takes out of the ledger what later proofs spare of a snapshot that was found sound. */
export async function forgetChecked(client: TargetClient, ticket: RunTicket): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('run')} SET checked = NULL, census = NULL WHERE run_id = $1 AND token = $2::bigint`,
    [ticket.runId, ticket.token],
  );
}

/** All chunks are there: from here on no chunk can be committed. */
export async function startFinishing(client: TargetClient, ticket: RunTicket): Promise<void> {
  await moveRun(client, ticket, 'finishing');
}

/** Ends the run. `complete` is refused (`target.not_restored`) while an object that we took away is still missing. */
export async function finishRun(client: TargetClient, ticket: RunTicket, state: 'complete' | 'failed'): Promise<void> {
  if (state === 'complete') await refuseMissing(client, ticket.runId);
  await moveRun(client, ticket, state);
}

/** Gives an unfinished run up for good; refused like `complete` while something is still missing. */
export async function abandonRun(client: TargetClient, runId: string): Promise<void> {
  await refuseMissing(client, runId);
  await drainAttempt(client, runId);
  await client.query(
    `UPDATE ${client.ledger('run')} SET state = 'abandoned', token = token + 1, updated_at = clock_timestamp(),
       finished_at = clock_timestamp() WHERE run_id = $1 AND ${unfinished}`,
    [runId],
  );
}

/**
 * Checks that a ticket is still valid. For transactions where the session that voids it is bound to end us: see
 * `shareAttempt`.
 */
export async function checkToken(client: TargetClient, { runId, token }: RunTicket): Promise<void> {
  const rows = await client.query(
    `SELECT 1 FROM ${client.ledger('run')} WHERE run_id = $1 AND token = $2::bigint AND ${unfinished}`,
    [runId, token],
  );
  if (rows.length === 0) throw superseded(runId);
}

/** The error for a ticket that is no longer valid: another process resumed or ended the run. */
export function superseded(runId: string): CopierError {
  return new CopierError('target.run_superseded', `run ${runId} was taken over or ended by somebody else`, {
    hint: 'nothing more was written by this attempt; `pgferry status` shows who has the run now',
  });
}

async function moveRun(client: TargetClient, ticket: RunTicket, state: RunState): Promise<void> {
  const rows = await client.query(
    `UPDATE ${client.ledger('run')} SET state = $3, updated_at = clock_timestamp(),
       finished_at = CASE WHEN $3 = 'finishing' THEN NULL ELSE clock_timestamp() END
     WHERE run_id = $1 AND token = $2::bigint AND state IN ('copying', 'finishing') RETURNING run_id`,
    [ticket.runId, ticket.token, state],
  );
  if (rows.length === 0) throw superseded(ticket.runId);
}

const takeOverTriesMax = 5;

/**
 * Ends the open transactions of older attempts, raises the token, and then ends those that began under the old token
 * meanwhile. A chunk that holds the run's row is waited for only a limited time, since its process may be stopped.
 */
async function takeOver(client: TargetClient, runId: string, raise: () => Promise<Run>): Promise<Run> {
  for (let tryNumber = 1; ; tryNumber++) {
    await endHolders(client, attemptKey(runId));
    try {
      const run = await withTransaction(client, async () => {
        await client.query(`SET LOCAL lock_timeout = '2s'`);
        return await raise();
      });
      await drainAttempt(client, runId);
      return run;
    } catch (error) {
      const isLocked = error instanceof CopierError && error.foreignCode === '55P03';
      if (!isLocked || tryNumber === takeOverTriesMax) throw error;
    }
  }
}

/** `also` are further assignments; their values begin at $2. */
async function raiseToken(client: TargetClient, runId: string, also: string, values: readonly unknown[]): Promise<Run> {
  const rows = await client.query<Run & Record<string, unknown>>(
    `UPDATE ${client.ledger('run')} SET token = token + 1, updated_at = clock_timestamp()${also}
      WHERE run_id = $1 AND ${unfinished} RETURNING ${columns}`,
    [runId, ...values],
  );
  const run = rows[0];
  if (run === undefined) throw superseded(runId);
  return run;
}

/** What the run took away and has not made again. It is read from the ledger alone, and waits for no lock of a table. */
export async function listMissing(
  client: TargetClient,
  runId: string,
): Promise<{ readonly kind: string; readonly table: string; readonly name: string }[]> {
  return await client.query<{ kind: string; table: string; name: string }>(
    `SELECT kind, table_name AS table, name FROM ${client.ledger('object')} WHERE run_id = $1 AND state = 'dropped' ORDER BY ordinal`,
    [runId],
  );
}

async function refuseMissing(client: TargetClient, runId: string): Promise<void> {
  const rows = await listMissing(client, runId);
  const first = rows[0];
  if (first === undefined) return;
  throw new CopierError(
    'target.not_restored',
    `${rows.length} objects that run ${runId} took away are still missing, the first is ${first.kind} ${first.name}`,
    { table: first.table, hint: 'make them again before the run ends: run the same command again' },
  );
}

async function refuseSecond(client: TargetClient, schema: string): Promise<never> {
  const run = await findUnfinishedRun(client, schema);
  throw new CopierError('target.run_unfinished', `schema ${schema} has an unfinished run ${run?.runId ?? ''}`.trim(), {
    hint: 'resume that run, or abort it first',
  });
}

function planChanged(run: Run, request: ResumeRequest): CopierError {
  return new CopierError(
    'plan.changed',
    `run ${run.runId} was planned as ${run.planHash.slice(0, 12)}, the plan is now ${request.planHash.slice(0, 12)}`,
    { hint: 'run again with the flags and the configuration of the first attempt, or abort that run first' },
  );
}
