import { targeted, reading } from './command-groups.js';
import type { OptionTable } from './option.js';
import { text, flag, count } from './syntax.js';

/** The options for a run's files and time limits. */
export const runOptions = {
  backupFolder: {
    heading: 'run',
    flag: 'backup-dir',
    value: 'folder',
    env: ['BACKUP_DIR'],
    syntax: text(),
    standard: '.db-migration-backups',
    help: 'folder under which each run makes its own folder; a passing snapshot goes there too',
    commands: [...reading, 'control'],
  },
  runFolder: {
    heading: 'run',
    flag: 'run-dir',
    value: 'folder',
    env: ['MIGRATION_RUN_DIR'],
    syntax: text(),
    standard: null,
    standardText: '<backup-dir>/<timestamp>',
    help: 'the run’s own folder, which must be new or empty; for control the folder of the run that works',
    commands: ['copy', 'migrate', 'verify', 'control'],
  },
  stallTimeoutSeconds: {
    heading: 'run',
    flag: 'stall-timeout',
    value: 'seconds',
    env: ['STALL_TIMEOUT'],
    syntax: count({ min: 1, max: 86_400 }),
    standard: 300,
    help: 'silence of the server, or of a thread, after which it counts as lost and its chunk is tried again; also how long a lock of another session is waited for',
    commands: targeted,
  },
  fresh: {
    heading: 'run',
    flag: 'fresh',
    value: null,
    env: ['FRESH'],
    syntax: flag(),
    standard: false,
    help: 'begin anew with a new snapshot instead of going on with an unfinished run',
    commands: ['copy', 'migrate'],
  },
  acceptanceFolder: {
    heading: 'run',
    flag: 'acceptance-dir',
    value: 'folder',
    env: ['ACCEPTANCE_BASE_DIR'],
    syntax: text(),
    standard: '.db-cutover-acceptance',
    help: 'folder under which each acceptance makes its own folder',
    commands: ['accept'],
  },
  acceptanceRunFolder: {
    heading: 'run',
    flag: 'acceptance-run-dir',
    value: 'folder',
    env: ['ACCEPTANCE_RUN_DIR'],
    syntax: text(),
    standard: null,
    standardText: '<acceptance-dir>/<timestamp>',
    help: 'the acceptance’s own folder, which must be new or empty',
    commands: ['accept'],
  },
} satisfies Partial<OptionTable>;
