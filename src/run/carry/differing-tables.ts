import type { TableToCarry } from '../../jobs/carry/carry-job.js';
import type { KeyRanges } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { bucketCountFor, finestBucketCount } from '../../verify/table.js';
import { compareSums, type QuarantineRun, withRules } from '../compare/compare-table.js';
import { type Carrying, sourceTable } from './carrying.js';
import { likesOf } from './cell-likes.js';
import { findEmptyColumns } from './empty-columns.js';
import { findRanges } from './find-ranges.js';

type FoundTable = Omit<TableToCarry, 'empty'>;

/** The tables whose sums differ, and those of which the journal names rows. */
export async function findTables(carrying: Carrying): Promise<TableToCarry[]> {
  const { request, catalog, planned, quarantines } = carrying;
  const { client, address, snapshotPath } = request;
  const empty = await findEmptyColumns(client, address.schema, planned);
  const ranges = await readRanges(carrying);
  const found = await Promise.all(
    planned.map(async (plan) => {
      const source = sourceTable(catalog, plan);
      const quarantine = quarantines.get(plan.source) ?? null;
      const noted = notedTable(carrying, plan, source);
      const differing =
        noted === null
          ? await differingTable(carrying, {
              plan,
              source,
              snapshotPath,
              quarantine,
              ranges: ranges.get(plan.source) ?? null,
            })
          : await carrying.meters.during(plan.source, async () => noted);
      return differing === null ? [] : [{ ...differing, empty: empty.get(plan.source) ?? [] }];
    }),
  );
  return found.flat();
}

/** The ranges by which tables are compared, by source name; asked one after the other, on one connection. */
async function readRanges(carrying: Carrying): Promise<ReadonlyMap<string, KeyRanges | null>> {
  const { request, catalog, planned, quarantines } = carrying;
  const ranges = new Map<string, KeyRanges | null>();
  for (const plan of planned) {
    const source = sourceTable(catalog, plan);
    if (quarantines.has(plan.source) || notedTable(carrying, plan, source) !== null) continue;
    const asked = { source, snapshotPath: request.snapshotPath, bucketCount: finestBucketCount(plan.rows) };
    ranges.set(plan.source, await findRanges(request.client, plan, asked));
  }
  return ranges;
}

/** The sums of a table, null where both sides have the same. */
export async function differingTable(
  { request, threads, sums, meters }: Carrying,
  one: {
    readonly plan: TablePlan;
    readonly source: SourceTable;
    readonly snapshotPath: string;
    readonly quarantine: QuarantineRun | null;
    readonly ranges: KeyRanges | null;
  },
): Promise<FoundTable | null> {
  const { plan, source, ranges, ...options } = one;
  const known = sums.get(plan.source);
  const bucketCount = finestBucketCount(plan.rows);
  const compared = await meters.during(plan.source, (meter) =>
    compareSums(plan, {
      threads,
      bucketCount,
      ranges,
      meter,
      ...options,
      ...(known !== undefined && { known: known.target }),
    }),
  );
  const { comparison, rowsOfBucket, target } = compared;
  sums.set(plan.source, { target, ranges });
  if (comparison.equal) return null;
  const table = withRules(plan, one.quarantine);
  const { differingBuckets } = comparison;
  const quarantineRunId = one.quarantine?.runId ?? null;
  const likes = likesOf(request.context.settings.tableRules, plan);
  const buckets = { bucketCount, differingBuckets, rowsOfBucket, ranges };
  return { table, source, quarantineRunId, ...buckets, likes, noted: null };
}

/** More notes than this are not worth to be looked up one by one. */
const notesMax = 1_000_000;

/**
 * The table whose changed rows the journal names; null where they must be looked for. Rows in quarantine stand under other
 * keys in the source.
 */
export function notedTable(
  { request, quarantines }: Pick<Carrying, 'request' | 'quarantines'>,
  { chunks, ...table }: TablePlan,
  source: SourceTable,
): FoundTable | null {
  const noted = request.changed.find((one) => one.table === table.target)?.noted;
  if (noted === undefined || noted.count > notesMax || quarantines.has(table.source)) return null;
  const bucketCount = bucketCountFor(noted.count);
  const rowsOfBucket = new Uint32Array(bucketCount).fill(Math.ceil((2 * noted.count) / bucketCount));
  const differingBuckets = [...rowsOfBucket.keys()];
  const likes = likesOf(request.context.settings.tableRules, table);
  const { relations } = noted;
  const buckets = { bucketCount, differingBuckets, rowsOfBucket, ranges: null };
  return { table, source, quarantineRunId: null, ...buckets, likes, noted: relations };
}
