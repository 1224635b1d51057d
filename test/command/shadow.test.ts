import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OwnRead, ShadowResult } from '../../src/model/shadow.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

async function shadow(args: readonly string[], folder: string) {
  const ended = await runJson(['shadow', ...args], { cwd: folder });
  return { ...ended, json: ended.json as unknown as ShadowResult & { readonly error?: { readonly code: string } } };
}

const sourceSql = `
  CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL, active BOOLEAN NOT NULL, rating INTEGER, joined DATETIME);
  CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), title TEXT NOT NULL,
    shelf TEXT NOT NULL, sold INTEGER);
  CREATE INDEX book_sold ON book (shelf, sold);
  INSERT INTO author VALUES (1, 'apple', 1, 7, 1700000000123), (2, 'Banana', 0, 2, '2023-11-14 22:13:20.123'),
    (3, 'cherry', 1, NULL, 1700000000000), (4, 'Date', 1, 3, NULL);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO book SELECT i, 1 + i % 4, 'title ' || i, 'shelf ' || (i % 3), nullif(i % 7, 0) FROM n;`;
const targetSql = `
  CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL COLLATE "en-x-icu", active boolean NOT NULL,
    rating numeric, joined timestamp(3));
  CREATE TABLE book (id int PRIMARY KEY, author_id int NOT NULL REFERENCES author, title text NOT NULL,
    shelf text NOT NULL, sold int);
  CREATE INDEX book_sold ON book (shelf, sold);`;

async function withBooks(use: (folder: string, at: string[], url: string) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sourceSql);
      await client.query(targetSql);
      const at = ['--source', source, '--target', url];
      const migrated = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      await use(folder, at, url);
    }),
  );
}

test('1. reads are derived from keys, indexes and foreign keys, and another order alone is reported but no difference', async () => {
  await withBooks(async (folder, at) => {
    const { exitCode, json, stderr } = await shadow([...at, '--shadow-limit', '5'], folder);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(
      json.reads.map(({ name, rows, verdict }) => [name, rows.source, rows.target, verdict]),
      [
        ['author by id', 1, 1, 'equal'],
        ['author: first page', 4, 4, 'equal'],
        ['author: later page', 2, 2, 'equal'],
        ['author counted by active', 2, 2, 'equal'],
        ['book by id', 1, 1, 'equal'],
        ['book: first page', 5, 5, 'equal'],
        ['book: later page', 5, 5, 'equal'],
        ['book: newest by shelf, sold', 5, 5, 'equal'],
        ['book of one author (author_id)', 5, 5, 'equal'],
        ['book with its author (author_id)', 5, 5, 'equal'],
        ['book counted by shelf', 3, 3, 'equal'],
      ],
    );
    const [newest] = json.reads.filter(({ name }) => name.includes('newest'));
    assert.match(newest?.explanations.join() ?? '', /^NULL ordering: in sold/);
    const warnings = json.findings.filter(({ code }) => code === 'shadow.order');
    assert.deepEqual(
      warnings.map(({ severity, table }) => ({ severity, table })),
      [{ severity: 'warning', table: 'book' }],
    );
    // Nothing of ours stays behind: the snapshot was a temporary one.
    assert.deepEqual(
      readdirSync(join(folder, '.db-migration-backups')).filter((name) => name.startsWith('reading')),
      [],
    );
    assert.equal(existsSync(json.snapshot.path), false);
  });
});

interface OwnCase {
  readonly sql: OwnRead['sql'];
  readonly params?: OwnRead['params'];
  readonly verdict: 'equal' | 'differs' | 'failed';
  readonly explained: RegExp | null;
}

