import { all, paged } from './command-groups.js';
import type { OptionTable } from './option.js';
import { flag, count } from './syntax.js';

/** What is printed. */
export const outputOptions = {
  differencesMax: {
    heading: 'output',
    flag: 'differences-max',
    value: 'n',
    env: ['DIFFERENCES_MAX'],
    syntax: count({ min: 1, max: 100_000 }),
    standard: 20,
    help: 'differences shown per table',
    commands: ['verify', 'accept', 'follow', 'repair', 'cutover'],
  },
  listMax: {
    heading: 'output',
    flag: 'list-max',
    value: 'n',
    env: ['LIST_MAX'],
    syntax: count({ min: 1, max: 1_000_000 }),
    standard: 100,
    help: 'rows that quarantine names one by one; its counts cover all',
    commands: ['quarantine'],
  },
  all: {
    heading: 'output',
    flag: 'all',
    value: null,
    env: [],
    syntax: flag(),
    isFlagOnly: true,
    standard: false,
    help: 'show every table, read and finding, also where there are hundreds of a kind',
    commands: paged,
  },
  json: {
    heading: 'output',
    flag: 'json',
    value: null,
    env: [],
    syntax: flag(),
    isFlagOnly: true,
    standard: false,
    help: 'print the result as one JSON object',
    commands: all,
  },
  quiet: {
    heading: 'output',
    flag: 'quiet',
    value: null,
    env: [],
    syntax: flag(),
    isFlagOnly: true,
    standard: false,
    help: 'no progress and no notes on stderr',
    commands: all,
  },
} satisfies Partial<OptionTable>;
