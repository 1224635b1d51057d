import type { Finding, ShadowReport, ShadowResult } from '../model.js';
import { sourceFile } from '../source/file.js';
import { describeTarget } from '../target/address.js';
import { planComparison, refuseUnfinished } from './comparison.js';
import { type Context, resolveTarget } from './context.js';
import { withRunThreads } from './copy-threads.js';
import { runShadowReads } from './shadow-reads.js';
import { withTemporarySnapshot } from './temporary-snapshot.js';

/**
 * The shadow command: the same reads on a passing snapshot of the source and on the target, compared value by value.
 * Both sides are only read.
 */
export async function runShadow(context: Context): Promise<ShadowResult> {
  const startedAtMs = performance.now();
  const { settings, journal, signal } = context;
  sourceFile(settings.sourcePath);
  const { address } = await resolveTarget(context);
  await refuseUnfinished(context, address);
  return await withTemporarySnapshot(context, async ({ snapshot, catalog }) => {
    const request = { settings, address, applicationName: 'pgferry shadow', signal };
    return await withRunThreads(request, async (threads) => {
      const comparison = { context, address, snapshotPath: snapshot.path, catalog, threads };
      const plan = await planComparison(comparison);
      const reads = await runShadowReads(comparison, plan);
      return {
        ok: reads.every(({ verdict }) => verdict === 'equal'),
        command: 'shadow',
        runId: null,
        runDir: null,
        durationMs: Math.round(performance.now() - startedAtMs),
        tables: [],
        findings: [...plan.findings, ...shadowFindings(reads)],
        phases: journal.phases,
        source: snapshot.sourcePath,
        target: describeTarget(address),
        snapshot,
        reads,
      };
    });
  });
}

/** What must be looked at in the reads: those that differ, and those that an application may see in another order. */
export function shadowFindings(reads: readonly ShadowReport[]): Finding[] {
  return reads.flatMap((read): Finding[] => {
    const { table, name, verdict, differences, explanations } = read;
    const why = explanations.join('; ');
    if (verdict === 'equal') {
      if (explanations.length === 0) return [];
      const message = `read "${name}": the rows are the same, but not their order as an application asks for it`;
      return [{ severity: 'warning', code: 'shadow.order', table, column: null, key: null, message, hint: why }];
    }
    const [first] = differences;
    const code = verdict === 'failed' ? 'shadow.failed' : 'shadow.differs';
    const message = verdict === 'failed' ? `read "${name}" failed on one side` : `read "${name}" differs`;
    const place = { column: first?.column ?? null, key: first?.key ?? null };
    return [{ severity: 'error', code, table, ...place, message, hint: why }];
  });
}
