import { existsSync } from 'node:fs';
import { removeCarriedCopies } from '../../../cutover/carried-copies.js';
import { forgetSwitches } from '../../../cutover/switches/switches.js';
import type { CutoverResult, GroupMemberResult } from '../../../model/cutover.js';
import { CopierError, toWire } from '../../../model/error.js';
import { type RunFolder, writeArtefact, writeManifest } from '../../../report/files/run-folder.js';
import { jsonText } from '../../../report/units.js';
import type { Context } from '../../../run/context.js';
import { describeTarget } from '../../../target/connection/address.js';
import { moveCutovers } from '../../../target/ledger/cutover.js';
import { runHooks } from '../application.js';
import { cutoverResult } from '../cutover-result.js';
import { idsOf } from '../cutover-session.js';
import type { ReturningFiles } from '../group/group-rollback.js';
import { type BackFile, isLeft } from '../restore-and-switch.js';
import { acceptRestored } from './accept-restored.js';
import type { RollbackMember } from './bring-back.js';
import { endJournal } from './reverse-journal.js';

/** The application is on SQLite again: what is recorded and cleared away then. */
export async function concludeRollback(
  files: ReturningFiles,
  members: readonly [RollbackMember, ...RollbackMember[]],
  back: readonly BackFile[],
): Promise<CutoverResult> {
  const [{ session, preflight }] = members;
  const { context, client } = session;
  try {
    await moveCutovers(client, 'rolled_back', idsOf(members));
  } catch (error) {
    throw new CopierError(
      'stuck.not_recorded',
      `the application is on SQLite again, but the ledger could not be told: ${toWire(error).message}`,
      { hint: 'run `pgferry rollback` again when the target can be reached: it only concludes', cause: error },
    );
  }
  if (preflight.env === null && preflight.switches.length === 0)
    context.journal.warn('the env file was left alone: switch the application to SQLite by hand now');
  const parts = members.map((member, at) => ({
    runDir: member.session.folder.path,
    savedWrites: back[at]?.savedWrites ?? [],
    carried: back[at]?.carried ?? [],
    // An attempt that was killed may have kept it.
    replacedPath:
      [back[at]?.replacedPath ?? null, member.preflight.replacedPath].find(
        (path) => path !== null && existsSync(path),
      ) ?? null,
  }));
  const result = rollbackResult(files, { state: 'rolled_back', ...parts[0], phases: context.journal.phases }, parts);
  const known: { name: string; sha256: string }[][] = [];
  for (const member of members) {
    writeRecord(context, member.session.folder, result);
    known.push([...(await acceptMember(member))]);
    removeCarriedCopies(member.session.cutover.folder);
    await endJournal(context, client, member.session.address.schema);
  }
  // Those that are left to hands still need their copies.
  forgetSwitches(preflight.switches);
  try {
    await runHooks(session, 'after-rollback');
  } catch (error) {
    const { message } = toWire(error);
    throw new CopierError('stuck.hook', `the application is on SQLite again, and its hook failed: ${message}`, {
      hint: `the rollback itself is done: do by hand what the hook was to do; what it printed is in ${session.folder.path}/hooks, or in that of the cutover`,
      cause: error,
    });
  } finally {
    for (const [at, member] of members.entries())
      await writeManifest(member.session.folder, { known: known[at] ?? [] }).catch((error: unknown) =>
        context.journal.warn(toWire(error).message),
      );
  }
  return result;
}

async function acceptMember({ session, facts, preflight, restore }: RollbackMember) {
  if (isLeft(restore) || !session.context.settings.rollbackAccept) return [];
  return await acceptRestored(session, { ...facts, snapshotPath: preflight.snapshotPath });
}

function writeRecord({ journal }: Context, folder: RunFolder, result: CutoverResult): void {
  try {
    writeArtefact(folder.pathOf('rollback.json'), `${jsonText(result, 1)}\n`);
  } catch (error) {
    journal.warn(`the application is on SQLite again, but its record is not whole: ${toWire(error).message}`);
  }
}

/** The result of the first file, with what became of each where there are several. */
export function rollbackResult(
  files: ReturningFiles,
  more: Pick<CutoverResult, 'state'> & Partial<CutoverResult>,
  parts: readonly Partial<GroupMemberResult>[] = [],
): CutoverResult {
  const [{ cutover, locked }] = files;
  const group = files.map((file, at) => ({
    ...{ cutoverId: file.cutover.cutoverId, schema: file.cutover.schema, source: file.cutover.sourcePath },
    ...{ runId: file.cutover.facts?.runId ?? null, runDir: file.cutover.folder },
    ...{ replacedPath: null, savedWrites: [], carried: [] },
    ...parts[at],
  }));
  return cutoverResult({
    command: 'rollback',
    cutoverId: cutover.cutoverId,
    runId: cutover.facts?.runId ?? null,
    runDir: cutover.folder,
    source: cutover.sourcePath,
    target: describeTarget(locked.address),
    group: files.length === 1 ? [] : group,
    ...more,
  });
}
