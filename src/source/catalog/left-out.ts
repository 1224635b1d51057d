import type { LeftOut, SourceTable } from '../../model/source.js';
import { foldCase } from '../../lib/fold-case.js';
import { frameworkOf } from './frameworks.js';

/** What one row of sqlite_schema and its row of `PRAGMA table_list` say. */
export interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  readonly tableName: string;
  readonly rootPage: number;
  readonly sql: string | null;
  /** table, view, virtual or shadow; null for triggers and indexes. */
  readonly listedAs: string | null;
}

/** Why an entry of the schema is not copied, or null where it is a table of the application. */
export function leftOutEntry(entry: SchemaEntry): LeftOut | null {
  const { name, sql } = entry;
  if (entry.type === 'trigger')
    return { name, type: 'trigger', reason: `trigger on ${entry.tableName}: its SQL is listed, not translated`, sql };
  if (entry.type === 'view') return { name, type: 'view', reason: 'a view holds no rows of its own', sql };
  if (entry.type !== 'table') return null;
  if (foldCase(name).startsWith('sqlite_')) return { name, type: 'internal', reason: 'kept by SQLite for itself', sql };
  if (entry.listedAs === 'virtual')
    return { name, type: 'virtual', reason: 'a virtual table: its module makes its rows', sql };
  if (entry.listedAs === 'shadow') return { name, type: 'shadow', reason: 'belongs to a virtual table', sql };
  return null;
}

/** The reason to leave out a table that a migration framework keeps for itself, or null for other tables. */
export function leftOutBookkeeping(table: SourceTable): LeftOut | null {
  const framework = frameworkOf(table);
  if (framework === null) return null;
  const reason = `migration bookkeeping of ${framework.name}`;
  return { name: table.name, type: 'bookkeeping', reason, sql: table.sql, framework };
}
