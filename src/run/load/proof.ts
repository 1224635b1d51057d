import { hashSample } from '../../encode/fingerprint/sample-hash.js';
import { CopierError, must } from '../../model/error.js';
import type { TableFingerprint } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { hasPolicies } from '../../plan/rules/rules.js';
import { compareFingerprints } from '../../pool/tally.js';
import { fingerprintSamples, fingerprintTables, selfTestFingerprint } from '../../target/fingerprint/fingerprint.js';
import { type ComparedTable, compareTable, withStayingRows } from '../compare/compare-table.js';
import { readRules } from '../compare/quarantined-rows.js';
import { readMarks } from '../../target/schema/closed-tables.js';
import type { TargetClient } from '../../target/connection/client.js';
import { isStayingAsHeld } from '../plan/staying-rows.js';
import type { LoadRequest } from './load-request.js';

/**
 * Whether this server hashes as we do: every sample of every kind, under three seeds, must give the same hash. Another
 * engine that only speaks the protocol, or a big-endian machine, fails this; tables are then read back and compared
 * instead.
 */
export async function canFingerprint({ client, context }: LoadRequest): Promise<boolean> {
  try {
    const hashes = await selfTestFingerprint(client);
    if (fingerprintSamples.every((sample) => hashes[sample.name] === hashSample(sample))) return true;
  } catch (error) {
    if (!(error instanceof CopierError) || error.foreignCode === null) throw error;
  }
  context.journal.warn(
    'this server hashes values otherwise than PostgreSQL: tables are read back and compared instead',
  );
  return false;
}

export interface TableToProve {
  readonly table: TablePlan;
  /** The sums that the threads made while they sent the rows. */
  readonly source: TableFingerprint;
  readonly quarantinedRows: number;
  /** Lends a connection to the target. */
  readonly run: <T>(task: (client: TargetClient) => Promise<T>) => Promise<T>;
  readonly hasFingerprints: boolean;
  /** What was read of the table, where it was read together with others. */
  readonly read?: () => Promise<ReadTable>;
}

/** A table as the server holds it, and its mark from before that. */
export interface ReadTable {
  readonly mark: string | null;
  readonly target: TableFingerprint;
}

/** A table that was compared, and its mark from before that; null where others could write to it meanwhile. */
export interface ProvenTable extends ComparedTable {
  readonly mark: string | null;
}

/**
 * Proves one table that is whole by comparing the threads' sums with one aggregate on the server. Where a kind or the
 * server has no fingerprint, the table is read back and compared value by value. The same is done where the sums
 * differ, to name the rows.
 */
export async function proveTable(request: LoadRequest, toProve: TableToProve): Promise<ProvenTable> {
  const compared = await (toProve.hasFingerprints ? byFingerprint(request, toProve) : byReading(request, toProve));
  const { table, run } = toProve;
  const proven = withStayingRows(compared, table, await run((client) => isStayingAsHeld(client, table)));
  request.context.journal.emit({
    tag: 'table-verified',
    table: table.source,
    isEqual: proven.report.ok,
  });
  return proven;
}

async function byFingerprint(
  request: LoadRequest,
  { table, source, run, quarantinedRows, read }: TableToProve,
): Promise<ProvenTable> {
  const readAlone = () => run((client) => readTables(request, client, [table]));
  const { mark, target } = read === undefined ? must((await readAlone()).get(table.source), 'table') : await read();
  const report = compareFingerprints({
    table: table.source,
    sourceRows: table.rows,
    source,
    target,
    quarantinedRows,
  });
  const isWhole = table.columns.every(({ kind }) => kind.tag !== 'jsonb' && kind.tag !== 'literal');
  if (isWhole && report.ok) return { report, differences: [], totals: [], findings: [], mark };
  const compared = await readBack(request, { table, run });
  return { ...compared, report: { ...report, ok: report.ok && compared.report.ok }, mark };
}

async function byReading(
  request: LoadRequest,
  { table, source, run, quarantinedRows }: TableToProve,
): Promise<ProvenTable> {
  const marks = await run((client) => readPresentMarks(request, client, [table]));
  const mark = marks.get(table.target) ?? null;
  const compared = await readBack(request, { table, run });
  const { report } = compared;
  const isConserved = source.rows + quarantinedRows === table.rows && report.quarantinedRows === quarantinedRows;
  const ok = report.ok && isConserved && report.sourceRows === table.rows;
  return { ...compared, report: { ...report, copiedRows: source.rows, ok }, mark };
}

/** Reads what the server holds of these tables, by their names in the source: first their marks, then their rows. */
export async function readTables(
  request: LoadRequest,
  client: TargetClient,
  tables: readonly TablePlan[],
): Promise<ReadonlyMap<string, ReadTable>> {
  const marks = await readPresentMarks(request, client, tables);
  const found = await fingerprintTables(client, tables);
  return new Map(
    tables.map((table, at) => {
      const target = must(found[at], `fingerprint of ${table.target}`);
      return [table.source, { mark: marks.get(table.target) ?? null, target }];
    }),
  );
}

/** The present marks of planned tables, by their names in the target. */
export async function readPresentMarks(
  { ticket, address }: LoadRequest,
  client: TargetClient,
  tables: readonly Pick<TablePlan, 'target'>[],
): Promise<ReadonlyMap<string, string>> {
  const names = tables.map(({ target }) => target);
  return await readMarks(client, { runId: ticket.runId, schema: address.schema, tables: names });
}

async function readBack(
  request: LoadRequest,
  { table, run }: Pick<TableToProve, 'table' | 'run'>,
): Promise<ComparedTable> {
  const { threads, snapshot, context, ticket } = request;
  const { differencesMax } = context.settings;
  // Without policies no row of the table can be in quarantine.
  const { runId } = ticket;
  const quarantine = hasPolicies(table)
    ? { runId, rules: await run((client) => readRules(client, runId, table.source)) }
    : null;
  return await compareTable(table, { threads, snapshotPath: snapshot.path, differencesMax, quarantine });
}
