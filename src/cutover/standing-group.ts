import type { Cutover } from '../model/cutover.js';
import type { ErrorCode } from '../model/error.js';
import { decideCutover, decideRollback, type LocalFacts, type RollbackMove } from './standing.js';

/*
 * The state machine of files that go over together. Each has a cutover of its own in the ledger; their states change in one
 * transaction. The world is decided as for one file, by what is switched, and before that by the files: as long as one of
 * them takes writes the application is where it was, and those that are closed already are opened again. Once all are closed
 * none can have changed, and only the switch is left.
 */

/** One of the files, as the ledger and this machine know it. */
export interface GroupFact {
  readonly cutover: Cutover | null;
  readonly local: LocalFacts;
  readonly sourcePath: string;
  readonly schema: string;
}

/** What `cutover` does next with all of them. */
export type GroupMove =
  /** All from the first step, once the files that a killed attempt has closed are open again. */
  | { readonly tag: 'begin'; readonly closed: readonly Cutover[] }
  | { readonly tag: 'go-on' }
  | { readonly tag: 'settle' }
  | { readonly tag: 'refuse'; readonly code: ErrorCode; readonly message: string; readonly hint: string };

export function decideGroup(files: readonly GroupFact[]): GroupMove {
  const cutovers = files.flatMap(({ cutover }) => cutover ?? []);
  const isOneGroup = cutovers.length === files.length && cutovers.every((cutover) => isGroup(cutover, cutovers));
  if (isOneGroup && cutovers.every(({ state }) => state === 'closing')) return decideClosing(files, cutovers);
  const moves = files.map(({ cutover, local, sourcePath }) => decideCutover(cutover, local, sourcePath));
  if (isOneGroup && moves.every(({ tag }) => tag === 'settle')) return { tag: 'settle' };
  for (const [at, move] of moves.entries()) {
    const { sourcePath = '', schema = '' } = files[at] ?? {};
    if (move.tag === 'refuse') return { ...move, message: `${sourcePath} (schema ${schema}): ${move.message}` };
    if (move.tag !== 'begin' && move.tag !== 'again') return otherwiseBegun(move.cutover);
  }
  return { tag: 'begin', closed: [] };
}

function decideClosing(files: readonly GroupFact[], cutovers: readonly Cutover[]): GroupMove {
  const isClosed = ({ cutover, local }: GroupFact) => local.closedBy !== null && local.closedBy === cutover?.cutoverId;
  const byOther = files.find(({ local, cutover }) => local.closedBy !== null && local.closedBy !== cutover?.cutoverId);
  if (byOther !== undefined) {
    const { cutover, local, sourcePath } = byOther;
    const move = decideCutover(cutover, local, sourcePath);
    if (move.tag === 'refuse') return move;
  }
  if (files.every(isClosed) || files.some(({ local }) => local.provider === 'postgres')) return { tag: 'go-on' };
  if (files.some(({ local }) => local.provider === 'mixed')) {
    return {
      tag: 'refuse',
      code: 'cutover.partly_switched',
      message: `some switches of the group's cutover are done and others are not, and one of its SQLite databases was opened again`,
      hint: 'run `pgferry rollback`: it takes back what is switched',
    };
  }
  const closed = cutovers.filter((_, at) => isClosed(files[at] as GroupFact));
  return { tag: 'begin', closed };
}

/** Whether this cutover was begun together with exactly these. */
function isGroup({ facts }: Cutover, cutovers: readonly Cutover[]): boolean {
  const ids = (facts?.group ?? []).map(({ cutoverId }) => cutoverId).sort();
  const found = cutovers.map(({ cutoverId }) => cutoverId).sort();
  return ids.join() === found.join();
}

function otherwiseBegun({ cutoverId, sourcePath, schema }: Cutover): GroupMove {
  return {
    tag: 'refuse',
    code: 'cutover.group_other',
    message: `cutover ${cutoverId} of ${sourcePath} into schema ${schema} is not finished, and was not begun with this group`,
    hint: `go on with it as it was begun, or go back with \`pgferry release --source ${sourcePath}\` and the schema in --target; then run again`,
  };
}

/** What `rollback` does next with all of them: what any of them needs. */
export function decideGroupRollback(
  files: readonly Pick<GroupFact, 'cutover' | 'local'>[],
): RollbackMove['tag'] | Extract<RollbackMove, { readonly tag: 'refuse' }> {
  const moves = files.map(({ cutover, local }) => decideRollback(cutover, local));
  const wanted = (['roll-back', 'reopen', 'conclude'] as const).find((tag) => moves.some((move) => move.tag === tag));
  if (wanted !== undefined) return wanted;
  const refusal = moves.find((move) => move.tag === 'refuse');
  return refusal?.tag === 'refuse' ? refusal : 'conclude';
}
