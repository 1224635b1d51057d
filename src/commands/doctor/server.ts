import type { Check } from '../../model/doctor.js';
import type { TargetAddress, TargetCatalog } from '../../model/target.js';
import { checkMaking } from '../../plan/schema/making.js';
import { checkReadiness } from '../../plan/readiness.js';
import type { TargetClient } from '../../target/connection/client.js';
import { describeTarget } from '../../target/connection/address.js';
import { withTarget } from '../../target/connection/connect.js';
import { findBinaries } from '../../target/embedded/postgres-binaries.js';
import { embeddedStatus } from '../../target/embedded/embedded.js';
import { findDumpProgram } from '../../target/program/dump-program.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { type Context, embeddedFolder, resolveTarget } from '../../run/context.js';
import { amiss, fine, ofFinding, skipped, tried } from './check.js';

/* What doctor looks at on the target: whether it is reached, its version, the rights of our role, pg_dump. Reads only. */

const oldestTested = 14;
/** The look at a commit's latency is over after this many round trips. */
const roundTrips = 5;

export async function checkServerSide(context: Context): Promise<readonly Check[]> {
  if (context.settings.targetUrl === null) {
    const { tag } = await embeddedStatus(embeddedFolder);
    if (tag !== 'running') return [await checkEmbedded(tag)];
  }
  const resolved = await tried('target', () => resolveTarget(context));
  if (resolved.check !== null) return [resolved.check];
  const { address } = resolved.value;
  const { signal } = context;
  const looked = await tried('target', () =>
    withTarget(address, { applicationName: 'pgferry doctor', signal }, (client) =>
      lookAtServer(context, client, address),
    ),
  );
  return looked.check === null
    ? looked.value
    : [looked.check, skipped('rights', 'not looked at'), skipped('pg_dump', 'not looked at')];
}

/** Asking must not make or start a server. */
async function checkEmbedded(tag: 'absent' | 'stopped'): Promise<Check> {
  const found = await tried('target', () => findBinaries());
  if (found.check !== null) return found.check;
  const state = tag === 'absent' ? 'made and started' : 'started';
  return fine('target', `none is named: the embedded PostgreSQL would be ${state}, for trying out only`);
}

async function lookAtServer(context: Context, client: TargetClient, address: TargetAddress): Promise<readonly Check[]> {
  const catalog = await readTargetCatalog(client, address.schema);
  const major = Math.floor(catalog.serverVersion / 10_000);
  const rights = checkMaking(catalog, { needsLedger: true });
  const locks = checkReadiness({ target: catalog, tables: [], truncateTarget: false, replaceable: new Set() }).filter(
    ({ code }) => code === 'plan.few_locks',
  );
  const [settings] = await client.query<{ zone: string; connections: number; used: number }>(
    `SELECT current_setting('TimeZone') AS zone,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS connections,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`,
  );
  return [
    fine(
      'target',
      `${describeTarget(address)} answers in ${await latencyMs(client)} ms; no pooler that shares sessions`,
    ),
    checkVersion(catalog, major),
    ...(rights.length === 0 ? [fine('rights', rightsText(catalog))] : rights.map((one) => ofFinding('rights', one))),
    await checkLedgerVersion(client),
    ...locks.map((one) => ofFinding('locks', one)),
    checkConnections(context.settings.connections, settings?.connections ?? 0, settings?.used ?? 0),
    await checkDump(major),
    fine('server time zone', `${settings?.zone ?? ''}; pgferry sets UTC in its own sessions`),
  ];
}

function checkVersion({ serverVersionText }: TargetCatalog, major: number): Check {
  if (major >= oldestTested) return fine('server', `PostgreSQL ${serverVersionText}`);
  const found = `PostgreSQL ${serverVersionText}, older than any that pgferry was tried with`;
  return amiss('server', 'warning', { found, hint: `use PostgreSQL ${oldestTested} or newer` });
}

function rightsText({ role, schema, schemaExists, ledgerSchemaExists }: TargetCatalog): string {
  const make = schemaExists ? `tables in ${schema}` : `the schema ${schema}`;
  return `${role} may make ${make} and ${ledgerSchemaExists ? 'write' : 'make'} the ledger`;
}

async function checkLedgerVersion(client: TargetClient): Promise<Check> {
  const found = await tried('ledger', () => hasLedger(client));
  return found.check ?? fine('ledger', found.value ? 'there, of this version' : 'none yet');
}

/** Beside the copy's connections a run has a few of its own: coordinator, proofs, the watch for locks. */
const connectionsBeside = 6;

function checkConnections(wanted: number, allowed: number, used: number): Check {
  const free = allowed - used;
  const text = `${free} of ${allowed} are free`;
  if (free >= wanted + connectionsBeside) return fine('connections', text);
  return amiss('connections', 'warning', {
    found: `${text}; a run with ${wanted} for the copy may take ${wanted + connectionsBeside}`,
    hint: 'use fewer with --connections, close other sessions, or raise max_connections',
  });
}

async function checkDump(serverMajor: number): Promise<Check> {
  const found = await findDumpProgram({ serverMajor });
  if (found.tag === 'found') return fine('pg_dump', `${found.program} can save this server`);
  return amiss('pg_dump', 'warning', {
    found: `the target would not be saved before it is written to: ${found.reason}`,
    hint: `install the client programs of PostgreSQL ${serverMajor} (Debian: postgresql-client-${serverMajor})`,
  });
}

async function latencyMs(client: TargetClient): Promise<string> {
  const startedAtMs = performance.now();
  for (let count = 0; count < roundTrips; count += 1) await client.query('SELECT 1');
  return ((performance.now() - startedAtMs) / roundTrips).toFixed(1);
}
