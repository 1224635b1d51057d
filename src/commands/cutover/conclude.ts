import { rollbackEnvName } from '../../cutover/rollback-env.js';
import type { Cutover, CutoverFacts, CutoverResult, GroupMemberResult } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import { replaceArtefact, writeManifest } from '../../report/files/run-folder.js';
import { formatDuration, jsonText } from '../../report/units.js';
import { describeTarget } from '../../target/connection/address.js';
import { moveCutovers } from '../../target/ledger/cutover.js';
import type { CutoverMember, CutoverMembers, CutoverSession } from './cutover-session.js';
import { cutoverResult } from './cutover-result.js';
import { wrapped } from './preflight.js';
import type { Switched } from './switch.js';
import { describeWritten, type WrittenTable } from './target-writes.js';
import { relative } from 'node:path';

/**
 * The application is switched. From here on nothing may fail: what cannot be written is only reported. `settle` does what
 * follows the switch, and may fail; the record is closed after it in any case.
 */
export async function conclude(
  members: CutoverMembers,
  { facts: factsOfEach, downtimeMs, written = [] }: Switched,
  settle: () => Promise<void> = async () => {},
): Promise<CutoverResult> {
  const [{ session, preflight }] = members;
  const [facts] = factsOfEach;
  const { context, client, cutover, folder, address } = session;
  try {
    await moveCutovers(client, 'switched', pairs(members, factsOfEach));
  } catch (error) {
    throw wrappedStuck(cutover, error);
  }
  const { journal } = context;
  journal.note(`writers waited ${formatDuration(downtimeMs)}`);
  if (facts.env === null && facts.switches === undefined)
    journal.warn('the env file was left alone: switch the application to PostgreSQL by hand now');
  const result = cutoverResult({
    command: 'cutover',
    cutoverId: cutover.cutoverId,
    state: 'switched',
    runId: facts.runId,
    runDir: folder.path,
    source: preflight.sourcePath,
    target: describeTarget(address),
    downtimeMs: Math.round(downtimeMs),
    rollbackEnvPath: folder.pathOf(rollbackEnvName),
    group: members.length === 1 ? [] : members.map((member, at) => memberResult(member, factsOfEach[at])),
    phases: journal.phases,
  });
  try {
    await settle();
  } finally {
    for (const [at, member] of members.entries()) await closeRecord(member.session, factsOfEach[at] ?? facts, result);
  }
  if (written.length > 0) throw unlocked(cutover, written);
  return result;
}

function pairs(members: CutoverMembers, facts: Switched['facts']) {
  return members.map(({ session }, at) => ({ cutoverId: session.cutover.cutoverId, facts: facts[at] ?? facts[0] }));
}

function memberResult({ session, preflight }: CutoverMember, facts: CutoverFacts | undefined): GroupMemberResult {
  return {
    ...{ cutoverId: session.cutover.cutoverId, schema: session.address.schema, source: preflight.sourcePath },
    ...{ runId: facts?.runId ?? null, runDir: session.folder.path },
    ...{ replacedPath: null, savedWrites: [], carried: [] },
  };
}

/** Writes what the cutover came to, and the hashes of all its files. */
async function closeRecord(
  { context, folder }: CutoverSession,
  facts: CutoverFacts,
  result: CutoverResult,
): Promise<void> {
  try {
    replaceArtefact(folder.pathOf('cutover.json'), `${jsonText({ ...result, facts }, 1)}\n`);
    // Snapshots were hashed when they were taken, and are as large as the source.
    const known = [{ path: facts.snapshotPath, sha256: facts.snapshotSha256 }];
    if (facts.mapped !== undefined) known.push(facts.mapped.snapshot);
    await writeManifest(folder, {
      known: known.map(({ path, sha256 }) => ({ name: relative(folder.path, path), sha256 })),
    });
  } catch (error) {
    context.journal.warn(
      `the application is switched, but the record in ${folder.path} is not whole: ${toWire(error).message}`,
    );
  }
}

/** The lock went with its session at the very switch: whose these writes are, nobody can tell. */
function unlocked({ cutoverId }: Cutover, written: readonly WrittenTable[]): CopierError {
  return new CopierError(
    'stuck.differs',
    `the application is on PostgreSQL by cutover ${cutoverId}, but the session that kept others from its tables was lost at the switch, and they are not as they were accepted: ${describeWritten(written)}`,
    {
      hint: 'see with `pgferry verify` which rows differ, and whether your application wrote them; `pgferry rollback` goes back to SQLite',
    },
  );
}

function wrappedStuck({ cutoverId }: Cutover, error: unknown): unknown {
  if (!(error instanceof CopierError)) return error;
  const stuck = wrapped(
    'stuck.not_recorded',
    `the application is switched to PostgreSQL by cutover ${cutoverId}, but the ledger could not be told: ${error.message}`,
    error,
  );
  return new CopierError(stuck.code, stuck.message, {
    hint: 'run `pgferry cutover` again when the target can be reached: it only concludes',
    cause: error,
  });
}
