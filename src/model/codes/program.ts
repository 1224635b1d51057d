import type { CodeText } from './code-text.js';

/** A worker thread that was lost: exit code 26. */
export const threadCodes = {
  'thread.hung': {
    means:
      'A thread gave no sign of life for the time of `--stall-timeout` and was ended. Its chunk was tried again before this is told.',
    todo: 'Run the same command again; raise `--stall-timeout` where one row takes that long.',
  },
  'thread.lost': {
    means: 'A thread ended by itself, for want of memory most often.',
    todo: 'Run the same command again, with a larger `--memory-limit` or a smaller `--block-bytes` where memory was the reason.',
  },
} as const satisfies Readonly<Record<`thread.${string}`, CodeText>>;

/** The run was ended from outside: exit code 130 or 143. */
export const interruptedCodes = {
  'interrupted.aborted': {
    means: 'The run was interrupted while it waited for the target.',
    todo: 'Run the same command again: finished chunks are not sent twice.',
  },
  'interrupted.by_operator': {
    means: 'The run was stopped by Ctrl-C, SIGTERM or the signal of the library.',
    todo: 'Run the same command again: finished chunks are not sent twice.',
  },
  'interrupted.snapshot': {
    means: 'The run was stopped while the snapshot was taken; what there was of it is removed.',
    todo: 'Run the same command again.',
  },
} as const satisfies Readonly<Record<`interrupted.${string}`, CodeText>>;

/** A mistake of ours: exit code 70. */
export const bugCodes = {
  'bug.not_loaded': {
    means: 'The code of pgferry, or one of its packages, cannot be loaded.',
    todo: 'Install it again (`npm install`, in a clone also `make build`).',
  },
  'bug.unexpected': {
    means: 'Something happened that must not happen.',
    todo: 'Report it with the `run.log` of the run folder, which has the stack.',
  },
} as const satisfies Readonly<Record<`bug.${string}`, CodeText>>;
