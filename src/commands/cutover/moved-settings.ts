import { holdsSecret } from '../../lib/mask-secrets.js';
import type { Settings } from '../../model/settings.js';

/** What a move was configured with and its later commands go by. It is recorded in the ledger, so no secret is in it. */
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

/** The settings of a later command of the move: what it was not told itself is as the move was configured. */
export function withMoved(settings: Settings, moved: MovedSettings | undefined): Settings {
  const added = Object.entries(moved ?? {}).filter(([name]) => isNothing(settings[name as keyof Settings]));
  return { ...settings, ...Object.fromEntries(added) };
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
