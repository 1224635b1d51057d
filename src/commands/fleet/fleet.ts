import { maskSecrets } from '../../lib/mask-secrets.js';
import { CopierError } from '../../model/error.js';
import { fleetActions, type FleetAction, type FleetResult } from '../../model/fleet/fleet.js';
import { withTarget } from '../../target/connection/connect.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { enqueueFleet, planFleet, retryFleet } from './enter-files.js';
import { readFleet, refuseUnknown } from './read-fleet.js';
import { reportFleet } from './report-fleet.js';
import { verifyFleet } from './verify-fleet.js';
import { workFleet } from './work.js';

/** The command `fleet` with one of its actions. */
export async function runFleet(context: Context, action: string): Promise<FleetResult> {
  checkName(context.settings.fleetName);
  return await actionOf(action)(context);
}

const actions: Readonly<Record<FleetAction, (context: Context) => Promise<FleetResult>>> = {
  plan: planFleet,
  enqueue: enqueueFleet,
  work: workFleet,
  status: readStatus,
  retry: retryFleet,
  verify: verifyFleet,
  report: reportFleet,
};

function actionOf(action: string): (context: Context) => Promise<FleetResult> {
  const known = fleetActions.find((one) => one === action);
  if (known !== undefined) return actions[known];
  throw new CopierError('usage.action', `fleet knows no action ${JSON.stringify(maskSecrets(action))}`, {
    hint: `use one of: ${fleetActions.map((one) => `pgferry fleet ${one}`).join(', ')}`,
  });
}

async function readStatus(context: Context): Promise<FleetResult> {
  const { fleetName: fleet } = context.settings;
  const { address } = await resolveTarget(context);
  return await withTarget(address, { applicationName: 'pgferry fleet', signal: context.signal }, async (client) => {
    await refuseUnknown(client, fleet);
    return await readFleet(client, fleet, 'status');
  });
}

/** The name becomes part of the queue's. */
function checkName(name: string): void {
  if (/^[a-z0-9_-]{1,40}$/.test(name)) return;
  throw new CopierError('usage.bad_value', `--fleet cannot be ${JSON.stringify(name)}`, {
    hint: 'use up to 40 small letters, digits, - and _',
  });
}
