import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import type { SourceCatalog, SourceTable } from '../../../src/model/source.js';
import { affinityOf } from '../../../src/source/catalog/affinity.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { readDatabaseHeader } from '../../../src/source/pages/header.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

function catalogOf(sql: string): SourceCatalog {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    return readSourceCatalog(db);
  } finally {
    db.close();
  }
}

function tableOf(sql: string, name = 't'): SourceTable {
  const table = catalogOf(sql).tables.find((candidate) => candidate.name === name);
  assert.ok(table, `no table ${name}`);
  return table;
}

// 1. Columns

const affinityRows: readonly [string, string][] = [
  ['INT', 'integer'],
  ['unsigned BIGINT', 'integer'],
  ['CHARINT', 'integer'],
  ['FLOATING POINT', 'integer'],
  ['VARCHAR(255)', 'text'],
  ['CLOB', 'text'],
  ['', 'blob'],
  ['BLOB', 'blob'],
  ['byte[]', 'numeric'],
  ['DOUBLE PRECISION', 'real'],
  ['FLOAT', 'real'],
  ['DATETIME', 'numeric'],
  ['BOOLEAN', 'numeric'],
  ['DECIMAL(10,5)', 'numeric'],
  ['STRING', 'numeric'],
  ['ANY', 'numeric'],
];

for (const [type, affinity] of affinityRows) {
  test(`declared type '${type}' has ${affinity} affinity`, () => {
    assert.equal(affinityOf(type, false), affinity);
  });
}

test('columns come with type, default, collation and how they are generated', () => {
  const table = tableOf(`CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL COLLATE NOCASE DEFAULT 'x', b,
    c INT AS (id + 1) VIRTUAL, d AS (id + 2) STORED); ALTER TABLE t ADD COLUMN e VARCHAR(9) DEFAULT NULL COLLATE RTRIM`);
  assert.deepEqual(
    table.columns.map((c) => [c.name, c.declaredType, c.affinity, c.notNull, c.defaultSql, c.generated, c.collation]),
    [
      ['id', 'INTEGER', 'integer', false, null, 'no', 'BINARY'],
      ['a', 'TEXT', 'text', true, "'x'", 'no', 'NOCASE'],
      ['b', '', 'blob', false, null, 'no', 'BINARY'],
      ['c', 'INT', 'integer', false, null, 'virtual', 'BINARY'],
      ['d', '', 'blob', false, null, 'stored', 'BINARY'],
      ['e', 'VARCHAR(9)', 'text', false, 'NULL', 'no', 'RTRIM'],
    ],
  );
});

test('in a STRICT table ANY keeps values as they come', () => {
  const table = tableOf('CREATE TABLE t(a ANY, b INTEGER) STRICT');
  assert.deepEqual([table.isStrict, table.columns[0]?.affinity], [true, 'blob']);
});

// 2. Keys and rowids

const keyRows: readonly [string, readonly string[], string | null, string | null][] = [
  ['CREATE TABLE t(id INTEGER PRIMARY KEY, b)', ['id'], 'id', 'id'],
  ['CREATE TABLE t(b, "i d" integer, PRIMARY KEY("i d" ASC))', ['i d'], 'i d', 'i d'],
  ['CREATE TABLE t(id INTEGER PRIMARY KEY DESC, b)', ['id'], null, 'rowid'],
  ['CREATE TABLE t(id INT PRIMARY KEY, b)', ['id'], null, 'rowid'],
  ['CREATE TABLE t(a, b, PRIMARY KEY(b, a))', ['b', 'a'], null, 'rowid'],
  ['CREATE TABLE t(a, b)', [], null, 'rowid'],
  ['CREATE TABLE t(RowID, b)', [], null, '_rowid_'],
  ['CREATE TABLE t(rowid, _rowid_, OID)', [], null, null],
  ['CREATE TABLE t(rowid, _rowid_, oid INTEGER PRIMARY KEY)', ['oid'], 'oid', 'oid'],
  ['CREATE TABLE t(a, b, PRIMARY KEY(b, a)) WITHOUT ROWID', ['b', 'a'], null, null],
];

for (const [sql, primaryKey, rowidAlias, rowidName] of keyRows) {
  test(`key and rowid of ${sql}`, () => {
    const table = tableOf(sql);
    assert.deepEqual([table.primaryKey, table.rowidAlias, table.rowidName], [primaryKey, rowidAlias, rowidName]);
    assert.equal(table.isWithoutRowid, sql.endsWith('WITHOUT ROWID'));
  });
}

test('AUTOINCREMENT comes with its exact position, or none before the first row', () => {
  const make = 'CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a);';
  assert.deepEqual([tableOf(make).isAutoincrement, tableOf(make).sequence], [true, null]);
  assert.equal(tableOf(`${make} INSERT INTO t VALUES (9007199254740993, 1)`).sequence, '9007199254740993');
  assert.equal(tableOf(`${make} INSERT INTO t VALUES (7, 1); UPDATE sqlite_sequence SET seq = 'x'`).sequence, null);
});

test('indexes come with order, collation, expressions and conditions', () => {
  const table = tableOf(`CREATE TABLE t(a, b TEXT COLLATE NOCASE UNIQUE, c PRIMARY KEY);
    CREATE UNIQUE INDEX "i""x" ON t(a DESC, lower(b), b COLLATE RTRIM) WHERE a > 0`);
  const made = table.indexes.find(({ origin }) => origin === 'c');
  assert.deepEqual(made?.columns, [
    { column: 'a', descending: true, collation: 'BINARY' },
    { column: null, descending: false, collation: 'BINARY' },
    { column: 'b', descending: false, collation: 'RTRIM' },
  ]);
  assert.deepEqual([made?.name, made?.isUnique, made?.isPartial], ['i"x', true, true]);
  assert.match(made?.sql ?? '', /^CREATE UNIQUE INDEX/);
  assert.deepEqual(
    table.indexes
      .filter(({ sql }) => sql === null)
      .map(({ origin }) => origin)
      .sort(),
    ['pk', 'u'],
  );
});

