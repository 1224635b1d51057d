import assert from 'node:assert/strict';
import { type RowView, Storage } from '../../src/model/value.js';
import { greatestOf, leastOf } from '../../src/source/census/merge.js';
import { countTimes } from '../../src/source/census/times.js';
import { Database } from '../../src/source/sqlite.js';
import type { ColumnCensus, TableCensus } from '../../src/model/census.js';
import type { SourceCatalog, SourceColumn, SourceTable } from '../../src/model/source.js';
import type { TargetCatalog, TargetColumn, TargetTable } from '../../src/model/target.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';
import { takeCensus } from '../../src/source/census/census.js';

export function sourceColumn(parts: Partial<SourceColumn> = {}): SourceColumn {
  return {
    name: 'c',
    declaredType: 'TEXT',
    affinity: 'text',
    notNull: false,
    defaultSql: null,
    generated: 'no',
    collation: 'BINARY',
    ...parts,
  };
}

export function targetColumn(parts: Partial<TargetColumn> = {}): TargetColumn {
  return {
    name: 'c',
    type: parts.baseType ?? 'text',
    baseType: 'text',
    typeClass: 'b',
    typmod: -1,
    isDomain: false,
    enumLabels: null,
    notNull: false,
    defaultSql: null,
    identity: 'no',
    isGenerated: false,
    ...parts,
  };
}

export function columnCensus(parts: Partial<ColumnCensus> = {}): ColumnCensus {
  return {
    column: 'c',
    nulls: 0,
    integers: 0,
    reals: 0,
    texts: 0,
    blobs: 0,
    emptyTexts: 0,
    integerMin: null,
    integerMax: null,
    realMin: null,
    realMax: null,
    charsMax: 0,
    bytesMax: 0,
    ...parts,
  };
}

/** A census of integers between two bounds. */
export function integers(min: bigint | number, max: bigint | number): ColumnCensus {
  return columnCensus({ integers: 2, integerMin: String(min), integerMax: String(max) });
}

export function sourceTable(parts: Partial<SourceTable> = {}): SourceTable {
  return {
    name: 't',
    sql: '',
    rootPage: 2,
    isWithoutRowid: false,
    isStrict: false,
    columns: [sourceColumn()],
    primaryKey: [],
    rowidAlias: null,
    rowidName: 'rowid',
    isAutoincrement: false,
    sequence: null,
    foreignKeys: [],
    indexes: [],
    ...parts,
  };
}

export function targetTable(parts: Partial<TargetTable> = {}): TargetTable {
  return {
    schema: 'public',
    name: 't',
    oid: 1,
    kind: 'r',
    isUnlogged: false,
    hasRowSecurity: false,
    columns: [targetColumn()],
    primaryKey: [],
    uniqueKeys: [],
    foreignKeys: [],
    hasRows: false,
    isOwned: true,
    missingPrivileges: [],
    triggers: [],
    staysOpen: null,
    ...parts,
  };
}

export function sourceCatalog(tables: readonly SourceTable[]): SourceCatalog {
  return {
    encoding: 'UTF-8',
    pageSize: 4096,
    pageCount: 9,
    reservedBytes: 0,
    schemaVersion: 1,
    tables,
    views: [],
    leftOut: [],
  };
}

export function targetCatalog(tables: readonly TargetTable[], parts: Partial<TargetCatalog> = {}): TargetCatalog {
  return {
    schema: 'public',
    schemaExists: true,
    serverVersion: 180004,
    serverVersionText: '18.4',
    encoding: 'UTF8',
    database: 'd',
    role: 'app "x"',
    canCreateInDatabase: true,
    canUseSchema: true,
    canCreateInSchema: true,
    ledgerSchema: 'pgferry',
    ledgerSchemaExists: false,
    canKeepLedger: true,
    isReadOnly: false,
    lockCapacity: 10_000,
    locksNeeded: 100,
    tables,
    ...parts,
  };
}

/** An empty census of every column of the tables. */
export function emptyCensus(tables: readonly SourceTable[], rows = 0): TableCensus[] {
  return tables.map((table) => ({
    table: table.name,
    rows,
    columns: table.columns.map(({ name }) => columnCensus({ column: name })),
  }));
}

/** Catalog and census of a database made from SQL. */
export function surveySqlite(sql: string): { source: SourceCatalog; census: TableCensus[] } {
  const db = new Database(':memory:');
  try {
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    const source = readSourceCatalog(db);
    return { source, census: source.tables.map((table) => takeCensus(db, table)) };
  } finally {
    db.close();
  }
}

/** A column of integers that were looked at one by one. */
export function counted(values: readonly (number | bigint)[]): ColumnCensus {
  const all = values.map(BigInt);
  const [min = 0n, max = 0n] = [leastOf(all) ?? 0n, greatestOf(all) ?? 0n];
  return { ...integers(min, max), integers: all.length, times: countTimes(rowsOf(all), 1)[0] ?? assert.fail() };
}

function* rowsOf(values: readonly bigint[]): Generator<RowView> {
  for (const value of values) {
    const isSafe = Number.isSafeInteger(Number(value));
    const wide = new DataView(new ArrayBuffer(8));
    wide.setBigInt64(0, value);
    yield {
      storage: Uint8Array.of(isSafe ? Storage.Integer : Storage.Wide),
      number: Float64Array.of(Number(value)),
      wide,
      bytes: Buffer.alloc(0),
      start: new Int32Array(1),
      end: new Int32Array(1),
    };
  }
}
