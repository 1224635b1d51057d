import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { makeSampleDatabase, type SampleDatabase } from '../../prisma/sample.js';
import { awkwardTexts } from '../../prisma/sample-values.js';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

let folder: string;
let path: string;
let sample: SampleDatabase;
let db: Database;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgferry-test-'));
  path = join(folder, 'dev.db');
  sample = makeSampleDatabase(path);
  db = new Database(path, { readonly: true });
});

after(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function columns(): Column[] {
  return Object.keys(sample.tables).flatMap((table) =>
    db
      .prepare<[string], Omit<Column, 'table'>>('SELECT * FROM pragma_table_info(?)')
      .all(table)
      .map((column) => ({ ...column, table })),
  );
}

function foreignKeyColumns(table: string): string[] {
  return db.prepare<[string], string>('SELECT "from" FROM pragma_foreign_key_list(?)').pluck().all(table);
}

function count(sql: string): number {
  return db.prepare<[], number>(sql).pluck().get() ?? 0;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Every text of every table that satisfies a condition on `value`. */
function countTexts(condition: string, ...values: string[]): number {
  return columns()
    .filter(({ type }) => type === 'TEXT')
    .reduce((sum, { table, name }) => {
      const sql = `SELECT count(*) FROM (SELECT "${name}" AS value FROM "${table}") WHERE ${condition}`;
      return (
        sum +
        (db
          .prepare<string[], number>(sql)
          .pluck()
          .get(...values) ?? 0)
      );
    }, 0);
}

test('the sample has fourteen tables and a few thousand rows, as it says', () => {
  const found = Object.fromEntries(
    Object.keys(sample.tables).map((table) => [table, count(`SELECT count(*) FROM "${table}"`)]),
  );
  assert.deepEqual(found, sample.tables);
  assert.equal(Object.keys(found).length, 14);
  const rows = Object.values(found).reduce((sum, one) => sum + one, 0);
  assert.ok(rows >= 2_000 && rows <= 9_999, `${rows} rows`);
});

test('the same sample is the same bytes', () => {
  const again = join(folder, 'again.db');
  makeSampleDatabase(again);
  assert.equal(sha256(again), sha256(path));
});

test('the scale multiplies the rows', () => {
  const { tables } = makeSampleDatabase(join(folder, 'twice.db'), { scale: 2 });
  for (const [table, rows] of Object.entries(sample.tables)) assert.equal(tables[table], 2 * rows, table);
});

test('an existing file is refused and left as it was', () => {
  const taken = join(folder, 'taken.db');
  writeFileSync(taken, 'precious');
  assert.throws(() => makeSampleDatabase(taken), { code: 'usage.bad_value' });
  assert.equal(readFileSync(taken, 'utf8'), 'precious');
});

for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a scale of ${scale} is refused and leaves nothing behind`, () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    assert.throws(() => makeSampleDatabase(join(empty, 'dev.db'), { scale }), { code: 'usage.bad_value' });
    assert.deepEqual(readdirSync(empty), []);
  });
}

test('the sample stands alone in its folder: neither a log nor an unfinished file lies beside it', () => {
  const alone = mkdtempSync(join(folder, 'alone-'));
  makeSampleDatabase(join(alone, 'dev.db'));
  assert.deepEqual(readdirSync(alone), ['dev.db']);
});

test('the sample is in WAL mode, as a running application leaves it', () => {
  assert.equal(db.pragma('journal_mode', { simple: true }), 'wal');
});

test('the sample is whole and its foreign keys hold', () => {
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  assert.deepEqual(db.pragma('foreign_key_check'), []);
});

test("Prisma's own bookkeeping lies beside the tables with one row", () => {
  assert.equal(count('SELECT count(*) FROM "_prisma_migrations"'), 1);
  assert.ok(!('_prisma_migrations' in sample.tables));
});

test('every nullable column has NULLs and other values', () => {
  for (const { table, name } of columns().filter(({ notnull }) => notnull === 0)) {
    assert.ok(count(`SELECT count(*) FROM "${table}" WHERE "${name}" IS NULL`) > 0, `${table}.${name} has no NULL`);
    assert.ok(count(`SELECT count("${name}") FROM "${table}"`) > 0, `${table}.${name} has only NULLs`);
  }
});

test('every nullable text that is no foreign key is somewhere empty', () => {
  for (const { table, name, type, notnull } of columns()) {
    if (notnull === 1 || type !== 'TEXT' || foreignKeyColumns(table).includes(name) || isEnum(name)) continue;
    assert.ok(count(`SELECT count(*) FROM "${table}" WHERE "${name}" = ''`) > 0, `${table}.${name} is never empty`);
  }
});

function isEnum(name: string): boolean {
  return ['role', 'plan', 'severity', 'kind'].includes(name);
}

test('every DateTime column holds all three encodings', () => {
  const encodings = {
    integer: `typeof(value) = 'integer'`,
    iso: `value GLOB '????-??-??T??:??:??.???+00:00'`,
    default: `value GLOB '????-??-?? ??:??:??'`,
  };
  for (const { table, name } of columns().filter(({ type }) => type === 'DATETIME')) {
    const from = `FROM (SELECT "${name}" AS value FROM "${table}") WHERE value IS NOT NULL`;
    const counts = Object.entries(encodings).map(([encoding, condition]) => {
      const found = count(`SELECT count(*) ${from} AND ${condition}`);
      assert.ok(found > 0, `${table}.${name} has no ${encoding}`);
      return found;
    });
    assert.equal(
      counts.reduce((sum, one) => sum + one, 0),
      count(`SELECT count(*) ${from}`),
      `${table}.${name} has others`,
    );
  }
});

test('the leap day and the edges of a second stand in every encoding', () => {
  const ts = '(SELECT "ts" AS value FROM "HostSnapshot")';
  const moments = [
    `value = ${Date.UTC(2024, 1, 29, 23, 59, 59, 123)}`,
    `value = '2024-02-29T23:59:59.123+00:00'`,
    `value = '2024-02-29 23:59:59'`,
    `typeof(value) = 'integer' AND value % 1000 = 999`,
    `typeof(value) = 'integer' AND value % 1000 = 1`,
    `typeof(value) = 'integer' AND value % 1000 = 0`,
    `value GLOB '*.999+00:00'`,
    `value GLOB '*.001+00:00'`,
    `value GLOB '*.000+00:00'`,
  ];
  for (const moment of moments) assert.ok(count(`SELECT count(*) FROM ${ts} WHERE ${moment}`) > 0, moment);
});

test('every awkward text stands alone in some cell', () => {
  for (const text of awkwardTexts) assert.ok(countTexts('value = ?', text) > 0, JSON.stringify(text));
});

test('the awkward texts are the ones that are promised', () => {
  const promised = {
    emoji: /\p{Extended_Pictographic}/u,
    'single quote': /'/,
    'double quote': /"/,
    newline: /[^\r]\n/,
    CRLF: /\r\n/,
    tab: /\t/,
    backslash: /\\/,
    '\\N': /^\\N$/,
    'end of data': /^\\\.$/m,
    combining: /\p{Mn}/u,
    'right to left': /\p{Script=Hebrew}/u,
    json: /^\{".*\}$/,
    'four bytes': /[\u{10000}-\u{10ffff}]/u,
  };
  for (const [name, pattern] of Object.entries(promised))
    assert.ok(
      awkwardTexts.some((text) => pattern.test(text)),
      name,
    );
});

test('no text equals the null sentinel or holds a NUL, so that the sample migrates as it is', () => {
  assert.equal(countTexts("value = '__PGFERRY_NULL__' OR instr(value, char(0)) > 0"), 0);
});

test('a few snapshots are so long that SQLite needs overflow pages', () => {
  const long = count('SELECT count(*) FROM "HostSnapshot" WHERE length("statusJson") >= 100000');
  assert.ok(long >= 3 && long <= 10, `${long} long rows`);
  assert.ok(count(`SELECT count(*) FROM dbstat WHERE name = 'HostSnapshot' AND pagetype = 'overflow'`) > 0);
});

test('every status is JSON', () => {
  assert.equal(count('SELECT count(*) FROM "HostSnapshot" WHERE NOT json_valid("statusJson")'), 0);
});

test('one host has half of all snapshots', () => {
  const most = count('SELECT max(n) FROM (SELECT count(*) AS n FROM "HostSnapshot" GROUP BY "hostId")');
  assert.equal(most, (sample.tables.HostSnapshot ?? 0) / 2);
});

test('every label of every enum occurs', () => {
  const labels = (table: string, column: string): number => count(`SELECT count(DISTINCT "${column}") FROM "${table}"`);
  assert.deepEqual(
    [
      labels('User', 'plan'),
      labels('User', 'role'),
      labels('Breach', 'severity'),
      labels('Breach', 'state'),
      labels('NotificationEndpoint', 'kind'),
      labels('RemediationRun', 'state'),
    ],
    [3, 4, 3, 3, 2, 5],
  );
});
