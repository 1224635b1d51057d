import { chooseTables } from '../../plan/fit.js';
import { choiceOf } from '../choices.js';
import { CopierError } from '../../model/error.js';
import type { TableCensus } from '../../model/census.js';
import type { Plan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { CountedThreads } from '../../pool/counted-threads.js';
import type { Threads } from '../../pool/threads.js';
import { isOfPolicies } from '../../plan/rules/apply-policies.js';
import { withTarget } from '../../target/connection/connect.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { findUnfinishedRun, latestRun, type Run } from '../../target/ledger/run.js';
import { compareTable, type HashedTable, metersOf, withStayingRows } from './compare-table.js';
import { type Context, refuseIfBlocked } from '../context.js';
import { lockWaits } from '../lock-waits.js';
import { findQuarantines, listQuarantineFindings } from './quarantined-rows.js';
import { isStayingAsHeld } from '../plan/staying-rows.js';
import { preparePlan } from '../plan/plan-in-place.js';
import { checkSchema, findStoredSchema, findStoredWaivers, type SchemaCheck } from '../plan/schema-check.js';
import { surveySource } from '../survey/survey.js';

/** The two sides of a comparison, and what it works with. */
export interface Comparison {
  readonly context: Context;
  readonly address: TargetAddress;
  readonly snapshotPath: string;
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  /** As in `UnprovenSnapshot`. */
  readonly counted: Promise<readonly TableCensus[]>;
}

/** Matches tables and columns as the copy would. Orphans and quarantined values do not prevent a comparison. */
export async function planComparison(comparison: Comparison): Promise<Plan> {
  const { context, address, snapshotPath, catalog, threads, counted: known } = comparison;
  const { settings, journal, signal } = context;
  const counted = new CountedThreads(threads);
  const survey = await journal.phase(
    'census',
    async () =>
      surveySource({
        counted: await known,
        snapshotPath,
        catalog,
        threads: counted,
        chunkBytes: settings.chunkBytes,
        isChosen: chooseTables(choiceOf(settings)),
        countsPages: settings.reader !== 'rows',
        isForProof: true,
      }),
    () => counted.progress('census', 'parts'),
  );
  const connecting = { applicationName: 'pgferry verify', signal, locks: lockWaits(context) };
  const { plan, quarantineFindings } = await withTarget(address, connecting, async (client) => {
    const { schema } = address;
    const waive = [...settings.waive, ...(await findStoredWaivers(client, schema))];
    const { plan } = await preparePlan({ survey, client, schema, settings: { ...settings, waive }, made: null });
    const quarantines = await findQuarantines(client, schema, plan);
    const runIds = [...quarantines.values()].map(({ runId }) => runId);
    return { plan, quarantineFindings: await listQuarantineFindings(client, runIds) };
  });
  // Findings about values do not refuse a comparison: the census only guesses here what the copy has tried, and a value
  // that arrived otherwise is found as a difference.
  const findings = plan.findings.filter((finding) => !isOfPolicies(finding));
  refuseIfBlocked({ ...plan, findings }, 'the two sides cannot be compared');
  return { ...plan, findings: [...findings.filter(({ severity }) => severity !== 'note'), ...quarantineFindings] };
}

/** Compares every value of every table of the plan. Both sides are read anew. `hashesKeys`: their keys are hashed meanwhile. */
export async function compareTables(
  comparison: Comparison,
  plan: Plan,
  { hashesKeys = false }: { readonly hashesKeys?: boolean } = {},
): Promise<HashedTable[]> {
  const { context, snapshotPath, threads } = comparison;
  const { settings, journal } = context;
  const { differencesMax } = settings;
  const quarantines = await readQuarantines(comparison, plan);
  const meters = metersOf(plan.tables);
  const compare = async (table: TablePlan) => {
    const quarantine = quarantines.get(table.source) ?? null;
    const found = await meters.during(table.source, (meter) =>
      compareTable(table, { threads, snapshotPath, differencesMax, quarantine, meter, hashesKeys }),
    );
    const compared = withStayingRows(found, table, await seesStaying(comparison, table));
    journal.emit({ tag: 'table-verified', table: table.source, isEqual: compared.report.ok });
    return compared;
  };
  return await journal.phase(
    'compare',
    () => Promise.all(plan.tables.map(compare)),
    () => meters.progress('compare'),
  );
}

async function seesStaying({ context, address }: Comparison, table: TablePlan): Promise<boolean> {
  if (table.staying === undefined) return true;
  const connecting = { applicationName: 'pgferry verify', signal: context.signal, locks: lockWaits(context) };
  return await withTarget(address, connecting, (client) => isStayingAsHeld(client, table));
}

/** The tables that have quarantined rows, held or converted: the target lacks these rows, or has them with other values. */
export async function readQuarantines(
  { context, address }: Comparison,
  plan: Plan,
): ReturnType<typeof findQuarantines> {
  const connecting = { applicationName: 'pgferry verify', signal: context.signal, locks: lockWaits(context) };
  return await withTarget(address, connecting, (client) => findQuarantines(client, address.schema, plan));
}

/**
 * Compares the target's schema as it is now with what the last run found, and with what the source's schema promises.
 */
export async function compareSchemas({ context, address, catalog }: Comparison, plan: Plan): Promise<SchemaCheck> {
  const { settings, signal } = context;
  const { schema } = address;
  return await withTarget(
    address,
    { applicationName: 'pgferry verify', signal, locks: lockWaits(context) },
    async (client) => {
      const stored = await findStoredSchema(client, schema);
      const waive = [...settings.waive, ...(await findStoredWaivers(client, schema))];
      return await checkSchema({ client, schema, plan, source: catalog, stored, waive });
    },
  );
}

/** Refuses while a run is unfinished, since its tables are not complete yet. A failed run may be compared. */
export async function refuseUnfinished(context: Context, address: TargetAddress): Promise<void> {
  const run = await readRun(context, address, findUnfinishedRun);
  if (run !== null && run.state !== 'failed') throw unfinished(run);
}

/**
 * The youngest run of the schema, or null where there was none. Refuses unless that run is finished and was proven
 * equal.
 */
export async function requireWholeRun(context: Context, address: TargetAddress): Promise<Run | null> {
  const open = await readRun(context, address, findUnfinishedRun);
  if (open !== null) throw unfinished(open);
  return await readRun(context, address, latestRun);
}

async function readRun(context: Context, address: TargetAddress, read: typeof latestRun): Promise<Run | null> {
  const connecting = { applicationName: 'pgferry verify', signal: context.signal, locks: lockWaits(context) };
  return await withTarget(address, connecting, async (client) =>
    (await hasLedger(client)) ? await read(client, address.schema) : null,
  );
}

function unfinished({ runId, schema, state }: Run): CopierError {
  return new CopierError('target.run_unfinished', `run ${runId} of schema ${schema} is not finished (${state})`, {
    hint: 'finish it first: run `pgferry migrate` or `pgferry copy` again; `pgferry status` shows where it stands',
  });
}
