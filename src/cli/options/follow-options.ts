import type { OptionTable } from './option.js';
import { count, flag, seconds } from './syntax.js';

/** How many rounds, and when. */
export const followOptions = {
  keepClosed: {
    heading: 'follow',
    flag: 'keep-closed',
    value: null,
    env: ['KEEP_CLOSED'],
    syntax: flag(),
    standard: false,
    help: 'keep the loaded tables closed to other writers until the switch, or until `pgferry release`',
    commands: ['plan', 'copy', 'migrate'],
  },
  followRounds: {
    heading: 'follow',
    flag: 'rounds',
    value: 'n',
    env: ['FOLLOW_ROUNDS'],
    syntax: count({ min: 1, max: 1_000_000 }),
    standard: null,
    standardText: '1, or no end with --every or --until-quiet',
    help: 'rounds at most',
    commands: ['follow'],
  },
  followUntilQuiet: {
    heading: 'follow',
    flag: 'until-quiet',
    value: null,
    env: ['FOLLOW_UNTIL_QUIET'],
    syntax: flag(),
    standard: false,
    help: 'end with the first round in which nothing had changed',
    commands: ['follow'],
  },
  followEverySeconds: {
    heading: 'follow',
    flag: 'every',
    value: 'time',
    env: ['FOLLOW_EVERY'],
    syntax: seconds({ min: 1, max: 86_400 }),
    standard: null,
    standardText: 'at once',
    help: 'begin a round so long after the one before began, such as 10s or 5m',
    commands: ['follow'],
  },
  followDryRun: {
    heading: 'follow',
    flag: 'dry-run',
    value: null,
    env: ['FOLLOW_DRY_RUN'],
    syntax: flag(),
    standard: false,
    help: 'bring one round and take it back: shows what it would change, and how long it takes',
    commands: ['follow'],
  },
} satisfies Partial<OptionTable>;
