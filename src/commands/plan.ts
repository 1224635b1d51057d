import type { Plan } from '../model.js';
import { sourceFile } from '../source/file.js';
import { type TargetClient, withTarget } from '../target/connect.js';
import { type Context, resolveTarget } from './context.js';
import { withRunThreads } from './copy-threads.js';
import { makeSchema } from './init.js';
import { preparePlan } from './prepare.js';
import { type Survey, surveySource } from './survey.js';
import { withTemporarySnapshot } from './temporary-snapshot.js';

/**
 * The plan command: what migrate would do now. Where the target has no tables yet, they are made in a transaction
 * that is rolled back, so that the plan speaks of the very types that would be there.
 */
export async function runPlan(context: Context): Promise<Plan> {
  const { settings, journal, signal } = context;
  // A source that is not there is told before any server is started or asked.
  sourceFile(settings.sourcePath);
  const { address } = await resolveTarget(context);
  return await withTemporarySnapshot(context, async ({ snapshot, catalog }) => {
    const request = { settings, address, applicationName: 'pgferry plan', signal: context.signal };
    const survey = await withRunThreads(request, (threads) =>
      journal.phase('census', () =>
        surveySource({
          snapshotPath: snapshot.path,
          catalog,
          threads,
          chunkBytes: settings.chunkBytes,
          countsPages: settings.reader !== 'rows',
        }),
      ),
    );
    return await withTarget(address, { applicationName: 'pgferry plan', signal }, (client) =>
      planAndRollBack(context, client, address.schema, survey),
    );
  });
}

async function planAndRollBack(context: Context, client: TargetClient, schema: string, survey: Survey): Promise<Plan> {
  const { settings } = context;
  await client.run('BEGIN');
  try {
    const made = await makeSchema({
      client,
      schema,
      settings: { ...settings, resetSchema: false },
      survey,
      needsLedger: true,
    });
    const stored = await preparePlan({ survey, client, schema, settings, made });
    return stored.plan;
  } finally {
    await client.run('ROLLBACK');
  }
}