const cases: Readonly<Record<string, OwnCase>> = {
  'alike on both sides': {
    sql: 'SELECT id, title FROM book WHERE author_id = $1 AND shelf = $2 ORDER BY id LIMIT 5',
    params: [{ table: 'book', column: 'author_id' }, 'shelf 1'],
    verdict: 'equal',
    explained: null,
  },
  'one statement each': {
    sql: {
      source: 'SELECT id, active FROM author WHERE active = 1 ORDER BY id;',
      target: 'SELECT id, active FROM author WHERE active ORDER BY id -- all',
    },
    verdict: 'equal',
    explained: null,
  },
  'times in three forms': { sql: 'SELECT id, joined FROM author ORDER BY id', verdict: 'equal', explained: null },
  'NULL ordering': {
    sql: 'SELECT id, rating FROM author ORDER BY rating',
    verdict: 'differs',
    explained: /^NULL ordering: in rating/,
  },
  collation: { sql: 'SELECT name FROM author ORDER BY name', verdict: 'differs', explained: /^collation: .*name/ },
  'LIKE and case': {
    sql: `SELECT id, name FROM author WHERE name LIKE 'B%' OR name LIKE 'd%' ORDER BY id`,
    verdict: 'differs',
    explained: /LIKE and case/,
  },
  'integer division': {
    sql: 'SELECT id, rating / 2 AS half FROM author WHERE id = 1',
    verdict: 'differs',
    explained: /^half: integer division/,
  },
  'boolean form': {
    sql: 'SELECT id FROM author WHERE active = 1 ORDER BY id',
    verdict: 'failed',
    explained: /boolean = integer.*boolean form/,
  },
  'boolean form as text': {
    sql: {
      source: 'SELECT id, active AS shown FROM author ORDER BY id',
      target: 'SELECT id, active::text AS shown FROM author ORDER BY id',
    },
    verdict: 'differs',
    explained: /^shown: boolean form/,
  },
  'timestamp form': {
    sql: {
      source: `SELECT '2023-11-14T22:13:20.123Z' AS shown`,
      target: `SELECT (joined)::text AS shown FROM author WHERE id = 1`,
    },
    verdict: 'differs',
    explained: /^shown: timestamp form: both texts name the same moment/,
  },
  'a name in double quotes': {
    sql: 'SELECT id FROM author WHERE name = "apple"',
    verdict: 'failed',
    explained: /no such column|does not exist/,
  },
  'other numbers of columns': {
    sql: { source: 'SELECT 1, 2', target: 'SELECT 1' },
    verdict: 'failed',
    explained: /gives 2 columns, the target 1/,
  },
  'a statement that writes': {
    sql: { source: 'DELETE FROM book', target: 'SELECT 1' },
    verdict: 'failed',
    explained: /must be one statement that reads/,
  },
  'a function that writes': {
    sql: { source: 'SELECT 1', target: `SELECT setval('book_own', 5)` },
    verdict: 'failed',
    explained: /read-only transaction/,
  },
};

test('2. the operator’s own reads run too, and what differs is explained', async (t) => {
  await withBooks(async (folder, at, url) => {
    const config = join(folder, 'config.json');
    const shadowReads = Object.entries(cases).map(([name, { sql, params = [] }]) => ({ name, sql, params }));
    writeFileSync(config, JSON.stringify({ shadowReads }));
    await withSequence(url);
    const { exitCode, json, stderr } = await shadow([...at, '--config', config], folder);
    assert.equal(exitCode, 1, stderr);
    for (const [name, { verdict, explained }] of Object.entries(cases)) {
      await t.test(name, () => {
        const [read] = json.reads.filter((one) => one.name === name);
        assert.equal(read?.verdict, verdict, JSON.stringify(read));
        if (explained === null) assert.deepEqual(read?.explanations, []);
        else assert.match(read?.explanations.join('; ') ?? '', explained);
        const told = json.findings.some(
          ({ message, severity }) => severity === 'error' && message.includes(`"${name}"`),
        );
        assert.equal(told, verdict !== 'equal');
      });
    }
    assert.ok(
      json.reads.filter(({ why }) => why !== 'a read of the config file').every(({ verdict }) => verdict === 'equal'),
    );
  });
});

async function withSequence(url: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE SEQUENCE public.book_own');
  await client.end();
}

for (const [what, shadowReads, code] of [
  ['without a statement', [{ name: 'x' }], 'usage.config_value'],
  ['with half a pair', [{ name: 'x', sql: { source: 'SELECT 1' } }], 'usage.config_value'],
  [
    'with a parameter from nowhere',
    [{ name: 'x', sql: 'SELECT $1', params: [{ table: 'no', column: 'id' }] }],
    'usage.shadow_read',
  ],
] as const) {
  test(`3. an own read ${what} is a matter of usage`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
        const config = join(folder, 'config.json');
        writeFileSync(config, JSON.stringify({ shadowReads }));
        const at = ['--source', source, '--target', url];
        await runJson(['migrate', ...at, '--from-source'], { cwd: folder });
        const { exitCode, json } = await shadow([...at, '--config', config], folder);
        assert.equal(exitCode, 2);
        assert.equal(json.error?.code, code);
      }),
    );
  });
}
