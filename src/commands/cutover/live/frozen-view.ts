import type { TargetAddress } from '../../../model/target.js';
import { must } from '../../../model/error.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { connectTarget } from '../../../target/connection/connect.js';
import { holderName } from '../../../target/ledger/lock.js';

/*
 * The target as it was at one moment, which other sessions can see too as long as this one is open (PostgreSQL's
 * documentation, "Snapshot Synchronization Functions"). Rows that are deleted or replaced meanwhile stay in their tables
 * until it is closed.
 */
export interface FrozenView {
  readonly client: TargetClient;
  /** The name under which other sessions take it. */
  readonly name: string;
}

/** Opens a session that can freeze the target at once, so that connecting costs no time later. */
export async function openViewer(address: TargetAddress, signal: AbortSignal): Promise<TargetClient> {
  return await connectTarget(address, { applicationName: holderName('cutover_view'), signal });
}

/** Freezes the view as the target is now. */
export async function freeze(client: TargetClient): Promise<FrozenView> {
  await client.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const rows = await client.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
  return { client, name: must(rows[0], 'the name of the exported snapshot').name };
}
