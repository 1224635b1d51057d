import { auditScript } from '../accept/audit-script.js';
import { countSql } from '../accept/keyset-sql.js';
import { must } from '../errors.js';
import type { AcceptResult, Plan, SourceCatalog, TargetAddress } from '../model.js';
import { keyHashesTsv, summaryEnv, tableCountsTsv } from '../report/acceptance-tsv.js';
import { type RunFolder, writeArtefact, writeManifest } from '../report/run-folder.js';
import { jsonText } from '../report/units.js';

export interface AcceptanceRecord {
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
  await writeManifest(folder);
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
