import { toWire } from '../src/errors.js';
import type { JobAnswer, TablePlan } from '../src/model.js';
import { withSource } from '../src/source/open.js';
import { readSourceCells } from '../src/source/verify-rows.js';
import { withTarget } from '../src/target/connect.js';
import { readTargetCells, renderLiterals } from '../src/target/verify-rows.js';
import { type FoundDifferences, findDifferences } from '../src/verify/differences.js';
import { hashSide, type SideSummary } from '../src/verify/table.js';
import { threadData } from './session.js';

/** Either one side of one table is read once and summed up, or both sides of a table that differs are read again. */
export type VerifyJob =
  | {
      readonly tag: 'source' | 'target';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      readonly bucketCount: number;
    }
  | {
      readonly tag: 'differences';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      readonly bucketCount: number;
      readonly differingBuckets: readonly number[];
      /** Rows of each bucket on both sides together. */
      readonly rowsOfBucket: Uint32Array;
      readonly differencesMax: number;
    };

type VerifiedTable = Omit<TablePlan, 'chunks'>;

/** Thread entry of the independent proof: it reads both sides anew and shares no code with the copy. */
export default async function verify(job: VerifyJob): Promise<JobAnswer<SideSummary | FoundDifferences>> {
  try {
    return { tag: 'done', result: job.tag === 'differences' ? await search(job) : await sumUp(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function sumUp(job: Extract<VerifyJob, { readonly tag: 'source' | 'target' }>): Promise<SideSummary> {
  const { table, bucketCount, snapshotPath } = job;
  return await withTarget(threadData.address, { applicationName: threadData.applicationName }, async (client) => {
    const options = {
      side: job.tag,
      bucketCount,
      renderLiterals: (type: string, texts: readonly string[]) => renderLiterals(client, type, texts),
    };
    if (job.tag === 'target') {
      return await withTarget(threadData.address, { applicationName: threadData.applicationName }, (reading) =>
        hashSide(readTargetCells(reading, table), table, options),
      );
    }
    return await withSource(snapshotPath, (db) => hashSide(readSourceCells(db, table), table, options));
  });
}

async function search(job: Extract<VerifyJob, { readonly tag: 'differences' }>): Promise<FoundDifferences> {
  const { table, bucketCount, differingBuckets, rowsOfBucket, differencesMax, snapshotPath } = job;
  const connecting = { applicationName: threadData.applicationName };
  return await withSource(snapshotPath, (db) =>
    withTarget(threadData.address, connecting, (reading) =>
      withTarget(threadData.address, connecting, (client) =>
        findDifferences({
          table,
          bucketCount,
          differingBuckets,
          rowsOfBucket: (bucket) => rowsOfBucket[bucket] ?? 0,
          readSource: () => readSourceCells(db, table),
          readTarget: () => readTargetCells(reading, table),
          renderLiterals: (type, texts) => renderLiterals(client, type, texts),
          differencesMax,
        }),
      ),
    ),
  );
}
