import { maskSecrets } from '../lib/mask-secrets.js';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ControlAction, type ControlAnswer, controlActions, isControlAction } from '../lib/control-orders.js';
import { CopierError } from '../model/error.js';
import type { Context } from '../run/context.js';
import { hasControlSocket, sendControl } from '../run/control/control-socket.js';

export interface ControlResult extends ControlAnswer {
  readonly action: ControlAction;
  readonly runDir: string;
}

/** The control command: says one thing to a run that works on this machine. */
export async function runControl({ settings }: Context, word: string, detail: string | null): Promise<ControlResult> {
  if (!isControlAction(word)) {
    throw new CopierError('usage.bad_value', `control knows no ${JSON.stringify(maskSecrets(word))}`, {
      hint: `use one of: ${Object.keys(controlActions).join(', ')}`,
    });
  }
  const value = numberOf(word, detail, settings.maxMbps);
  const folder = settings.runFolder === null ? await findRun(settings) : resolve(settings.runFolder);
  const answer = await sendControl(folder, { action: word, value });
  if (answer.ok) return { ...answer, action: word, runDir: folder };
  throw new CopierError('usage.refused_order', `the run in ${folder} refuses ${word}: ${answer.message}`, {
    hint: 'pgferry help control lists what can be ordered',
  });
}

function numberOf(action: ControlAction, detail: string | null, maxMbps: number | null): number | null {
  if (action === 'throttle') return maxMbps;
  if (action !== 'workers') return null;
  const count = Number(detail);
  if (detail !== null && Number.isInteger(count) && count >= 1) return count;
  throw new CopierError('usage.bad_value', 'control workers needs a whole number from 1 on', {
    hint: 'say how many chunks may be in work: pgferry control workers 2',
  });
}

/** The folder of the one run that listens below the folders of runs and cutovers. */
export async function findRun({
  backupFolder,
  cutoverBaseFolder,
}: Pick<Context['settings'], 'backupFolder' | 'cutoverBaseFolder'>): Promise<string> {
  const folders = [cutoverBaseFolder, backupFolder].flatMap(foldersIn).filter(hasControlSocket);
  const living = new Map<number, string>();
  for (const folder of folders) {
    const answer = await sendControl(folder, { action: 'show', value: null }).catch(() => null);
    // A cutover and the load within it listen each in its folder; what is said to either holds for both.
    if (answer !== null && !living.has(answer.state.pid)) living.set(answer.state.pid, folder);
  }
  const found = [...living.values()];
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const message = found.length === 0 ? 'no run works here' : `${found.length} runs work here: ${found.join(', ')}`;
  throw new CopierError('usage.no_run', message, {
    hint: 'name the folder of the run with --run-dir, or call this where the run was begun',
  });
}

function foldersIn(base: string): string[] {
  try {
    const entries = readdirSync(base, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => resolve(join(base, name)));
  } catch {
    return [];
  }
}
