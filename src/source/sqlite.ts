import { createRequire } from 'node:module';
import { versions } from 'node:process';
import type BetterSqlite3 from 'better-sqlite3';

/*
 * Loads better-sqlite3 for the Node that runs us; nothing else loads it. Its version 12 is built on V8's own interface,
 * and ends the process in a garbage collection from Node 24.19 on (`RemoveEnvironmentCleanupHook`, seen on 24.21);
 * version 13 is built on Node-API and needs Node 22. Both have the same interface.
 */

const firstNodeOfVersion13 = 22;

const isOld = Number(versions.node.split('.')[0]) < firstNodeOfVersion13;
/** The package that fits this Node. */
export const sqlitePackage = isOld ? 'better-sqlite3' : 'better-sqlite3-13';
const load = createRequire(import.meta.url);

export const Database = load(sqlitePackage) as typeof BetterSqlite3;
export type Database = BetterSqlite3.Database;
export const SqliteError = Database.SqliteError;
