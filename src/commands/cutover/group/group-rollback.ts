import { decideGroupRollback } from '../../../cutover/standing-group.js';
import { decideRollback, type LocalFacts, type RollbackMove } from '../../../cutover/standing.js';
import type { Cutover } from '../../../model/cutover.js';
import { CopierError } from '../../../model/error.js';
import type { Context } from '../../../run/context.js';
import { asMoved } from '../../../run/moved-settings.js';
import { latestCutover } from '../../../target/ledger/cutover.js';
import { withCutoverLock, withRunLock } from '../../../target/ledger/lock.js';
import type { LockedTarget } from '../cutover-session.js';
import { groupFile, knownRules, withGroupLocks } from './group-members.js';

/** A cutover that is taken back, or part of one that several files share. */
export interface Returning {
  readonly context: Context;
  readonly locked: LockedTarget;
  readonly cutover: Cutover;
  readonly local: LocalFacts;
}

export type ReturningFiles = readonly [Returning, ...Returning[]];

/** Lends all files of the cutover with their locks: the ledger says which belong together. */
export async function withReturning<T>(
  context: Context,
  locked: LockedTarget,
  known: Cutover,
  {
    read,
    use,
  }: {
    readonly read: (context: Context, cutover: Cutover) => Promise<LocalFacts>;
    readonly use: (files: ReturningFiles) => Promise<T>;
  },
): Promise<T> {
  const rules = knownRules(known);
  if (rules.length === 0) return await use([{ context, locked, cutover: known, local: await read(context, known) }]);
  const schemas = rules.map(({ schema }) => schema);
  const both: typeof withCutoverLock = (client, schema, work) =>
    withCutoverLock(client, schema, (lost) => withRunLock(client, schema, () => work(lost)));
  return await withGroupLocks(
    locked,
    schemas,
    async () => {
      const files: Returning[] = [];
      for (const rule of rules) {
        const cutover = await memberOf(known, rule.schema, locked);
        const own = (await groupFile(context, rule)).context;
        // What rollback.env says of one of them, it says of that one alone.
        const settings = { ...own.settings, rollbackCutoverId: null, rollbackSnapshot: null, rollbackSha256: null };
        const address = { ...locked.address, schema: rule.schema };
        const local = await read(context, cutover);
        files.push({ context: { ...own, settings }, locked: { ...locked, address }, cutover, local });
      }
      const [first, ...others] = files;
      if (first === undefined) throw otherSince(known, known.schema);
      return await use([first, ...others]);
    },
    both,
  );
}

async function memberOf(known: Cutover, schema: string, { client }: LockedTarget): Promise<Cutover> {
  const cutover = await latestCutover(client, schema);
  const named = known.facts?.group?.find((member) => member.schema === schema);
  if (cutover === null || cutover.cutoverId !== named?.cutoverId) throw otherSince(known, schema);
  return cutover;
}

function otherSince({ cutoverId }: Cutover, schema: string): CopierError {
  return new CopierError(
    'rollback.other_run',
    `cutover ${cutoverId} is of a group, and schema ${schema} has another cutover since: the group cannot go back together`,
    { hint: '`pgferry status` with that schema in --target shows which; take that one back first' },
  );
}

/** What is done with all of them. */
export function decideReturn(files: ReturningFiles): RollbackMove['tag'] {
  const decided = decideGroupRollback(files);
  if (typeof decided === 'string') return decided;
  throw new CopierError('rollback.nothing', decided.message, { hint: decided.hint });
}

/** Those whose SQLite file a killed attempt has closed. */
export function closedOf(files: ReturningFiles): Cutover[] {
  return files.flatMap(({ cutover, local }) => (decideRollback(cutover, local).tag === 'reopen' ? [cutover] : []));
}

/** What goes back goes by what it was moved with. */
export function asMovedEach(files: ReturningFiles): ReturningFiles {
  const [first, ...others] = files.map((file) => ({
    ...file,
    context: asMoved(file.context, file.cutover.facts?.moved, `cutover ${file.cutover.cutoverId}`),
  }));
  return first === undefined ? files : [first, ...others];
}
