import { CopierError } from '../errors.js';
import type { Plan, RunResult, SourceCatalog } from '../model.js';
import { makeRunFolder, removeRunFolder, type RunFolder } from '../report/run-folder.js';
import { sourceFile } from '../source/file.js';
import { describeTarget } from '../target/address.js';
import { withTarget } from '../target/connect.js';
import { hasLedger } from '../target/ledger.js';
import { findUnfinishedRun } from '../target/run.js';
import { compareTable } from './compare.js';
import { type Context, refuseIfBlocked, type ResolvedTarget, resolveTarget } from './context.js';
import { withRunThreads } from './copy-threads.js';
import { preparePlan } from './prepare.js';
import { writeRecord } from './record.js';
import { checkSchema, findStoredSchema, type SchemaCheck } from './schema-check.js';
import { surveySource } from './survey.js';
import { withTemporarySnapshot } from './temporary-snapshot.js';

/**
 * The verify command: every value of the source as it is now against the target as it is now, read anew on both
 * sides. Refused while a run is unfinished, since its target is not meant to be whole.
 */
export async function runVerify(context: Context): Promise<RunResult> {
  const startedAtMs = performance.now();
  const { settings, journal } = context;
  // A source that is not there is told before any server is started or asked.
  sourceFile(settings.sourcePath);
  const { address } = await resolveTarget(context);
  await refuseUnfinished(context, address);
  return await withTemporarySnapshot(context, async ({ snapshot, catalog }) => {
    const request = { settings, address, applicationName: 'pgferry verify', signal: context.signal };
    return await withRunThreads(request, async (threads) => {
      const plan = await planComparison(context, address, () =>
        surveySource({
          snapshotPath: snapshot.path,
          catalog,
          threads,
          chunkBytes: settings.chunkBytes,
          // The proof takes nothing on the page reader's word.
          countsPages: false,
        }),
      );
      const folder = makeRunFolder({
        baseFolder: settings.backupFolder,
        runFolder: settings.runFolder,
        now: new Date(),
      });
      const compared = await removedOnFailure(folder, () =>
        journal.phase('compare', () =>
          Promise.all(
            plan.tables.map(async (table) => {
              const compared = await compareTable(table, {
                threads,
                snapshotPath: snapshot.path,
                differencesMax: settings.differencesMax,
              });
              journal.tell({ tag: 'table-verified', table: table.source, isEqual: compared.report.ok });
              return compared;
            }),
          ),
        ),
      );
      const schema = await removedOnFailure(folder, () => compareSchemas(context, address, { plan, source: catalog }));
      const result: RunResult = {
        ok: compared.every(({ report }) => report.ok) && !schema.findings.some(({ severity }) => severity === 'error'),
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
        objects: schema.objects,
      };
      await writeRecord(folder, result);
      return result;
    });
  });
}

/** The record's folder is made first, so that a bad --run-dir is told before hours of reading. */
async function removedOnFailure<T>(folder: RunFolder, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    removeRunFolder(folder);
    throw error;
  }
}

async function compareSchemas(
  { settings, signal }: Context,
  address: ResolvedTarget['address'],
  { plan, source }: { readonly plan: Plan; readonly source: SourceCatalog },
): Promise<SchemaCheck> {
  const { schema } = address;
  return await withTarget(address, { applicationName: 'pgferry verify', signal }, async (client) => {
    const stored = await findStoredSchema(client, schema);
    return await checkSchema({ client, schema, plan, source, stored, waive: settings.waive });
  });
}

async function refuseUnfinished(context: Context, address: ResolvedTarget['address']): Promise<void> {
  const connecting = { applicationName: 'pgferry verify', signal: context.signal };
  const run = await withTarget(address, connecting, async (client) =>
    (await hasLedger(client)) ? await findUnfinishedRun(client, address.schema) : null,
  );
  if (run === null || run.state === 'failed') return;
  throw new CopierError(
    'target.run_unfinished',
    `run ${run.runId} of schema ${address.schema} is not finished (${run.state})`,
    {
      hint: 'finish it first: run `pgferry migrate` or `pgferry copy` again; `pgferry status` shows where it stands',
    },
  );
}

/** Matches tables and columns as the copy would; orphans are no reason against comparing. */
async function planComparison(
  context: Context,
  address: ResolvedTarget['address'],
  survey: () => ReturnType<typeof surveySource>,
): Promise<Plan> {
  const { settings, journal, signal } = context;
  const surveyed = await journal.phase('census', survey);
  const { plan } = await withTarget(address, { applicationName: 'pgferry verify', signal }, (client) =>
    preparePlan({
      survey: surveyed,
      client,
      schema: address.schema,
      settings,
      made: null,
    }),
  );
  const findings = plan.findings.filter(({ code }) => code !== 'plan.orphans');
  refuseIfBlocked({ ...plan, findings }, 'the two sides cannot be compared');
  return { ...plan, findings: findings.filter(({ severity }) => severity !== 'note') };
}
