import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { must } from '../../../src/model/error.js';
import { type ColumnCensus, valueClasses } from '../../../src/model/census.js';
import type { ChunkRange } from '../../../src/model/plan.js';
import { takePageValues, type CountedPart } from '../../../src/source/census/page-values.js';
import { takePageCensus } from '../../../src/source/census/pages.js';
import * as at from '../../../src/source/census/class-kernel/layout.js';
import { examplesMax, takeValues, ValueTally } from '../../../src/source/census/values.js';
import { choosePages } from '../../../src/source/pages/layout.js';
import { readPages } from '../../../src/source/pages/pages.js';
import type { Database } from '../../../src/source/sqlite.js';
import { withFolder } from '../../support/folder.js';
import { runCount } from '../../support/run-count.js';
import { withSnapshotFile } from '../../support/snapshot-file.js';
import { type AnyValue, anyValue, bindingOf, speakingTexts } from '../../values/any-value.js';
import { copyWith, makeFile, readTable, whole } from '../pages/pages-fixture.js';
import { Dice, liveThrough } from '../pages/pages-scenario.js';

interface Both {
  readonly kernel: CountedPart | Error;
  readonly plain: CountedPart | readonly Error[];
  /** Rows that the kernel left. */
  readonly left: number;
}

/** Table t counted by the kernel, and by the two readers that it stands for; null where its pages are not read. */
function countBoth(path: string, range: ChunkRange = whole): Both | null {
  const { table, catalog } = readTable(path, 't');
  const choice = choosePages(table, catalog);
  if (choice.tag === 'rows') return null;
  const { layout } = choice;
  const names = table.columns.map(({ name }) => name);
  const counted = { table: 't', columns: names, key: table.primaryKey.map((name) => names.indexOf(name)) };
  const read = { source: 't', rootPage: table.rootPage, columns: names.map((source) => ({ source })) };
  return withSnapshotFile(path, (file) => {
    const { counted: kernel, added } = countAdded(() =>
      tried(() => takePageValues(file, table, layout, range, counted)),
    );
    const census = tried(() => takePageCensus(file, table, layout, range));
    const values = tried(() => takeValues(readPages(file, read, layout, range), counted));
    const errors = [census, values].filter((one) => one instanceof Error);
    const plain = census instanceof Error || values instanceof Error ? errors : { census, values };
    return { kernel, plain, left: added };
  });
}

/** How many rows were added to tallies one by one meanwhile. A mock of the runner keeps every call, which is too much here. */
function countAdded<T>(count: () => T): { readonly counted: T; readonly added: number } {
  const { add } = ValueTally.prototype;
  let added = 0;
  ValueTally.prototype.add = function (this: ValueTally, view) {
    added += 1;
    add.call(this, view);
  };
  try {
    const counted = count();
    return { counted, added };
  } finally {
    ValueTally.prototype.add = add;
  }
}

