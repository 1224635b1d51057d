import type { CutoverResult } from '../../model/cutover.js';

/** The result of a cutover, a rollback or a release: what is given, and nothing where nothing is known. */
export function cutoverResult(
  given: Pick<CutoverResult, 'command' | 'cutoverId' | 'state' | 'source'> & Partial<CutoverResult>,
): CutoverResult {
  return {
    runId: null,
    runDir: null,
    target: null,
    downtimeMs: null,
    rollbackEnvPath: null,
    replacedPath: null,
    savedWrites: [],
    carried: [],
    group: [],
    phases: [],
    ...given,
  };
}
