import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PlannedSwitch, SwitchRule } from '../../model/application/rules.js';
import { nameFailure, syncFolderOf } from '../durable.js';
import { editedMeanwhile, refuseFile } from '../whole-file.js';
import type { SwitchWorld } from './file-switch.js';
import { fill, type Words } from './placeholders.js';

type LinkSwitch = Extract<PlannedSwitch, { readonly kind: 'link' }>;

/** Errors: `cutover.switch_link` where there is no link, `cutover.switch_done` where it leads there already. */
export function planLink({ link = '', to = '' }: SwitchRule, words: Words): LinkSwitch {
  const path = resolve(link);
  const after = fill(to, words).text;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true)
    throw refuseFile('cutover.switch_link', `${path} is no symbolic link`, 'name the link that is to lead elsewhere');
  const before = readlinkSync(path);
  if (before === after) {
    throw refuseFile(
      'cutover.switch_done',
      `${path} leads to ${after} already`,
      'let it lead to what runs on SQLite, or leave it out of "switch"',
    );
  }
  return { kind: 'link', path, before, after };
}

export function doLink({ path, before, after }: LinkSwitch): void {
  turn(path, before, after);
}

export function undoLink({ path, before, after }: LinkSwitch): void {
  turn(path, after, before);
}

export function worldOfLink({ path, before, after }: LinkSwitch): SwitchWorld {
  const now = targetOf(path);
  return now === after ? 'after' : now === before ? 'before' : 'between';
}

/** A reader finds the old link or the new one. */
function turn(path: string, from: string, to: string): void {
  const now = targetOf(path);
  if (now === to) return;
  if (now !== from) throw editedMeanwhile(path, 'link');
  const beside = `${path}.pgferry`;
  rmSync(beside, { force: true });
  try {
    symlinkSync(to, beside);
    renameSync(beside, path);
    syncFolderOf(path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw nameFailure(error, path);
  }
}

function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
