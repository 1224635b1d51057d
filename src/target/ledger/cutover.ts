import { CopierError, must } from '../../model/error.js';
import type { Cutover, CutoverFacts, CutoverState, CutoverStep } from '../../model/cutover.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';

/*
 * Cutovers in the ledger. Every call is under the cutover lock, and each is a statement of its own, committed at once:
 * what was done outside the target cannot be rolled back with a transaction.
 */

/** The data of a new cutover, and who makes it. */
export type NewCutover = Omit<Cutover, 'state' | 'attempt' | 'facts' | 'startedAt' | 'updatedAt'>;

const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const columns = `cutover_id AS "cutoverId", target_schema AS "schema", state, attempt, folder, source_path AS "sourcePath",
  env_path AS "envPath", facts, host, pid, tool_version AS "toolVersion", ${iso('started_at')} AS "startedAt",
  ${iso('updated_at')} AS "updatedAt"`;

type CutoverRow = Cutover & Record<string, unknown>;

/** Enters a cutover in state preparing; one with this id begins its next attempt. */
export async function beginCutover(client: TargetClient, cutover: NewCutover): Promise<Cutover> {
  const rows = await client.query<CutoverRow>(
    `INSERT INTO ${client.ledger('cutover')} AS known (cutover_id, target_schema, state, attempt, folder, source_path, env_path, host, pid, tool_version)
     VALUES ($1, $2, 'preparing', 1, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (cutover_id) DO UPDATE SET state = 'preparing', attempt = known.attempt + 1, facts = NULL,
       env_path = excluded.env_path, host = excluded.host, pid = excluded.pid, tool_version = excluded.tool_version,
       updated_at = clock_timestamp()
     RETURNING ${columns}`,
    [
      cutover.cutoverId,
      cutover.schema,
      cutover.folder,
      cutover.sourcePath,
      cutover.envPath,
      cutover.host,
      cutover.pid,
      cutover.toolVersion,
    ],
  );
  return must(rows[0], 'the cutover just entered');
}

/** The youngest cutover of the schema, whatever its state and whatever the server's clock said when it began. */
export async function latestCutover(client: TargetClient, schema: string): Promise<Cutover | null> {
  const rows = await client.query<CutoverRow>(
    `SELECT ${columns} FROM ${client.ledger('cutover')} WHERE target_schema = $1 ORDER BY number DESC LIMIT 1`,
    [schema],
  );
  return rows[0] ?? null;
}

/** The cutover that switched an application to what this run loaded, and was rolled back since; null where there is none. */
export async function rolledBackCutoverOf(client: TargetClient, runId: string): Promise<string | null> {
  const rows = await client.query<{ cutoverId: string }>(
    `SELECT cutover_id AS "cutoverId" FROM ${client.ledger('cutover')} WHERE state = 'rolled_back' AND facts ->> 'runId' = $1`,
    [runId],
  );
  return rows[0]?.cutoverId ?? null;
}

/**
 * Moves a cutover to another state; `facts` stay as they are where none are given. `target.cutover_gone` where it is
 * not in the ledger any more.
 */
export async function moveCutover(
  client: TargetClient,
  cutoverId: string,
  state: CutoverState,
  facts: CutoverFacts | null = null,
): Promise<Cutover> {
  const rows = await client.query<CutoverRow>(
    `UPDATE ${client.ledger('cutover')} SET state = $2, facts = coalesce($3::jsonb, facts), updated_at = clock_timestamp()
      WHERE cutover_id = $1 RETURNING ${columns}`,
    [cutoverId, state, facts === null ? null : JSON.stringify(facts)],
  );
  const moved = rows[0];
  if (moved !== undefined) return moved;
  throw new CopierError('target.cutover_gone', `cutover ${cutoverId} is not in the ledger any more`, {
    hint: 'somebody changed the schema "pgferry": look there before going on',
  });
}

/** The same for cutovers that belong together: all of them, or none. */
export async function moveCutovers(
  client: TargetClient,
  state: CutoverState,
  moved: readonly { readonly cutoverId: string; readonly facts?: CutoverFacts | null }[],
): Promise<Cutover[]> {
  return await withTransaction(client, async () => {
    const result: Cutover[] = [];
    for (const { cutoverId, facts = null } of moved) result.push(await moveCutover(client, cutoverId, state, facts));
    return result;
  });
}

/** Records that a step begins, and returns its ordinal, which `endStep` takes. */
export async function beginStep(
  client: TargetClient,
  { cutoverId, attempt }: Pick<Cutover, 'cutoverId' | 'attempt'>,
  step: string,
): Promise<number> {
  const rows = await client.query<{ ordinal: number }>(
    `INSERT INTO ${client.ledger('cutover_step')} (cutover_id, ordinal, attempt, step, state)
     SELECT $1, coalesce(max(ordinal), 0) + 1, $2, $3, 'begun' FROM ${client.ledger('cutover_step')} WHERE cutover_id = $1
     RETURNING ordinal`,
    [cutoverId, attempt, step],
  );
  return must(rows[0], 'the step just noted').ordinal;
}

export async function endStep(
  client: TargetClient,
  cutoverId: string,
  ordinal: number,
  state: 'done' | 'failed',
): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('cutover_step')} SET state = $3, ended_at = clock_timestamp() WHERE cutover_id = $1 AND ordinal = $2`,
    [cutoverId, ordinal, state],
  );
}

/** Every step of a cutover and of its rollback, in order. */
export async function listSteps(client: TargetClient, cutoverId: string): Promise<CutoverStep[]> {
  return await client.query<CutoverStep & Record<string, unknown>>(
    `SELECT step, attempt, state, ${iso('begun_at')} AS "begunAt", ${iso('ended_at')} AS "endedAt"
       FROM ${client.ledger('cutover_step')} WHERE cutover_id = $1 ORDER BY ordinal`,
    [cutoverId],
  );
}
