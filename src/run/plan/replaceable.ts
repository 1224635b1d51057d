import type { TableFingerprint } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { isSameContent } from '../../pool/tally.js';
import type { TargetClient } from '../../target/connection/client.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { findLoaded, type LoadedTable, withUnhashed } from '../../target/fingerprint/loaded.js';
import { hasLedger } from '../../target/ledger/ledger.js';

/** What runs of ours left in the tables of a schema, by target table. */
export async function readLoaded(client: TargetClient, schema: string): Promise<ReadonlyMap<string, LoadedTable>> {
  if (!(await hasLedger(client))) return new Map();
  return new Map((await findLoaded(client, schema)).map((table) => [table.table, table]));
}

/**
 * Whether a table holds exactly what it held before (when a run of ours left it, or when it was compared), by count and fingerprint: only such rows may be replaced.
 * Reads the whole table; the answer lasts as long as the caller keeps writers off it.
 */
export async function isAsLoaded(
  client: TargetClient,
  table: TablePlan,
  before: TableFingerprint | undefined,
): Promise<boolean> {
  if (before === undefined) return false;
  const now = await withUnhashed(client, table, await fingerprintTable(client, table));
  return before.columns.length === now.columns.length && isSameContent(before, now);
}
