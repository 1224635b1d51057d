import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';
import { stagingSchema } from './round-sql.js';

/** Staged old rows in the form of the quarantine, by which they are found there. */
export const quarantineStaging = 'pgferry_quarantined';

/** A row that changed in the source and is in quarantine. */
export interface QuarantineMatch {
  /** Of the staged row. */
  readonly position: number;
  readonly chunkIndex: number;
  readonly rowNumber: string;
  readonly step: number;
  readonly state: 'held' | 'converted';
  /** What a converted row was sent with. */
  readonly changed: {
    readonly columns: readonly number[];
    readonly storage: string;
    readonly cells: readonly (Buffer | null)[];
  } | null;
}

/** Whether the quarantine has rows of the table, or the originals of converted ones. */
export async function hasQuarantinedRows(client: TargetClient, runId: string, table: string): Promise<boolean> {
  const rows = await client.query(
    `SELECT 1 FROM ${client.ledger('quarantine')} WHERE run_id = $1 AND table_name = $2 AND state <> 'released' LIMIT 1`,
    [runId, table],
  );
  return rows.length > 0;
}

export async function makeQuarantineStaging(client: TargetClient): Promise<void> {
  await client.run(
    `CREATE TEMP TABLE IF NOT EXISTS ${quarantineStaging} ON COMMIT DROP AS SELECT * FROM ${client.ledger('quarantine')} WITH NO DATA`,
  );
  await client.run(`TRUNCATE ${quoteTable(stagingSchema, quarantineStaging)}`);
}

/** The staged rows that are in quarantine, found by all their cells; of equal rows as many as the quarantine has. */
export async function matchQuarantine(client: TargetClient, runId: string, table: string): Promise<QuarantineMatch[]> {
  const rows = await client.query<{
    position: string;
    chunkIndex: number;
    rowNumber: string;
    step: number;
    state: 'held' | 'converted';
    columns: readonly number[] | null;
    storage: string | null;
    cells: readonly (Buffer | null)[] | null;
  }>(
    `SELECT s.row_number::text AS position, q.chunk_index AS "chunkIndex", q.row_number::text AS "rowNumber", q.step, q.state,
            q.changed AS columns, q.changed_storage AS storage, q.changed_cells AS cells
       FROM (SELECT *, row_number() OVER (PARTITION BY storage, cells ORDER BY row_number) AS copy
               FROM ${quoteTable(stagingSchema, quarantineStaging)}) s
       JOIN (SELECT *, row_number() OVER (PARTITION BY storage, cells ORDER BY chunk_index, row_number) AS copy
               FROM ${client.ledger('quarantine')} WHERE run_id = $1 AND table_name = $2 AND state <> 'released') q
         ON q.storage = s.storage AND q.cells IS NOT DISTINCT FROM s.cells AND q.copy = s.copy`,
    [runId, table],
  );
  return rows.map(({ position, chunkIndex, rowNumber, step, state, columns, storage, cells }) => ({
    position: Number(position),
    chunkIndex,
    rowNumber,
    step,
    state,
    changed: columns === null || storage === null || cells === null ? null : { columns, storage, cells },
  }));
}

/** Deletes notes from the quarantine: their rows are no longer in the source. */
export async function forgetQuarantined(
  client: TargetClient,
  location: { readonly runId: string; readonly table: string },
  matches: readonly QuarantineMatch[],
): Promise<void> {
  await client.query(
    `DELETE FROM ${client.ledger('quarantine')} q USING unnest($3::int[], $4::bigint[], $5::int[]) AS gone(chunk, row, step)
      WHERE q.run_id = $1 AND q.table_name = $2 AND q.chunk_index = gone.chunk AND q.row_number = gone.row AND q.step = gone.step`,
    [
      location.runId,
      location.table,
      matches.map(({ chunkIndex }) => chunkIndex),
      matches.map(({ rowNumber }) => rowNumber),
      matches.map(({ step }) => step),
    ],
  );
}
