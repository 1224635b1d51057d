import { CopierError } from '../../model/error.js';
import type { UncheckedTable } from '../../model/source.js';
import { withJoinedSignal } from '../../lib/joined-signal.js';
import type { Threads } from '../../pool/threads.js';
import { proveAgain } from '../../source/snapshot/snapshot.js';
import { lockWaitFor } from '../../target/connection/lock-holders.js';
import { forgetChecked } from '../../target/ledger/run.js';
import { pageCheck } from '../survey/watched-snapshot.js';
import { warnOfUnchecked } from '../survey/warnings.js';
import { abandon } from './abandon.js';
import type { Attempt, BegunRun } from './attempt.js';

/*
 * The check of a snapshot's pages (quick_check) goes on beside the copy where the file is large and nothing of the target
 * is lost by a load of damaged bytes. Until it has ended the run stays in state copying, whatever is in the target
 * already; where pages turn out damaged the run is given up, which empties its tables. So a run that was killed in
 * state copying counts as one whose pages nobody has judged.
 */

/** Snapshots of so many bytes or more are checked beside the copy. What is smaller takes less than a tenth of a second. */
export const besideFromBytes = 32 * 1024 * 1024;

/** Which tables SQLite could not judge; source.corrupt where pages are damaged. */
export type Judging = Promise<readonly UncheckedTable[]>;

/** Gives what `work` gives. Where it fails while pages are damaged, the damage names the cause better. */
export async function orDamage<T>(judging: Judging, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await judging;
    throw error;
  }
}

/** Judges the pages of a run that goes on, unless it had come so far that they were. */
export function judgeAgain({ context }: Attempt, { run, snapshot, areJudged }: BegunRun, threads: Threads): Judging {
  if (areJudged) return Promise.resolve([]);
  const check = pageCheck(threads);
  const judge = () => proveAgain({ path: snapshot.path, sourcePath: run.sourcePath }, check.run);
  const judging = context.journal.phase('check', judge, () => check.look(snapshot.bytes));
  // It is looked at when all is copied.
  judging.catch(() => {});
  return judging;
}

/** What a load does while the pages are judged. */
export interface Unjudged {
  /** Fires as well once pages turned out damaged. */
  readonly signal: AbortSignal;
  /** To be awaited before the run may go into another state than copying. */
  readonly judged: () => Promise<void>;
}

/** Loads while the pages are judged. Where they are damaged the run is given up, and the error is that of the damage. */
export async function loadUnjudged<T>(
  attempt: Attempt,
  begun: BegunRun,
  { judging, load }: { readonly judging: Judging; readonly load: (unjudged: Unjudged) => Promise<T> },
): Promise<T> {
  const { context, client, signal } = attempt;
  const damaged = new AbortController();
  judging.catch((error: unknown) => damaged.abort(error));
  const judged = async () => {
    const unchecked = await judging;
    warnOfUnchecked(context.journal, { unchecked });
    if (unchecked.length > 0) await forgetChecked(client, begun.run);
  };
  try {
    return await withJoinedSignal([signal, damaged.signal], (joined) => load({ signal: joined, judged }));
  } catch (error) {
    const damage = await damageOf(judging);
    if (damage === null) throw error;
    await abandonDamaged(attempt, begun);
    throw damage;
  }
}

/** Null where the pages are sound, and where nobody could find out. */
async function damageOf(judging: Judging): Promise<CopierError | null> {
  try {
    await judging;
    return null;
  } catch (error) {
    return error instanceof CopierError && error.code === 'source.corrupt' ? error : null;
  }
}

/** A run over damaged pages leaves no row. Where that cannot be done now, the next run does it. */
async function abandonDamaged({ context, client, address }: Attempt, { run, stored }: BegunRun): Promise<void> {
  const { journal, settings } = context;
  const lockWait = lockWaitFor(settings.stallTimeoutSeconds * 1000);
  try {
    await abandon({ client, run, stored, schema: address.schema, mayEmpty: false, lockWait });
    journal.warn(`run ${run.runId} is given up, for its source is damaged; the tables that it loaded are empty again`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    journal.warn(
      `run ${run.runId}, whose source is damaged, could not be given up, so that rows of it may stand: ${why}`,
    );
  }
}
