import type { ShadowResult } from '../../model/shadow.js';
import { nameSource } from '../../source/import/named-source.js';
import { describeTarget } from '../../target/connection/address.js';
import { planComparison, refuseUnfinished } from '../../run/compare/comparison.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { asRunWas } from '../../run/moved-settings.js';
import { withRunThreads } from '../../run/load/copy-threads.js';
import { runShadowReads } from './shadow-reads.js';
import type { UnprovenSnapshot } from '../../run/survey/beside-proof.js';
import { withUnprovenSnapshot } from '../../run/survey/temporary-snapshot.js';

/**
 * The shadow command: runs the same reads on a temporary snapshot of the source and on the target, and compares the
 * results value by value. Both sides are only read.
 */
export async function runShadow(given: Context): Promise<ShadowResult> {
  const startedAtMs = performance.now();
  nameSource(given.settings);
  const { address } = await resolveTarget(given);
  await refuseUnfinished(given, address);
  const asRun = await asRunWas(given, address);
  const { settings, journal } = asRun.context;
  const compare = async ({ context, path, catalog, proof, counted }: UnprovenSnapshot): Promise<ShadowResult> => {
    const { signal } = context;
    const request = { settings, address, applicationName: 'pgferry shadow', signal };
    return await withRunThreads(request, async (threads) => {
      const comparison = { context, address, snapshotPath: path, catalog, threads, counted };
      const plan = await planComparison(comparison);
      const { reads, findings } = await runShadowReads(comparison, plan);
      const snapshot = await proof;
      return {
        ok: reads.every(({ verdict }) => verdict === 'equal'),
        command: 'shadow',
        runId: null,
        runDir: null,
        durationMs: Math.round(performance.now() - startedAtMs),
        tables: [],
        findings: [...plan.findings, ...findings],
        phases: journal.phases,
        source: snapshot.sourcePath,
        target: describeTarget(address),
        snapshot,
        reads,
      };
    });
  };
  return await withUnprovenSnapshot(asRun.context, compare, { address, sound: asRun.sound });
}
