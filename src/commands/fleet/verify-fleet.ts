import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { interruption } from '../../lib/interruption.js';
import { toWire } from '../../model/error.js';
import type { FleetFile, FleetResult } from '../../model/fleet/fleet.js';
import type { TargetAddress } from '../../model/target.js';
import { holdHeap } from '../../platform/heap.js';
import { countOf } from '../../report/units.js';
import { withTarget } from '../../target/connection/connect.js';
import { listFleetFiles, noteVerified } from '../../target/ledger/fleet.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { verifyIn } from '../verify.js';
import { fileJournal, fileSettings } from './load-file.js';
import { readFleet, refuseUnknown } from './read-fleet.js';

/**
 * The action `verify`: every file that is done and on this machine against its schema, value by value, as many at a time
 * as `--concurrency` says; what was found is noted in the ledger.
 */
export async function verifyFleet(context: Context): Promise<FleetResult> {
  const { fleetName: fleet } = context.settings;
  const { address } = await resolveTarget(context);
  return await withTarget(address, { applicationName: 'pgferry fleet', signal: context.signal }, async (client) => {
    await refuseUnknown(client, fleet);
    const files = (await listFleetFiles(client, fleet)).filter(({ state }) => state === 'done');
    const here = files.filter(({ source }) => existsSync(resolve(source)));
    if (here.length < files.length)
      context.journal.warn(
        `${countOf(files.length - here.length, 'file')} of the fleet not on this machine: not compared`,
      );
    const left = [...here];
    const shrink = holdHeap();
    const compareNext = async (): Promise<void> => {
      for (let file = left.shift(); file !== undefined; file = left.shift()) {
        if (context.signal.aborted) throw interruption(context.signal);
        const verdict = await compare(context, address, file);
        await noteVerified(client, { fleet, schema: file.schema }, verdict);
        await shrink();
      }
    };
    await Promise.all(Array.from({ length: context.settings.concurrency }, compareNext));
    return { ...(await readFleet(client, fleet, 'verify')), handled: here.length };
  });
}

async function compare(context: Context, address: TargetAddress, file: FleetFile) {
  const { journal, settings } = context;
  const own = { ...context, settings: fileSettings(settings, file), journal: fileJournal(journal, file.schema) };
  try {
    const { ok, differences } = await verifyIn(own, { ...address, schema: file.schema });
    if (!ok) journal.warn(`${file.schema}: differs (${countOf(differences.length, 'difference')})`);
    return { ok, differences: differences.length };
  } catch (error) {
    if (context.signal.aborted) throw interruption(context.signal);
    const { code, message } = toWire(error);
    journal.warn(`${file.schema}: cannot be compared (${code}): ${message}`);
    return { ok: false, differences: 0 };
  }
}
