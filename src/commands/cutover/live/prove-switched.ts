import { rollbackEnv, rollbackEnvName } from '../../../cutover/rollback-env.js';
import type { CutoverFacts } from '../../../model/cutover.js';
import { CopierError, must, toWire } from '../../../model/error.js';
import { pendingSha256 } from '../../../model/follow.js';
import type { Snapshot } from '../../../model/source.js';
import type { Threads } from '../../../pool/threads.js';
import { replaceArtefact } from '../../../report/files/run-folder.js';
import { pageCheck } from '../../../run/survey/watched-snapshot.js';
import { statFile } from '../../../source/open.js';
import { removeOldSnapshots, settleBase } from '../../../run/follow/base.js';
import { describeTarget } from '../../../target/connection/address.js';
import { digestTables } from '../../../target/fingerprint/digest.js';
import { moveCutover } from '../../../target/ledger/cutover.js';
import { latestRun } from '../../../target/ledger/run.js';
import { acceptSnapshot } from '../../acceptance/accept.js';
import type { CutoverSession } from '../cutover-session.js';
import { acceptanceContext } from '../switch.js';
import type { FrozenView } from './frozen-view.js';

/**
 * The proofs that a live cutover has put off, made while the application works on PostgreSQL: the last snapshot is
 * checked and hashed, every value and key of it is compared with what the target held at the switch, and that is
 * digested for the way back. `view` null: nobody can see the target of that moment any more, and only the snapshot is
 * proven. Gives the facts as they are now, which the ledger and rollback.env have too. Errors: `stuck.differs`,
 * `stuck.not_proven`.
 */
export async function proveSwitched(
  session: CutoverSession,
  {
    facts,
    threads,
    view,
    signal,
  }: {
    readonly facts: CutoverFacts;
    readonly threads: Threads;
    readonly view: FrozenView | null;
    readonly signal: AbortSignal;
  },
): Promise<CutoverFacts> {
  try {
    const snapshot = await proveSnapshot(session, facts, threads);
    const hashed = await note(session, { ...facts, snapshotSha256: snapshot.sha256 });
    removeOldSnapshots(
      must(await latestRun(session.client, session.address.schema), 'the run of the switch'),
      snapshot,
    );
    if (view === null) {
      session.context.journal.warn(
        'what PostgreSQL held at the switch can be seen no more: `pgferry verify` compares the two sides as they are, with all that was written since',
      );
      return hashed;
    }
    const digested = await note(session, {
      ...hashed,
      digests: await digestTables(view.client, session.address.schema),
    });
    await accept(session, { snapshot, view, signal });
    return digested;
  } catch (error) {
    throw asStuck(session, error);
  }
}

async function proveSnapshot(
  { client, cutover, context }: CutoverSession,
  facts: CutoverFacts,
  threads: Threads,
): Promise<Snapshot> {
  const { runId, snapshotPath: path, snapshotSha256 } = facts;
  const known = { path, sourcePath: cutover.sourcePath, takenAt: facts.fencedAt, sha256: snapshotSha256 };
  const { run, look } = pageCheck(threads);
  const { size } = statFile(path);
  const check = (file: string) =>
    context.journal.phase(
      'check',
      () => run(file),
      () => look(size),
    );
  // The whole backup of rollback-journal mode has its hash already, but its pages were not checked under the fence.
  if (snapshotSha256 !== pendingSha256) await check(path);
  return await settleBase(client, runId, known, check);
}

/** Makes the facts known to the ledger and to the way back. */
async function note(
  { client, cutover, folder, address, context }: CutoverSession,
  facts: CutoverFacts,
): Promise<CutoverFacts> {
  const target = { url: describeTarget(address), ledgerSchema: context.settings.ledgerSchema };
  replaceArtefact(folder.pathOf(rollbackEnvName), rollbackEnv(cutover, facts, target, context.own));
  await moveCutover(client, cutover.cutoverId, 'proving', facts);
  return facts;
}

async function accept(
  session: CutoverSession,
  { snapshot, view, signal }: { readonly snapshot: Snapshot; readonly view: FrozenView; readonly signal: AbortSignal },
): Promise<void> {
  const { cutover, folder, address, client } = session;
  const inner = acceptanceContext(session, 'acceptance-switched', signal);
  const result = await acceptSnapshot(inner, { address: { ...address, frozenAs: view.name }, snapshot });
  if (result.ok) return;
  await moveCutover(client, cutover.cutoverId, 'switched');
  throw new CopierError(
    'stuck.differs',
    `the application is on PostgreSQL, and what it was switched to is not what SQLite held: see ${result.runDir ?? folder.path}`,
    {
      hint: 'see which rows differ in the acceptance; `pgferry rollback` goes back to SQLite',
      findings: result.findings,
    },
  );
}

function asStuck({ cutover }: CutoverSession, error: unknown): unknown {
  if (!(error instanceof CopierError) || error.code.startsWith('stuck.')) return error;
  return new CopierError(
    'stuck.not_proven',
    `the application is on PostgreSQL by cutover ${cutover.cutoverId}, and its last proof was not made: ${error.message} [${error.code}]`,
    { hint: `${toWire(error).hint}; then run \`pgferry cutover\` again: it makes the proof`, cause: error },
  );
}
