import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import type { CutoverResult } from '../../model/cutover.js';
import { makeRunFolder, removedOnFailure, writeManifest } from '../../report/files/run-folder.js';
import { formatDuration } from '../../report/units.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { withFence } from '../../source/live/fence.js';
import { readJournalMode } from '../../source/live/journal-mode.js';
import { busyTimeoutMs } from '../../source/open.js';
import { describeTarget } from '../../target/connection/address.js';
import type { TargetClient } from '../../target/connection/client.js';
import { digestInPhase } from '../../run/carry/digest-phase.js';
import { copyForRehearsal } from '../../run/schema/copy-for-rehearsal.js';
import { readSqlFolder } from '../../target/schema/schema.js';
import { mayMakeScratch, withScratchSchema } from '../../target/schema/scratch.js';
import { withFollowSession } from '../../run/follow/follow-session.js';
import { acceptSnapshot, runAccept } from '../acceptance/accept.js';
import { catchUp } from './live/catch-up.js';
import type { RunResult } from '../../model/result.js';
import { type Context, refuseIfBlocked } from '../../run/context.js';
import { cutoverResult } from './cutover-result.js';
import { innerContext, keepLog, type Preflight } from './cutover-session.js';
import { checkDiskSpace } from './preflight.js';
import { sayPrice } from './way-back/reverse-journal.js';
import { runPlan } from '../plan.js';
import { runMigrate } from '../migrate.js';
import type { Settings } from '../../model/settings.js';
import { warnOfWayBack } from '../../run/carry/way-back-limits.js';
import { withSchema } from './target-writes.js';

/** The schema of the real target that a rehearsal uses. */
export const rehearsalSchema = 'pgferry_rehearsal';

/**
 * Everything of a cutover except the switch. What would be refused is refused, the fence is tried for a moment, and the
 * whole migration goes into a schema of its own, which is dropped again. Neither the application nor its tables are
 * touched.
 */
export async function rehearseCutover(
  context: Context,
  preflight: Preflight,
  {
    address,
    client,
    flags,
  }: {
    readonly address: TargetAddress;
    readonly client: TargetClient;
    readonly flags: { readonly base: string; readonly folder: string };
  },
): Promise<CutoverResult> {
  const { settings, journal } = context;
  if (!(await mayMakeScratch(client))) throw needsScratch(address);
  const { plan } = await runPlan(innerContext(context, settings, context.signal));
  refuseIfBlocked(plan, 'the cutover would be refused, since the plan refuses');
  const folder = makeRunFolder({
    baseFolder: settings.cutoverBaseFolder,
    runFolder: settings.cutoverRunFolder,
    now: new Date(),
    flags,
    prefix: 'rehearsal-',
  });
  return await removedOnFailure(folder, async () => {
    await checkDiskSpace(folder.path, preflight.sourcePath);
    keepLog(journal, folder.pathOf('cutover.log'));
    const fenceMs = await timed(() =>
      journal.phase('fence-trial', () =>
        withFence(preflight.sourcePath, { timeoutMs: busyTimeoutMs }, async () => undefined),
      ),
    );
    const waitMs = await withScratchSchema(client, rehearsalSchema, async () => {
      await copyForRehearsal(context, client, { from: address.schema, to: rehearsalSchema, plan });
      const startedAtMs = performance.now();
      const predictedMs = await rehearsePass(context, preflight, { address, client, folder: folder.path });
      return predictedMs ?? performance.now() - startedAtMs;
    });
    if (settings.reverseJournal) await sayPrice(context, client);
    const downtimeMs = Math.round(fenceMs + waitMs);
    journal.note(
      `writers would wait about ${formatDuration(downtimeMs)}${preflight.clients === null ? '' : ', and as long as prisma generate takes'}`,
    );
    await writeManifest(folder);
    return cutoverResult({
      command: 'cutover',
      cutoverId: null,
      state: 'rehearsed',
      runDir: folder.path,
      source: preflight.sourcePath,
      target: describeTarget(address),
      downtimeMs,
      phases: journal.phases,
    });
  });
}

/** Gives how long writers would wait for the last round of a live cutover; null of another, which takes the whole pass. */
async function rehearsePass(
  context: Context,
  { sourcePath }: Preflight,
  {
    address,
    client,
    folder,
  }: { readonly address: TargetAddress; readonly client: TargetClient; readonly folder: string },
): Promise<number | null> {
  const { settings, journal, signal } = context;
  const scratch: Settings = {
    ...settings,
    targetUrl: withSchema(settings.targetUrl ?? '', rehearsalSchema),
    fresh: true,
    resetSchema: false,
    fromSource: settings.fromSource || (await namesItsSchema(settings.sqlFolder, address.schema)),
    runFolder: join(folder, 'migration'),
    acceptanceRunFolder: join(folder, 'acceptance'),
  };
  const migrated = await journal.phase('migrate', () => runMigrate(innerContext(context, scratch, signal)));
  await warnOfWayBack(context, client, migrated);
  if (!migrated.ok) throw differs(migrated);
  if (settings.live) return await rehearseRounds(innerContext(context, scratch, signal), sourcePath, migrated);
  // Nobody is fenced, so the application writes on: what was copied is accepted against what was copied.
  const { snapshot } = migrated;
  const copied = snapshot?.unmapped?.snapshot ?? snapshot;
  const audited = { ...scratch, sourcePath: copied?.path ?? scratch.sourcePath };
  const accepted = await journal.phase('accept', () => runAccept(innerContext(context, audited, signal)));
  if (!accepted.ok) throw differs(migrated);
  await digestInPhase(journal, 'digest', { client, schema: rehearsalSchema });
  return null;
}

/** Follows the source as a live cutover does, and accepts what came of it; gives what the last round predicts. */
async function rehearseRounds(context: Context, sourcePath: string, migrated: RunResult): Promise<number> {
  const isWal = (await readJournalMode(sourcePath)) === 'wal';
  return await withFollowSession(context, 'follow', async (follow) => {
    const { shown, predictedMs } = await catchUp(follow, follow, isWal);
    const accepted = await acceptSnapshot(context, { address: follow.address, snapshot: shown.base.snapshot });
    if (!accepted.ok) throw differs(migrated);
    return predictedMs;
  });
}

function differs({ findings }: RunResult): CopierError {
  return new CopierError('cutover.differs', 'the two sides differ in the rehearsal', {
    hint: 'run `pgferry migrate` into an empty database and `pgferry verify` to see which rows',
    findings,
  });
}

/** Files that name a schema would make their tables there, and not where the rehearsal is. */
async function namesItsSchema(folder: string, schema: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const name = schema.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`(^|[^\\w"])"?${name}"?\\s*\\.|search_path`, 'im');
  const files = await readSqlFolder(folder);
  return files.some(({ statements }) => statements.some(({ text }) => pattern.test(text)));
}

async function timed(use: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await use();
  return performance.now() - startedAtMs;
}

function needsScratch({ database, user }: TargetAddress): CopierError {
  const message = `a rehearsal makes the schema ${rehearsalSchema} for a while, which the role ${user} may not`;
  const hint = `GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}; or rehearse on another database`;
  return new CopierError('target.no_rights', message, { hint });
}
