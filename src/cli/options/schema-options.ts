import { standardSqlFolder } from '../../model/settings.js';
import { making, surveying } from './command-groups.js';
import type { OptionTable } from './option.js';
import { text, flag, list } from './syntax.js';

/** How the target schema is made. */
export const schemaOptions = {
  app: {
    heading: 'schema',
    flag: 'app',
    value: 'name',
    env: [],
    syntax: text(),
    standard: null,
    help: 'use the recipe of this application (`pgferry apps` lists them); the config overrules it',
    commands: surveying,
  },
  sqlFolder: {
    heading: 'schema',
    flag: 'sql-dir',
    value: 'folder',
    env: ['POSTGRES_SQL_DIR'],
    syntax: text(),
    standard: standardSqlFolder,
    help: 'folder of .sql files that make the target schema, run in name order',
    commands: making,
  },
  fromSource: {
    heading: 'schema',
    flag: 'from-source',
    value: null,
    env: ['FROM_SOURCE'],
    syntax: flag(),
    standard: false,
    help: 'translate the SQLite schema even where there are .sql files',
    commands: making,
  },
  makeMissing: {
    heading: 'schema',
    flag: 'make-missing',
    value: null,
    env: ['MAKE_MISSING'],
    syntax: flag(),
    standard: false,
    help: 'make the tables that the target lacks beside those that it has, with their foreign keys to these',
    commands: making,
  },
  resetSchema: {
    heading: 'schema',
    flag: 'reset-schema',
    value: null,
    env: ['RESET_PUBLIC_SCHEMA'],
    syntax: flag(),
    standard: false,
    help: 'drop the target schema with all it holds, and make it again',
    commands: ['init', 'migrate', 'cutover'],
  },
  resetAlso: {
    heading: 'schema',
    flag: 'reset-also',
    value: 'names',
    env: ['RESET_ALSO'],
    syntax: list(),
    standard: [],
    help: 'what --reset-schema may drop although the source knows nothing of it, by the names that the refusal gives; * for all',
    commands: ['init', 'migrate', 'cutover'],
  },
  waive: {
    heading: 'schema',
    flag: 'waive',
    value: 'names',
    env: ['WAIVE'],
    syntax: list(),
    standard: [],
    help: 'what may be lost of the schema, by the names that findings give, such as index:by_title; check:* for all of a kind',
    commands: surveying,
  },
} satisfies Partial<OptionTable>;