// 3. Foreign keys

test('foreign keys resolve their parent and its columns in the parent’s own spelling', () => {
  const table = tableOf(
    `CREATE TABLE "Pa rent"("Id" INTEGER PRIMARY KEY, "Code" UNIQUE); CREATE TABLE two(x, y, PRIMARY KEY(y, x));
     CREATE TABLE t(a REFERENCES "PA RENT", b REFERENCES "pa rent"(CODE) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
       c, d REFERENCES missing, e REFERENCES missing(k), FOREIGN KEY (c, d) REFERENCES TWO, FOREIGN KEY (a) REFERENCES two)`,
  );
  const seen = [...table.foreignKeys]
    .reverse()
    .map((k) => [k.columns.join(), k.parentTable, k.parentColumns.join(), k.onUpdate, k.onDelete, k.deferrable]);
  assert.deepEqual(seen, [
    ['a', 'Pa rent', 'Id', 'NO ACTION', 'NO ACTION', 'no'],
    ['b', 'Pa rent', 'Code', 'SET NULL', 'CASCADE', 'deferred'],
    ['d', 'missing', '', 'NO ACTION', 'NO ACTION', 'no'],
    ['e', 'missing', 'k', 'NO ACTION', 'NO ACTION', 'no'],
    ['c,d', 'two', 'y,x', 'NO ACTION', 'NO ACTION', 'no'],
    ['a', 'two', '', 'NO ACTION', 'NO ACTION', 'no'],
  ]);
});

test('names fold only A to Z', () => {
  const table = tableOf('CREATE TABLE "É"(id INTEGER PRIMARY KEY); CREATE TABLE t(a REFERENCES "é")');
  assert.deepEqual(table.foreignKeys[0]?.parentColumns, []);
});

test('names with quotes, newlines and emoji, and names of pragma functions, come out whole', () => {
  const names = ['a"b', "it's", 'line\nbreak', '🐘', 'semi; DROP TABLE x', 'pragma_table_list', 'select'];
  const sql = names
    .map((name) => `CREATE TABLE "${name.replaceAll('"', '""')}"("${name.replaceAll('"', '""')}" INTEGER PRIMARY KEY);`)
    .join('');
  const { tables } = catalogOf(sql);
  assert.deepEqual(
    tables.map(({ name }) => name),
    names,
  );
  assert.deepEqual(
    tables.map(({ rowidAlias }) => rowidAlias),
    names,
  );
});

// 4. What is left out

test('virtual tables, shadows, internals, bookkeeping, views and triggers are left out by name; bookkeeping of names is marked', () => {
  const { tables, leftOut } = catalogOf(`
    CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a); CREATE INDEX i ON t(a); INSERT INTO t(a) VALUES (1); ANALYZE;
    CREATE VIRTUAL TABLE f USING fts5(body); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);
    CREATE TABLE _prisma_migrations(id TEXT); CREATE TABLE "__EFMigrationsHistory"(id TEXT);
    CREATE TABLE migrations(id INTEGER PRIMARY KEY, timestamp BIGINT, name TEXT);
    CREATE VIEW v AS SELECT * FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;`);
  assert.deepEqual(
    tables.map(({ name, framework }) => [name, framework?.name ?? null]),
    [
      ['t', null],
      ['migrations', 'TypeORM'],
    ],
  );
  const names = (type: string) =>
    leftOut
      .filter((entry) => entry.type === type)
      .map(({ name }) => name)
      .sort();
  assert.deepEqual(names('virtual'), ['f', 'r']);
  assert.deepEqual(names('shadow'), [
    'f_config',
    'f_content',
    'f_data',
    'f_docsize',
    'f_idx',
    'r_node',
    'r_parent',
    'r_rowid',
  ]);
  assert.deepEqual(names('internal'), ['sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4']);
  assert.deepEqual(names('bookkeeping'), ['__EFMigrationsHistory', '_prisma_migrations']);
  assert.deepEqual([names('view'), names('trigger')], [['v'], ['g']]);
  assert.match(leftOut.find(({ name }) => name === 'g')?.sql ?? '', /^CREATE TRIGGER/);
});

test('a table called migrations with other columns belongs to the application', () => {
  assert.equal(catalogOf('CREATE TABLE migrations(id, bird, flock)').tables.length, 1);
});

// 5. The file

test('the catalog tells encoding, pages and reserved bytes', async () => {
  await withFolder((folder) => {
    const path = makeSqlite(folder, "PRAGMA page_size = 65536; PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a)");
    const header = readDatabaseHeader(path);
    assert.deepEqual(header, { pageSize: 65536, reservedBytes: 0, pageCount: 2 });
    const db = new Database(path, { readonly: true });
    try {
      const { encoding, pageSize, pageCount, reservedBytes, schemaVersion } = readSourceCatalog(db, 12);
      assert.deepEqual([encoding, pageSize, pageCount, reservedBytes, schemaVersion], ['UTF-16le', 65536, 2, 12, 1]);
    } finally {
      db.close();
    }
  });
});

test('a table of 2000 columns is read', () => {
  const columns = Array.from({ length: 2000 }, (_, at) => `c${at} TEXT`).join(', ');
  assert.equal(tableOf(`CREATE TABLE t(${columns})`).columns.length, 2000);
});
