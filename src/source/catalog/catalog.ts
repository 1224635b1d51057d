import type { Database } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import type { VirtualForm } from '../../model/rules.js';
import type { LeftOut, SourceCatalog, SourceForeignKey, SourceTable, SourceView } from '../../model/source.js';
import { readSourceTable } from './catalog-table.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { foldCase } from '../../lib/fold-case.js';
import { asPlainTable, holdsRowsAlone } from './virtual-table.js';
import { judgeTable, leftOutEntry, type SchemaEntry } from './left-out.js';

/**
 * Reads what the database says about its tables, in the order in which they were made. Everything that is not copied is
 * in `leftOut` with its reason. `reservedBytes` comes from `readDatabaseHeader` where the file is a snapshot; a live
 * file must not be opened for it, and 0 means unknown. `formOf` says which virtual tables are carried, and as what. One
 * read transaction: the result is one state of the schema.
 */
export function readSourceCatalog(db: Database, reservedBytes = 0, formOf: FormOf = () => null): SourceCatalog {
  return db.transaction(() => readCatalog(db, reservedBytes, formOf)).deferred();
}

type FormOf = (virtualTable: string) => VirtualForm | null;

function readCatalog(db: Database, reservedBytes: number, formOf: FormOf): SourceCatalog {
  const tables: SourceTable[] = [];
  const leftOut: LeftOut[] = [];
  const entries = readEntries(db);
  const indexSql = new Map(entries.filter(({ type }) => type === 'index').map(({ name, sql }) => [name, sql]));
  for (const entry of entries) {
    const reason = leftOutEntry(entry);
    if (reason?.type === 'virtual') {
      const judged = judgeVirtual(db, reason, formOf(reason.name));
      if ('table' in judged) tables.push(judged.table);
      else leftOut.push(judged.leftOut);
    } else if (reason !== null) leftOut.push(reason);
    else if (entry.type === 'table') {
      const judged = judgeTable(readSourceTable(db, entry, indexSql));
      if ('table' in judged) tables.push(judged.table);
      else leftOut.push(judged.leftOut);
    }
  }
  return {
    encoding: readEncoding(db),
    pageSize: pragmaNumber(db, 'page_size'),
    pageCount: pragmaNumber(db, 'page_count'),
    reservedBytes,
    schemaVersion: pragmaNumber(db, 'schema_version'),
    tables: resolveParents(tables),
    views: leftOut.filter(({ type }) => type === 'view').map(({ name, sql }) => readView(db, name, sql ?? '')),
    leftOut,
  };
}

/** A virtual table is carried where that is asked for and can be done; one whose rows stand nowhere else is marked. */
function judgeVirtual(
  db: Database,
  leftOut: LeftOut,
  form: VirtualForm | null,
): { readonly table: SourceTable } | { readonly leftOut: LeftOut } {
  const entry = { name: leftOut.name, sql: leftOut.sql ?? '' };
  const table = asPlainTable(db, entry, form ?? 'table');
  if (table !== null && form !== null) return { table };
  if (!holdsRowsAlone(db, entry)) return { leftOut };
  const reason = `${leftOut.reason}, and they stand nowhere else`;
  const forms = table?.virtual === undefined ? {} : { forms: table.virtual.forms };
  return { leftOut: { ...leftOut, reason, holdsRows: true, ...forms } };
}

/** A view over tables that are gone is no reason against the others. */
function readView(db: Database, name: string, sql: string): SourceView {
  try {
    const columns = db.pragma(`main.table_xinfo(${quoteIdentifier(name)})`) as { name: string }[];
    return { name, sql, columns: columns.map((column) => column.name) };
  } catch {
    return { name, sql, columns: null };
  }
}

/** The encoding of the database's texts: `PRAGMA encoding`. */
export function readEncoding(db: Database): SourceCatalog['encoding'] {
  const encoding = db.pragma('encoding', { simple: true });
  if (encoding === 'UTF-8' || encoding === 'UTF-16le' || encoding === 'UTF-16be') return encoding;
  throw new CopierError('source.encoding', `unknown text encoding ${String(encoding)}`, {
    hint: 'run `PRAGMA integrity_check` on the file',
  });
}

function pragmaNumber(db: Database, name: string): number {
  return Number(db.pragma(name, { simple: true }));
}

interface ListedTable {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly strict: number;
  /** WITHOUT ROWID. */
  readonly wr: number;
}

// PRAGMA statements, not their table-valued twins: a table of the database may bear the name pragma_table_list.
function readEntries(db: Database): SchemaEntry[] {
  const listed = db.pragma('table_list') as ListedTable[];
  const inMain = new Map(listed.filter(({ schema }) => schema === 'main').map((table) => [table.name, table]));
  const sql =
    'SELECT type, name, tbl_name AS tableName, rootpage AS rootPage, sql FROM main.sqlite_schema ORDER BY rowid';
  type Row = Omit<SchemaEntry, 'listedAs' | 'isStrict' | 'isWithoutRowid'>;
  const entries = db.prepare<[], Row>(sql).safeIntegers(false).all();
  return entries.map((entry) => {
    const table = entry.type === 'table' ? inMain.get(entry.name) : undefined;
    return {
      ...entry,
      listedAs: table?.type ?? null,
      isStrict: table?.strict === 1,
      isWithoutRowid: table?.wr === 1,
    };
  });
}

/** Gives parents their own spelling, and `REFERENCES t` without columns t's primary key. */
function resolveParents(tables: readonly SourceTable[]): SourceTable[] {
  const byName = new Map(tables.map((table) => [foldCase(table.name), table]));
  return tables.map((table) => ({
    ...table,
    foreignKeys: table.foreignKeys.map((key) => resolveParent(key, byName.get(foldCase(key.parentTable)))),
  }));
}

function resolveParent(key: SourceForeignKey, parent: SourceTable | undefined): SourceForeignKey {
  if (parent === undefined) return key;
  const spelled = new Map(parent.columns.map(({ name }) => [foldCase(name), name]));
  const named = key.parentColumns.map((name) => spelled.get(foldCase(name)) ?? name);
  const primary = parent.primaryKey.length === key.columns.length ? parent.primaryKey : [];
  return { ...key, parentTable: parent.name, parentColumns: named.length > 0 ? named : primary };
}
