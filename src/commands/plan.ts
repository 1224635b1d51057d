import type { PlannedSides } from '../model/schema.js';
import { layBeside } from '../translate/compare/side-by-side.js';
import { nameSource } from '../source/import/named-source.js';
import { withTarget } from '../target/connection/connect.js';
import type { TargetClient } from '../target/connection/client.js';
import { type Context, reachTarget, resolveTarget } from '../run/context.js';
import { lockWaits } from '../run/lock-waits.js';
import { makeSchema } from '../run/schema/make-schema.js';
import { preparePlan } from '../run/plan/plan-in-place.js';
import { withTemporarySurvey } from '../run/survey/temporary-survey.js';
import type { Survey } from '../run/survey/survey.js';
import { withConfigFile } from './write-config.js';

/**
 * The plan command: what migrate would do now. Where the target has no tables yet, they are made in a transaction that
 * is rolled back, so that the plan is based on the very types that migrate would make.
 */
export async function runPlan(context: Context): Promise<PlannedSides> {
  return await withConfigFile(
    context.settings,
    () => planSides(context),
    ({ plan }) => plan.findings,
  );
}

async function planSides(context: Context): Promise<PlannedSides> {
  const { settings, signal } = context;
  // A missing source is reported before any server is started or asked.
  nameSource(settings);
  const { address } = await resolveTarget(context);
  await reachTarget(context, address);
  return await withTemporarySurvey(context, { address, name: 'plan' }, async (survey) => {
    return await withTarget(address, { applicationName: 'pgferry plan', signal, locks: lockWaits(context) }, (client) =>
      planAndRollBack(context, client, address.schema, survey),
    );
  });
}

async function planAndRollBack(
  context: Context,
  client: TargetClient,
  schema: string,
  survey: Survey,
): Promise<PlannedSides> {
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
    const { plan, schema: found } = stored;
    return {
      plan,
      sides: layBeside({ source: survey.catalog, plan, objects: found?.objects ?? [], reasons: made.reasons }),
    };
  } finally {
    await client.run('ROLLBACK');
  }
}
