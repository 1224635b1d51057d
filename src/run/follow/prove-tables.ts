import type { TableFingerprint } from '../../model/copy.js';
import { CopierError } from '../../model/error.js';
import type { Difference, TableReport } from '../../model/result.js';
import type { Finding, TablePlan } from '../../model/plan.js';
import { addUp, compareFingerprints, totalQuarantined } from '../../pool/tally.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { recordLoaded, withUnhashed } from '../../target/fingerprint/loaded.js';
import { listChunks } from '../../target/ledger/chunk.js';
import { compareTable } from '../compare/compare-table.js';
import { findQuarantines } from '../compare/quarantined-rows.js';
import type { Base } from './base.js';
import type { FollowSession } from './follow-session.js';

export interface ProvenTables {
  readonly tables: readonly TableReport[];
  readonly differences: readonly Difference[];
  readonly findings: readonly Finding[];
}

/**
 * Proves whole tables: compares the summed-up results of the load and the rounds with what the server computes of all
 * its rows. A table with columns that have no fingerprint, or on a server that hashes differently, is compared with the
 * snapshot value by value.
 */
export async function proveTables(
  session: FollowSession,
  base: Base,
  tables: readonly TablePlan[],
  onTable: (done: number) => void = () => {},
): Promise<ProvenTables> {
  const { context, client, run, threads, address, plan } = session;
  const { journal, settings } = context;
  const chunks = await listChunks(client, run.runId);
  const quarantines = await findQuarantines(client, address.schema, plan);
  const proven = { tables: [] as TableReport[], differences: [] as Difference[], findings: [] as Finding[] };
  for (const table of tables) {
    const results = chunks.filter((chunk) => chunk.table === table.source);
    const names = table.columns.map(({ target }) => target);
    const source = addUp(names, results);
    const quarantinedRows = totalQuarantined(results);
    const isWhole = table.columns.every(({ kind }) => kind.tag !== 'jsonb' && kind.tag !== 'literal');
    let report: TableReport | null = null;
    if (session.hasFingerprints) {
      const target = await fingerprintTable(client, table);
      report = compareFingerprints({
        table: table.source,
        sourceRows: source.rows + quarantinedRows,
        source,
        target,
        quarantinedRows,
      });
    }
    if (report === null || !report.ok || !isWhole) {
      const compared = await compareTable(
        { ...table, rows: source.rows + quarantinedRows },
        {
          threads,
          snapshotPath: base.snapshot.path,
          differencesMax: settings.differencesMax,
          quarantine: quarantines.get(table.source) ?? null,
        },
      );
      report = report === null ? compared.report : { ...report, ok: report.ok && compared.report.ok };
      proven.differences.push(...compared.differences);
      proven.findings.push(...compared.findings);
    }
    if (report.ok && !isWhole) await noteLoaded(session, table, source);
    proven.tables.push(report);
    onTable(proven.tables.length);
    journal.emit({ tag: 'table-verified', table: table.source, isEqual: report.ok });
  }
  return proven;
}

async function noteLoaded(
  { client, address, run }: FollowSession,
  table: TablePlan,
  source: TableFingerprint,
): Promise<void> {
  const loaded = await withUnhashed(client, table, source);
  await recordLoaded(client, [{ ...loaded, schema: address.schema, table: table.target, runId: run.runId }]);
}

/** Throws where a whole table differs from what the rounds brought. */
export function refuseUnproven({ tables }: ProvenTables): void {
  const wrong = tables.find(({ ok }) => !ok);
  if (wrong === undefined) return;
  throw new CopierError(
    'data.target_changed',
    `${wrong.table}: the whole table on the target is not what the load and the rounds brought`,
    {
      table: wrong.table,
      hint: 'somebody else wrote into the target: `pgferry verify` names the rows, `pgferry repair` carries them over again',
    },
  );
}
