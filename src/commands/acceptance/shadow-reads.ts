import { plainProgress } from '../../model/event.js';
import type { Code } from '../../model/codes/codes.js';
import type { ShadowJob } from '../../jobs/shadow-job.js';
import type { Finding, Plan } from '../../model/plan.js';
import type { ShadowReport } from '../../model/shadow.js';
import { deriveReads, readsMax } from '../../shadow/derive-reads.js';
import type { PairedRead } from '../../shadow/read.js';
import { renderRead } from '../../shadow/render-read.js';
import { timeKindsOf } from '../../shadow/result-kinds.js';
import { sampleReads } from '../../shadow/sample-reads.js';
import { type Comparison, readQuarantines } from '../../run/compare/comparison.js';
import { sampleOwnReads } from './own-reads.js';
import { takeSamples } from './shadow-samples.js';
import { shadowTables } from './shadow-tables.js';

/** Reads of one job: a thread opens both sides once for them. */
const readsPerJob = 20;
/** Differences named per read. */
const differencesMax = 20;

export interface ShadowReads {
  readonly reads: readonly ShadowReport[];
  /** What must be looked at in them, and what was not run. */
  readonly findings: readonly Finding[];
}

/** Runs the application's reads, or such as its schema suggests, on both sides and compares them. */
export async function runShadowReads(comparison: Comparison, plan: Plan): Promise<ShadowReads> {
  const { context, threads, snapshotPath } = comparison;
  let done = 0;
  let total: number | null = null;
  const look = () => plainProgress('shadow', 'reads', done, total);
  const run = async () => {
    const { reads, findings } = await chooseReads(comparison, plan);
    total = reads.length;
    const rowsMax = context.settings.shadowLimit;
    const times = timeKindsOf(plan.tables);
    const jobs = batches(reads).map((batch): ShadowJob => {
      return { snapshotPath, reads: batch, rowsMax, differencesMax, times };
    });
    const runJob = async (job: ShadowJob) => {
      const reports = await threads.run('shadow', job);
      done += job.reads.length;
      return reports;
    };
    const reports = (await Promise.all(jobs.map(runJob))).flat();
    return { reads: reports, findings: [...findings, ...reports.flatMap(findingOf)] };
  };
  return await context.journal.phase('shadow', run, look);
}

interface ChosenReads {
  readonly reads: readonly PairedRead[];
  readonly findings: readonly Finding[];
}

async function chooseReads(comparison: Comparison, plan: Plan): Promise<ChosenReads> {
  const { context, catalog, threads, snapshotPath } = comparison;
  const { shadowLimit, shadowReads } = context.settings;
  const tables = await shadowTables({ tables: plan.tables, catalog, threads, snapshotPath });
  const quarantines = await readQuarantines(comparison, plan);
  const all = sampleReads(tables) ?? deriveReads(tables, await takeSamples(snapshotPath, tables));
  const whole = all.filter(
    ({ table, join }) => !quarantines.has(table.source) && !quarantines.has(join?.parent.source ?? ''),
  );
  const reads = whole.slice(0, readsMax).map((read) => renderRead(read, shadowLimit));
  const own = await sampleOwnReads(snapshotPath, plan.tables, shadowReads);
  const why = 'their tables have rows in quarantine, or converted ones';
  return {
    reads: [...own, ...reads],
    findings: [
      ...leftOut('shadow.kept', all.length - whole.length, why),
      ...leftOut('shadow.more', whole.length - reads.length, `more than ${readsMax} suggest themselves`),
    ],
  };
}

function leftOut(code: Code, count: number, why: string): Finding[] {
  if (count === 0) return [];
  const message = `reads that were not run: ${count}, since ${why}`;
  const hint = 'name the ones that matter under shadowReads in the config file';
  return [{ severity: 'warning', code, table: null, column: null, key: null, message, hint }];
}

/** What must be looked at in a read: that it differs, or that an application may see another order. */
function findingOf({ table, name, verdict, differences, explanations }: ShadowReport): Finding[] {
  const hint = explanations.join('; ');
  const [first] = differences;
  const location = { table, column: first?.column ?? null, key: first?.key ?? null };
  switch (verdict) {
    case 'differs':
      return [{ severity: 'error', code: 'shadow.differs', ...location, message: `read "${name}" differs`, hint }];
    case 'failed':
      return [
        { severity: 'error', code: 'shadow.failed', ...location, message: `read "${name}" failed on one side`, hint },
      ];
    case 'equal': {
      if (explanations.length === 0) return [];
      const message = `read "${name}": the rows are the same, but not their order as an application asks for it`;
      return [{ severity: 'warning', code: 'shadow.order', ...location, message, hint }];
    }
  }
}

function batches(reads: readonly PairedRead[]): (readonly PairedRead[])[] {
  const count = Math.ceil(reads.length / readsPerJob);
  return Array.from({ length: count }, (_, i) => reads.slice(i * readsPerJob, (i + 1) * readsPerJob));
}
