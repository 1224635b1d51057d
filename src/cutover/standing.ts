import type { Cutover } from '../model/cutover.js';
import type { ErrorCode } from '../model/error.js';

/*
 * The state machine of a cutover, as a function of what the ledger says and of two facts on this machine: what the env
 * file says, and which cutover closed the SQLite file. These two decide which database the application uses; the ledger
 * only remembers. So after a crash between any two steps it uses the old one or the new one, and nothing in between.
 *
 *   preparing → closing → (proving →) switched → rolling_back → rolled_back
 *       ↓          ↓                       ↓
 *     undone     undone                 released
 *
 * preparing   nothing has changed for the application; a fence that was held has gone with its process
 * closing     the triggers that close the SQLite file are about to be committed, or are; the env file is still old, or new
 * proving     the application is on PostgreSQL, switched by a live cutover, whose last proof goes on
 * switched    the application is on PostgreSQL, and SQLite refuses writes
 */

export interface LocalFacts {
  /**
   * VPS_DB_PROVIDER in the env file, or where the operator's own switches lead: `mixed` where some are done and others
   * are not. Null where nothing says it, or it is not ours to read.
   */
  readonly provider: string | null;
  /** The cutover whose closing triggers are in the SQLite file. */
  readonly closedBy: string | null;
}

/** What `cutover` does next. */
export type CutoverMove =
  /** Begin a new one. */
  | { readonly tag: 'begin' }
  /** The same cutover again from its first step: nothing has changed for the application yet. */
  | { readonly tag: 'again'; readonly cutover: Cutover }
  /** The SQLite file is closed, so what was copied is what is there: only the switch is left. */
  | { readonly tag: 'go-on'; readonly cutover: Cutover }
  /** The application is on PostgreSQL: hooks and health checks after the switch are left. */
  | { readonly tag: 'settle'; readonly cutover: Cutover }
  /** The application is on PostgreSQL: the last proof of a live cutover is left. */
  | { readonly tag: 'prove'; readonly cutover: Cutover }
  | { readonly tag: 'refuse'; readonly code: ErrorCode; readonly message: string; readonly hint: string };

export function decideCutover(
  cutover: Cutover | null,
  { provider, closedBy }: LocalFacts,
  sourcePath: string,
): CutoverMove {
  if (closedBy !== null && closedBy !== cutover?.cutoverId) return closedByOther(closedBy);
  if (cutover === null) return { tag: 'begin' };
  switch (cutover.state) {
    case 'preparing':
    case 'undone':
      if (closedBy !== null) return closedByOther(closedBy);
      return cutover.sourcePath === sourcePath ? { tag: 'again', cutover } : { tag: 'begin' };
    case 'closing':
      if (cutover.sourcePath !== sourcePath) return otherSource(cutover, sourcePath);
      if (closedBy === null && provider === 'mixed') return partly(cutover);
      return { tag: closedBy === null ? 'again' : 'go-on', cutover };
    case 'proving':
      // A file that somebody opened since shows nothing any more.
      return { tag: 'prove', cutover };
    case 'switched':
    case 'released':
      // Taken back by hand, or by a rollback that could not reach the ledger.
      if (closedBy === null && provider === 'sqlite') return { tag: 'begin' };
      if (cutover.state === 'switched' && cutover.facts?.after === 'pending') return { tag: 'settle', cutover };
      return {
        tag: 'refuse',
        code: 'cutover.already_switched',
        message: `cutover ${cutover.cutoverId} of ${cutover.startedAt} has switched the application to PostgreSQL already`,
        hint: '`pgferry status` shows where it stands, `pgferry rollback` takes it back',
      };
    case 'rolling_back':
      return {
        tag: 'refuse',
        code: 'cutover.rolling_back',
        message: `the rollback of cutover ${cutover.cutoverId} is not finished`,
        hint: 'run `pgferry rollback` again: it goes on',
      };
    case 'rolled_back':
      return { tag: 'begin' };
  }
}

/** What `rollback` does next. */
export type RollbackMove =
  | { readonly tag: 'roll-back'; readonly cutover: Cutover }
  /** The application was not switched yet: the SQLite file is opened again, and all is as it was. */
  | { readonly tag: 'reopen'; readonly cutover: Cutover }
  /** The env file says sqlite already: only the ledger is behind. */
  | { readonly tag: 'conclude'; readonly cutover: Cutover }
  | { readonly tag: 'refuse'; readonly message: string; readonly hint: string };

