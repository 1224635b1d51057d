import type { RunResult } from '../model/result.js';
import type { TargetAddress } from '../model/target.js';
import { makeRunFolder, removedOnFailure } from '../report/files/run-folder.js';
import { nameSource } from '../source/import/named-source.js';
import { describeTarget } from '../target/connection/address.js';
import { compareSchemas, compareTables, planComparison, refuseUnfinished } from '../run/compare/comparison.js';
import { recordComparison } from '../run/compare/note-comparison.js';
import { type Context, resolveTarget } from '../run/context.js';
import { asRunWas } from '../run/moved-settings.js';
import { withRunThreads } from '../run/load/copy-threads.js';
import { writeRecord } from '../run/attempt/record.js';
import type { UnprovenSnapshot } from '../run/survey/beside-proof.js';
import { withUnprovenSnapshot } from '../run/survey/temporary-snapshot.js';

/**
 * The verify command: every value of the source as it is now against the target as it is now, read anew on both
 * sides. Refused while a run is unfinished, since its target is not meant to be whole.
 */
export async function runVerify(context: Context): Promise<RunResult> {
  // A missing source is reported before any server is started or asked.
  nameSource(context.settings);
  return await verifyIn(context, (await resolveTarget(context)).address);
}

/** The same with a schema of a target that is known already. */
export async function verifyIn(given: Context, address: TargetAddress): Promise<RunResult> {
  const startedAtMs = performance.now();
  await refuseUnfinished(given, address);
  const asRun = await asRunWas(given, address);
  const { settings, journal } = asRun.context;
  const compare = async ({ context, path, catalog, proof, counted }: UnprovenSnapshot) => {
    const request = { settings, address, applicationName: 'pgferry verify', signal: context.signal };
    return await withRunThreads(request, async (threads) => {
      const comparison = { context, address, snapshotPath: path, catalog, threads, counted };
      const plan = await planComparison(comparison);
      // The record's folder is made first, so that a bad --run-dir is reported before hours of reading.
      const folder = makeRunFolder({
        baseFolder: settings.backupFolder,
        runFolder: settings.runFolder,
        now: new Date(),
      });
      return await removedOnFailure(folder, async () => {
        const compared = await compareTables(comparison, plan);
        const schema = await compareSchemas(comparison, plan);
        const snapshot = await proof;
        const isSchemaWhole = !schema.findings.some(({ severity }) => severity === 'error');
        const result: RunResult = {
          ok: compared.every(({ report }) => report.ok) && isSchemaWhole,
          command: 'verify',
          runId: null,
          runDir: folder.path,
          durationMs: Math.round(performance.now() - startedAtMs),
          tables: compared.map(({ report }) => report),
          findings: [...plan.findings, ...schema.findings, ...compared.flatMap(({ findings }) => findings)],
          phases: journal.phases,
          source: snapshot.sourcePath,
          target: describeTarget(address),
          snapshot,
          chunksResumed: 0,
          chunksCopied: 0,
          bytesCopied: 0,
          differences: compared.flatMap(({ differences }) => differences),
          differenceTotals: compared.flatMap(({ totals }) => totals),
          objects: schema.objects,
        };
        await writeRecord(folder, result);
        await recordComparison(context, address, result);
        return result;
      });
    });
  };
  return await withUnprovenSnapshot(asRun.context, compare, { address, sound: asRun.sound });
}
