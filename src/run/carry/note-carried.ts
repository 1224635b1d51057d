import type { TablePlan } from '../../model/plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { recordLoaded, withUnhashed } from '../../target/fingerprint/loaded.js';
import { readPlan } from '../plan/stored-plan.js';
import type { LeftBehind } from './left-behind.js';
import type { WrittenSince } from './unknown-parts.js';

/**
 * Notes what these tables hold as rows that a later run may replace: SQLite has all of them now. The caller keeps writers off
 * them.
 */
export async function noteCarried(
  client: TargetClient,
  schema: string,
  {
    runId,
    changed,
    leftBehind,
  }: { readonly runId: string; readonly changed: readonly WrittenSince[]; readonly leftBehind: LeftBehind },
): Promise<void> {
  const plan = await readPlan(client, runId);
  const isWhole = (table: TablePlan) => changed.some((one) => one.table === table.target) && !leftBehind.touches(table);
  for (const table of plan.tables.filter(isWhole)) {
    const now = await withUnhashed(client, table, await fingerprintTable(client, table));
    await recordLoaded(client, [{ ...now, schema, table: table.target, runId }]);
  }
}
