import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { type Form, findForeignKeyViolations, judgeReferences } from '../../../src/source/catalog/violations.js';
import { runCount } from '../../support/run-count.js';

const runs = runCount({ usual: 300, full: 5000 });

function withDatabase<T>(sql: string, use: (db: Database) => T): T {
  const db = new Database(':memory:');
  try {
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    return use(db);
  } finally {
    db.close();
  }
}

const findingsOf = (sql: string) => withDatabase(sql, (db) => findForeignKeyViolations(db, readSourceCatalog(db)));

// 1. Against SQLite's own check

test('the counts are those of PRAGMA foreign_key_check, whatever the affinities and collations', () => {
  const type = fc.constantFrom('INTEGER', 'TEXT', 'NUMERIC', 'REAL', 'BLOB', '', 'TEXT COLLATE NOCASE');
  const cell = fc.constantFrom(null, 1n, 1, 1.5, '1', '01', '1.0', 'a', 'A', Buffer.from('a'), Buffer.from('1'));
  const pairs = fc.array(fc.tuple(cell, cell), { maxLength: 6 });
  fc.assert(
    fc.property(fc.tuple(type, type, type, type), pairs, pairs, ([p1, p2, c1, c2], parents, children) => {
      const sql = `CREATE TABLE p(a ${p1} UNIQUE, b ${p2}, UNIQUE(b, a));
        CREATE TABLE c(x ${c1} REFERENCES p(a), y ${c2}, FOREIGN KEY (x, y) REFERENCES p(a, b))`;
      withDatabase(sql, (db) => {
        const fill = (table: string, rows: typeof parents): void => {
          const insert = db.prepare(`INSERT OR IGNORE INTO ${table} VALUES (?, ?)`);
          for (const row of rows) insert.run(...row);
        };
        fill('p', parents);
        fill('c', children);
        const counts = new Map<number, number>();
        for (const { fkid } of db.pragma('foreign_key_check') as { fkid: number }[])
          counts.set(fkid, (counts.get(fkid) ?? 0) + 1);
        const { violations, brokenForeignKeys } = findForeignKeyViolations(db, readSourceCatalog(db));
        assert.deepEqual(brokenForeignKeys, []);
        assert.deepEqual(new Map(violations.map(({ foreignKeyId, count }) => [foreignKeyId, count])), counts);
      });
    }),
    { numRuns: runs },
  );
});

// 2. Examples

test('three example keys are named, in WITHOUT ROWID tables too', () => {
  const { violations } = findingsOf(`CREATE TABLE p(id INTEGER PRIMARY KEY);
    CREATE TABLE c("k'1", k2, p REFERENCES p, PRIMARY KEY("k'1", k2)) WITHOUT ROWID;
    INSERT INTO c VALUES ('a', 1, 7), ('b', 2, 7), ('c', 3, 8), ('d', 4, 9), ('e', 5, NULL)`);
  assert.deepEqual(violations, [
    {
      table: 'c',
      foreignKeyId: 0,
      parentTable: 'p',
      count: 4,
      examples: ["k'1='a', k2=1", "k'1='b', k2=2", "k'1='c', k2=3"],
    },
  ]);
});

test('a row that is its own parent is no violation', () => {
  assert.deepEqual(
    findingsOf('CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES c); INSERT INTO c VALUES (1, 1), (2, 1)')
      .violations,
    [],
  );
});

// 3. Foreign keys that SQLite could not enforce

test('broken foreign keys have their own list, and the others of the table are still checked', () => {
  const { violations, brokenForeignKeys } = findingsOf(`CREATE TABLE p(id INTEGER PRIMARY KEY, code);
    CREATE UNIQUE INDEX i ON p(code) WHERE code > 0; CREATE UNIQUE INDEX j ON p(code COLLATE NOCASE); CREATE VIEW v AS SELECT 1 AS id;
    CREATE TABLE c(a REFERENCES none, b REFERENCES p(code), c REFERENCES p, d, e REFERENCES v(id), f REFERENCES p(absent),
      FOREIGN KEY (c, d) REFERENCES p);
    INSERT INTO c VALUES (1, 1, 1, 1, 1, 1)`);
  assert.deepEqual(
    violations.map(({ count, examples }) => [count, examples]),
    [[1, ['rowid=1']]],
  );
  assert.deepEqual(
    brokenForeignKeys.map(({ foreignKeyId }) => foreignKeyId),
    [0, 1, 2, 4, 5],
  );
  for (const { reason } of brokenForeignKeys) assert.match(reason, /^(its parent|it does not name|p \()/);
});

test('a key with a collation of the application alone is compared by its bytes, as PostgreSQL will', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgferry-test-'));
  const path = join(folder, 'app.db');
  const made = new Database(path);
  made.exec(`CREATE TABLE p (a TEXT, b INT, PRIMARY KEY (a, b)); CREATE TABLE q (a TEXT UNIQUE);
    CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT REFERENCES q (a), b TEXT, FOREIGN KEY (a, b) REFERENCES p (a, b));
    INSERT INTO p VALUES ('A', 1), ('B', 2); INSERT INTO q VALUES ('A'), ('b'), (NULL);
    PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 'A', '1'), (2, 'b', '2'), (3, NULL, 9), (4, 'Z', 1);`);
  made.unsafeMode(true);
  made.pragma('writable_schema = ON');
  made.exec(`UPDATE sqlite_schema SET sql = replace(sql, 'a TEXT', 'a TEXT COLLATE theirs')`);
  made.close();
  const db = new Database(path);
  try {
    const catalog = readSourceCatalog(db);
    const { violations } = findForeignKeyViolations(db, catalog);
    const told = (found: typeof violations) =>
      found.map(({ parentTable, examples }) => `${parentTable} ${examples.join(' ')}`).sort();
    assert.deepEqual(told(violations), ['p id=2 id=4', 'q id=4']);
    const form: Form = (value) => (value === null ? null : String(value));
    const looks = violations.map(({ table, foreignKeyId, parentTable }) => {
      const forms = parentTable === 'p' ? [1, 2] : [1];
      return { table, foreignKeyId, isLooser: false, forms: forms.map(() => ({ child: form, parent: form })) };
    });
    assert.deepEqual(told(judgeReferences(db, catalog, { violations, looks })), told(violations));
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});
