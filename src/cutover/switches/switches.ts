import { resolve } from 'node:path';
import type { PlannedSwitch, SwitchRule } from '../../model/application/rules.js';
import type { Programs } from '../programs.js';
import { doCommand, planCommand, undoCommand, worldOfCommand } from './command-switch.js';
import {
  doFile,
  type FilePlan,
  planFile,
  prepareFile,
  removeCopies,
  type SwitchWorld,
  undoFile,
  worldOfFile,
} from './file-switch.js';
import { doLink, planLink, undoLink, worldOfLink } from './link-switch.js';
import type { Words } from './placeholders.js';
import { refuseFile } from '../whole-file.js';

/*
 * The switches of one cutover, in the operator's order. Each knows by what is on this machine which world it is in, so
 * going on and going back look at each, and nothing is done twice.
 */

/** Switches that can be done; nothing is written yet. */
export type SwitchPlan = readonly (FilePlan | Exclude<PlannedSwitch, { readonly kind: 'file' }>)[];

export function planSwitches(rules: readonly SwitchRule[], words: Words): SwitchPlan {
  const plan = rules.map((rule) => {
    if (rule.link !== undefined) return planLink(rule, words);
    return rule.run === undefined ? planFile(rule, words) : planCommand(rule);
  });
  const paths = plan.flatMap((one) => (one.kind === 'file' ? [one.file.path] : one.kind === 'link' ? [one.path] : []));
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) {
    const hint = 'name each file once, with all its keys in "set"';
    throw refuseFile('cutover.switch_twice', `"switch" names ${resolve(twice)} twice`, hint);
  }
  return plan;
}

/** Makes durable what doing and undoing need. */
export function prepareSwitches(plan: SwitchPlan, cutoverId: string): PlannedSwitch[] {
  return plan.map((one) => (one.kind === 'file' ? prepareFile(one, cutoverId) : one));
}

/** Does what is not done, in order. `mayBeEdited`: whether a file keeps what was edited in it since. */
export async function doSwitches(
  planned: readonly PlannedSwitch[],
  programs: Programs,
  { mayBeEdited = false }: { readonly mayBeEdited?: boolean } = {},
): Promise<void> {
  for (const [at, one] of planned.entries()) {
    if (one.kind === 'file') doFile(one, mayBeEdited);
    else if (one.kind === 'link') doLink(one);
    else await doCommand(one, at, programs);
  }
}

/**
 * Undoes what is done, the last first. One that fails does not keep the others from being undone.
 * Returns what could not be undone, in words.
 */
export async function undoSwitches(
  planned: readonly PlannedSwitch[],
  programs: Programs,
): Promise<{ readonly what: string; readonly error: unknown }[]> {
  const left: { what: string; error: unknown }[] = [];
  for (const [at, one] of [...planned.entries()].reverse()) {
    try {
      if (one.kind === 'file') undoFile(one);
      else if (one.kind === 'link') {
        if (worldOfLink(one) !== 'before') undoLink(one);
      } else await undoCommand(one, at, programs);
    } catch (error) {
      left.push({ what: byHand(one), error });
    }
  }
  return left;
}

/** How a person undoes a switch. */
function byHand(one: PlannedSwitch): string {
  if (one.kind === 'file') return `put ${one.keys.join(', ')} of ${one.path} back as ${one.beforePath} has them`;
  if (one.kind === 'link') return `ln -sfn '${one.before}' '${one.path}'`;
  return `run in ${one.folder}: ${typeof one.undo === 'string' ? one.undo : one.undo.join(' ')}`;
}

/** Which database the switches lead to; `mixed` where some lead elsewhere than others. */
export function providerOf(planned: readonly PlannedSwitch[], folder: string): 'sqlite' | 'postgres' | 'mixed' {
  const worlds = planned.map((one, at): SwitchWorld => {
    if (one.kind === 'file') return worldOfFile(one);
    return one.kind === 'link' ? worldOfLink(one) : worldOfCommand(folder, at);
  });
  if (worlds.every((world) => world === 'after')) return 'postgres';
  return worlds.every((world) => world === 'before') ? 'sqlite' : 'mixed';
}

/** Removes what was prepared beside the files, once nobody goes on or back any more. */
export function forgetSwitches(planned: readonly PlannedSwitch[]): void {
  for (const one of planned) if (one.kind === 'file') removeCopies(one);
}
