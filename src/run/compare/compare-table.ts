import type { LineHash } from '../../accept/key-hash.js';
import type { VerifyJob } from '../../jobs/verify-job.js';
import type { KeyRanges } from '../../model/carry.js';
import type { Finding, TablePlan } from '../../model/plan.js';
import type { Difference, DifferenceTotal, Sides, TableReport } from '../../model/result.js';
import { TableMeters } from '../../pool/table-meters.js';
import type { Threads } from '../../pool/threads.js';
import type { FoundDifferences } from '../../verify/differences.js';
import type { AppliedRule } from '../../verify/rules/recompute.js';
import {
  bucketCountFor,
  compareSides,
  expectedSide,
  type SideSummary,
  type TableComparison,
} from '../../verify/table.js';

export interface ComparedTable {
  readonly report: TableReport;
  readonly differences: readonly Difference[];
  readonly totals: readonly DifferenceTotal[];
  readonly findings: readonly Finding[];
}

/** The same with the hashes of both sides' keys, where they were asked for and came of the same reading. */
export interface HashedTable extends ComparedTable {
  readonly keys: Sides<LineHash | null>;
}

/** The run that has rows of a table in quarantine, and the rules by which it changed values of rows that are not there. */
export interface QuarantineRun {
  readonly runId: string;
  readonly rules: readonly AppliedRule[];
}

export interface CompareOptions {
  readonly threads: Threads;
  readonly snapshotPath: string;
  /** The run that has rows of the table in quarantine, or null. */
  readonly quarantine: QuarantineRun | null;
  /** Counts the rows of both sides. */
  readonly meter?: SharedArrayBuffer | undefined;
  readonly hashesKeys?: boolean;
}

/** Meters for tables that are read on both sides. */
export function metersOf(tables: readonly TablePlan[]): TableMeters {
  return new TableMeters(tables.map(({ source, rows }) => ({ table: source, rows: 2 * rows })));
}

/** The sums of both sides of a table, each read anew on its own thread. */
export interface ComparedSums {
  /** What the target's side summed up to, for a comparison with another file as long as nobody can write to the target. */
  readonly target: SideSummary;
  readonly comparison: TableComparison;
  readonly bucketCount: number;
  /** Rows of each bucket on both sides together. */
  readonly rowsOfBucket: Uint32Array;
  readonly sourceRows: number;
  readonly quarantinedRows: number;
  readonly keys: Sides<LineHash | null>;
}

/**
 * Compares the sums of every value of one table, which differ where any value does. `known`: the sums of the target, where
 * nobody could write to it since they were read. `bucketCount`: more buckets than usual tell more closely where rows differ.
 * `ranges`: buckets by keys and not by their hashes, which only a table without quarantine can have.
 */
export async function compareSums(
  planned: TablePlan,
  options: CompareOptions & {
    readonly known?: SideSummary;
    readonly bucketCount?: number;
    readonly ranges?: KeyRanges | null;
  },
): Promise<ComparedSums> {
  const { threads, snapshotPath, quarantine, known, meter, ranges, hashesKeys } = options;
  const table = withRules(planned, quarantine);
  const bucketCount = options.bucketCount ?? bucketCountFor(table.rows);
  const run = <Job extends VerifyJob>(job: Job) => threads.run('verify', job);
  const side = { snapshotPath, table, bucketCount, ranges, meter, hashesKeys };
  const [ofSource, ofTarget, quarantined] = await Promise.all([
    run({ tag: 'source', ...side }),
    known === undefined ? run({ tag: 'target', ...side }) : { summary: known, keys: null },
    quarantine === null ? null : run({ tag: 'quarantined', table, runId: quarantine.runId, bucketCount }),
  ]);
  const { summary: source } = ofSource;
  const { summary: target } = ofTarget;
  const expected = quarantined === null ? source : expectedSide(source, quarantined);
  return {
    comparison: compareSides(table, { source: expected, target }),
    target,
    bucketCount,
    rowsOfBucket: source.counts.map((count, bucket) => count + (target.counts[bucket] ?? 0)),
    sourceRows: source.rows,
    quarantinedRows: quarantined === null ? 0 : quarantined.originals.rows - quarantined.changed.rows,
    keys: { source: ofSource.keys, target: ofTarget.keys },
  };
}

/** A table with the rules that were applied to its values, as a thread compares it. */
export function withRules({ chunks, ...table }: TablePlan, quarantine: QuarantineRun | null) {
  return { ...table, rules: quarantine?.rules };
}

/** Compares every value of one table. Both sides are read anew, each on its own thread. Names the differences. */
export async function compareTable(
  planned: TablePlan,
  options: CompareOptions & { readonly differencesMax: number },
): Promise<HashedTable> {
  const { threads, snapshotPath, differencesMax, quarantine } = options;
  const compared = await compareSums(planned, options);
  const { comparison, bucketCount, rowsOfBucket, sourceRows, quarantinedRows, keys } = compared;
  const report = { ...reportOf(comparison), sourceRows, quarantinedRows };
  if (comparison.equal) return { report, differences: [], totals: [], findings: [], keys };
  const table = withRules(planned, quarantine);
  const { differingBuckets } = comparison;
  const found = await threads.run('verify', {
    tag: 'differences',
    snapshotPath,
    table,
    quarantineRunId: quarantine?.runId ?? null,
    bucketCount,
    differingBuckets,
    rowsOfBucket,
    differencesMax,
  });
  return { report, ...found, findings: findingsOf(table.source, found), keys };
}

/** What was found of a table, and whether rows of the target's own that stay beside the source's are what they were. */
export function withStayingRows<Found extends ComparedTable>(
  compared: Found,
  table: TablePlan,
  isAsHeld: boolean,
): Found {
  if (isAsHeld) return compared;
  const finding: Finding = {
    severity: 'error',
    code: 'verify.kept',
    table: table.source,
    column: null,
    key: null,
    message: 'rows that the target had before, and that were to stay, were changed or removed',
    hint: 'compare them with the backup of the target in the folder of the run (postgres-precutover.sql)',
  };
  return { ...compared, report: { ...compared.report, ok: false }, findings: [...compared.findings, finding] };
}

/** The table's line in the report. Only the copy has fingerprints; here the values themselves were compared. */
function reportOf(comparison: TableComparison): TableReport {
  const { table, rows, keyset, columns, equal } = comparison;
  return {
    table,
    sourceRows: rows.source,
    copiedRows: 0,
    quarantinedRows: 0,
    targetRows: rows.target,
    keyset,
    columns: columns.map((column) => ({ ...column, fingerprint: { source: '', target: '' } })),
    ok: equal,
  };
}

function findingsOf(table: string, { differences, isComplete, totals }: FoundDifferences): Finding[] {
  const list = differences.map(
    ({ key, column, kind }): Finding => ({
      severity: 'error',
      code: `verify.${kind}`,
      table,
      column,
      key,
      message: kind === 'changed' ? 'the two sides hold different values' : `the row is ${kind} on the target`,
      hint: '',
    }),
  );
  if (isComplete) return list;
  const count = totals.reduce((sum, total) => sum + total.count, 0);
  const least = totals.every(({ isAll }) => isAll) ? '' : 'at least ';
  const more: Finding = {
    severity: 'warning',
    code: 'verify.more',
    table,
    column: null,
    key: null,
    message: `${least}${count} differences, of which ${differences.length} are named`,
    hint: 'see more with --differences-max',
  };
  return [...list, more];
}
