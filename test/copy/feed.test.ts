import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError, must } from '../../src/model/error.js';
import type { ChunkRange } from '../../src/model/plan.js';
import type { Kind } from '../../src/model/kind.js';
import type { Policies } from '../../src/model/rules.js';
import { Database } from '../../src/source/sqlite.js';
import { choosePages, type PageLayout } from '../../src/source/pages/layout.js';
import { createKernelFeed, createRowFeed, type Feed, type FeedJob } from '../../src/copy/feed.js';
import {
  copyWith,
  makeFile,
  planTable,
  readableColumns,
  readTable,
  type TableFrom,
  whole,
} from '../source/pages/pages-fixture.js';
import { Dice, liveThrough } from '../source/pages/pages-scenario.js';
import { withFolder } from '../support/folder.js';
import { runCount } from '../support/run-count.js';

const numRuns = runCount({ usual: 250, full: 5000 });

const text: Kind = { tag: 'text', maxChars: null };
const numeric: Kind = { tag: 'numeric', precision: null, scale: null };
const moment: Kind = { tag: 'timestamp', precision: 3, unit: 'ms' };
/** What the kernel writes by itself, and what it has written aside. */
const kinds: readonly [Kind, ...Kind[]] = [
  { tag: 'int2' },
  { tag: 'int4' },
  { tag: 'int8' },
  { tag: 'float8' },
  { tag: 'bool' },
  { tag: 'bytea' },
  { tag: 'json' },
  text,
  { tag: 'text', maxChars: 9 },
  moment,
  { tag: 'timestamptz', precision: 6, unit: 's' },
  { tag: 'timestamp', precision: 6, unit: 'us' },
  { tag: 'timestamp', precision: 0, unit: 'ms' },
  numeric,
  { tag: 'numeric', precision: 12, scale: 2 },
  { tag: 'date', unit: 'ms' },
  { tag: 'float4' },
  { tag: 'jsonb' },
  { tag: 'uuid' },
  { tag: 'enum', labels: ['12', 'ab', 'text 7', 'text 8'] },
];

test('the kernel and the row loop send the same bytes, come to the same sums, and refuse the same rows in the same words', async () => {
  await withFolder(async (folder) => {
    const scenario = fc.record({
      seed: fc.nat(),
      pageSize: fc.constantFrom(512, 512, 1024, 4096, 8192, 65536),
      autoVacuum: fc.constantFrom<0 | 1 | 2>(0, 0, 1),
      reservedBytes: fc.constantFrom(0, 0, 0, 12),
    });
    const seen = { kernel: 0, aside: 0, refused: 0, converted: 0 };
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, ...options }) => {
        const path = join(folder, `random-${seed}.db`);
        const dice = new Dice(seed);
        makeFile(path, options, (db) => liveThrough(db, dice));
        const from = readTable(path, 't');
        if (!dice.isLucky(4)) tidy(path, from);
        for (const range of [whole, rollRange(dice)]) {
          const outcome = await compare(rollJob({ path, from, range }, dice));
          seen.kernel += outcome.kernel;
          seen.aside += outcome.aside;
          seen.refused += outcome.refused;
          seen.converted += outcome.converted;
        }
        rmSync(path);
      }),
      { numRuns },
    );
    assert.ok(
      seen.kernel > seen.aside && seen.aside > 0 && seen.refused > 0 && seen.converted > 0,
      JSON.stringify(seen),
    );
  });
});

test('a damaged page ends the kernel and the row loop alike', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'good.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score REAL, n);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO t SELECT i, printf('name %d', i), i / 2.0, i * i * i FROM n`);
    });
    const from = readTable(path, 't');
    const damage = fc.record({ seed: fc.nat(), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    const outcomes = { damaged: 0, rows: 0 };
    let copies = 0;
    await fc.assert(
      fc.asyncProperty(damage, async ({ seed, at, byte }) => {
        // A new name for each: the thread keeps the file of the job before open.
        const copy = copyWith(path, join(folder, `damaged-${++copies}.db`), (bytes) => {
          const leaf = 100 + (at % (bytes.length - 100));
          bytes[leaf] = byte;
        });
        const last: Kind = seed % 2 === 0 ? { tag: 'int8' } : { tag: 'int4' };
        const list: readonly Kind[] = [{ tag: 'int8' }, text, { tag: 'float8' }, last];
        const sizes = { sentinel: 'nil', blockBytes: 4096 };
        // A record may be longer than what is read of it.
        const names = ['id', 'name', 'score', 'n'].slice(0, 2 + (seed % 3));
        const place = { path: copy, from, range: whole, names };
        const { isDamaged } = await compare(jobOf(place, list, [seed % names.length], sizes));
        outcomes[isDamaged ? 'damaged' : 'rows']++;
        rmSync(copy);
      }),
      { numRuns: 2 * numRuns },
    );
    assert.ok(outcomes.damaged > 0 && outcomes.rows > 0, JSON.stringify(outcomes));
  });
});

