import { availableParallelism, hostname } from 'node:os';
import { arch, platform, version } from 'node:process';
import { auditScript } from '../../accept/audit-script.js';
import { countSql } from '../../accept/keyset-sql.js';
import { must } from '../../model/error.js';
import type { Plan } from '../../model/plan.js';
import type { AcceptResult } from '../../model/shadow.js';
import type { SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { keyHashesTsv, summaryEnv, tableCountsTsv } from '../../report/files/acceptance-tsv.js';
import { type RunFolder, writeArtefact, writeManifest } from '../../report/files/run-folder.js';
import { acceptancePage } from '../../report/page/acceptance-page.js';
import type { AcceptancePage } from '../../report/page/page-data.js';
import { operatorName } from '../../platform/system.js';
import { jsonText } from '../../report/units.js';
import { explainValues } from '../../shadow/explain-values.js';
import { withSource } from '../../source/open.js';
import { readSourceResult } from '../../source/verify/result.js';
import { listChunkTimes } from '../../target/ledger/chunk.js';
import { withTarget } from '../../target/connection/connect.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { Run } from '../../target/ledger/run.js';
import { findStoredWaivers } from '../../run/plan/schema-check.js';
import type { Context } from '../../run/context.js';

export interface AcceptanceRecord {
  readonly context: Context;
  /** The run that loaded the target, or null where none of ours did. */
  readonly run: Run | null;
  readonly folder: RunFolder;
  readonly address: TargetAddress;
  readonly result: AcceptResult;
  readonly plan: Plan;
  readonly catalog: SourceCatalog;
}

/** Leaves the artefacts of an acceptance, the manifest last. */
export async function writeAcceptance(record: AcceptanceRecord): Promise<void> {
  const { folder, result } = record;
  writeArtefact(folder.pathOf('table-counts.tsv'), tableCountsTsv(result.tables));
  writeArtefact(folder.pathOf('table-key-hashes.tsv'), keyHashesTsv(result.keysets));
  writeArtefact(folder.pathOf('summary.env'), summaryEnv(result, new Date()));
  writeArtefact(folder.pathOf('acceptance.json'), `${jsonText(result, 1)}\n`);
  writeArtefact(folder.pathOf('audit.sh'), auditOf(record));
  writeArtefact(folder.pathOf('report.html'), acceptancePage(await pageOf(record)));
  await writeManifest(folder);
}

async function pageOf(record: AcceptanceRecord): Promise<AcceptancePage> {
  const { context, address, result, plan, run } = record;
  const { settings, signal, toolVersion } = context;
  const connecting = { applicationName: 'pgferry accept', signal };
  return await withTarget(address, connecting, async (client) => ({
    result,
    createdAt: new Date(),
    run: run === null ? null : { ...run, chunks: await listChunkTimes(client, run.runId) },
    leftOut: plan.leftOut,
    environment: [
      ['Operator', `${operatorName()} on ${hostname()}`],
      ['Command', context.calledAs],
      ['Given up by name', listOrNone([...settings.waive, ...(await findStoredWaivers(client, address.schema))])],
      ['pgferry', toolVersion],
      ['SQLite', await sqliteVersion(must(result.snapshot, 'snapshot of the acceptance').path)],
      ['PostgreSQL', await postgresVersion(client)],
      ['Node', `${version} on ${platform} ${arch}, ${availableParallelism()} cores`],
    ],
    shadowLimit: settings.shadowLimit,
    explain: explainValues,
  }));
}

function listOrNone(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : [...new Set(names)].join(', ');
}

async function sqliteVersion(path: string): Promise<string> {
  const read = { sql: 'SELECT sqlite_version()', values: [] };
  return await withSource(path, (db) => String(readSourceResult(db, read, 1).rows[0]?.[0]));
}

async function postgresVersion(client: TargetClient): Promise<string> {
  const [row] = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  return row?.version ?? '';
}

function auditOf({ folder, address, result, plan, catalog }: AcceptanceRecord): string {
  const snapshot = must(result.snapshot, 'snapshot of the acceptance');
  const isOwn = snapshot.path.startsWith(`${folder.path}/`);
  return auditScript({
    snapshot,
    snapshotName: isOwn ? snapshot.path.slice(folder.path.length + 1) : null,
    address,
    isUtf16: catalog.encoding !== 'UTF-8',
    tables: result.tables.map((report, i) => {
      const table = must(plan.tables[i], 'planned table');
      return { report, keyset: must(result.keysets[i], 'keyset'), count: countSql(table) };
    }),
  });
}