export function decideRollback(cutover: Cutover | null, { provider, closedBy }: LocalFacts): RollbackMove {
  if (cutover === null) return nothing('no cutover is recorded in the target');
  switch (cutover.state) {
    case 'rolling_back':
      // Our own switch comes last, after the restored file, which is open. Where other hands made it so, all is left to do.
      return {
        tag: provider === 'sqlite' && closedBy === null && isSwitchedByUs(cutover) ? 'conclude' : 'roll-back',
        cutover,
      };
    case 'proving':
    case 'switched':
    case 'released':
      return { tag: 'roll-back', cutover };
    case 'closing':
      if ((provider === 'postgres' || provider === 'mixed') && isSwitchedByUs(cutover))
        return { tag: 'roll-back', cutover };
      if (closedBy === cutover.cutoverId) return { tag: 'reopen', cutover };
      return nothing(`cutover ${cutover.cutoverId} has not switched the application`);
    case 'preparing':
    case 'undone':
      return nothing(`cutover ${cutover.cutoverId} has not switched the application`);
    case 'rolled_back':
      return nothing(`cutover ${cutover.cutoverId} was rolled back already`);
  }
}

/** The state of a cutover in words, for a person. */
export interface Standing {
  readonly application: 'sqlite' | 'postgres';
  /** Whether the old SQLite file takes writes. */
  readonly isClosed: boolean;
  /** Whether nothing is left to be ended. */
  readonly isSettled: boolean;
  readonly next: string;
}

export function standingOf(cutover: Cutover, { provider, closedBy }: LocalFacts): Standing {
  const isOnPostgres =
    (cutover.envPath !== null || isSwitchedByUs(cutover)) && provider !== null
      ? provider !== 'sqlite'
      : ['proving', 'switched', 'released', 'rolling_back'].includes(cutover.state);
  const isClosed = closedBy === cutover.cutoverId;
  const stand = (isSettled: boolean, next: string): Standing => ({
    application: isOnPostgres ? 'postgres' : 'sqlite',
    isClosed,
    isSettled,
    next,
  });
  switch (cutover.state) {
    case 'preparing':
      return stand(false, 'the application is where it was; run `pgferry cutover` again to go on');
    case 'undone':
      return stand(true, 'the application is where it was; run `pgferry cutover` again when the reason is mended');
    case 'closing':
      if (provider === 'mixed')
        return stand(
          false,
          'some switches of the application are done and others are not: run `pgferry cutover` again to do the rest, or `pgferry rollback` to go back',
        );
      if (isOnPostgres) return stand(false, 'the application is switched; run `pgferry cutover` again to conclude');
      if (!isClosed) return stand(false, 'the application is where it was; run `pgferry cutover` again to go on');
      return stand(
        false,
        'the application is on SQLite, whose writes are refused: run `pgferry cutover` again to switch it, or `pgferry release` to let it write as before',
      );
    case 'proving':
      return stand(
        false,
        'the application is switched, and its last proof was not made: run `pgferry cutover` again to make it, or `pgferry rollback` to go back',
      );
    case 'switched':
    case 'released':
      if (!isOnPostgres) {
        return stand(
          true,
          'the env file says that the application is not on PostgreSQL: it was switched by other hands',
        );
      }
      if (cutover.facts?.after === 'pending')
        return stand(
          false,
          'the application is switched, and hooks or health checks after the switch are left: run `pgferry cutover` again, or `pgferry rollback` to go back',
        );
      if (cutover.facts?.settledAt !== undefined) {
        return stand(
          true,
          `nothing to do: the move was called final at ${cutover.facts.settledAt}; \`pgferry rollback\` compares all rows, and needs the files of its folder`,
        );
      }
      return stand(true, 'nothing to do; `pgferry rollback` is the way back, with the rollback.env of its folder');
    case 'rolling_back':
      return stand(false, 'run `pgferry rollback` again: it goes on');
    case 'rolled_back':
      return stand(
        true,
        'nothing to do: the application is on SQLite again, and the artefacts of the cutover stay for comparison',
      );
  }
}

/** Whether what this cutover switched says where the application is. */
function isSwitchedByUs({ facts }: Cutover): boolean {
  return facts?.env != null || (facts?.switches ?? []).length > 0;
}

function partly({ cutoverId }: Cutover): CutoverMove {
  return {
    tag: 'refuse',
    code: 'cutover.partly_switched',
    message: `some switches of cutover ${cutoverId} are done and others are not, and its SQLite database was opened again`,
    hint: 'run `pgferry rollback`: it takes back what is switched',
  };
}

function closedByOther(cutoverId: string): CutoverMove {
  return {
    tag: 'refuse',
    code: 'cutover.closed',
    message: `the SQLite database was closed to writers by cutover ${cutoverId}, which this target does not know or has ended`,
    hint: 'name the target of that cutover; or let the database take writes again with `pgferry release`, then run again',
  };
}

function otherSource(cutover: Cutover, sourcePath: string): CutoverMove {
  return {
    tag: 'refuse',
    code: 'cutover.other_source',
    message: `cutover ${cutover.cutoverId} of ${cutover.sourcePath} is not finished, and ${sourcePath} is another database`,
    hint: 'run `pgferry cutover` with its source to go on with it, or use another schema',
  };
}

function nothing(message: string): RollbackMove {
  return { tag: 'refuse', message, hint: 'there is nothing to take back; `pgferry status` shows where it stands' };
}
