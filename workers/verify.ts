import { toWire } from '../src/errors.js';
import type { JobAnswer, KeptState, TablePlan } from '../src/model.js';
import { textOfReal } from '../src/source/real-text.js';
import { readSourceCells } from '../src/source/verify-rows.js';
import { type TargetClient, withTarget } from '../src/target/connect.js';
import { readQuarantine } from '../src/target/quarantine.js';
import { readTargetCells, renderLiterals } from '../src/target/verify-rows.js';
import { type FoundDifferences, findDifferences } from '../src/verify/differences.js';
import { keptBatches } from '../src/verify/kept-batches.js';
import { hashSide, type KeptSummary, type SideSummary } from '../src/verify/table.js';
import { threadData } from './session.js';
import { withSnapshot } from './snapshot-database.js';

/** Either one side of one table is read once and summed up, or both sides of a table that differs are read again. */
export type VerifyJob =
  | {
      readonly tag: 'source' | 'target';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      readonly bucketCount: number;
    }
  | {
      /** The rows that the quarantine of a run keeps. */
      readonly tag: 'kept';
      readonly table: VerifiedTable;
      readonly runId: string;
      readonly bucketCount: number;
    }
  | {
      readonly tag: 'differences';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      /** The run whose quarantine keeps rows of the table, null where none does. */
      readonly keptBy: string | null;
      readonly bucketCount: number;
      readonly differingBuckets: readonly number[];
      /** Rows of each bucket on both sides together. */
      readonly rowsOfBucket: Uint32Array;
      readonly differencesMax: number;
    };

type VerifiedTable = Omit<TablePlan, 'chunks'>;

/** Thread entry of the independent proof: it reads both sides anew and shares no code with the copy. */
export default async function verify(job: VerifyJob): Promise<JobAnswer<SideSummary | FoundDifferences | KeptSummary>> {
  try {
    return { tag: 'done', result: await run(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function run(job: VerifyJob): Promise<SideSummary | FoundDifferences | KeptSummary> {
  switch (job.tag) {
    case 'differences':
      return await search(job);
    case 'kept':
      return await sumUpKept(job);
    default:
      return await sumUp(job);
  }
}

/** Kept rows have the forms of the source, so they are read as it is. */
async function sumUpKept({
  table,
  runId,
  bucketCount,
}: Extract<VerifyJob, { readonly tag: 'kept' }>): Promise<KeptSummary> {
  const connecting = { applicationName: threadData.applicationName };
  return await withTarget(threadData.address, connecting, (client) =>
    withTarget(threadData.address, connecting, async (reading) => {
      const options = {
        side: 'source' as const,
        bucketCount,
        renderLiterals: (type: string, texts: readonly string[]) => renderLiterals(client, type, texts),
      };
      const kept = keptBatchesOf(reading, table, runId);
      const originals = await hashSide(kept.originals(), table, options);
      return { originals, changed: await hashSide(kept.changed(), table, options) };
    }),
  );
}

/** The kept rows of a table as the verifier reads rows. */
function keptBatchesOf(client: TargetClient, table: VerifiedTable, runId: string) {
  const filter = { runId, table: table.source };
  const read = (states: readonly KeptState[]) => readQuarantine(client, { ...filter, states });
  const columnCount = table.columns.length;
  return {
    originals: () => keptBatches(read(['held', 'converted']), { columnCount, form: 'original', textOfReal }),
    changed: () => keptBatches(read(['converted']), { columnCount, form: 'changed', textOfReal }),
  };
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
    return await withSnapshot(snapshotPath, (db) => hashSide(readSourceCells(db, table), table, options));
  });
}

async function search(job: Extract<VerifyJob, { readonly tag: 'differences' }>): Promise<FoundDifferences> {
  const { table, bucketCount, differingBuckets, rowsOfBucket, differencesMax, snapshotPath, keptBy } = job;
  const connecting = { applicationName: threadData.applicationName };
  return await withSnapshot(snapshotPath, (db) =>
    withTarget(threadData.address, connecting, (reading) =>
      withTarget(threadData.address, connecting, (client) =>
        findDifferences({
          table,
          bucketCount,
          differingBuckets,
          rowsOfBucket: (bucket) => rowsOfBucket[bucket] ?? 0,
          readSource: () => readSourceCells(db, table),
          readTarget: () => readTargetCells(reading, table),
          ...(keptBy === null ? {} : { kept: keptBatchesOf(reading, table, keptBy) }),
          renderLiterals: (type, texts) => renderLiterals(client, type, texts),
          differencesMax,
        }),
      ),
    ),
  );
}
