import type { ConvertedCells, Losses } from '../../model/copy.js';
import { must } from '../../model/error.js';
import type { QuarantineNote, QuarantineState, QuarantinedRowReport, QuarantineGroup } from '../../model/quarantine.js';
import type { TargetClient } from '../connection/client.js';
import { copyOut } from '../copy/copy-out.js';
import { quoteLiteral } from '../../lib/quote.js';

/*
 * Reads the quarantine: rows of the source that the target has not got, or got otherwise, each whole, in the order of
 * their chunks and positions.
 */

/** The cells of a quarantined row: see `quarantineCell` for their forms. */
export interface QuarantinedCells {
  /** One letter per cell: n, i, r, t, b. */
  readonly storage: string;
  readonly cells: readonly (Buffer | null)[];
}

export interface QuarantinedRow extends QuarantineNote {
  readonly chunkIndex: number;
  readonly original: QuarantinedCells;
  /** What a converted row was sent with: column indexes of the plan, and their cells. */
  readonly changed:
    | (QuarantinedCells & { readonly columns: readonly number[]; readonly losses: readonly ConvertedCells[] })
    | null;
}

/** Which rows: of a run, of one table by its source name, in these states. */
export interface QuarantineFilter {
  readonly runId: string;
  readonly table: string;
  readonly states: readonly QuarantineState[];
  /** Of this chunk only. */
  readonly chunkIndex?: number;
}

/** Every row of the filter; memory: the largest row. The client is busy until the end. */
export async function* readQuarantine(
  client: TargetClient,
  { runId, table, states, chunkIndex }: QuarantineFilter,
): AsyncGenerator<QuarantinedRow, void, void> {
  const sql = `SELECT chunk_index, row_number, state, key, column_name, hazard, rule, reason, storage, cells, changed,
      changed_storage, changed_cells, losses::text
    FROM ${client.ledger('quarantine')}
   WHERE run_id = ${quoteLiteral(runId)} AND table_name = ${quoteLiteral(table)}
     AND state IN (${states.map(quoteLiteral).join(', ')})${chunkIndex === undefined ? '' : ` AND chunk_index = ${chunkIndex}`}
   ORDER BY chunk_index, row_number`;
  for await (const row of copyOut(client, sql)) yield toRow(row);
}

/** A number above every step that has notes of the table. */
export async function nextStep(client: TargetClient, runId: string, table: string): Promise<number> {
  const [row] = await client.query<{ step: number }>(
    `SELECT coalesce(max(step), 0) + 1 AS step FROM ${client.ledger('quarantine')} WHERE run_id = $1 AND table_name = $2`,
    [runId, table],
  );
  return must(row, 'step').step;
}

/** Deletes all but the last note of each row. */
export async function forgetEarlierSteps(client: TargetClient, runId: string, table: string): Promise<void> {
  await client.query(
    `DELETE FROM ${client.ledger('quarantine')} AS q WHERE run_id = $1 AND table_name = $2
        AND EXISTS (SELECT 1 FROM ${client.ledger('quarantine')} AS later
                     WHERE later.run_id = q.run_id AND later.table_name = q.table_name
                       AND later.chunk_index = q.chunk_index AND later.row_number = q.row_number AND later.step > q.step)`,
    [runId, table],
  );
}

/** Counts by reason, in the order of tables: one small result row for each, however many rows are in quarantine. */
export async function countQuarantine(client: TargetClient, runId: string): Promise<QuarantineGroup[]> {
  const rows = await client.query<Omit<QuarantineGroup, 'rows'> & { rows: string }>(
    `SELECT table_name AS table, state, column_name AS column, hazard, rule, count(*)::text AS rows,
            array_remove(ARRAY[min(key), min(key) FILTER (WHERE row_number % 2 = 1), max(key)], NULL) AS examples
       FROM ${client.ledger('quarantine')} WHERE run_id = $1
      GROUP BY table_name, state, column_name, hazard, rule ORDER BY 1, 2, 3, 4, 5`,
    [runId],
  );
  const stored = rows.map((row) => ({ ...row, rows: Number(row.rows), examples: [...new Set(row.examples)] }));
  const converted = await listConverted(client, runId);
  return stored.length + converted.length === 0 ? [] : joinGroups(stored, converted);
}

interface CountedCells extends Omit<ConvertedCells, keyof Losses> {
  readonly table: string;
}

