import { CopierError } from '../model/error.js';

/** Where work was stopped, and what it leaves behind. */
const stops = {
  run: {
    code: 'interrupted.aborted',
    message: 'the run was interrupted',
    hint: 'run the same command again: finished chunks are not sent twice',
  },
  snapshot: {
    code: 'interrupted.snapshot',
    message: 'interrupted while the snapshot was taken',
    hint: 'run again: nothing was written to the target',
  },
  reading: {
    code: 'interrupted.by_operator',
    message: 'stopped while reading, as asked',
    hint: 'run the same command again',
  },
  chunk: {
    code: 'interrupted.by_operator',
    message: 'stopped within a chunk, as asked; the chunk was rolled back',
    hint: 'run the same command again: finished chunks are not sent a second time',
  },
  chunkEdge: {
    code: 'interrupted.by_operator',
    message: 'stopped at the edge of a chunk, as asked',
    hint: 'run the same command again: finished chunks are not sent a second time',
  },
} as const;

/**
 * The error for an aborted wait: the signal's reason where that is a CopierError, else one that says what the stop
 * leaves behind.
 */
export function interruption(
  signal: AbortSignal,
  { at = 'run', cause }: { readonly at?: keyof typeof stops; readonly cause?: unknown } = {},
): CopierError {
  return signal.reason instanceof CopierError ? signal.reason : stopError(at, cause);
}

/** The same error where no signal gives a reason. */
export function stopError(at: keyof typeof stops, cause?: unknown): CopierError {
  const { code, message, hint } = stops[at];
  return new CopierError(code, message, { hint, cause });
}
