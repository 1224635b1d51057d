import type { CommandName } from '../model/settings.js';
import { loadSqlite } from '../source/sqlite.js';

/** What these ask is the target, the machine, or a run at work: they work where SQLite files cannot be read. */
const withoutSqlite: readonly CommandName[] = ['doctor', 'status', 'control'];

/**
 * Sees that a command which reads SQLite files can, before it begins: not half-way, when other things are done. Throws
 * `source.native_module`.
 */
export function checkSqlite(command: CommandName): void {
  if (!withoutSqlite.includes(command)) loadSqlite();
}
