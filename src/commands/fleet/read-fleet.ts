import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CopierError } from '../../model/error.js';
import {
  type FleetAction,
  type FleetFile,
  type FleetFileState,
  type FleetResult,
  type FleetShape,
  fleetStates,
} from '../../model/fleet/fleet.js';
import type { TargetClient } from '../../target/connection/client.js';
import { countLostFiles, findFleet, listFleetFiles, readFleetPace } from '../../target/ledger/fleet.js';
import { hasLedger } from '../../target/ledger/ledger.js';

/** What the fleet becomes. Throws `usage.fleet_unknown` where the ledger has none of this name. */
export async function refuseUnknown(client: TargetClient, fleet: string): Promise<FleetShape> {
  const shape = (await hasLedger(client)) ? await findFleet(client, fleet) : null;
  if (shape !== null) return shape;
  throw new CopierError('usage.fleet_unknown', `the target knows no fleet ${JSON.stringify(fleet)}`, {
    hint: "enter its files first: pgferry fleet enqueue --sources 'tenants/*.db'; or name another one with --fleet",
  });
}

/** The fleet as the ledger has it now, as the result of an action that handled nothing yet. */
export async function readFleet(client: TargetClient, fleet: string, action: FleetAction): Promise<FleetResult> {
  const files = await listFleetFiles(client, fleet);
  const shape = await findFleet(client, fleet);
  const counts = countStates(files);
  const lost = await countLostFiles(client, fleet);
  const pace = await readFleetPace(client, fleet);
  const waiting = files.filter(({ state }) => state === 'waiting');
  return {
    action,
    ok: files.every(isWell),
    fleet,
    form: shape?.form ?? 'schema-per-file',
    versions: [],
    files,
    counts,
    handled: 0,
    lost,
    notHere: waiting.filter(({ source }) => !existsSync(resolve(source))).length,
    // Nobody knows when it will be done where nobody is at work.
    pace: pace !== null && lost === counts.taken ? { ...pace, etaSeconds: null } : pace,
    written: [],
  };
}

/** How many files are in which state. */
export function countStates(files: readonly FleetFile[]): Record<FleetFileState, number> {
  const counts: Record<FleetFileState, number> = { waiting: 0, taken: 0, done: 0, failed: 0, refused: 0 };
  for (const state of fleetStates) counts[state] = files.filter((file) => file.state === state).length;
  return counts;
}

function isWell({ state, verified }: FleetFile): boolean {
  return state !== 'failed' && state !== 'refused' && verified?.ok !== false;
}