test('ordinary rows all go by the kernel, a value of many megabytes and what does not fit go aside', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'plain.db');
    makeFile(path, {}, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, at INTEGER, score REAL, ok INTEGER);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO t SELECT i, printf('name %d', i), 1700000000000 + i, i / 2, i % 2 FROM n;
        ALTER TABLE t ADD COLUMN extra TEXT`);
    });
    const from = readTable(path, 't');
    const list: readonly Kind[] = [{ tag: 'int8' }, text, moment, { tag: 'float8' }, { tag: 'bool' }, text];
    const plain = await compare(
      jobOf({ path, from, range: whole }, list, [0], { sentinel: 'nil', blockBytes: 65_536 }),
    );
    assert.deepEqual([plain.kernel, plain.aside, plain.refused], [20_000, 0, 0]);

    const big = join(folder, 'big.db');
    makeFile(big, {}, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT);
        INSERT INTO t VALUES (1, 'a'), (2, printf('%.*c', 3000000, 'x')), (3, 'b'), (4, x'00'), (5, 'nil'), (6, 'c')`);
    });
    const job = jobOf({ path: big, from: readTable(big, 't'), range: whole }, [{ tag: 'int8' }, text], [0], {
      sentinel: 'nil',
      blockBytes: 65_536,
    });
    const mixed = await compare(job);
    assert.deepEqual([mixed.kernel, mixed.aside, mixed.refused], [3, 1, 2]);
  });
});

