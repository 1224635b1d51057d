import { heartbeat } from '../../copy/session.js';
import { createRowEncoder } from '../../encode/row/row-encoder.js';
import type { ConvertedCells, TableFingerprint } from '../../model/copy.js';
import { assert } from '../../model/error.js';
import type { RowView } from '../../model/value.js';
import type { TargetClient } from '../../target/connection/client.js';
import { copyIn } from '../../target/copy/copy-in.js';
import { type RoundTablePlan, type Stage, stagingName, stagingSchema } from '../../target/round/round-sql.js';

/** How rows travel, as in the load. */
export interface Travel {
  readonly runId: string;
  /** Number of the round; its notes in the quarantine have it, negative, as their chunk. */
  readonly number: number;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
}

/** Rows that were sent, and what they come to. */
export interface SentRows extends TableFingerprint {
  readonly bytes: number;
  readonly receipt: string;
  readonly converted: readonly ConvertedCells[];
}

export interface Sending {
  readonly table: RoundTablePlan;
  readonly index: number;
  readonly stage: Stage;
  readonly rows: Iterable<RowView>;
}

/** Encodes rows as the load does, with values that rules change, and sends them to a staging table. */
export async function sendRows(
  client: TargetClient,
  { table, index, stage, rows }: Sending,
  travel: Travel,
): Promise<SentRows> {
  const encoder = await createRowEncoder({ ...travel, table, converts: 'cells' });
  const into = {
    schema: stagingSchema,
    table: stagingName(index, stage),
    columns: table.columns.map((column) => column.target),
    format: table.format,
    nullText: travel.sentinel,
  };
  const taken = await copyIn(client, into, async (write) => {
    for (const view of rows) {
      encoder.encodeRow(view);
      if (!encoder.isBlockFull) continue;
      heartbeat();
      await write(encoder.takeBlock());
    }
    await write(encoder.finish());
  });
  const result = encoder.result();
  assert(taken === result.rows, 'the server stages every row');
  return result;
}
