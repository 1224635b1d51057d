import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { versions } from 'node:process';
import type BetterSqlite3 from 'better-sqlite3';
import { CopierError } from '../model/error.js';
import { scriptCommand } from '../platform/installation.js';
import { fitOf, otherVersionHint } from './sqlite-version.js';

/*
 * Loads better-sqlite3; nothing else loads it. An installation has one, of the version that npm found to fit its Node:
 * 12 is built on V8's own interface when it is installed, and ends the process in a garbage collection from Node 24.19
 * on; 13 is built on Node-API, brings its binaries along, and ends the process where Node has no version 10 of that.
 * So the version is looked at before anything native is loaded, and the binary is tried before anyone needs it. It is
 * loaded when it is first used: what reads no SQLite file works without it.
 */

export const sqlitePackage = 'better-sqlite3';
const load = createRequire(import.meta.url);

let loaded: typeof BetterSqlite3 | null = null;

/** Stands where the class will be; an arrow function is no constructor. */
function unloaded(): void {}

/** The class, which is loaded when it is first used. Throws `source.native_module`. */
export const Database: typeof BetterSqlite3 = new Proxy(unloaded as unknown as typeof BetterSqlite3, {
  construct: (_, args: ConstructorParameters<typeof BetterSqlite3>) => new (loadSqlite())(...args),
  get: (_, name) => Reflect.get(loadSqlite(), name),
});
export type Database = BetterSqlite3.Database;
export type SqliteError = InstanceType<typeof BetterSqlite3.SqliteError>;
export type PreparedStatement<Bound extends unknown[], Row> = BetterSqlite3.Statement<Bound, Row>;

/** Before the class is loaded nothing can be an error of its. */
export function isSqliteError(error: unknown): error is SqliteError {
  return loaded !== null && error instanceof loaded.SqliteError;
}

/** Loads the class, once, for who wants to know at once that SQLite can be read. Throws `source.native_module`. */
export function loadSqlite(): typeof BetterSqlite3 {
  loaded ??= findSqlite();
  return loaded;
}

function findSqlite(): typeof BetterSqlite3 {
  const folder = findFolder();
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const misfit = fitOf(version, versions);
  if (misfit !== null) {
    throw new CopierError('source.native_module', `better-sqlite3 ${version} does not run here: ${misfit}`, {
      hint: otherVersionHint(folder, versions),
    });
  }
  try {
    const found = load(sqlitePackage) as typeof BetterSqlite3;
    new found(':memory:').close();
    return found;
  } catch (error) {
    // The first line; where the binary is not found, a list of the places follows.
    const reason = String((error as Error).message).replace(/(?: Tried:)?\n[\s\S]*$/, '');
    throw new CopierError('source.native_module', `the native part of better-sqlite3 is not there: ${reason}`, {
      hint: `its install script was skipped or failed, or was run by another Node; run it: ${scriptCommand(folder, 'install')}`,
      cause: error,
    });
  }
}

/** The folder of the package; its main file stands one below. */
function findFolder(): string {
  try {
    return dirname(dirname(load.resolve(sqlitePackage)));
  } catch (cause) {
    throw new CopierError('source.native_module', 'the package better-sqlite3 is not there', {
      hint: otherVersionHint(null, versions),
      cause,
    });
  }
}
