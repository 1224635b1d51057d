import type { ShadowJob } from '../../workers/shadow.js';
import type { Plan, ShadowReport } from '../model.js';
import { deriveReads, readsMax } from '../shadow/derive-reads.js';
import type { PairedRead } from '../shadow/read.js';
import { renderRead } from '../shadow/render-read.js';
import { timeKindsOf } from '../shadow/result-kinds.js';
import { sampleReads } from '../shadow/sample-reads.js';
import { type Comparison, keptTables } from './comparison.js';
import { sampleOwnReads } from './own-reads.js';
import { takeSamples } from './shadow-samples.js';
import { shadowTables } from './shadow-tables.js';

/** Reads of one job: a thread opens both sides once for them. */
const readsPerJob = 20;
/** Differences named per read. */
const differencesMax = 20;

/** Runs the application's reads, or such as its schema suggests, on both sides and compares them. */
export async function runShadowReads(comparison: Comparison, plan: Plan): Promise<ShadowReport[]> {
  const { context, threads, snapshotPath } = comparison;
  return await context.journal.phase('shadow', async () => {
    const reads = await chooseReads(comparison, plan);
    const rowsMax = context.settings.shadowLimit;
    const times = timeKindsOf(plan.tables);
    const jobs = batches(reads).map((batch): ShadowJob => {
      return { snapshotPath, reads: batch, rowsMax, differencesMax, times };
    });
    const reports = await Promise.all(jobs.map((job) => threads.run<ShadowReport[]>('shadow', job)));
    return reports.flat();
  });
}

async function chooseReads(comparison: Comparison, plan: Plan): Promise<PairedRead[]> {
  const { context, catalog, threads, snapshotPath } = comparison;
  const { shadowLimit } = context.settings;
  const tables = await shadowTables({ tables: plan.tables, catalog, threads, snapshotPath });
  const known = sampleReads(tables);
  const kept = await keptTables(comparison, plan);
  const all = known ?? deriveReads(tables, await takeSamples(snapshotPath, tables));
  const reads = all.filter(({ table, join }) => !kept.has(table.source) && !kept.has(join?.parent.source ?? ''));
  if (reads.length < all.length)
    context.journal.warn(
      `${all.length - reads.length} reads are left out: their tables have rows in quarantine, or converted ones`,
    );
  if (reads.length > readsMax)
    context.journal.warn(`${reads.length} reads suggest themselves; the first ${readsMax} are run`);
  const own = await sampleOwnReads(snapshotPath, plan.tables, context.settings.shadowReads);
  return [...own, ...reads.slice(0, readsMax).map((read) => renderRead(read, shadowLimit))];
}

function batches(reads: readonly PairedRead[]): (readonly PairedRead[])[] {
  const count = Math.ceil(reads.length / readsPerJob);
  return Array.from({ length: count }, (_, i) => reads.slice(i * readsPerJob, (i + 1) * readsPerJob));
}
