import type { LeftOut, SourceTable } from '../../model/source.js';
import { foldCase } from '../../lib/fold-case.js';
import { asBookkeeping } from '../../lib/bookkeeping.js';
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
  /** Of a table: STRICT, WITHOUT ROWID. */
  readonly isStrict: boolean;
  readonly isWithoutRowid: boolean;
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

/** A table of the application; or one that a framework keeps for itself, marked, or left out where it is of this file alone. */
export function judgeTable(table: SourceTable): { readonly table: SourceTable } | { readonly leftOut: LeftOut } {
  const framework = frameworkOf(table);
  if (framework === null) return { table };
  return framework.namesOnly === true
    ? { table: { ...table, framework } }
    : { leftOut: asBookkeeping(table, framework) };
}
