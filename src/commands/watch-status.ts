import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Progress } from '../model/event.js';
import type { RunStatus } from '../model/status.js';
import type { Context } from '../run/context.js';
import { hasControlSocket, watchRun } from '../run/control/control-socket.js';
import { runStatus } from './status.js';

const lookEveryMs = 2_000;

/**
 * Follows the youngest run until it ends or the operator has seen enough, and gives its last status. A run on this
 * machine is asked how far it is; of another one the ledger knows which chunks are in the target.
 */
export async function watchStatus(context: Context): Promise<RunStatus> {
  const { signal, journal } = context;
  let hasBegun = false;
  for (;;) {
    const status = await runStatus(context);
    const { run } = status;
    if (run === null || run.finishedAt !== null || signal.aborted) {
      if (hasBegun) journal.emit({ tag: 'phase-end', name: 'copy', ms: 0 });
      return status;
    }
    const folder = dirname(run.snapshotPath);
    if (!hasBegun && hasControlSocket(folder)) {
      await watchRun(folder, (event) => journal.emit(event), signal).catch(() => undefined);
    } else {
      if (!hasBegun) journal.emit({ tag: 'phase-begin', name: 'copy' });
      hasBegun = true;
      journal.emit({ tag: 'progress', progress: progressOf(run) });
    }
    await wait(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

function progressOf({ rowsDone, rowsTotal }: NonNullable<RunStatus['run']>): Progress {
  const [done, total] = [rowsDone, rowsTotal];
  return { phase: 'copy', unit: 'rows', done, total, bytes: null, tables: [], tablesDone: 0, tablesTotal: 0 };
}
