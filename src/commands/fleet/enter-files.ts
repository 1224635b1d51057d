import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { CopierError } from '../../model/error.js';
import type { FleetEntry, FleetFile, FleetResult, FleetShape } from '../../model/fleet/fleet.js';
import { formatLines } from '../../fleet/lines.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { enterFiles, findFleet, listFleetSchemas, makeFleet, reviveFiles } from '../../target/ledger/fleet.js';
import { openLedger } from '../../target/ledger/ledger.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { mendQueue } from './mend-queue.js';
import { queueOf } from './worker-files.js';
import { countStates, readFleet, refuseUnknown } from './read-fleet.js';
import { type FleetCensus, readFleetLines, takeFleetCensus } from './read-sources.js';

/** Files entered by one statement. */
const filesAtOnce = 1000;

/** The action `plan`: the census over all files; nothing is written but the manifest that is asked for. */
export async function planFleet(context: Context): Promise<FleetResult> {
  const { settings } = context;
  const census = await takeFleetCensus(context, readFleetLines(settings), {
    known: [],
    fleet: settings.fleetName,
    parents: null,
  });
  const written = settings.writeManifest === null ? [] : [writeManifestOf(census, settings.writeManifest)];
  const files = census.entries.map(asFile);
  return {
    action: 'plan',
    ok: files.every(({ reason }) => reason === null),
    fleet: settings.fleetName,
    form: settings.fleetForm,
    versions: census.versions,
    files,
    counts: countStates(files),
    handled: 0,
    lost: 0,
    notHere: census.entries.filter(({ version, reason }) => version === null && reason === null).length,
    pace: null,
    written,
  };
}

/** The action `enqueue`: the same census, and every file entered into ledger and queue; refused ones into the ledger alone. */
export async function enqueueFleet(context: Context): Promise<FleetResult> {
  const { fleetName: fleet, fleetForm: form, tenantColumn: column } = context.settings;
  const lines = readFleetLines(context.settings);
  const { address } = await resolveTarget(context);
  return await withTarget(address, { applicationName: 'pgferry fleet', signal: context.signal }, async (client) => {
    await openLedger(client);
    const parents = form === 'tenant-column' ? { schema: address.schema, column } : null;
    await makeFleet(client, fleet, { form, parents });
    refuseOtherShape(await findFleet(client, fleet), { form, parents });
    const census = await takeFleetCensus(context, lines, {
      known: await listFleetSchemas(client),
      fleet,
      parents: parents?.schema ?? null,
    });
    for (const { source, reason } of census.entries.filter(isRepeated))
      context.journal.warn(`${source} is left out: ${reason?.message ?? ''}; ${reason?.hint ?? ''}`);
    const entries = census.entries.filter((entry) => !isRepeated(entry));
    warnOfShared(context, census);
    await mendQueue(client, fleet);
    let handled = 0;
    for (let first = 0; first < entries.length; first += filesAtOnce)
      handled += await enterBatch(client, fleet, entries.slice(first, first + filesAtOnce));
    return { ...(await readFleet(client, fleet, 'enqueue')), versions: census.versions, handled };
  });
}

/** The action `retry`: failed files out of the dead letters and back into the queue. */
export async function retryFleet(context: Context): Promise<FleetResult> {
  const { fleetName: fleet } = context.settings;
  const { address } = await resolveTarget(context);
  return await withTarget(address, { applicationName: 'pgferry fleet', signal: context.signal }, async (client) => {
    await refuseUnknown(client, fleet);
    await mendQueue(client, fleet);
    const handled = await withTransaction(client, async () => {
      const queue = queueOf(client, fleet);
      const revived = await reviveFiles(client, fleet);
      for (const { buried } of revived) await queue.unbury(buried);
      await queue.add(revived.map(({ job, schema }) => ({ id: job, schema })));
      return revived.length;
    });
    context.journal.note(`${countOf(handled, 'failed file')} put back into the queue`);
    return { ...(await readFleet(client, fleet, 'retry')), handled };
  });
}

/** A file may be of two fleets, but then it is loaded twice, which somebody may not have meant. */
function warnOfShared({ journal }: Context, { shared }: FleetCensus): void {
  const [first] = shared;
  if (first === undefined) return;
  const { source, schema, other } = first;
  const many = shared.length === 1 ? '' : ` (and ${countOf(shared.length - 1, 'file')} more of other fleets)`;
  journal.warn(
    `${source} is in fleet ${other.fleet} too, as schema ${other.schema}: here it is loaded once more, as ${schema}${many}`,
  );
}

/** A fleet stays what it was made as: half of it in another form would be neither. */
function refuseOtherShape(is: FleetShape | null, wanted: FleetShape): void {
  if (is === null || JSON.stringify(is) === JSON.stringify(wanted)) return;
  const describe = ({ form, parents }: FleetShape) =>
    parents === null ? form : `${form} (column ${parents.column} of the tables in ${parents.schema})`;
  throw new CopierError(
    'usage.fleet_form',
    `the fleet is ${describe(is)}, and this would enter files as ${describe(wanted)}`,
    {
      hint: `enter them as the fleet is: --into ${is.form}; or make another fleet of them: --fleet NAME`,
    },
  );
}

async function enterBatch(client: TargetClient, fleet: string, entries: readonly FleetEntry[]): Promise<number> {
  return await withTransaction(client, async () => {
    const files = entries.map((entry) => ({ ...entry, job: randomUUID() }));
    const waiting = new Set(await enterFiles(client, fleet, files));
    const jobs = files.filter(({ schema }) => waiting.has(schema)).map(({ job, schema }) => ({ id: job, schema }));
    await queueOf(client, fleet).add(jobs);
    return jobs.length;
  });
}

/** A line about a file or a schema that another line, or a fleet, has already: there is nothing to enter. */
function isRepeated({ reason }: FleetEntry): boolean {
  return reason?.code === 'usage.fleet_twice';
}

function asFile(entry: FleetEntry): FleetFile {
  const nothing = {
    attempts: 0,
    worker: null,
    runId: null,
    rows: null,
    remarks: [],
    beganAt: null,
    endedAt: null,
    verified: null,
  };
  return { ...entry, ...nothing, state: entry.reason === null ? 'waiting' : 'refused' };
}

function writeManifestOf({ entries }: FleetCensus, path: string): string {
  const lines = entries.filter(({ reason }) => reason === null);
  try {
    writeFileSync(path, formatLines(lines), { flag: 'wx' });
  } catch (cause) {
    throw new CopierError(
      'usage.fleet_manifest',
      `the manifest ${path} cannot be written: ${(cause as Error).message}`,
      {
        hint: 'name a file that is not there yet, in a folder that may be written',
        cause,
      },
    );
  }
  return path;
}
