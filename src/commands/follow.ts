import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../model/error.js';
import type { FollowResult, RoundReport } from '../model/follow.js';
import { formatDuration } from '../report/units.js';
import { describeTarget } from '../target/connection/address.js';
import { withControl } from '../run/control/with-control.js';
import type { Context } from '../run/context.js';
import { TableCount } from '../run/table-count.js';
import type { Base } from '../run/follow/base.js';
import { type FollowSession, withFollowSession } from '../run/follow/follow-session.js';
import { type ProvenTables, proveTables, refuseUnproven } from '../run/follow/prove-tables.js';
import { takeRound } from '../run/follow/take-round.js';

/** Whole tables are proven after this many rounds, and always after the last. */
const roundsPerProof = 10;

/**
 * The follow command: rounds, each of which brings the target from the snapshot that it shows to a newer one. It stops
 * between two rounds; the next call resumes there.
 */
export async function runFollow(context: Context): Promise<FollowResult> {
  const startedAtMs = performance.now();
  return await withFollowSession(context, 'follow', async (session) => {
    const { settings } = context;
    const { rounds, proven } = settings.followDryRun ? await rehearse(session) : await follow(session);
    return {
      ok: proven.tables.every(({ ok }) => ok),
      command: 'follow',
      runId: session.run.runId,
      runDir: dirname(session.run.snapshotPath),
      source: session.sourcePath,
      target: describeTarget(session.address),
      durationMs: Math.round(performance.now() - startedAtMs),
      isRehearsal: settings.followDryRun,
      isQuiet: isQuiet(rounds.at(-1)),
      rounds,
      ...proven,
    };
  });
}

interface Followed {
  readonly rounds: readonly RoundReport[];
  readonly proven: ProvenTables;
}

const nothingProven: ProvenTables = { tables: [], differences: [], findings: [] };

async function rehearse(session: FollowSession): Promise<Followed> {
  const { report } = await takeRound(session, session, { isRehearsal: true });
  return { rounds: [report], proven: nothingProven };
}

async function follow(session: FollowSession): Promise<Followed> {
  const folder = dirname(session.run.snapshotPath);
  return await withControl(session.context, { command: 'follow', folder }, () => takeRounds(session));
}

async function takeRounds(session: FollowSession): Promise<Followed> {
  const { context, signal } = session;
  const { followRounds, followUntilQuiet, followEverySeconds } = context.settings;
  const roundsMax = followRounds ?? (followUntilQuiet || followEverySeconds !== null ? Number.POSITIVE_INFINITY : 1);
  const rounds: RoundReport[] = [];
  const unproven = new Set<string>();
  let shown: Pick<FollowSession, 'base' | 'catalog'> = session;
  while (rounds.length < roundsMax) {
    await context.orders.whileGoing(signal);
    if (signal.aborted) throw stopOf(signal);
    const beganAtMs = performance.now();
    const taken = await takeRound(session, shown, { isRehearsal: false });
    shown = taken.shown;
    rounds.push(taken.report);
    for (const { table } of taken.report.changes) unproven.add(table);
    context.journal.note(describeRound(taken.report));
    if (followUntilQuiet && isQuiet(taken.report)) break;
    if (rounds.length >= roundsMax) break;
    if (rounds.length % roundsPerProof === 0) {
      refuseUnproven(await prove(session, shown.base, unproven));
      unproven.clear();
    }
    await pause(signal, followEverySeconds === null ? 0 : 1000 * followEverySeconds - (performance.now() - beganAtMs));
  }
  return { rounds, proven: await prove(session, shown.base, unproven) };
}

async function prove(session: FollowSession, base: Base, names: ReadonlySet<string>): Promise<ProvenTables> {
  const tables = session.plan.tables.filter(({ source }) => names.has(source));
  if (tables.length === 0) return nothingProven;
  const count = new TableCount();
  count.note(0, tables.length);
  return await session.context.journal.phase(
    'verify',
    () => proveTables(session, base, tables, (done) => count.note(done, tables.length)),
    () => count.progress('verify'),
  );
}

function isQuiet(round: RoundReport | undefined): boolean {
  return round !== undefined && round.changes.length === 0;
}

/** While it waits for the next round, an interruption ends it at once. */
async function pause(signal: AbortSignal, ms: number): Promise<void> {
  if (ms > 0 && !signal.aborted) await wait(ms, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) throw stopOf(signal);
}

function stopOf({ reason }: AbortSignal): CopierError {
  if (reason instanceof CopierError) return reason;
  return new CopierError('interrupted.by_operator', 'stopped at the edge of a round, as asked; its rows are there', {
    hint: 'run the same command again: it goes on with the next round',
  });
}

function describeRound({ number, changes, rows, durationMs, snapshotTakenAt }: RoundReport): string {
  const what = changes.length === 0 ? 'nothing had changed' : `${rows} rows in ${changes.length} tables`;
  return `round ${number}: ${what}; the target shows the source of ${snapshotTakenAt}, after ${formatDuration(durationMs)}`;
}
