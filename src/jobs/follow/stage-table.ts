import { copyCarefully } from '../../copy/careful-chunk.js';
import { keepConverted } from '../../copy/keep-converted.js';
import { heartbeat } from '../../copy/session.js';
import { explainRow } from '../../encode/value/explain.js';
import { type BothFiles, type ChangedTable, changedRows } from '../../follow/changed-rows.js';
import type { ConvertedCells, TableFingerprint } from '../../model/copy.js';
import { CopierError } from '../../model/error.js';
import type { RowView } from '../../model/value.js';
import { hasPolicies } from '../../plan/rules/rules.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { addConverted } from '../../pool/tally.js';
import { forgetQuarantined } from '../../target/round/quarantined-rows.js';
import { stagingName, stagingSchema } from '../../target/round/round-sql.js';
import { analyzeStaging, makeStaging } from '../../target/round/staging.js';
import { asSent, findQuarantined } from './quarantined-rows.js';
import { type SentRows, sendRows, type Travel } from './send-rows.js';

/** How rows of a round travel, and how many of those that rules changed are kept whole: null for all. */
export interface RoundTravel extends Travel {
  readonly keepConverted: number | null;
}

/** What was staged of one table, and what it comes to. */
export interface StagedRows {
  readonly old: TableFingerprint;
  readonly now: TableFingerprint;
  readonly bytes: number;
  readonly receipt: string;
  /** Cells of the new rows that rules changed, less those of the old ones. */
  readonly converted: readonly ConvertedCells[];
  /** Rows that entered the quarantine, and rows of it that are not in the source any more, or not as they were. */
  readonly quarantined: number;
  readonly released: number;
}

/** Sends the changed rows of a table to its staging tables; null where no row changed. */
export async function stageTable(
  client: TargetClient,
  files: BothFiles,
  { changed, index }: { readonly changed: ChangedTable; readonly index: number },
  travel: RoundTravel,
): Promise<StagedRows | null> {
  if (isEmpty(changedRows(files, changed, 'old')) && isEmpty(changedRows(files, changed, 'now'))) return null;
  await makeStaging(client, changed.table, index);
  const { table } = changed;
  const before = () => changedRows(files, changed, 'old');
  const quarantined = await findQuarantined(client, table, before, travel);
  await forgetQuarantined(client, { runId: travel.runId, table: table.source }, quarantined);
  const old = await sendRows(
    client,
    { table, index, stage: 'old', rows: asSent(before(), quarantined, table) },
    travel,
  );
  const now = await sendNew(client, files, { changed, index }, travel);
  await analyzeStaging(client, index);
  const released = quarantined.filter(({ state }) => state === 'held').length;
  const converted = addConverted([now.converted], old.converted);
  const { receipt } = now;
  return { old, now, bytes: old.bytes + now.bytes, receipt, converted, quarantined: now.quarantined, released };
}

function isEmpty(rows: Iterable<RowView>): boolean {
  for (const _ of rows) return false;
  return true;
}

/** The fast way; the slow one where a row is refused and the operator has a policy for such, as in the load. */
async function sendNew(
  client: TargetClient,
  files: BothFiles,
  { changed, index }: { readonly changed: ChangedTable; readonly index: number },
  travel: RoundTravel,
): Promise<SentRows & { readonly quarantined: number }> {
  const rows = () => changedRows(files, changed, 'now');
  const table = { ...changed.table, targetSchema: stagingSchema, target: stagingName(index, 'now') };
  const chunk = { ...travel, table, index: -travel.number, rows, onProgress: async () => heartbeat() };
  try {
    return await withTransaction(client, async () => {
      const sent = await sendRows(client, { table: changed.table, index, stage: 'now', rows: rows() }, travel);
      return { ...sent, converted: await keepConverted(client, chunk, sent.converted), quarantined: 0 };
    });
  } catch (error) {
    if (!(error instanceof CopierError) || !error.code.startsWith('data.')) throw error;
    if (!hasPolicies(changed.table)) throw explain(changed, rows(), error);
  }
  return await copyCarefully(client, chunk);
}

/** Which value was it that the server would not take? Its own words name the staging table. */
function explain({ table }: ChangedTable, rows: Iterable<RowView>, error: CopierError): unknown {
  if (error.code !== 'data.rejected') return error;
  for (const view of rows) {
    const reason = explainRow(table, view);
    if (reason !== null) return reason;
  }
  return error;
}