test('rows that are split over pages go by the kernel, up to 64 kB', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'split.db');
    const count = 300;
    makeFile(path, { pageSize: 4096 }, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, body BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        INSERT INTO t SELECT i * 1000, 'name ' || i, randomblob(4000 + i * 200) FROM n;
        ALTER TABLE t ADD COLUMN extra TEXT DEFAULT 'none'`);
    });
    const from = readTable(path, 't');
    const list: readonly Kind[] = [{ tag: 'int8' }, text, { tag: 'bytea' }];
    const sizes = { sentinel: 'nil', blockBytes: 65_536 };
    const names = ['id', 'name', 'body'];
    const seen = await compare(jobOf({ path, from, range: whole, names }, list, [0], sizes));
    const short = Array.from({ length: count }, (_, i) => 4000 + (i + 1) * 200).filter(
      (bytes) => bytes < 65_500,
    ).length;
    assert.ok(seen.kernel >= 0.9 * short && seen.kernel <= short, JSON.stringify(seen));
    assert.deepEqual([seen.aside, seen.refused], [count - seen.kernel, 0]);

    // A default that a short record takes is not the kernel's, and is found beside what was put together.
    const late = await compare(jobOf({ path, from, range: whole }, [...list, text], [0], sizes));
    assert.deepEqual([late.kernel, late.aside, late.refused], [0, count, 0]);
  });
});

test('more keys than are gathered at once, and wide rows that grow as they are encoded, stay within their memory', async () => {
  await withFolder(async (folder) => {
    const keyed = join(folder, 'keyed.db');
    const count = 5000;
    makeFile(keyed, { pageSize: 65_536 }, (db) => {
      db.exec(`CREATE TABLE t(a INTEGER, b TEXT, c INTEGER, d INTEGER);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        INSERT INTO t SELECT i, printf('name %d', i), 1, 0 FROM n`);
    });
    const place = { path: keyed, from: readTable(keyed, 't'), range: whole };
    const list: readonly Kind[] = [{ tag: 'int8' }, text, { tag: 'int8' }, { tag: 'int8' }];
    const all = await compare(jobOf(place, list, [0, 1, 2, 3], { sentinel: 'nil', blockBytes: 65_536 }));
    assert.deepEqual([all.kernel, all.aside, all.refused], [count, 0, 0]);

    // A one is in a record by its type alone, and ten bytes as a numeric: what is behind these must still fit.
    const wide = join(folder, 'wide.db');
    const numerics = 1900;
    const rows = runCount({ usual: 200, full: 2000 });
    makeFile(wide, { pageSize: 65_536 }, (db) => {
      const names = Array.from({ length: numerics }, (_, i) => `n${i}`);
      db.exec(`CREATE TABLE t(${names.join()}, body TEXT)`);
      const insert = db.prepare(`INSERT INTO t VALUES (${names.map(() => 1).join()}, ?)`);
      for (let row = 0; row < rows; row++) insert.run('x'.repeat(36_000 + ((row * 1013) % 3_800)));
    });
    const kindsOfWide = [...Array.from({ length: numerics }, () => numeric), text];
    const grown = { path: wide, from: readTable(wide, 't'), range: whole };
    const seen = await compare(jobOf(grown, kindsOfWide, [0], { sentinel: 'nil', blockBytes: 65_536 }));
    assert.ok(seen.kernel > 0 && seen.aside > 0 && seen.refused === 0, JSON.stringify(seen));
  });
});

test('only rows in text format, and those with char(n), have no kernel', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'other.db');
    makeFile(path, {}, (db) => db.exec('CREATE TABLE t(a, b)'));
    const job = { path, from: readTable(path, 't'), range: whole };
    const sizes = { sentinel: 'nil', blockBytes: 4096 };
    assert.equal(await createKernelFeed(jobOf(job, [text, { tag: 'char', chars: 3 }], [0], sizes)), null);
    const asText = jobOf(job, [{ tag: 'int8' }, { tag: 'uuid' }], [0], sizes);
    assert.equal(await createKernelFeed({ ...asText, table: { ...asText.table, format: 'text' } }), null);
    assert.notEqual(await createKernelFeed(asText), null);
  });
});

test('values of every other kind are written aside, in the loop', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'aside.db');
    const count = 3000;
    makeFile(path, {}, (db) => {
      db.exec(`CREATE TABLE t(id TEXT, state TEXT, price, at TEXT, day TEXT, wide INTEGER, data TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        INSERT INTO t SELECT printf('%08x-0000-4000-8000-%012x', i, i * 7919), iif(i % 3, 'open', 'shut'),
          CASE i % 4 WHEN 0 THEN i WHEN 1 THEN i / 8.0 WHEN 2 THEN printf('%d.%02d', i, i % 100) END,
          printf('2024-05-%02d 12:34:56.%03d', 1 + i % 28, i % 1000), printf('2024-05-%02d', 1 + i % 28),
          9223372036854775807 - i, printf('{"i": %d}', i) FROM n`);
    });
    const list: readonly Kind[] = [
      { tag: 'uuid' },
      { tag: 'enum', labels: ['open', 'shut'] },
      numeric,
      moment,
      { tag: 'date' },
      numeric,
      { tag: 'jsonb' },
    ];
    const place = { path, from: readTable(path, 't'), range: whole };
    for (const key of [[0], [1, 2, 3], [0, 1, 2, 3, 4, 5, 6]]) {
      const outcome = await compare(jobOf(place, list, key, { sentinel: 'nil', blockBytes: 65_536 }));
      assert.deepEqual([outcome.kernel, outcome.aside, outcome.refused], [count, 0, 0]);
    }
  });
});

/** Texts that are, or nearly are, what the kernel reads by itself. */
function rollText(dice: Dice): string {
  const two = (max: number): string => String(dice.roll(max)).padStart(2, '0');
  const edge = dice.pick(['1900-02-29', '2000-02-29', '2024-02-29', '2023-02-29', '2024-04-31'] as const);
  const date = dice.isLucky(4)
    ? edge
    : `${dice.pick(['0000', '0001', '1900', '1970', '2000', '2024', '2100', '9999'])}-${two(14)}-${two(33)}`;
  const time = `${two(26)}:${two(62)}:${two(62)}`;
  const fraction = dice.isLucky(2) ? '' : `.${'7'.repeat(dice.roll(8))}${'0'.repeat(dice.roll(4))}`;
  const offset = dice.pick(['', '', '', 'Z', '+00:00', '-00:00', '+02:00', '+00', 'z'] as const);
  const uuid = '00112233-4455-6677-8899-AAbbCCddeeff';
  const texts = [
    date,
    `${date}${dice.pick(['T', ' ', 't'] as const)}${time}${fraction}${offset}`,
    uuid,
    'open',
    'op',
    '',
  ];
  const text = dice.pick(texts as [string, ...string[]]);
  if (!dice.isLucky(4)) return text;
  const at = dice.roll(text.length + 1);
  return text.slice(0, at) + dice.pick(['', '0', '-', ':', 'g', ' ', '{'] as const) + text.slice(at + dice.roll(2));
}

test('texts that are nearly a date, a time, a uuid or a label are taken and refused alike', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'texts.db');
    const dice = new Dice(fc.sample(fc.nat(), 1)[0] ?? 0);
    makeFile(path, {}, (db) => {
      db.exec('CREATE TABLE t(a TEXT)');
      const insert = db.prepare('INSERT INTO t VALUES (?)');
      for (let rows = runCount({ usual: 10_000, full: 200_000 }); rows > 0; rows--) insert.run(rollText(dice));
    });
    const place = { path, from: readTable(path, 't'), range: whole };
    const timestamps = [0, 3, 6].flatMap((precision): Kind[] => [
      { tag: 'timestamp', precision, unit: 'ms' },
      { tag: 'timestamptz', precision, unit: 'ms', zone: 'Europe/Berlin' },
    ]);
    const others: readonly Kind[] = [{ tag: 'date' }, { tag: 'uuid' }, { tag: 'enum', labels: ['open', '', 'shut'] }];
    for (const kind of [...timestamps, ...others]) {
      const seen = await compare(jobOf(place, [kind], [0], { sentinel: 'op', blockBytes: 65_536 }));
      assert.ok(seen.kernel > 0 && seen.aside === 0 && seen.refused > 0, `${kind.tag}: ${JSON.stringify(seen)}`);
    }
  });
});

interface JobSource {
  readonly path: string;
  readonly from: TableFrom;
  readonly range: ChunkRange;
  /** Columns to read, in this order; all where left out. */
  readonly names?: readonly string[];
}

/** Leaves mostly rows whose columns hold one storage class each, so that most fit. */
function tidy(path: string, { table }: TableFrom): void {
  const db = new Database(path);
  for (const name of readableColumns(table)) {
    const classOf = commonClass(db, name);
    if (classOf !== null) {
      db.exec(`DELETE FROM t WHERE typeof("${name}") NOT IN ('null', '${classOf}') AND abs(_rowid_ % 7) <> 3`);
    }
  }
  db.close();
}

function commonClass(db: Database, name: string): string | null {
  const query = `SELECT typeof("${name}") FROM t WHERE "${name}" IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`;
  return (db.prepare(query).pluck().get() as string | undefined) ?? null;
}

/** Kinds that mostly fit what the columns hold. */
function rollKinds({ path }: JobSource, names: readonly string[], dice: Dice): Kind[] {
  const db = new Database(path);
  try {
    return names.map((name) => {
      if (dice.isLucky(8)) return dice.pick(kinds);
      switch (commonClass(db, name)) {
        case 'integer':
          return dice.pick([{ tag: 'int8' }, { tag: 'int8' }, { tag: 'int4' }, moment, kinds[0], numeric]);
        case 'real':
          return dice.pick([{ tag: 'float8' }, { tag: 'float8' }, numeric]);
        case 'blob':
          return { tag: 'bytea' };
        default:
          return dice.pick([text, text, { tag: 'json' }, { tag: 'text', maxChars: 9 }, { tag: 'jsonb' }]);
      }
    });
  } finally {
    db.close();
  }
}

function rollJob(source: JobSource, dice: Dice): FeedJob {
  const names = readableColumns(source.from.table);
  const read = dice.isLucky(3) ? names.filter(() => dice.isLucky(2)).reverse() : names;
  const list = rollKinds(source, read, dice);
  const all = read.map((_, i) => i);
  const key = dice.isLucky(3) ? all : all.filter(() => dice.isLucky(2)).slice(0, 3);
  const sentinel = dice.pick(['12', 'ab', 'text 7', '__PGFERRY_NULL__'] as const);
  const job = jobOf({ ...source, names: read }, list, key, {
    sentinel,
    blockBytes: dice.pick([4096, 65_536] as const),
  });
  if (dice.isLucky(2)) return job;
  const columns = job.table.columns.map((column) =>
    dice.isLucky(2) ? column : { ...column, policies: rollPolicies(dice) },
  );
  return { ...job, table: { ...job.table, columns } };
}

/** Rules that change values on their way, of columns that hold what does not fit. */
function rollPolicies(dice: Dice): Policies {
  const rules: Policies = {
    too_long: { convert: 'truncate' },
    nul_byte: { convert: 'strip' },
    inexact: { convert: dice.pick(['round', 'truncate'] as const) },
    text_in_blob: { convert: 'utf8' },
    blob_in_text: { convert: 'hex' },
  };
  return dice.isLucky(2) ? rules : { ...rules, '*': { convert: 'null' } };
}

function jobOf(
  { path, from, range, names = readableColumns(from.table) }: JobSource,
  list: readonly Kind[],
  key: readonly number[],
  sizes: { readonly sentinel: string; readonly blockBytes: number },
): FeedJob {
  const plan = planTable(from.table, names);
  const columns = plan.columns.map((column, i) => {
    const kind = must(list[i], 'kind');
    return { ...column, kind, isTextual: kind.tag === 'text' || kind.tag === 'json' };
  });
  return {
    ...sizes,
    allowSentinel: false,
    snapshotPath: path,
    table: { ...plan, columns, key: { origin: key.length === columns.length ? 'none' : 'primary', columns: key } },
    layout: layoutOf(from),
    chunk: { table: 't', index: 0, range, estimatedRows: 0, estimatedBytes: 0 },
  };
}

function layoutOf({ table, catalog }: TableFrom): PageLayout {
  const choice = choosePages(table, catalog, readableColumns(table));
  if (choice.tag === 'rows') throw new Error(choice.reason);
  return structuredClone(choice.layout);
}

function rollRange(dice: Dice): ChunkRange {
  const [low, high] = [dice.roll(100_000), dice.roll(100_000)];
  return {
    tag: 'rowid',
    after: String(Math.min(low, high)),
    through: dice.isLucky(2) ? null : String(Math.max(low, high)),
  };
}

/** Runs both; gives back how many rows took which way. */
async function compare(job: FeedJob) {
  const byRows = drain(await createRowFeed(job));
  const byKernel = drain(must(await createKernelFeed(job), 'a kernel'));
  const { rowsAside: aside, ...told } = byKernel;
  const { rowsAside: _, ...expected } = byRows;
  assert.deepEqual(told, expected);
  const refused = told.refused.length;
  const converted = told.result.converted.reduce((sum, { cells }) => sum + cells, 0);
  return {
    kernel: told.rows - (aside - refused),
    aside: aside - refused,
    refused,
    converted,
    isDamaged: told.isDamaged,
  };
}

/** All that a feed does, going on behind each row that is refused. */
function drain(feed: Feed) {
  const { encoder } = feed;
  let rowsAside = 0;
  const { encodeRow } = encoder;
  (encoder as { encodeRow: typeof encodeRow }).encodeRow = (view) => {
    rowsAside++;
    encodeRow(view);
  };
  const blocks: Buffer[] = [];
  const refused: string[] = [];
  let isDamaged = false;
  for (let isOpen = true; isOpen; ) {
    try {
      isOpen = feed.fill();
      if (isOpen) blocks.push(Buffer.from(encoder.takeBlock()));
    } catch (error) {
      assert.ok(error instanceof CopierError, String(error));
      refused.push(`${error.code}: ${error.message}`);
      isDamaged = error.code === 'data.damaged_page';
      if (isDamaged) isOpen = false;
    }
  }
  feed.close();
  blocks.push(Buffer.from(encoder.finish()));
  return {
    bytes: Buffer.concat(blocks).toString('latin1'),
    blocks: blocks.length,
    refused,
    isDamaged,
    rows: encoder.rows,
    result: encoder.result(),
    rowsAside,
  };
}
