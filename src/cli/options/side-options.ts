import { targeted, all } from './command-groups.js';
import type { OptionTable } from './option.js';
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
    help: 'SQLite file, as a path or a file: URL',
    commands: all,
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
} satisfies Partial<OptionTable>;
