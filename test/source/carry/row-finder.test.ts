import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyCellsOf } from '../../../src/encode/inverse/key-cells.js';
import { must } from '../../../src/model/error.js';
import type { Kind } from '../../../src/model/kind.js';
import type { Affinity, SourceTable } from '../../../src/model/source.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { RowFinder, type SoughtCells } from '../../../src/source/carry/row-finder.js';
import { conditionForAddresses } from '../../../src/source/carry/rows-by-address.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { Database } from '../../../src/source/sqlite.js';
import { runCount } from '../../support/run-count.js';

/* What a key means to PostgreSQL is found in SQLite by an index, in whatever cell it stands there. */

/** Few digits, so that uuids begin alike and some of their digits are a number. */
const uuids = fc
  .array(fc.constantFrom('0', '1', 'a', 'e'), { minLength: 3, maxLength: 3 })
  .map((digits) => digits.join('').repeat(11).slice(0, 32));

/** A spelling that uuid_in takes, by bits: capitals, hyphens, braces; or the bytes. */
const spellings = fc.tuple(fc.nat(), fc.nat(127), fc.boolean(), fc.boolean());

function spelled(digits: string, [capitals, hyphens, hasBraces, isBlob]: [number, number, boolean, boolean]) {
  if (isBlob) return Buffer.from(digits, 'hex');
  const text = [...digits]
    .map((digit, i) => {
      const own = (capitals >> (i % 31)) % 2 === 1 ? digit.toUpperCase() : digit;
      return i > 0 && i % 4 === 0 && (hyphens >> (i / 4 - 1)) % 2 === 1 ? `-${own}` : own;
    })
    .join('');
  return hasBraces ? `{${text}}` : text;
}

function tableOf(db: Database): SourceTable {
  return must(readSourceCatalog(db).tables[0], 'table');
}