function tried<T>(count: () => T): T | Error {
  try {
    return count();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
}

/** Fails where the two ways differ; returns how many rows were counted, and how many of them by the kernel. */
function assertSame({ kernel, plain, left }: Both): { readonly rows: number; readonly byKernel: number } {
  if (kernel instanceof Error || !('census' in plain)) {
    // The two look for damage in another order.
    assert.ok(!('census' in plain) && plain.map(String).includes(String(kernel)), `${kernel}, not ${plain}`);
    return { rows: 0, byKernel: 0 };
  }
  assert.deepEqual(kernel.values, plain.values);
  const { columns, ...rest } = kernel.census;
  assert.deepEqual(
    { ...rest, columns: columns.map(unmarked) },
    { ...plain.census, columns: plain.census.columns.map(unmarked) },
  );
  for (const [i, { column, classes }] of kernel.values.columns.entries()) {
    const isBad = classes.some((one) => one.class === 'text_nul' || one.class === 'text_invalid_utf8');
    assert.equal(columns[i]?.hasBadTexts === true, isBad, column);
  }
  return { rows: kernel.census.rows, byKernel: kernel.census.rows - left };
}

/** Without the mark that the page census sets only for texts that it has to look at. */
function unmarked({ hasBadTexts: _, ...column }: ColumnCensus): Omit<ColumnCensus, 'hasBadTexts'> {
  return column;
}

test('the constants of the kernel are those of the tallies', () => {
  const named = valueClasses.map(
    (name) => `class${name.replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}`,
  );
  const known = new Map<string, unknown>(Object.entries(at));
  for (const [index, name] of named.entries()) {
    // Which text is a moment in another form is asked for.
    if (name !== 'classTextMoment') assert.equal(known.get(name), index, name);
  }
  assert.equal(at.classCount, valueClasses.length);
  assert.equal(at.exampleCount, examplesMax);
});

test('the kernel counts random tables as the two readers of pages do, whole and in parts', async () => {
  await withFolder(async (folder) => {
    const scenario = fc.record({
      seed: fc.nat(),
      pageSize: fc.constantFrom(512, 512, 1024, 4096, 8192, 65536),
      autoVacuum: fc.constantFrom<0 | 1 | 2>(0, 0, 1),
      reservedBytes: fc.constantFrom(0, 0, 0, 12),
    });
    const seen = { rows: 0, byKernel: 0 };
    fc.assert(
      fc.property(scenario, ({ seed, ...options }) => {
        const path = join(folder, `random-${seed}.db`);
        const dice = new Dice(seed);
        makeFile(path, options, (db) => liveThrough(db, dice));
        for (const range of [whole, rollRange(dice)]) {
          const both = countBoth(path, range);
          if (both === null) continue;
          const { rows, byKernel } = assertSame(both);
          seen.rows += rows;
          seen.byKernel += byKernel;
        }
        rmSync(path);
      }),
      { numRuns: runCount({ usual: 250, full: 5000 }) },
    );
    assert.ok(seen.byKernel > seen.rows / 4 && seen.byKernel < seen.rows, JSON.stringify(seen));
  });
});

function rollRange(dice: Dice): ChunkRange {
  const bound = (): string | null => (dice.isLucky(3) ? null : String(dice.roll(100_000)));
  const [after, through] = [bound(), bound()];
  const isUpward = after === null || through === null || BigInt(after) <= BigInt(through);
  return isUpward ? { tag: 'rowid', after, through } : { tag: 'rowid', after: through, through: after };
}

/** Bytes that change what a text is, or nearly: signs of numbers, times and JSON, a NUL, and parts of UTF-8. */
const tellingBytes = Buffer.from('0159-+:.,TZz /eE\\u"{}[]tfynNsS\0\t\x7fé漢😀\ud800', 'utf8');
const brokenBytes = Buffer.from([
  0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff, 0xa0, 0x9f, 0x8f, 0x90,
]);

/** A text that means something, or nearly so, often with a byte or two changed and padded to a length that decides. */
const nearText: fc.Arbitrary<AnyValue> = fc
  .record({
    text: fc.oneof(
      ...Object.values(speakingTexts),
      fc.constantFrom('Thu Feb 29 2024 12:00:00 GMT+0000', '29 Feb 2024', '2024/02/29 1:02', '20240229T120000Z'),
      fc.constantFrom('\u{10ffff}', 'é漢😀', '\ue000\ud7ff', 'TRUE', 'oFf', 'Monday', '10.0.0.1', '-', '+', '.'),
      fc.json({ maxDepth: 4 }),
      fc.json({ maxDepth: 4 }).map((json) => JSON.stringify(JSON.parse(json), null, 1)),
    ),
    changes: fc.array(fc.record({ at: fc.nat(), byte: fc.nat(), cut: fc.nat(1), isBroken: fc.nat(3) }), {
      maxLength: 2,
    }),
    padding: fc.constantFrom(0, 0, 0, 0, 46, 47, 48, 49, 95, 96, 97, 130, 600),
    isPaddedBefore: fc.boolean(),
  })
  .map(({ text, changes, padding, isPaddedBefore }) => {
    let bytes: Buffer = Buffer.from(text);
    for (const { at, byte, cut, isBroken } of changes) {
      const from = at % (bytes.length + 1);
      const bytesOf = isBroken === 0 ? brokenBytes : tellingBytes;
      const put = Buffer.of(must(bytesOf[byte % bytesOf.length], 'byte'));
      bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
    }
    const blanks = Buffer.alloc(Math.max(0, padding - bytes.length), ' ');
    return { storage: 'text', bytes: Buffer.concat(isPaddedBefore ? [blanks, bytes] : [bytes, blanks]) };
  });

test('hostile values of every class count the same', async () => {
  await withFolder(async (folder) => {
    const any = anyValue(fc.oneof(...Object.values(speakingTexts)));
    const values = fc.array(fc.tuple(nearText, any), { minLength: 20, maxLength: 150 });
    const options = fc.record({ pageSize: fc.constantFrom(512, 4096, 65536), affinity: fc.constantFrom('', 'REAL') });
    const seen = { rows: 0, byKernel: 0 };
    const found = new Set<string>();
    let run = 0;
    fc.assert(
      fc.property(values, options, (list, { pageSize, affinity }) => {
        const path = join(folder, `hostile-${run++}.db`);
        makeFile(path, { pageSize }, (db) => {
          db.exec(`CREATE TABLE t(text, id INTEGER PRIMARY KEY, v ${affinity})`);
          insertOften(db, list);
        });
        const both = must(countBoth(path), 'pages');
        const { rows, byKernel } = assertSame(both);
        seen.rows += rows;
        seen.byKernel += byKernel;
        if (!(both.kernel instanceof Error)) {
          for (const { classes } of both.kernel.values.columns) for (const one of classes) found.add(one.class);
        }
        rmSync(path);
      }),
      { numRuns: runCount({ usual: 150, full: 5000 }) },
    );
    assert.ok(seen.byKernel > seen.rows / 2, JSON.stringify(seen));
    assert.ok(found.size >= valueClasses.length - 2, [...found].join());
  });
});

/** Each at least three times, the last of which may be the kernel's, and not all as often: no two mistakes make up for each other. */
function insertOften(db: Database, list: readonly (readonly [AnyValue, AnyValue])[]): number {
  const slot = (value: AnyValue) => (value.storage === 'text' ? 'CAST(? AS TEXT)' : '?');
  const inserts = db.transaction(() => {
    let rows = 0;
    for (let round = 0; round < 7; round++) {
      for (const [at, [one, other]] of list.entries()) {
        if (round >= 3 + ((at * 7919) % 5)) continue;
        db.prepare(`INSERT INTO t(text, v) VALUES (${slot(one)}, ${slot(other)})`).run(
          bindingOf(one),
          bindingOf(other),
        );
        rows++;
      }
    }
    return rows;
  });
  return inserts();
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const two = (value: number) => String(value).padStart(2, '0');

/** Texts on both sides of every border that the kernel draws. */
function* edgeTexts(): Iterable<Buffer> {
  for (const text of edgeWritings()) yield Buffer.from(text);
  const firsts = [
    0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
  ];
  for (const first of [...firsts, 0xff]) {
    for (const second of [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]) {
      for (const rest of [[], [0x80], [0x80, 0xbf], [0x7f], [0x80, 0xc0], [0x80, 0x80, 0x80], [0x80, 0x80, 0x41]]) {
        yield Buffer.from([first, second, ...rest]);
        yield Buffer.from([0x61, first, second, ...rest]);
      }
    }
  }
  for (const length of [1, 7, 8, 9, 15, 16, 17, 47, 48, 49, 200]) {
    for (const at of upTo(length)) {
      for (const byte of [0, 0x80, 0xff, 0x1f]) yield Buffer.alloc(length, 'a').fill(byte, at, at + 1);
    }
  }
  const json = Buffer.from(
    '{"a": [1, -0.5e+10, true, false, null, {}, []],\n"\\u00e9\\n\\\\": "é", "b": {"c": 0, "d": [[]]}}',
  );
  for (const at of upTo(json.length)) {
    yield json.subarray(0, at);
    for (const byte of Buffer.from('0 .,:"\\{}[]etzF\u0000\u001f\t')) {
      const changed = Buffer.from(json);
      changed[at] = byte;
      yield changed;
      yield Buffer.concat([json.subarray(0, at), Buffer.of(byte), json.subarray(at)]);
    }
  }
}

function* edgeWritings(): Iterable<string> {
  for (const year of ['0000', '1900', '2000', '2023', '2024', '20a4']) {
    for (const month of upTo(14)) for (const day of upTo(34)) yield `${year}-${two(month)}-${two(day)}`;
  }
  for (const value of upTo(70)) {
    yield* [`${two(value)}:59`, `23:${two(value)}`, `23:59:${two(value)}`, `23:59:59.${'5'.repeat(value)}`];
    yield* [`2024-02-29T${two(value)}:00`, `2024-02-29 12:${two(value)}:00`, `2024-02-29 12:00:${two(value)}.5Z`];
    for (const sign of '+-') {
      yield* [
        `${two(value)}`,
        `${two(value)}30`,
        `${two(value)}:30`,
        `01:${two(value)}`,
        `01${two(value)}`,
        `${value}`,
      ].map((offset) => `2024-02-29T12:00:00${sign}${offset}`);
    }
    yield* ['1', ' ', 'a', '-', 'a1'].map((text) => text.repeat(value + 1));
    yield* ['1.', '.1', '+', '-', '0x', '1e'].map((text) => text + '5'.repeat(value));
    yield* ['2024/02/29 1:02', '29 Feb 2024', 'Thu Feb 29 12:00:00 2024', '1-Jan-2024', '20240229'].flatMap((text) => [
      text.padEnd(value + 10),
      text.padStart(value + 10),
    ]);
  }
  for (const day of ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sum', 'tub', 'ser']) {
    yield* [day, `${day.toUpperCase()}, 29 Feb 2024 12:00:00 GMT`, `${day} Feb 29 2024 12:00:00 GMT+0100 (Here)`];
  }
  for (const word of ['t', 'f', 'true', 'false', 'y', 'n', 'yes', 'no', 'on', 'off']) {
    yield* [word, word.toUpperCase(), `${word} `, word.slice(1), `${word}e`, word.replace(/.$/, '\u0000')];
    for (const at of upTo(word.length)) yield `${word.slice(0, at)}x${word.slice(at + 1)}`;
  }
  const uuid = '8c6e3A40-0b3e-4e8a-9f0e-0123456789aF';
  for (const at of upTo(uuid.length)) {
    for (const letter of '-gG/:@`0') yield `${uuid.slice(0, at)}${letter}${uuid.slice(at + 1)}`;
  }
  yield* [uuid, uuid.replaceAll('-', ''), uuid.replaceAll('-', '').replace('c', 'g'), `${uuid}0`];
  yield* [
    '"a"',
    '"',
    '[]',
    '[',
    '{}',
    '{',
    '[01]',
    '[1.]',
    '[-]',
    '[1e]',
    '[1E-5]',
    '[tru]',
    '["\\x"]',
    '["\\u12g4"]',
    '[1] ',
  ];
}

/** Integers on both sides of every border of a class and of a serial type. */
function* edgeIntegers(): Iterable<bigint> {
  const bounds = [0n, 2n ** 7n, 2n ** 15n, 2n ** 23n, 2n ** 31n, 2n ** 47n, 2n ** 53n, 2n ** 63n - 3n];
  const times = [31_536_000n, 4_102_444_800n].flatMap((seconds) => [seconds, seconds * 1000n, seconds * 1_000_000n]);
  for (const bound of [...bounds, ...times, 4_102_444_800_000_000_000n]) {
    for (const near of [-2n, -1n, 0n, 1n, 2n]) yield* [bound + near, -bound - near];
  }
}

/** Reals on both sides of every border of a class, and of what is known of their digits. */
const edgeReals = [
  ...[2_415_020.5, 2_488_069.5].flatMap((bound) => [bound, bound - 0.001, bound + 0.001]),
  ...[0, -0, 0.5, 1e15, 2 ** 53, 2 ** 53 + 2, 1e21, 1e22, 1e23, 1.5e300, 5e-324, 1e-7, 0.1 + 0.2, 1 / 3, 123.456],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 9.999999999999999e22, 0.12345678901234568],
];

test('values on both sides of every border have the same class, each column alone', async () => {
  await withFolder(async (folder) => {
    const texts = [...edgeTexts()];
    const columns: readonly (readonly [string, readonly AnyValue[]])[] = [
      ['', texts.map((bytes) => ({ storage: 'text', bytes }))],
      ['', [...edgeIntegers()].map((value) => ({ storage: 'integer', value }))],
      ['REAL', [...edgeIntegers()].map((value) => ({ storage: 'integer', value }))],
      ['', edgeReals.map((value) => ({ storage: 'real', value }))],
      ['', upTo(20).map((length) => ({ storage: 'blob', bytes: Buffer.alloc(length) }))],
    ];
    for (const [at, [type, values]] of columns.entries()) {
      const path = join(folder, `edges-${at}.db`);
      let inserted = 0;
      makeFile(path, {}, (db) => {
        db.exec(`CREATE TABLE t(text, v ${type})`);
        const list = values.map((value): [AnyValue, AnyValue] => [{ storage: 'null' }, value]);
        inserted = insertOften(db, list);
      });
      const { rows, byKernel } = assertSame(must(countBoth(path), 'pages'));
      assert.equal(rows, inserted);
      assert.ok(byKernel >= rows - 2 * valueClasses.length, `${byKernel} of ${rows}`);
    }
  });
});

test('a damaged page ends both in the same words', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'good.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score REAL, n);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO t SELECT i, printf('name %d', i), i / 2.0, i * i * i FROM n`);
    });
    const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    const outcomes = { damaged: 0, rows: 0 };
    const copy = join(folder, 'damaged.db');
    fc.assert(
      fc.property(damage, ({ at, byte }) => {
        // The first page bears the schema, by which the table is found.
        copyWith(path, copy, (bytes) => {
          bytes[512 + (at % (bytes.length - 512))] = byte;
        });
        const both = must(countBoth(copy), 'pages');
        assertSame(both);
        outcomes[both.kernel instanceof Error ? 'damaged' : 'rows']++;
      }),
      { numRuns: runCount({ usual: 500, full: 10_000 }) },
    );
    assert.ok(outcomes.damaged > 0 && outcomes.rows > 0, JSON.stringify(outcomes));
  });
});

