import type { KeysetJob } from '../../jobs/keyset-job.js';
import {
  blobsOf,
  byTexts,
  doubtsOf,
  type Keyset,
  keysetOf,
  keysetSql,
  numbersMax,
  withoutDoubtful,
} from '../../accept/keyset-sql.js';
import type { TablePlan } from '../../model/plan.js';
import type { KeysetReport } from '../../model/shadow.js';
import type { SourceCatalog } from '../../model/source.js';
import type { Threads } from '../../pool/threads.js';
import type { HashedTable } from '../../run/compare/compare-table.js';
import { utf8Order } from '../../source/verify/lines.js';

export interface KeysetRequest {
  readonly threads: Threads;
  readonly snapshotPath: string;
  readonly encoding: SourceCatalog['encoding'];
  /** Tables of which rows are in quarantine, or were converted. */
  readonly quarantines: ReadonlyMap<string, unknown>;
  /** Counts the rows of both sides. */
  readonly meter: SharedArrayBuffer;
}

/**
 * Hashes the keys of one table on both sides at the same time. A side whose keys were hashed while it was compared is not
 * read again: its statement gives the same. Where no column of the key can be hashed, the row counts of verify are used
 * instead.
 */
export async function hashKeyset(
  table: TablePlan,
  { report, keys }: HashedTable,
  request: KeysetRequest,
): Promise<KeysetReport> {
  const { threads, snapshotPath, encoding, quarantines, meter } = request;
  const keyset = await chooseKeyset(table, request);
  const { origin, leftOut } = keyset;
  const columns = keyset.columns.map(({ column }) => column);
  const isKept = quarantines.has(table.source);
  const head = { table: table.source, columns, origin, leftOut, isKept };
  const quarantined = report.quarantinedRows;
  const sql = keysetSql(keyset, table);
  if (sql === null) {
    const rows = { source: report.sourceRows, target: report.targetRows };
    const none = { source: '', target: '' };
    return { ...head, rows, sha256: none, sql: none, ok: rows.source - quarantined === rows.target };
  }
  const isUtf16 = encoding !== 'UTF-8';
  const read = isUtf16 ? (keysetSql(keyset, table, (field) => `${utf8Order}(${field})`) ?? sql) : sql;
  const run = <Job extends KeysetJob>(job: Job) => threads.run('keyset', job);
  const known = isOfWholeKey(keyset, table) ? keys : { source: null, target: null };
  const [source, target] = await Promise.all([
    known.source ?? run({ tag: 'source', snapshotPath, sql: read.source, meter }),
    known.target ?? run({ tag: 'target', table: table.target, sql: sql.target, meter }),
  ]);
  return {
    ...head,
    rows: { source: source.rows, target: target.rows },
    sha256: { source: source.sha256, target: target.sha256 },
    sql,
    ok: source.rows - quarantined === target.rows && (isKept || source.sha256 === target.sha256),
  };
}

/** Whether the statements print every column of the key, in the order in which the comparison hashes them. */
function isOfWholeKey({ columns }: Keyset, { key }: TablePlan): boolean {
  return columns.length === key.columns.length && columns.length <= numbersMax;
}

/** The keyset with only such columns as the source's values allow, sorted as they allow. */
async function chooseKeyset(table: TablePlan, { threads, snapshotPath }: KeysetRequest): Promise<Keyset> {
  const keyset = keysetOf(table);
  const looks = [doubtsOf(keyset), blobsOf(keyset)] as const;
  if (looks.flat().length === 0) return keyset;
  const job = { tag: 'doubts', snapshotPath, sqls: looks.flat().map(({ sql }) => sql) } as const;
  const answers = await threads.run('keyset', job);
  const [doubts, blobs] = looks;
  const doubtful = doubts.filter((_, i) => answers[i] === true).map(({ column }) => column);
  const mixed = blobs.filter((_, i) => answers[doubts.length + i] === true).map(({ column }) => column);
  return byTexts(withoutDoubtful(keyset, doubtful), mixed);
}
