import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkVirtualRows } from '../../src/plan/virtual-rows.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';
import { Database } from '../../src/source/sqlite.js';

function found(sql: string, options: Parameters<typeof checkVirtualRows>[1] = {}) {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    return checkVirtualRows(readSourceCatalog(db), options).map(({ severity, table }) => [severity, table]);
  } finally {
    db.close();
  }
}

const cases: readonly (readonly [sql: string, holds: boolean])[] = [
  [`CREATE VIRTUAL TABLE v USING fts5(sender, body); INSERT INTO v VALUES ('ann', 'hello')`, true],
  ['CREATE VIRTUAL TABLE v USING fts5(sender, body)', false],
  [`CREATE VIRTUAL TABLE v USING fts4(body, tokenize=porter); INSERT INTO v VALUES ('hello')`, true],
  [`CREATE VIRTUAL TABLE v USING "fts3"(body); INSERT INTO v VALUES ('hello')`, true],
  [
    `CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t VALUES (1, 'a'); CREATE VIRTUAL TABLE v USING fts4(content="t", body)`,
    false,
  ],
  [
    `CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t VALUES (1, 'a');
    CREATE VIRTUAL TABLE v USING fts5(body, content='t', content_rowid='id'); INSERT INTO v(v) VALUES ('rebuild')`,
    false,
  ],
  [
    `CREATE VIRTUAL TABLE v USING fts5(body, kept UNINDEXED, content='', contentless_unindexed=1); INSERT INTO v(rowid, body, kept) VALUES (1, 'a', 'b')`,
    true,
  ],
  [`CREATE VIRTUAL TABLE v USING fts5(body, content = ''); INSERT INTO v(rowid, body) VALUES (1, 'a')`, false],
  ['CREATE VIRTUAL TABLE v USING rtree(id, x0, x1); INSERT INTO v VALUES (1, 0, 1)', true],
  [`CREATE VIRTUAL TABLE f USING fts5(body, content=''); CREATE VIRTUAL TABLE v USING fts5vocab(f, row)`, false],
];

const shapes: readonly (readonly [sql: string, columns: string | null, forms?: string])[] = [
  ['fts5(a, b UNINDEXED, tokenize = "porter ascii")', 'rowid INTEGER key, a, b', 'table'],
  ['fts5(rowid_, "x y", [select], prefix=2)', 'rowid INTEGER key, rowid_, x y, select', 'table'],
  [`fts5(a, b UNINDEXED, content='', contentless_unindexed=1)`, null],
  ['fts5(a, locale=1)', null],
  ['FTS4(id, languageid=Lang, body TEXT)', 'rowid INTEGER key, id, body, Lang INTEGER', 'table'],
  ['fts3(body, content=x)', 'rowid INTEGER key, body, content', 'table'],
  ['rtree(id, a, b)', 'id INTEGER key, a REAL, b REAL', 'table range'],
  [
    'rtree_i32(id, a, b, c, d, +e TEXT, +f)',
    'id INTEGER key, a INTEGER, b INTEGER, c INTEGER, d INTEGER, e, f',
    'table box range',
  ],
  ['geopoly(a, rowid)', '_rowid_ INTEGER key, _shape, a, rowid', 'table'],
];

for (const [module, columns, forms] of shapes) {
  test(`what is carried of ${module}: ${columns ?? 'nothing'}`, () => {
    const db = new Database(':memory:');
    try {
      db.exec(`CREATE VIRTUAL TABLE v USING ${module}`);
      const { tables } = readSourceCatalog(db, 0, () => 'table');
      const told = tables.map(({ columns: all, primaryKey, virtual }) => [
        all
          .map(({ name, declaredType: type }) => `${name} ${type}${primaryKey.includes(name) ? ' key' : ''}`.trim())
          .join(', '),
        virtual?.forms.join(' '),
      ]);
      assert.deepEqual(told, columns === null ? [] : [[columns, forms]]);
    } finally {
      db.close();
    }
  });
}

for (const [sql, holds] of cases) {
  test(`${holds ? 'rows that stand there alone block' : 'nothing is lost'}: ${sql.replace(/\s+/g, ' ')}`, () => {
    assert.deepEqual(found(sql), holds ? [['error', 'v']] : []);
    assert.deepEqual(found(sql, { waive: ['virtual:v'] }), holds ? [['warning', 'v']] : []);
    assert.deepEqual(found(sql, { isComparison: true }), holds ? [['warning', 'v']] : []);
  });
}

test('a module that is not here may hold anything', () => {
  const db = new Database(':memory:');
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.exec(
    `INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING vec0(embedding float[3])')`,
  );
  db.pragma('writable_schema = RESET');
  const [finding] = checkVirtualRows(readSourceCatalog(db), {});
  assert.equal(finding?.severity, 'error');
  assert.match(
    finding?.hint ?? '',
    /have the application copy .*CREATE TABLE "v_rows" AS SELECT rowid AS "v_rowid", \* FROM "v"; .*--waive 'virtual:v'/,
  );
  db.close();
});