test('ordinary rows all go by the kernel, split ones up to 64 kB, and those of a table of 2 000 columns', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'plain.db');
    makeFile(path, {}, (db) => {
      db.exec(`CREATE TABLE t(id TEXT PRIMARY KEY, name TEXT, at INTEGER, score REAL, data TEXT, day TEXT, note);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO t SELECT printf('%08x-0000-4000-8000-%012x', i, i * 7919), printf('Straße %d', i), 1700000000000 + i,
          i / 8.0, printf('{"i": [%d, "\\u00e9", true]}', i), printf('2024-05-%02d 12:34:56', 1 + i % 28), NULL FROM n;
        ALTER TABLE t ADD COLUMN extra TEXT`);
    });
    const plain = must(countBoth(path), 'pages');
    assert.equal(assertSame(plain).rows, 20_000);
    assert.ok(plain.left < 20, `${plain.left} rows were left`);

    const split = join(folder, 'split.db');
    makeFile(split, {}, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, data TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO t SELECT i, '["é' || printf('%.*c', 4000 + i * 200, 'x') || '"]' FROM n`);
    });
    const joined = must(countBoth(split), 'pages');
    assert.equal(assertSame(joined).rows, 300);
    assert.ok(joined.left < 20, `${joined.left} rows were left`);

    const wide = join(folder, 'wide.db');
    makeFile(wide, { pageSize: 65_536 }, (db) => {
      const names = Array.from({ length: 2000 }, (_, i) => `n${i}`);
      db.exec(`CREATE TABLE t(${names.join()})`);
      const insert = db.prepare(`INSERT INTO t VALUES (${names.map((_, i) => i).join()})`);
      for (let row = 0; row < 50; row++) insert.run();
    });
    const columns = must(countBoth(wide), 'pages');
    assert.deepEqual([assertSame(columns).rows, columns.left], [50, 2]);
  });
});

test('JSON of whatever depth is JSON', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'deep.db');
    makeFile(path, { pageSize: 65_536 }, (db) => {
      db.exec('CREATE TABLE t(data TEXT)');
      const insert = db.prepare('INSERT INTO t VALUES (?)');
      for (const depth of [4095, 4096, 4097, 5000]) {
        const text = `${'[{"a":'.repeat(depth / 2)}[]${'}]'.repeat(depth / 2)}`;
        for (let round = 0; round < 3; round++) {
          insert.run('['.repeat(depth) + ']'.repeat(depth));
          insert.run(text);
          insert.run(`${text}]`);
        }
      }
    });
    const both = must(countBoth(path), 'pages');
    assert.equal(assertSame(both).rows, 36);
    assert.ok(!(both.kernel instanceof Error));
    const classes = must(both.kernel.values.columns[0], 'column').classes;
    assert.deepEqual(
      classes.map((one) => [one.class, one.count]),
      [
        ['text_json', 24],
        ['text_other', 12],
      ],
    );
  });
});
