import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { must } from '../../../src/model/error.js';
import type { TableValues, ValueClass } from '../../../src/model/census.js';
import type { SourceTable } from '../../../src/model/source.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { openSnapshotFile } from '../../../src/source/pages/page-file.js';
import { choosePages } from '../../../src/source/pages/layout.js';
import { readPages } from '../../../src/source/pages/pages.js';
import { readRows } from '../../../src/source/rows/rows.js';
import { Database } from '../../../src/source/sqlite.js';
import { decimalDigits, hasDigitsWithin } from '../../../src/source/census/number-class.js';
import { mergeValues, takeValues } from '../../../src/source/census/values.js';
import { makeSqlite, withFolder } from '../../support/folder.js';
import { anyValue, bindingOf, speakingTexts } from '../../values/any-value.js';
import { runCount } from '../../support/run-count.js';

/** SQL of a value → its class, and the digits after its point where it has any. */
const classes: readonly (readonly [string, ValueClass, number?])[] = [
  ['NULL', 'null'],
  ['0', 'zero_or_one'],
  ['-32768', 'int16'],
  ['1709251199', 'epoch_s'],
  ['-40000', 'int32'],
  ['1709251199123', 'epoch_ms'],
  ['1709251199123456', 'epoch_us'],
  ['1709251199123456789', 'epoch_ns'],
  ['-9223372036854775808', 'int64'],
  ['9e999', 'real_infinite'],
  ['2460370.5', 'real_julian', 1],
  ['1e20', 'real_whole'],
  ['-0.125', 'real_fraction', 3],
  ['1.5e-7', 'real_fraction', 8],
  ["''", 'text_empty'],
  ["'a' || char(0)", 'text_nul'],
  ["CAST(x'61ff' AS TEXT)", 'text_invalid_utf8'],
  ["CAST(x'eda080' AS TEXT)", 'text_invalid_utf8'],
  ["'TRUE'", 'text_bool'],
  ["'no'", 'text_bool'],
  ["'-007'", 'text_integer'],
  ["'12.340'", 'text_decimal', 3],
  ["'1.'", 'text_decimal'],
  ["'1e5'", 'text_other'],
  ["' 1'", 'text_other'],
  ["'2024-02-29'", 'text_date'],
  ["'2023-02-29'", 'text_other'],
  ["'23:59:59.5'", 'text_time', 1],
  ["'25:00'", 'text_other'],
  ["'2024-02-29 23:59:59'", 'text_iso'],
  ["'2024-02-29T23:59:59.123456789'", 'text_iso', 9],
  ["'2024-02-29T23:59:59.123Z'", 'text_iso_offset', 3],
  ["'2024-02-29 23:59+05:30'", 'text_iso_offset'],
  ["'2024-02-29 23:59:00 +05:30'", 'text_moment'],
  ["'Thu Feb 29 2024 12:00:00 GMT+0000 (Coordinated Universal Time)'", 'text_moment'],
  ["'Fri, 30 Feb 2024 12:00:00 GMT'", 'text_other'],
  ["'2024-02-29 23:59:59 CET'", 'text_other'],
  ["'8C6E3A40-0b3e-4e8a-9f0e-0123456789ab'", 'text_uuid'],
  ["'8c6e3a400b3e4e8a9f0e0123456789ab'", 'text_uuid'],
  [`'{"a":[1,2]}'`, 'text_json'],
  ["'[1,2]'", 'text_json'],
  ["'[1,2'", 'text_other'],
  ["'[' || hex(zeroblob(2097152)) || ']'", 'text_other'],
  ["'[\"' || hex(zeroblob(20000)) || '\"]'", 'text_json'],
  ["'Ελλάδα'", 'text_other'],
  ["x''", 'blob_empty'],
  ["x'00112233445566778899aabbccddeeff'", 'blob_16'],
  ["x'00'", 'blob_other'],
];

interface Counted {
  readonly pages: TableValues;
  readonly rows: TableValues;
}

