import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Database } from '../../../src/source/sqlite.js';
import { must } from '../../../src/model/error.js';
import type { ChunkRange, ColumnPlan, TablePlan } from '../../../src/model/plan.js';
import type { SourceCatalog, SourceTable } from '../../../src/model/source.js';
import { type RowView, Storage } from '../../../src/model/value.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { openSnapshotFile } from '../../../src/source/pages/page-file.js';
import { choosePages } from '../../../src/source/pages/layout.js';
import { readPages } from '../../../src/source/pages/pages.js';
import { readRows } from '../../../src/source/rows/rows.js';

/** One value as text that differs whenever storage class or value differ: `integer 5`, `text 6162`. */
export type Cell = string;

export const whole: ChunkRange = { tag: 'whole' };

export interface TableFrom {
  readonly table: SourceTable;
  readonly catalog: SourceCatalog;
}

export interface SqliteOptions {
  readonly pageSize?: number;
  readonly autoVacuum?: 0 | 1 | 2;
  readonly reservedBytes?: number;
}

/**
 * Makes a SQLite file and lends it to `fill`. Reserved bytes cannot be asked for in SQL: they are written into the
 * header of the still empty file, where SQLite finds them.
 */
export function makeFile(path: string, options: SqliteOptions, fill: (db: Database) => void): void {
  const { pageSize = 4096, autoVacuum = 0, reservedBytes = 0 } = options;
  withDatabase(path, (db) => {
    db.pragma(`page_size = ${pageSize}`);
    db.pragma(`auto_vacuum = ${autoVacuum}`);
    db.pragma('user_version = 1');
  });
  patch(path, 20, [reservedBytes]);
  const content = pageSize - reservedBytes;
  patch(path, 105, [(content >> 8) & 0xff, content & 0xff]);
  withDatabase(path, (db) => {
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = OFF');
    fill(db);
  });
}

function withDatabase<T>(path: string, use: (db: Database) => T): T {
  const db = new Database(path);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Overwrites bytes of a file in place. */
export function patch(path: string, at: number, bytes: readonly number[]): void {
  const descriptor = openSync(path, 'r+');
  try {
    writeSync(descriptor, Buffer.from(bytes), 0, bytes.length, at);
  } finally {
    closeSync(descriptor);
  }
}

/** Copies a file with one change to its bytes. */
export function copyWith(path: string, to: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(to, bytes);
  return to;
}

/** The table as the catalog tells it. */
export function readTable(path: string, name: string): TableFrom {
  return withDatabase(path, (db) => {
    const catalog = readSourceCatalog(db);
    const table = catalog.tables.find((candidate) => candidate.name === name);
    return { table: must(table, `table ${name}`), catalog };
  });
}

/** The part of a plan that readers look at; the rest is filled in somehow. */
export function planTable(table: SourceTable, names: readonly string[]): Omit<TablePlan, 'chunks'> {
  return {
    source: table.name,
    targetSchema: 'public',
    target: table.name,
    columns: names.map((name) => planColumn(table, name)),
    key: { origin: 'none', columns: [] },
    layer: 0,
    rows: 0,
    estimatedBytes: 0,
    rootPage: table.rootPage,
    isWithoutRowid: table.isWithoutRowid,
    rowidName: table.rowidName,
    rowidAlias: table.rowidAlias,
    sourceKey: [],
    reader: 'pages',
    readerReason: '',
    format: 'binary',
    formatReason: '',
  };
}

function planColumn(table: SourceTable, source: string): ColumnPlan {
  const { declaredType, affinity } = must(
    table.columns.find(({ name }) => name === source),
    source,
  );
  const target = {
    target: source,
    targetType: 'text',
    kind: { tag: 'literal' },
    reason: '',
    isTextual: false,
  } as const;
  return { source, declaredType, affinity, ...target };
}

/** The rows that SQLite itself gives, of the columns that are not virtual, in rowid order. */
export function askSqlite(path: string, table: SourceTable, range: ChunkRange = whole): Cell[][] {
  const names = readableColumns(table);
  const list = names.map((name) => `typeof("${name}"), "${name}", hex("${name}")`).join(', ');
  const where = range.tag === 'rowid' ? toWhere(range) : '';
  return withDatabase(path, (db) => {
    const query = db.prepare(`SELECT ${list} FROM "${table.name}" NOT INDEXED ${where} ORDER BY _rowid_`);
    const rows = query.safeIntegers(true).raw(true).all() as unknown[][];
    return rows.map((row) => names.map((_, i) => toCell(String(row[3 * i]), row[3 * i + 1], String(row[3 * i + 2]))));
  });
}

function toWhere({ after, through }: { after: string | null; through: string | null }): string {
  return `WHERE ${after === null ? '1' : `_rowid_ > ${after}`} AND ${through === null ? '1' : `_rowid_ <= ${through}`}`;
}

function toCell(storage: string, value: unknown, hex: string): Cell {
  if (storage === 'text' || storage === 'blob') return `${storage} ${hex}`;
  if (storage === 'real') return `real ${bitsOf(Number(value))}`;
  return storage === 'null' ? 'null' : `integer ${String(value)}`;
}

function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex').toUpperCase();
}

export function readableColumns(table: SourceTable): string[] {
  return table.columns.filter((column) => column.generated !== 'virtual').map((column) => column.name);
}

/** The same rows from the page reader; `names` are the columns to read. */
export function askPages(
  path: string,
  { table, catalog }: TableFrom,
  range: ChunkRange = whole,
  names: readonly string[] = readableColumns(table),
): Cell[][] {
  const choice = choosePages(table, catalog, names);
  if (choice.tag === 'rows') throw new Error(choice.reason);
  const file = openSnapshotFile(path);
  try {
    // The layout travels in a job.
    return readCells(readPages(file, planTable(table, names), structuredClone(choice.layout), range), names.length);
  } finally {
    file.close();
  }
}

/** The same rows from the row reader. */
export function askRows(path: string, { table }: TableFrom, range: ChunkRange = whole): Cell[][] {
  const names = readableColumns(table);
  return withDatabase(path, (db) => readCells(readRows(db, planTable(table, names), range), names.length));
}

export function readCells(views: Iterable<RowView>, count: number): Cell[][] {
  const rows: Cell[][] = [];
  for (const view of views) rows.push(Array.from({ length: count }, (_, i) => readCell(view, i)));
  return rows;
}

function readCell(view: RowView, i: number): Cell {
  const number = must(view.number[i], 'number');
  switch (view.storage[i]) {
    case Storage.Null:
      return 'null';
    case Storage.Integer:
      return `integer ${BigInt(number)}`;
    case Storage.Wide:
      return `integer ${view.wide.getBigInt64(8 * i)}`;
    case Storage.Real:
      return `real ${bitsOf(number)}`;
    case Storage.Text:
      return `text ${hexOf(view, i)}`;
    case Storage.Blob:
      return `blob ${hexOf(view, i)}`;
    default:
      throw new Error(`storage ${view.storage[i]}`);
  }
}

function hexOf(view: RowView, i: number): string {
  const start = must(view.start[i], 'start');
  const end = must(view.end[i], 'end');
  if (start < 0 || end < start || end > view.bytes.length)
    throw new Error(`value outside the buffer: ${start}, ${end}`);
  return view.bytes.toString('hex', start, end).toUpperCase();
}
