import { CopierError } from '../model/error.js';

/** What an aborted wait throws: the reason of the signal where it is ours, else a resumable interruption. */
export function interruption(signal: AbortSignal, cause?: unknown): CopierError {
  if (signal.reason instanceof CopierError) return signal.reason;
  return new CopierError('interrupted.aborted', 'the run was interrupted', {
    hint: 'run the same command again: finished chunks are not sent twice',
    cause,
  });
}