/** What is kept of rows, and what was only counted: one group where both say the same. */
function joinGroups(stored: readonly QuarantineGroup[], converted: readonly CountedCells[]): QuarantineGroup[] {
  const groups = new Map<string, QuarantineGroup>();
  const add = (group: QuarantineGroup): void => {
    const { table, state, column, hazard, rule } = group;
    const name = JSON.stringify([table, state, column, hazard, rule]);
    const rows = (groups.get(name)?.rows ?? 0) + group.rows;
    groups.set(name, { ...(groups.get(name) ?? group), rows });
  };
  for (const group of stored) add(group);
  for (const { cells, ...one } of converted) add({ ...one, state: 'converted', rows: cells, examples: [] });
  return [...groups.values()];
}

/** Cells that rules changed in rows that are not kept whole, of a run, by table, column, hazard and rule. */
export async function listConverted(client: TargetClient, runId: string): Promise<CountedCells[]> {
  const rows = await client.query<{ table: string; column: string; hazard: string; rule: string; cells: string }>(
    `SELECT c.table_name AS table, one->>'column' AS column, one->>'hazard' AS hazard, one->>'rule' AS rule,
            sum((one->>'cells')::bigint)::text AS cells
       FROM ${client.ledger('chunk')} c, jsonb_array_elements(c.converted) AS one WHERE c.run_id = $1
      GROUP BY 1, 2, 3, 4 HAVING sum((one->>'cells')::bigint) <> 0 ORDER BY 1, 2, 3, 4`,
    [runId],
  );
  return rows.map((row) => ({ ...row, cells: Number(row.cells) }));
}

/** The first held and converted rows of a run, without their cells. */
export async function readQuarantineNotes(
  client: TargetClient,
  runId: string,
  rowsMax: number,
): Promise<QuarantinedRowReport[]> {
  return await client.query<QuarantinedRowReport & Record<string, unknown>>(
    `SELECT table_name AS table, state, key, column_name AS column, hazard, rule, reason FROM ${client.ledger('quarantine')}
      WHERE run_id = $1 AND state <> 'released' ORDER BY table_name, chunk_index, row_number LIMIT $2`,
    [runId, rowsMax],
  );
}

/** Chunks of a table with held rows, in order. */
export async function listQuarantinedChunks(client: TargetClient, runId: string, table: string): Promise<number[]> {
  const rows = await client.query<{ index: number }>(
    `SELECT DISTINCT chunk_index AS index FROM ${client.ledger('quarantine')}
      WHERE run_id = $1 AND table_name = $2 AND state = 'held' ORDER BY 1`,
    [runId, table],
  );
  return rows.map(({ index }) => index);
}

/** The tables that have rows in quarantine, or values that rules changed, with the runs, for a target schema. */
export async function listQuarantinedTables(
  client: TargetClient,
  schema: string,
): Promise<{ readonly runId: string; readonly table: string }[]> {
  return await client.query<{ runId: string; table: string }>(
    `SELECT DISTINCT q.run_id AS "runId", q.table_name AS table FROM ${client.ledger('quarantine')} q
       JOIN ${client.ledger('run')} r USING (run_id) WHERE r.target_schema = $1 AND q.state <> 'released'
     UNION SELECT c.run_id, c.table_name FROM ${client.ledger('chunk')} c
       JOIN ${client.ledger('run')} r USING (run_id) WHERE r.target_schema = $1 AND c.converted <> '[]'`,
    [schema],
  );
}

function toRow(fields: readonly (Buffer | null)[]): QuarantinedRow {
  const text = (index: number) => fields[index]?.toString('utf8') ?? null;
  const needed = (index: number) => must(text(index), `field ${index} of a quarantined row`);
  const changed = fields[10] ?? null;
  return {
    chunkIndex: must(fields[0], 'chunk index').readInt32BE(0),
    rowNumber: Number(must(fields[1], 'row number').readBigInt64BE(0)),
    state: needed(2) as QuarantineState,
    key: needed(3),
    column: text(4),
    hazard: needed(5),
    rule: needed(6),
    reason: needed(7),
    original: { storage: needed(8), cells: readArray(must(fields[9], 'cells')) },
    changed:
      changed === null
        ? null
        : {
            columns: readArray(changed).map((part) => must(part, 'column index').readInt32BE(0)),
            storage: needed(11),
            cells: readArray(must(fields[12], 'changed cells')),
            losses: JSON.parse(text(13) ?? '[]') as ConvertedCells[],
          },
  };
}

/** array_send: dimensions, whether there are NULLs, type, then length and first index, then each element after its length. */
function readArray(bytes: Buffer): (Buffer | null)[] {
  if (bytes.readInt32BE(0) === 0) return [];
  const count = bytes.readInt32BE(12);
  const parts: (Buffer | null)[] = [];
  for (let i = 0, at = 20; i < count; i += 1) {
    const length = bytes.readInt32BE(at);
    at += 4;
    parts.push(length < 0 ? null : bytes.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return parts;
}
