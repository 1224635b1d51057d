import type { Cutover, CutoverFacts, CutoverResult } from '../../model/cutover.js';
import { CopierError, type ErrorCode, must, toWire } from '../../model/error.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { moveCutovers } from '../../target/ledger/cutover.js';
import { settleApplication } from './application.js';
import { conclude } from './conclude.js';
import { type CutoverMember, type CutoverMembers, type LockedTarget, runStep } from './cutover-session.js';
import { type Guards, switchIfClosed, withClosedSource } from './guarded-switch.js';
import { factsForResume } from './switch/close-sources.js';
import { withLockedTables } from './switch.js';
import { keepJournal } from './way-back/reverse-journal.js';
import { type WrittenTable, describeWritten, findWritten } from './target-writes.js';
import type { CutoverProgress } from './undo.js';

/** With these the application was not switched, and the message says what comes next. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'cutover.target_changed',
  'cutover.reopened',
  'cutover.source_changed',
]);

/**
 * Resumes a cutover that crashed after the source was closed. The copy is still complete, since no writer could change
 * the source since.
 */
export async function resumeCutover(members: CutoverMembers, locked: LockedTarget): Promise<CutoverResult> {
  const [{ session }] = members;
  const { client, context, cutover: known } = session;
  context.journal.note(
    `going on with cutover ${known.cutoverId} of ${known.startedAt}: ${members.length === 1 ? 'the SQLite database is' : 'all SQLite databases are'} closed, the switch is left`,
  );
  const resumed = members.map((member) => ({ ...member, ...factsForResume(member.session.cutover) }));
  const progress: CutoverProgress = {
    step: 'switch',
    generated: 'no',
    closed: members.map(({ preflight }) => preflight.sourcePath),
    envSwitch: null,
    prepared: [],
  };
  let switched = factsOf(resumed);
  try {
    await moveCutovers(client, 'closing', moved(resumed));
    if (!resumed.some(({ isSwitched }) => isSwitched))
      switched = await switchUnchanged(resumed, AbortSignal.any([context.signal, locked.lost]), progress);
  } catch (error) {
    const isRefused = error instanceof CopierError && refusals.has(error.code);
    if (isRefused) throw error;
    // The source stays closed, and the Prisma client stays generated for PostgreSQL. The same command resumes; release
    // goes back.
    throw new CopierError(
      'stuck.switch',
      `cutover ${known.cutoverId} could not switch the application: ${toWire(error).message}`,
      {
        hint: `${toWire(error).hint}; then run \`pgferry cutover\` again, or \`pgferry release\` to go back to SQLite`,
        cause: error,
      },
    );
  }
  const downtimeMs = Date.now() - Date.parse(switched[0].fencedAt);
  return await conclude(members, { facts: switched, downtimeMs }, () => settleApplication(members, switched));
}

interface ResumedMember extends CutoverMember {
  readonly facts: CutoverFacts;
}

function factsOf(members: readonly ResumedMember[]): readonly [CutoverFacts, ...CutoverFacts[]] {
  const [first, ...others] = members.map(({ facts }) => facts);
  return [must(first, 'facts of a closing cutover'), ...others];
}

function moved(members: readonly ResumedMember[]) {
  return members.map(({ session, facts }) => ({ cutoverId: session.cutover.cutoverId, facts }));
}

/** Switches the application only to the very rows that were accepted: looked at under the lock that is held until then. */
async function switchUnchanged(
  members: readonly ResumedMember[],
  signal: AbortSignal,
  progress: CutoverProgress,
): Promise<readonly [CutoverFacts, ...CutoverFacts[]]> {
  const [first, ...others] = members;
  const lead = must(first, 'a file to switch');
  return await withLockedTables([lead, ...others], signal, async (holder) => {
    for (const { session, facts } of members) {
      const written = await runStep(session, 'look', async () =>
        findWritten(facts.digests, await digestTables(holder, session.address.schema)),
      );
      if (written.length > 0) throw targetChanged(session.cutover, written);
    }
    const known: ResumedMember[] = [];
    for (const member of members) {
      const { session, facts } = member;
      // The journal of before went with its transaction.
      const isWanted = facts.journal !== undefined;
      const journal = await keepJournal(session, holder, { runId: facts.runId, isWanted });
      known.push({ ...member, facts: { ...facts, ...journal } });
    }
    if (known.some(({ facts }) => facts.journal !== undefined))
      await moveCutovers(lead.session.client, 'closing', moved(known));
    const facts = factsOf(known);
    await runStep(lead.session, 'switch', () =>
      withClosedSources(known, (held) =>
        switchIfClosed(lead.session, progress, { facts: facts[0], held, holder, mayBeEdited: true }),
      ),
    );
    return facts;
  });
}

/** Fences each file that an attempt before has closed. */
async function withClosedSources<T>(
  members: readonly ResumedMember[],
  use: (held: Guards['held']) => Promise<T>,
  held: Guards['held'] = [],
): Promise<T> {
  const next = members[held.length];
  if (next === undefined) return await use(held);
  return await withClosedSource(next.session, next.facts, (fence) =>
    withClosedSources(members, use, [...held, { cutover: next.session.cutover, fence }]),
  );
}

export function targetChanged({ cutoverId }: Cutover, written: readonly WrittenTable[]): CopierError {
  return new CopierError(
    'cutover.target_changed',
    `PostgreSQL was changed since cutover ${cutoverId} accepted it, and the application was not switched: ${describeWritten(written)}`,
    {
      hint: 'see who writes there; then `pgferry release` lets SQLite take writes again, and `pgferry cutover` begins anew',
    },
  );
}