/** The values of table t through both readers. */
function countBoth(path: string): Counted {
  const db = new Database(path, { readonly: true });
  const file = openSnapshotFile(path);
  try {
    const catalog = readSourceCatalog(db, 0);
    const table: SourceTable = must(catalog.tables[0], 'table');
    const choice = choosePages(table, catalog);
    if (choice.tag === 'rows') throw new Error(choice.reason);
    const columns = table.columns.map(({ name }) => ({ source: name }));
    const counted = { table: 't', columns: columns.map(({ source }) => source), key: [0] };
    const { rootPage, rowidName } = table;
    const read = { source: 't', rootPage, rowidName, sourceKey: [], columns };
    return {
      pages: takeValues(readPages(file, read, choice.layout, { tag: 'whole' }), counted),
      rows: takeValues(readRows(db, read, { tag: 'whole' }), counted),
    };
  } finally {
    file.close();
    db.close();
  }
}

test('every value has the class of its kind, with the digits after its point', async () => {
  await withFolder((folder) => {
    const columns = classes.map((_, at) => `c${at}`);
    const sql = `CREATE TABLE t(id INTEGER PRIMARY KEY, ${columns.join(', ')});
      INSERT INTO t VALUES (7, ${classes.map(([value]) => value).join(', ')})`;
    const { pages, rows } = countBoth(makeSqlite(folder, sql));
    assert.deepEqual(pages, rows);
    for (const [at, [value, name, scale = 0]] of classes.entries()) {
      const [found, ...others] = must(pages.columns[at + 1], 'column').classes;
      assert.deepEqual([found?.class, found?.count, found?.scaleMax, others.length], [name, 1, scale, 0], value);
      assert.deepEqual(
        found?.examples.map(({ key }) => key),
        name === 'null' ? [] : ['id=7'],
      );
    }
  });
});

test('examples are short, on one line, and never show what drives a terminal', async () => {
  await withFolder((folder) => {
    const sql = `CREATE TABLE t(id INTEGER PRIMARY KEY, v);
      INSERT INTO t(v) VALUES ('a' || char(10, 27) || '[31m'), (hex(zeroblob(500))), (CAST(x'61ff' AS TEXT))`;
    const [, column] = countBoth(makeSqlite(folder, sql)).pages.columns;
    const examples = column?.classes.flatMap((one) => one.examples) ?? [];
    assert.deepEqual(
      examples.map(({ value }) => value).sort(),
      [`'${'0'.repeat(46)}…`, "'a\\u{a}\\u{1b}[31m'", "'a\\u{fffd}'"].sort(),
    );
  });
});

test('random values count the same through both readers, and in parts as in one piece', async () => {
  const numRuns = runCount({ usual: 10, full: 100 });
  await withFolder(async (folder) => {
    let run = 0;
    const values = fc.array(anyValue(fc.oneof(...Object.values(speakingTexts))), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(values, (list) => {
        const path = makeSqlite(folder, 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)', `${run++}.db`);
        const db = new Database(path);
        const insert = db.prepare('INSERT INTO t(v) VALUES (?)');
        const insertText = db.prepare('INSERT INTO t(v) VALUES (CAST(? AS TEXT))');
        for (const value of list) (value.storage === 'text' ? insertText : insert).run(bindingOf(value));
        db.close();
        const { pages, rows } = countBoth(path);
        assert.deepEqual(pages, rows);
        const count = (table: TableValues) =>
          must(table.columns[1], 'column').classes.reduce((sum, one) => sum + one.count, 0);
        assert.equal(count(pages), list.length);
        assert.equal(count(mergeValues([pages, rows])), 2 * list.length);
      }),
      { numRuns },
    );
  });
});

test('a double of which few digits are known without writing it down has no more of them', () => {
  const rounded = fc.tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.nat(9)).map(([value, scale]) => {
    return Number(value.toFixed(scale));
  });
  const doubles = fc.oneof(rounded, fc.double(), fc.constantFrom(0, -0, 0.1 + 0.2, 5e-324, 2 ** 53, 1e22, 1e-7));
  let known = 0;
  fc.assert(
    fc.property(doubles, fc.integer({ min: 8, max: 23 }), fc.nat(23), (value, whole, scale) => {
      if (!hasDigitsWithin(value, whole, scale)) return;
      known++;
      const digits = decimalDigits(value);
      assert.ok(digits.whole <= whole && digits.scale <= scale, `${value}: ${JSON.stringify(digits)}`);
    }),
    { numRuns: runCount({ usual: 5000, full: 200_000 }) },
  );
  assert.ok(known > 100, `${known} were known`);
  assert.ok(hasDigitsWithin(9654.6875, 4, 4) && !hasDigitsWithin(9654.6875, 3, 4) && !hasDigitsWithin(9654.6875, 4, 3));
});
