import { resolve } from 'node:path';
import { holdsSecret } from '../lib/mask-secrets.js';
import type { Settings } from '../model/settings.js';
import type { TargetAddress } from '../model/target.js';
import { stableJson } from '../plan/plan-hash.js';
import { nameSource } from '../source/import/named-source.js';
import { checkingSqlite } from '../source/snapshot/snapshot-check.js';
import { withTarget } from '../target/connection/connect.js';
import { hasLedger } from '../target/ledger/ledger.js';
import { latestRun } from '../target/ledger/run.js';
import type { Context } from './context.js';
import { lockWaits } from './lock-waits.js';
import { rulesOf } from './choices.js';
import { type CheckedSnapshot, readChecked, readStoredSettings } from './plan/stored-plan.js';

/*
 * What a move was configured with. It goes into the ledger with its run and its cutover, and every later command of the
 * move goes by it, so that none of them needs the config file. No secret is in it.
 */

export type MovedSettings = Partial<Pick<Settings, (typeof names)[number]>>;

const names = [
  'zone',
  'targetZone',
  'fromSource',
  'allowSentinel',
  'tables',
  'exclude',
  'waive',
  'policies',
  'tableRules',
  'columns',
  'declared',
  'search',
  'virtualTables',
  'shadowReads',
  'hooks',
  'health',
] as const satisfies readonly (keyof Settings)[];

/** What of the settings is recorded; `leftOut`: the names of those that seem to hold a secret, and are not. */
export function movedSettings(settings: Settings): { readonly recorded: MovedSettings; readonly leftOut: string[] } {
  const said = names.filter((name) => !isNothing(settings[name]));
  const leftOut = said.filter((name) => textsIn(settings[name]).some(holdsSecret));
  const recorded = said.filter((name) => !leftOut.includes(name)).map((name) => [name, settings[name]]);
  return { recorded: Object.fromEntries(recorded), leftOut };
}

/** The same, and tells what is not kept. */
export function recordSettings({ settings, journal }: Pick<Context, 'settings' | 'journal'>): MovedSettings {
  const { recorded, leftOut } = movedSettings(settings);
  if (leftOut.length > 0)
    journal.warn(
      `${leftOut.join(', ')}: not kept for later commands, since it seems to hold a secret; give them --config`,
    );
  return recorded;
}

/**
 * A later command of the move: what it was not told itself is as the move was configured, and where it was told
 * otherwise that is said. `move` is how messages call the move.
 */
export function asMoved(context: Context, moved: MovedSettings | undefined, move: string): Context {
  const { settings, journal } = context;
  const recorded = namesIn(moved);
  const isTableChoice = (name: string) => name === 'tables' || name === 'exclude';
  const choosesTables = settings.tables.length > 0 || settings.exclude.length > 0;
  const isSaid = (name: keyof MovedSettings) => (isTableChoice(name) ? choosesTables : !isNothing(settings[name]));
  const taken = recorded.filter((name) => !isSaid(name));
  const other = recorded.filter((name) => isSaid(name) && !isSame(settings[name], moved?.[name]));
  if (taken.length > 0) journal.note(`as ${move} was configured: ${taken.join(', ')}`);
  if (other.length > 0) journal.note(`this command is told otherwise than ${move} was: ${other.join(', ')}`);
  const added = Object.fromEntries(taken.map((name) => [name, moved?.[name]]));
  return { ...context, settings: { ...settings, ...added } };
}

/** A command that reads both sides, by what the youngest run of the schema recorded, if that moved this very source. */
export interface AsRun {
  readonly context: Context;
  /** What needs not be done again over the very same bytes: this pgferry's SQLite found them sound; else null. */
  readonly sound: CheckedSnapshot | null;
}

/** The same for a command that reads both sides. */
export async function asRunWas(context: Context, address: TargetAddress): Promise<AsRun> {
  // A session that sees the target as it was may not see the run's end.
  const { frozenAs: _, ...asItIs } = address;
  const connecting = { applicationName: 'pgferry look', signal: context.signal, locks: lockWaits(context) };
  const found = await withTarget(asItIs, connecting, async (client) => {
    const run = (await hasLedger(client)) ? await latestRun(client, address.schema) : null;
    if (run === null || run.state === 'abandoned') return null;
    if (resolve(run.sourcePath) !== resolve(nameSource(context.settings).sourcePath)) return null;
    const { moved } = await readStoredSettings(client, run.runId);
    return { run, moved, checked: await readChecked(client, run.runId) };
  });
  if (found === null) return { context, sound: null };
  const { run, moved, checked } = found;
  return {
    context: asMoved(context, moved, `run ${run.runId}`),
    sound: run.toolVersion === context.toolVersion ? soundBySqlite(checked) : null,
  };
}

function soundBySqlite(checked: CheckedSnapshot | null): CheckedSnapshot | null {
  return checked?.sqlite === checkingSqlite() ? checked : null;
}

/** Says what a command is told otherwise that goes by the plan of a run, whatever it is told. */
export function warnOfOther({ settings, journal }: Context, moved: MovedSettings | undefined, runId: string): void {
  const shaping = rulesOf(settings);
  const other = names.filter(
    (name) => name in shaping && !isNothing(settings[name]) && !isSame(settings[name], moved?.[name]),
  );
  if (other.length === 0) return;
  journal.warn(
    `this command goes by the plan of run ${runId}; what it is told otherwise counts only in a new run: ${other.join(', ')}`,
  );
}

function namesIn(moved: MovedSettings | undefined): readonly (keyof MovedSettings)[] {
  return names.filter((name) => moved?.[name] !== undefined);
}

function isSame(one: unknown, other: unknown): boolean {
  return stableJson(one ?? null) === stableJson(other ?? null);
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
