import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PlannedSwitch, SwitchRule } from '../../model/application/rules.js';
import { appendedFile } from '../../platform/file-flags.js';
import { CopierError } from '../../model/error.js';
import { syncFolderOf } from '../durable.js';
import { type Programs, runOwnProgram, withinMsOf } from '../programs.js';
import type { SwitchWorld } from './file-switch.js';

/*
 * A command of the operator's with its undo. Nobody can see which world it left, so the cutover's folder notes before and
 * after each run; one that was begun and not ended is run again, or taken back: both must bear to be run twice.
 */

type CommandSwitch = Extract<PlannedSwitch, { readonly kind: 'command' }>;
type Note = 'begun' | 'done' | 'undone';

const noteName = 'switch-commands.log';
const standardMs = 300_000;

/** `cutover.switch_undo` where nothing takes the command back. */
export function planCommand({ run = [], undo, in: folder, within }: SwitchRule): CommandSwitch {
  if (undo === undefined) {
    throw new CopierError('cutover.switch_undo', 'a command in "switch" has no "undo"', {
      hint: 'name what takes it back, or ["true"] where nothing has to be; what needs no undo can be a hook',
    });
  }
  return { kind: 'command', run, undo, folder: resolve(folder ?? '.'), withinMs: withinMsOf(within, standardMs) };
}

export async function doCommand(planned: CommandSwitch, at: number, programs: Programs): Promise<void> {
  if (worldOfCommand(programs.folder, at) === 'after') return;
  note(programs.folder, at, 'begun');
  await runOwnProgram(programs, { name: `switch-${at + 1}`, ...planned, run: planned.run, secrets: [] });
  note(programs.folder, at, 'done');
}

export async function undoCommand(planned: CommandSwitch, at: number, programs: Programs): Promise<void> {
  if (worldOfCommand(programs.folder, at) === 'before') return;
  await runOwnProgram(
    { ...programs, signal: null },
    { name: `switch-${at + 1}-undo`, ...planned, run: planned.undo, secrets: [] },
  );
  note(programs.folder, at, 'undone');
}

export function worldOfCommand(folder: string, at: number): SwitchWorld {
  const path = join(folder, noteName);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const last = lines.findLast((line) => line.startsWith(`${at} `))?.split(' ')[1];
  return last === 'done' ? 'after' : last === 'begun' ? 'between' : 'before';
}

function note(folder: string, at: number, what: Note): void {
  const path = join(folder, noteName);
  const file = openSync(path, appendedFile, 0o600);
  try {
    writeSync(file, `${at} ${what}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolderOf(path);
}
