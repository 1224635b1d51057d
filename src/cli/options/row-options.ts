import { loading, comparing, reading, surveying } from './command-groups.js';
import type { OptionTable } from './option.js';
import { text, flag, count, list } from './syntax.js';

/** Which rows go, and what happens to them. */
export const rowOptions = {
  truncateTarget: {
    heading: 'rows',
    flag: 'truncate-target',
    value: null,
    env: ['TRUNCATE_TARGET'],
    syntax: flag(),
    standard: false,
    help: 'empty the planned tables before the copy, whoever filled them',
    commands: loading,
  },
  zone: {
    heading: 'rows',
    flag: 'zone',
    value: 'name',
    env: [],
    syntax: text(),
    standard: null,
    help: 'time zone of texts without one that go into timestamptz and date, where no column says another: Europe/Berlin, UTC, +02:00',
    commands: [...surveying, 'quarantine'],
  },
  nullSentinel: {
    heading: 'rows',
    flag: 'null-sentinel',
    value: 'text',
    env: ['NULL_SENTINEL'],
    syntax: text(
      'give NULL_SENTINEL a text that occurs nowhere in the data: an empty one would make NULL and the empty string equal',
    ),
    isEmptyRefused: true,
    standard: '__PGFERRY_NULL__',
    help: 'text that stands for NULL wherever values travel as text',
    commands: ['plan', 'copy', 'migrate', 'quarantine', ...comparing],
  },
  allowSentinel: {
    heading: 'rows',
    flag: 'allow-sentinel',
    value: null,
    env: ['ALLOW_SENTINEL'],
    syntax: flag(),
    standard: false,
    help: 'let a text equal to the sentinel through; binary COPY can carry it',
    commands: [...loading, 'quarantine'],
  },
  tables: {
    heading: 'rows',
    flag: 'tables',
    value: 'names',
    env: ['TABLES'],
    syntax: list(),
    standard: [],
    help: 'only these tables, separated by commas',
    // A cutover needs all tables of the application, whatever was last set for a copy.
    commands: [...reading.filter((command) => command !== 'cutover'), 'repair'],
  },
  exclude: {
    heading: 'rows',
    flag: 'exclude',
    value: 'names',
    env: ['EXCLUDE'],
    syntax: list(),
    standard: [],
    help: 'all but these tables, separated by commas',
    commands: reading,
  },
  shadowLimit: {
    heading: 'rows',
    flag: 'shadow-limit',
    value: 'n',
    env: ['SHADOW_LIMIT'],
    syntax: count({ min: 1, max: 10_000 }),
    standard: 50,
    help: 'rows per shadow read',
    commands: ['shadow', 'accept', 'cutover'],
  },
} satisfies Partial<OptionTable>;
