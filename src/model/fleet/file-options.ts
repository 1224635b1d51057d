import type { Settings } from '../settings.js';

/** The settings that one file of a fleet may have otherwise than the others, by the keys of the config file. */
export const fileOptionNames = [
  'zone',
  'targetZone',
  'tables',
  'exclude',
  'waive',
  'sqlFolder',
  'fromSource',
  'truncateTarget',
  'nullSentinel',
  'allowSentinel',
  'format',
  'reader',
  'policies',
  'tableRules',
  'columns',
  'declared',
  'search',
  'virtualTables',
] as const satisfies readonly (keyof Settings)[];

/** What a line of a manifest sets for its file. */
export type FileOptions = Partial<Pick<Settings, (typeof fileOptionNames)[number]>>;
