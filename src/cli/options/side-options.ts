import { targeted, sourced } from './command-groups.js';
import type { OptionTable } from './option.js';
import { text } from './syntax.js';
import { sourceSyntax, targetSyntax } from './side-syntax.js';

/** Where the rows come from and where they go. */
export const sideOptions = {
  sourcePath: {
    heading: 'sides',
    flag: 'source',
    value: 'path',
    env: ['SQLITE_DB_PATH'],
    syntax: sourceSyntax(),
    standard: 'prisma/dev.db',
    help: 'SQLite file, as a path or a file: URL; also a dump in SQL, either compressed (.gz, .zip, .zst), or - for standard input',
    commands: sourced,
  },
  targetUrl: {
    heading: 'sides',
    flag: 'target',
    value: 'url',
    env: ['POSTGRES_DATABASE_URL', 'PG_URL'],
    syntax: targetSyntax(),
    standard: null,
    standardText: 'an embedded PostgreSQL',
    help: 'PostgreSQL URL; Prisma’s form with ?schema= is understood',
    commands: targeted,
  },
  ledgerSchema: {
    heading: 'sides',
    flag: 'ledger-schema',
    value: 'name',
    env: ['LEDGER_SCHEMA'],
    syntax: text(),
    standard: null,
    standardText: 'pgferry',
    help: 'schema in which pgferry keeps its ledger; one that is there where none may be made, also the one of the tables',
    commands: targeted,
  },
  sourceCommand: {
    heading: 'sides',
    flag: 'source-command',
    value: 'command',
    env: ['SQLITE_SOURCE_COMMAND'],
    syntax: text(),
    standard: null,
    help: 'a command of the shell whose output is the source, in place of --source',
    commands: sourced,
  },
} satisfies Partial<OptionTable>;
