import { exitCodes, toWire } from '../../model/error.js';
import { removeRunFolder, type RunFolder, withLog } from '../../report/files/run-folder.js';
import { withControl } from '../control/with-control.js';
import { type Journal, logError, logLine } from '../journal.js';
import type { Attempt } from './attempt.js';

/**
 * Keeps the log of a new run. A run that fails before it is in the ledger leaves no folder, unless a bug of ours made
 * it fail.
 */
export async function loggedOrRemoved<T>(
  attempt: Attempt,
  folder: RunFolder,
  use: (keep: () => void) => Promise<T>,
): Promise<T> {
  let mustKeepFolder = false;
  const keep = () => {
    mustKeepFolder = true;
  };
  try {
    return await logged(attempt, folder, () => use(keep));
  } catch (error) {
    if (!mustKeepFolder && toWire(error).exitCode !== exitCodes.bug) removeRunFolder(folder);
    throw error;
  }
}

/** Writes the run's log while `use` runs, and lets the operator speak to the run. An error becomes its last line. */
export async function logged<T>({ context, command }: Attempt, folder: RunFolder, use: () => Promise<T>): Promise<T> {
  return await withLog(folder.pathOf('run.log'), async (write) => {
    const append = warningOnce(context.journal, write);
    const forget = context.journal.listen((event) => {
      const line = logLine(event, new Date());
      if (line !== null) append(line);
    });
    try {
      return await withControl(context, { command, folder: folder.path }, use);
    } catch (error) {
      append(logError(error, new Date()));
      throw error;
    } finally {
      forget();
    }
  });
}

/**
 * A line that cannot be written does not stop a copy: the failure is reported once, and writing the record at the end
 * will fail.
 */
function warningOnce(journal: Journal, append: (line: string) => void): (line: string) => void {
  let hasWarned = false;
  return (line) => {
    try {
      append(line);
    } catch (error) {
      if (hasWarned) return;
      hasWarned = true;
      journal.warn(`the log of the run misses lines: ${toWire(error).message}`);
    }
  };
}
