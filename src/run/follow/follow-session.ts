import { resolve } from 'node:path';
import { hashSample } from '../../encode/fingerprint/sample-hash.js';
import { CopierError } from '../../model/error.js';
import type { Plan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { hashPlan } from '../../plan/plan-hash.js';
import { leavesOrphans } from '../../plan/rules/rules.js';
import type { Threads } from '../../pool/threads.js';
import { liveFile } from '../../source/import/named-source.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { fingerprintSamples, selfTestFingerprint } from '../../target/fingerprint/fingerprint.js';
import { holderName, withRunLock } from '../../target/ledger/lock.js';
import type { Run } from '../../target/ledger/run.js';
import { type Context, resolveTarget } from '../context.js';
import { withRunThreads } from '../load/copy-threads.js';
import { lockWaits } from '../lock-waits.js';
import { warnOfOther } from '../moved-settings.js';
import { readStoredPlan, type StoredPlan } from '../plan/stored-plan.js';
import { refuseStaying } from '../plan/staying-rows.js';
import { refuseMatches } from '../survey/map-seeded.js';
import { readCatalog } from '../survey/survey.js';
import { type Base, findBase, findRunToFollow, removeOldSnapshots } from './base.js';

/** What rounds and repairs work with. The run lock of the schema is held for as long as it is lent. */
export interface FollowSession {
  readonly context: Context;
  readonly address: TargetAddress;
  readonly client: TargetClient;
  readonly threads: Threads;
  readonly run: Run;
  readonly plan: Plan;
  readonly choices: StoredPlan['choices'];
  readonly sourcePath: string;
  /** The snapshot that the target shows at the beginning. */
  readonly base: Base;
  /** The catalog of that snapshot. */
  readonly catalog: SourceCatalog;
  readonly hasFingerprints: boolean;
  /** Target names of the tables whose rows may stay without those that they refer to. */
  readonly mayHoldOrphans: readonly string[];
  /** Fires when the lock is lost. */
  readonly signal: AbortSignal;
}

export async function withFollowSession<T>(
  context: Context,
  command: 'follow' | 'repair',
  use: (session: FollowSession) => Promise<T>,
): Promise<T> {
  const sourcePath = liveFile(context.settings);
  const { address } = await resolveTarget(context);
  const connecting = { applicationName: holderName(command), locks: lockWaits(context) };
  return await withTarget(address, connecting, (client) =>
    withRunLock(client, address.schema, async (lost) => {
      const signal = AbortSignal.any([context.signal, lost]);
      const run = await findRunToFollow(client, address.schema);
      refuseOtherSource(run, sourcePath);
      const stored = await readStoredPlan(client, run.runId);
      if (hashPlan(stored.plan) !== run.planHash) throw changedPlan(run);
      refuseStaying(stored.plan, 'a round');
      refuseMatches(
        { settings: { ...context.settings, ...stored.moved } },
        'a round',
        'move with `pgferry cutover` without --live',
      );
      warnOfOther(context, stored.moved, run.runId);
      const base = await findBase(client, run);
      removeOldSnapshots(run, base.snapshot);
      const catalog = await readCatalog(base.snapshot.path, { ...context.settings, ...stored.moved });
      const hasFingerprints = await canFingerprint(client);
      const request = { settings: context.settings, address, applicationName: `pgferry ${command}`, signal };
      return await withRunThreads(request, (threads) =>
        use({
          context,
          address,
          client,
          threads,
          run,
          plan: stored.plan,
          choices: stored.choices,
          sourcePath,
          base,
          catalog,
          hasFingerprints,
          mayHoldOrphans: tablesWithOrphans(stored),
          signal,
        }),
      );
    }),
  );
}

/** By the policy of the table; in a schema that pgferry translated also where nothing was said of orphans, as in a load. */
function tablesWithOrphans({ plan, schema }: StoredPlan): string[] {
  const isUnsaid = ({ policies = {} }: TablePlan) => !('orphan' in policies) && !('*' in policies);
  const mayHold = (table: TablePlan) => leavesOrphans(table) || (schema?.isTranslated === true && isUnsaid(table));
  return plan.tables.filter(mayHold).map(({ target }) => target);
}

async function canFingerprint(client: TargetClient): Promise<boolean> {
  const hashes = await selfTestFingerprint(client);
  return fingerprintSamples.every((sample) => hashes[sample.name] === hashSample(sample));
}

function refuseOtherSource(run: Run, sourcePath: string): void {
  if (resolve(run.sourcePath) === sourcePath) return;
  throw new CopierError('plan.other_source', `run ${run.runId} loaded ${run.sourcePath}, not ${sourcePath}`, {
    hint: 'name the file that was loaded with --source, or migrate this one anew with --truncate-target',
  });
}

function changedPlan(run: Run): CopierError {
  return new CopierError('plan.tampered', `the plan of run ${run.runId} in the ledger is not the one it began with`, {
    hint: 'find out who writes to schema pgferry of the target, then migrate anew with --truncate-target',
  });
}
