import { KeyHash, type LineHash } from '../accept/key-hash.js';
import type { KeyRanges } from '../model/carry.js';
import type { TablePlan } from '../model/plan.js';
import type { CellBatch } from '../model/value.js';
import { readSourceCells } from '../source/verify/verify-rows.js';
import type { TargetClient } from '../target/connection/client.js';
import { readTargetCells, renderLiterals } from '../target/copy/verify-rows.js';
import { type FoundDifferences, findDifferences } from '../verify/differences.js';
import type { CellBatches, VerifyTable } from '../verify/rows.js';
import { hashSide, type QuarantineSummary, type SideSummary } from '../verify/table.js';
import { Meter } from '../pool/meter.js';
import { quarantineReader } from './quarantine-batches.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { sumUpTarget } from './target-side.js';
import { withRowsOfTarget, withTypesOfTarget } from './thread-target.js';

/** Either one side of one table is read once and summed up, or both sides of a table that differs are read again. */
export type VerifyJob =
  | {
      readonly tag: 'source' | 'target';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      readonly bucketCount: number;
      /** Where buckets are ranges of keys. */
      readonly ranges?: KeyRanges | null | undefined;
      /** Counts the rows that were read. */
      readonly meter?: SharedArrayBuffer | undefined;
      /** Whether the keys are hashed from the same reading, where they come in their order. */
      readonly hashesKeys?: boolean | undefined;
    }
  | {
      /** The quarantined rows of a run. */
      readonly tag: 'quarantined';
      readonly table: VerifiedTable;
      readonly runId: string;
      readonly bucketCount: number;
    }
  | {
      readonly tag: 'differences';
      readonly snapshotPath: string;
      readonly table: VerifiedTable;
      /** The run that has rows of the table in quarantine, or null. */
      readonly quarantineRunId: string | null;
      readonly bucketCount: number;
      readonly differingBuckets: readonly number[];
      /** Rows of each bucket on both sides together. */
      readonly rowsOfBucket: Uint32Array;
      readonly differencesMax: number;
    };

/** What one side summed up to, and the hash of its keys: null where it was not asked for, or must be read in another order. */
export interface ReadSide {
  readonly summary: SideSummary;
  readonly keys: LineHash | null;
}

type VerifiedTable = Omit<TablePlan, 'chunks'> & Pick<VerifyTable, 'rules'>;

declare module '../pool/threads.js' {
  interface ThreadJobs {
    verify:
      | [Extract<VerifyJob, { readonly tag: 'source' | 'target' }>, ReadSide]
      | [Extract<VerifyJob, { readonly tag: 'quarantined' }>, QuarantineSummary]
      | [Extract<VerifyJob, { readonly tag: 'differences' }>, FoundDifferences];
  }
}

/** The independent proof: it reads both sides anew and shares no code with the copy. */
export async function runVerifyJob(job: VerifyJob): Promise<ReadSide | FoundDifferences | QuarantineSummary> {
  return await run(job);
}

async function run(job: VerifyJob): Promise<ReadSide | FoundDifferences | QuarantineSummary> {
  switch (job.tag) {
    case 'differences':
      return await search(job);
    case 'quarantined':
      return await sumUpQuarantined(job);
    default:
      return await sumUp(job);
  }
}

/** Quarantined rows have the forms of source values, so they are hashed as rows of the source. */
async function sumUpQuarantined({
  table,
  runId,
  bucketCount,
}: Extract<VerifyJob, { readonly tag: 'quarantined' }>): Promise<QuarantineSummary> {
  return await withRowsOfTarget(async (reading) => {
    const options = { side: 'source' as const, bucketCount, renderLiterals: rendered };
    const batches = quarantinedBatchesOf(reading, table, runId);
    const originals = await hashSide(batches.originals(), table, options);
    return { originals, changed: await hashSide(batches.changed(), table, options) };
  });
}

/** How PostgreSQL prints texts that it reads as a type. Few tables need it, so the connection for it waits until one does. */
async function rendered(type: string, texts: readonly string[]): Promise<(string | null)[]> {
  return await withTypesOfTarget((client) => renderLiterals(client, type, texts));
}

/** The quarantined rows of a table, in the form in which the verifier reads rows. */
function quarantinedBatchesOf(client: TargetClient, table: VerifiedTable, runId: string) {
  const read = quarantineReader(client, table, runId);
  return {
    originals: () => read(['held', 'converted'], 'original'),
    changed: () => read(['converted'], 'changed'),
  };
}

async function sumUp(job: Extract<VerifyJob, { readonly tag: 'source' | 'target' }>): Promise<ReadSide> {
  const { table, bucketCount, ranges, snapshotPath } = job;
  const meter = new Meter(job.meter);
  const keyLines = job.hashesKeys === true ? new KeyHash() : undefined;
  const options = { side: job.tag, bucketCount, ranges, renderLiterals: rendered, keyLines };
  const counted = (batches: CellBatches) => metered(batches, meter);
  const summary =
    job.tag === 'target'
      ? await sumUpTarget(table, options, counted)
      : await withSnapshot(snapshotPath, (db) => hashSide(counted(readSourceCells(db, table)), table, options));
  return { summary, keys: keyLines?.result ?? null };
}

async function search(job: Extract<VerifyJob, { readonly tag: 'differences' }>): Promise<FoundDifferences> {
  const { table, bucketCount, differingBuckets, rowsOfBucket, differencesMax, snapshotPath, quarantineRunId } = job;
  return await withSnapshot(snapshotPath, (db) =>
    withRowsOfTarget((reading) =>
      findDifferences({
        table,
        bucketCount,
        differingBuckets,
        rowsOfBucket: (bucket) => rowsOfBucket[bucket] ?? 0,
        readSource: () => readSourceCells(db, table),
        readTarget: () => readTargetCells(reading, table),
        ...(quarantineRunId === null ? {} : { quarantined: quarantinedBatchesOf(reading, table, quarantineRunId) }),
        renderLiterals: rendered,
        differencesMax,
      }),
    ),
  );
}

/** The batches, their rows counted as they are read. */
async function* metered(batches: CellBatches, meter: Meter): AsyncGenerator<CellBatch> {
  for await (const batch of batches) {
    meter.add(batch.rowCount);
    yield batch;
  }
}
