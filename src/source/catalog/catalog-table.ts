import type { Database } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import type { SourceColumn, SourceForeignKey, SourceIndex, SourceTable } from '../../model/source.js';
import { affinityOf } from './affinity.js';
import { type CreateTableText, readCreateTable } from './create-table.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { foldCase } from '../../lib/fold-case.js';
import type { SchemaEntry } from './left-out.js';

/** A row of `PRAGMA table_xinfo`. */
export interface ListedColumn {
  readonly cid: number;
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  /** 1-based position in the primary key, 0 outside. */
  readonly pk: number;
  /** 1 a hidden column of a virtual table, 2 virtual generated, 3 stored generated. */
  readonly hidden: number;
}

interface ListedForeignKeyColumn {
  readonly id: number;
  readonly seq: number;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
  readonly on_update: string;
  readonly on_delete: string;
}

/** The CREATE INDEX of each index by its name; null where SQLite made it for a key. */
type IndexSql = ReadonlyMap<string, string | null>;

/** Reads one ordinary table. Parents of foreign keys are left as the child writes them, without resolving. */
export function readSourceTable(db: Database, entry: SchemaEntry, indexSql: IndexSql): SourceTable {
  const { name, isStrict, isWithoutRowid } = entry;
  const sql = entry.sql ?? '';
  const text = readCreateTable(sql);
  const listed = rowsOf<ListedColumn>(db, 'table_xinfo', name);
  const indexes = readIndexes(db, name, indexSql);
  const primaryKey = listed
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map((column) => column.name);
  // A one-column key of a rowid table that needs no index of its own is the rowid itself. (INTEGER PRIMARY KEY DESC does.)
  const isAlias = !isWithoutRowid && primaryKey.length === 1 && indexes.every(({ origin }) => origin !== 'pk');
  const rowidAlias = isAlias ? (primaryKey[0] ?? null) : null;
  return {
    name,
    sql,
    rootPage: entry.rootPage,
    isWithoutRowid,
    isStrict,
    columns: listed.map((column) => toColumn(column, isStrict, text)),
    primaryKey,
    rowidAlias,
    rowidName: isWithoutRowid ? null : (rowidAlias ?? freeRowidName(listed)),
    isAutoincrement: text.isAutoincrement,
    sequence: text.isAutoincrement ? readSequence(db, name) : null,
    foreignKeys: readForeignKeys(db, name, text),
    indexes,
  };
}

function rowsOf<T>(db: Database, pragma: string, name: string): T[] {
  return db.pragma(`main.${pragma}(${quoteIdentifier(name)})`) as T[];
}

function toColumn(listed: ListedColumn, isStrict: boolean, text: CreateTableText): SourceColumn {
  return {
    name: listed.name,
    declaredType: listed.type,
    affinity: affinityOf(listed.type, isStrict),
    notNull: listed.notnull === 1,
    defaultSql: listed.dflt_value,
    generated: listed.hidden === 2 ? 'virtual' : listed.hidden === 3 ? 'stored' : 'no',
    collation: text.collations[listed.cid] ?? 'BINARY',
  };
}

function freeRowidName(columns: readonly ListedColumn[]): string | null {
  const taken = new Set(columns.map(({ name }) => foldCase(name)));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null;
}

/** sqlite_sequence is an ordinary table to writers: only a whole number in it is a position. */
function readSequence(db: Database, name: string): string | null {
  const sql = "SELECT CAST(max(seq) AS TEXT) FROM main.sqlite_sequence WHERE name = ? AND typeof(seq) = 'integer'";
  return db.prepare<[string], string | null>(sql).pluck().get(name) ?? null;
}

interface ListedIndex {
  readonly name: string;
  readonly unique: number;
  readonly origin: SourceIndex['origin'];
  readonly partial: number;
}

interface ListedIndexColumn {
  readonly name: string | null;
  readonly desc: number;
  readonly coll: string;
  readonly key: number;
}

function readIndexes(db: Database, table: string, indexSql: IndexSql): SourceIndex[] {
  return rowsOf<ListedIndex>(db, 'index_list', table).map(({ name, unique, origin, partial }) => ({
    name,
    isUnique: unique === 1,
    origin,
    isPartial: partial === 1,
    columns: rowsOf<ListedIndexColumn>(db, 'index_xinfo', name)
      .filter(({ key }) => key === 1)
      .map((column) => ({ column: column.name, descending: column.desc === 1, collation: column.coll })),
    sql: indexSql.get(name) ?? null,
  }));
}

function readForeignKeys(db: Database, table: string, text: CreateTableText): SourceForeignKey[] {
  const byId = new Map<number, ListedForeignKeyColumn[]>();
  for (const column of rowsOf<ListedForeignKeyColumn>(db, 'foreign_key_list', table)) {
    byId.set(column.id, [...(byId.get(column.id) ?? []), column]);
  }
  if (byId.size !== text.deferrables.length) {
    throw new CopierError(
      'source.schema_unread',
      `table ${table}: its text shows ${text.deferrables.length} foreign keys, SQLite counts ${byId.size}`,
      {
        table,
        hint: 'report this table definition; to go on, rebuild the table with a plainly written CREATE TABLE',
      },
    );
  }
  const keys = [...byId].sort(([a], [b]) => a - b);
  return keys.map(([id, columns]) => toForeignKey(id, columns, text.deferrables[byId.size - 1 - id] ?? 'no'));
}

function toForeignKey(
  id: number,
  columns: ListedForeignKeyColumn[],
  deferrable: SourceForeignKey['deferrable'],
): SourceForeignKey {
  columns.sort((a, b) => a.seq - b.seq);
  const [first] = columns;
  return {
    id,
    columns: columns.map(({ from }) => from),
    parentTable: first?.table ?? '',
    parentColumns: columns.flatMap(({ to }) => (to === null ? [] : [to])),
    onUpdate: first?.on_update ?? 'NO ACTION',
    onDelete: first?.on_delete ?? 'NO ACTION',
    deferrable,
  };
}
