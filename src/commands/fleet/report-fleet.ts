import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetResult } from '../../model/fleet/fleet.js';
import { replaceArtefact } from '../../report/files/run-folder.js';
import { fleetPage } from '../../report/page/fleet-page.js';
import { jsonText } from '../../report/units.js';
import { withTarget } from '../../target/connection/connect.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { readFleet, refuseUnknown } from './read-fleet.js';

/** The action `report`: every file's verdict as one page and as JSON, in the backup folder; an older report is replaced. */
export async function reportFleet(context: Context): Promise<FleetResult> {
  const { fleetName: fleet, backupFolder } = context.settings;
  const { address } = await resolveTarget(context);
  return await withTarget(address, { applicationName: 'pgferry fleet', signal: context.signal }, async (client) => {
    await refuseUnknown(client, fleet);
    const written = ['html', 'json'].map((kind) => join(backupFolder, `fleet-${fleet}.${kind}`));
    const [page = '', data = ''] = written;
    const result = { ...(await readFleet(client, fleet, 'report')), written };
    mkdirSync(backupFolder, { recursive: true, mode: 0o700 });
    replaceArtefact(page, fleetPage(result, new Date()));
    replaceArtefact(data, `${jsonText(result, 1)}\n`);
    return result;
  });
}