/** The cells of the rows that a condition names. */
function rowsOf(db: Database, table: SourceTable, addresses: readonly (readonly SqliteValue[])[]): unknown[] {
  const { sql, values } = must(conditionForAddresses(table, addresses), 'condition');
  const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT n FROM t WHERE ${sql}`).all(values) as { detail: string }[];
  assert.match(plan[0]?.detail ?? '', /^SEARCH t /);
  return db.prepare(`SELECT n FROM t WHERE ${sql}`).pluck().all(values);
}

for (const declared of ['UUID', 'TEXT', 'BLOB', ''])
  for (const tail of ['', ' WITHOUT ROWID'])
    test(`a uuid in a column of "${declared}" is found in any spelling${tail}`, () => {
      const row = fc.tuple(uuids, spellings);
      fc.assert(
        fc.property(fc.uniqueArray(row, { selector: ([digits]) => digits, maxLength: 20 }), uuids, (rows, other) => {
          const db = new Database(':memory:');
          db.exec(`CREATE TABLE t (a INTEGER, k ${declared}, n INTEGER, PRIMARY KEY (a, k))${tail}`);
          const insert = db.prepare('INSERT INTO t VALUES (1, ?, ?)');
          for (const [n, [digits, how]] of rows.entries()) insert.run(spelled(digits, how), n);
          const finder = must(RowFinder.of(db, tableOf(db), ['a', 'k'], [1]), 'finder');
          const cellsOf = must(keyCellsOf({ kind: { tag: 'uuid' }, affinity: 'numeric' }), 'cells');
          const find = (digits: string) =>
            must(finder.find([{ cells: [1n], uuid: null }, must(cellsOf(digits), 'cells of a uuid')]), 'found');
          for (const [n, [digits]] of rows.entries()) {
            // Digits alone are a number to a column of numbers, which the copy refuses.
            const { form } = db.prepare('SELECT typeof(k) AS form FROM t WHERE n = ?').get(n) as { form: string };
            if (form === 'real' || form === 'integer') continue;
            assert.deepEqual(rowsOf(db, tableOf(db), find(digits)), [n], digits);
          }
          if (rows.every(([digits]) => digits !== other)) assert.deepEqual(find(other), []);
          db.close();
        }),
        { numRuns: runCount({ usual: 40, full: 2000 }) },
      );
    });

const numeric: Kind = { tag: 'numeric', precision: null, scale: null };

/** Kind, affinity, what stands in the column, and what PostgreSQL prints for it; null: such a key is not looked for. */
const cases: readonly (readonly [Kind, Affinity, string, SqliteValue, string | null])[] = [
  [{ tag: 'int8' }, 'integer', 'INTEGER', 9_223_372_036_854_775_807n, '9223372036854775807'],
  [{ tag: 'int8' }, 'numeric', 'NUMERIC', '-7', '-7'],
  [{ tag: 'int8' }, 'real', 'REAL', 9_007_199_254_740_992n, '9007199254740992'],
  [numeric, 'numeric', 'DECIMAL(20,2)', 9_007_199_254_740_993n, '9007199254740993.00'],
  [numeric, 'numeric', 'DECIMAL(20,2)', 1.1, '1.10'],
  [numeric, 'real', 'REAL', 5e-324, `0.${'0'.repeat(323)}5`],
  [{ tag: 'float8' }, 'real', 'REAL', 1.7976931348623157e308, '1.7976931348623157e+308'],
  [numeric, 'numeric', 'NUMERIC', 'NaN', null],
  [numeric, 'text', 'TEXT', '1.50', null],
  [{ tag: 'int4' }, 'text', 'TEXT', '07', null],
  [{ tag: 'text', maxChars: null }, 'text', 'TEXT', 'é\u0000'.slice(0, 1), 'é'],
  [{ tag: 'text', maxChars: null }, 'text', 'TEXT', '', ''],
  [{ tag: 'enum', labels: ['a b'] }, 'text', 'TEXT', 'a b', 'a b'],
  [{ tag: 'bytea' }, 'blob', 'BLOB', Buffer.from('00ff', 'hex'), '\\x00ff'],
  [{ tag: 'bytea' }, 'blob', 'BLOB', Buffer.alloc(0), '\\x'],
  [
    { tag: 'uuid', bytes: 'dotnet' },
    'blob',
    'BLOB',
    Buffer.from('33221100554477668899aabbccddeeff', 'hex'),
    '00112233-4455-6677-8899-aabbccddeeff',
  ],
  [{ tag: 'timestamptz', precision: 6, unit: 'ms' }, 'integer', 'INTEGER', 0n, null],
];

for (const [kind, affinity, declared, cell, printed] of cases)
  test(`a key of ${kind.tag} in a column of ${declared}: ${printed ?? `no ${String(cell)}`}`, () => {
    const seek = keyCellsOf({ kind, affinity });
    const sought = seek?.(printed ?? String(cell)) ?? null;
    assert.equal(sought === null, printed === null);
    if (sought === null) return;
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE t (k ${declared} PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (NULL, 7)`);
    db.prepare('INSERT INTO t VALUES (?, 1)').run(cell);
    const finder = must(RowFinder.of(db, tableOf(db), ['k']), 'finder');
    assert.deepEqual(rowsOf(db, tableOf(db), must(finder.find([sought]), 'found')), [1]);
    db.close();
  });

test('rows that no index finds, or too many spellings, are not looked for', () => {
  const db = new Database(':memory:');
  db.exec(`CREATE TABLE t (a TEXT, b UUID COLLATE NOCASE, c, n, PRIMARY KEY (b, a))`);
  const table = tableOf(db);
  assert.equal(RowFinder.of(db, table, ['c']), null);
  assert.equal(RowFinder.of(db, table, ['b', 'a'], [0]), null);
  const finder = must(RowFinder.of(db, table, ['a', 'b']), 'finder');
  const many: SoughtCells = { cells: Array.from({ length: 5 }, String), uuid: null };
  assert.equal(finder.find([many, many]), null);
  assert.equal(conditionForAddresses(table, [[1.5]]), null);
  db.close();
});
