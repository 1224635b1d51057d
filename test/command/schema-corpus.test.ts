import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { CopierError, migrate, verify } from '../../src/pgferry.js';
import { comparing } from '../support/comparing.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** One small database for one hazard of the schema, and what must come of it. */
interface Hazard {
  readonly title: string;
  readonly sql: string;
  readonly waive?: readonly string[];
  readonly search?: Readonly<Record<string, string>>;
  /** `severity code place` of every finding that is no note; an error makes the run refuse. */
  readonly findings?: readonly string[];
  /** A query on the target after the run, and its rows as arrays. */
  readonly check?: string;
  readonly rows?: readonly (readonly unknown[])[];
  /** Statements that the target must refuse afterwards. */
  readonly refused?: readonly string[];
}

const constraintsOf = `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1`;
const indexesOf = `SELECT regexp_replace(indexdef, '.* USING btree ', '') FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' ORDER BY indexname`;
const typesOf = `SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum`;
const one = (lines: readonly string[]) => lines.map((line) => [line]);
const wide = (count: number) => Array.from({ length: count }, (_, at) => `c${at}`).join();
const long = 'n'.repeat(70);

const hazards: readonly Hazard[] = [
  {
    title: 'primary keys, NOT NULL and UNIQUE',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT, UNIQUE (a, b)); INSERT INTO t VALUES (1, 'x', 2);`,
    check: constraintsOf,
    rows: one(['t PRIMARY KEY (id)', 't UNIQUE (a, b)']),
    refused: [`INSERT INTO t (b) VALUES (1)`, `INSERT INTO t (a, b) VALUES ('x', 2)`],
  },
  {
    title: 'names in camel case, reserved, with quotes, spaces, emoji and line ends',
    sql: `CREATE TABLE "Order Line" ("select" INTEGER PRIMARY KEY, "a""b" TEXT, "😀" INT, "new
line" INT); CREATE INDEX "in x" ON "Order Line" ("😀"); INSERT INTO "Order Line" VALUES (1, 'x', 2, 3);`,
    check: `SELECT "select", "a""b", "😀", "new
line" FROM "Order Line"`,
    rows: [['1', 'x', '2', '3']],
  },
  {
    title: 'names over 63 bytes that are equal when cut',
    sql: `CREATE TABLE "${long}a" (id INTEGER PRIMARY KEY, "${long}x" INT, "${long}y" INT); CREATE TABLE "${long}b" (id INTEGER PRIMARY KEY REFERENCES "${long}a");
      INSERT INTO "${long}a" VALUES (1, 2, 3); INSERT INTO "${long}b" VALUES (1);`,
    check: `SELECT count(DISTINCT relname)::int FROM pg_class WHERE relname LIKE 'nnn%' AND relkind = 'r'`,
    rows: [[2]],
  },
  {
    title: 'composite keys, REFERENCES without columns, actions, DEFERRABLE, a foreign key to nowhere',
    sql: `CREATE TABLE p (a INT, b TEXT, PRIMARY KEY (b, a));
      CREATE TABLE c (x INT, y TEXT, z INT REFERENCES nobody (id), FOREIGN KEY (y, x) REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
      PRAGMA foreign_keys = OFF; INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (1, 'x', 7);`,
    findings: ['warning plan.broken_foreign_key c.z'],
    check: constraintsOf,
    rows: one([
      'c FOREIGN KEY (y, x) REFERENCES p(b, a) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
      'p PRIMARY KEY (b, a)',
    ]),
  },
  {
    title: 'foreign keys in a circle, and to their own table',
    sql: `CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b, up INT REFERENCES a); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a);
      PRAGMA foreign_keys = OFF; INSERT INTO a VALUES (1, 1, 2), (2, NULL, NULL); INSERT INTO b VALUES (1, 2);`,
    check: 'SELECT count(*)::int FROM a JOIN b ON a.b = b.id',
    rows: [[1]],
  },
  {
    title: 'rows that refer to nothing, where SQLite kept no watch',
    sql: `PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p); INSERT INTO c VALUES (9);`,
    findings: ['warning plan.orphans c.p'],
    check: constraintsOf,
    rows: one(['c FOREIGN KEY (p) REFERENCES p(id) NOT VALID', 'p PRIMARY KEY (id)']),
  },
  {
    title: 'defaults by meaning',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'it''s', b INT DEFAULT -1, c REAL DEFAULT 1.5, d BOOLEAN DEFAULT true, e TEXT DEFAULT NULL, f DATETIME DEFAULT CURRENT_TIMESTAMP,
      g TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), h INT DEFAULT (unixepoch()), i TEXT DEFAULT (lower(hex(randomblob(16)))), j BLOB DEFAULT x'00ff', k TEXT DEFAULT word);
      INSERT INTO t (id) VALUES (1);`,
    check: `INSERT INTO t DEFAULT VALUES RETURNING id, a, b, c, d, e, f > now() AT TIME ZONE 'UTC' - interval '1 day', g ~ '^20..-..-..T..:..:..Z$', h > 1700000000, i ~ '^[0-9a-f]{32}$', encode(j, 'hex'), k`,
    rows: [['2', "it's", '-1', 1.5, true, null, true, true, true, true, '00ff', 'word']],
  },
  {
    title: 'a default without an equivalent, refused',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT (datetime('now', 'localtime')));`,
    findings: ['error plan.default_untranslated t.a'],
  },
  {
    title: 'a default without an equivalent, waived by name',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT (datetime('now', 'localtime')));`,
    waive: ['default:t.a'],
    findings: ['warning plan.default_untranslated t.a'],
    check: typesOf,
    rows: one(['id bigint', 'a text']),
  },
  {
    title: 'AUTOINCREMENT goes on above every number that was given out',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT); INSERT INTO t VALUES (41, 1); DELETE FROM t;`,
    check: 'INSERT INTO t (a) VALUES (1) RETURNING id',
    rows: [['42']],
  },
  {
    title: 'partial, expression and descending indexes, and unique ones with NULLs',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX i1 ON t (a DESC, b); CREATE UNIQUE INDEX i2 ON t (b) WHERE a IS NOT NULL;
      CREATE INDEX i3 ON t (lower(a), b + 1); CREATE UNIQUE INDEX i4 ON t (b); INSERT INTO t (a, b) VALUES ('x', NULL), ('y', NULL);`,
    check: indexesOf,
    rows: one(['(a DESC, b)', '(b) WHERE (a IS NOT NULL)', '(lower((a COLLATE "C")), ((b + 1)))', '(b)']),
    refused: ['INSERT INTO t (b) VALUES (1), (1)'],
  },
  {
    title: 'COLLATE NOCASE keeps rows unique without the case of ASCII letters',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE); INSERT INTO t (a) VALUES ('Ab'), ('É'), ('é');`,
    refused: [`INSERT INTO t (a) VALUES ('aB')`],
  },
  {
    title: 'CHECK constraints that both sides read alike',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a GLOB '[a-z]*' AND length(a) < 5), b INT, CONSTRAINT even CHECK (b & 1 = 0 OR b IS NULL), CHECK (CASE WHEN b > 9 THEN a <> '' ELSE 1 END));
      INSERT INTO t VALUES (1, 'abc', 2);`,
    refused: [`INSERT INTO t (a) VALUES ('Abc')`, `INSERT INTO t (b) VALUES (3)`, `INSERT INTO t (a) VALUES ('abcde')`],
    check: `SELECT count(*)::int FROM pg_constraint WHERE contype = 'c' AND conrelid = 't'::regclass`,
    rows: [[3]],
  },
  {
    title: 'generated columns are made again, never copied into',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b INT AS (a * 2) STORED, c TEXT AS (a || 'x') VIRTUAL); INSERT INTO t (a) VALUES (4);`,
    check: `UPDATE t SET a = 5 RETURNING b, c`,
    rows: [['10', '5x']],
  },
  {
    title: 'views are made where they mean the same; other views and triggers are reported',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a, count(*) AS n FROM t GROUP BY a; CREATE VIEW w AS SELECT printf('%d', id) FROM t;
      CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 'z'; END; PRAGMA recursive_triggers = OFF; INSERT INTO t (a) VALUES ('x');`,
    findings: ['warning plan.view_untranslated w', 'warning plan.triggers_untranslated '],
    check: 'SELECT a, n FROM v',
    rows: [['z', '1']],
  },
  {
    title: 'virtual tables with their shadows, and the tables that SQLite keeps for itself, are left out',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); CREATE VIRTUAL TABLE f USING fts5 (a, content = 't'); CREATE VIRTUAL TABLE r USING rtree (id, x0, x1);
      CREATE INDEX i ON t (a); INSERT INTO t (a) VALUES ('x'); ANALYZE;`,
    check: `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    rows: [['t']],
  },
  {
    title: 'an FTS table over another becomes a tsvector column with a GIN index, on request',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE VIRTUAL TABLE f USING fts5 (a, b, content='t', content_rowid='id', tokenize = 'porter ascii'); INSERT INTO t VALUES (1, 'quick fox', NULL), (2, 'slow', 'Dog');`,
    search: { f: 'simple' },
    check: `SELECT id FROM t WHERE f @@ websearch_to_tsquery('simple', 'dog')`,
    rows: [['2']],
  },
  {
    title: 'an FTS table that keeps its texts itself, asked for',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE VIRTUAL TABLE f USING fts5 (a);`,
    search: { f: 'simple', g: 'simple' },
    findings: ['error plan.search f', 'error plan.search g'],
  },
  {
    title: 'WITHOUT ROWID, STRICT, without a key, without rows',
    sql: `CREATE TABLE a (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID; CREATE TABLE b (k INTEGER PRIMARY KEY, v ANY, w TEXT) STRICT; CREATE TABLE c (x INT, y TEXT); CREATE TABLE d (x);
      INSERT INTO a VALUES ('x', 1); INSERT INTO b VALUES (1, 2, 'y'); INSERT INTO c VALUES (1, 'z'), (1, 'z');`,
    check: `SELECT (SELECT count(*) FROM a)::int, (SELECT count(*) FROM b)::int, (SELECT count(*) FROM c)::int, (SELECT count(*) FROM d)::int`,
    rows: [[1, 1, 2, 0]],
  },
  {
    title: '1 600 columns go, one more does not',
    sql: `CREATE TABLE t (${wide(1600)}); INSERT INTO t (c0, c1599) VALUES (1, 2);`,
    check: 'SELECT c0, c1599 FROM t',
    rows: [['1', '2']],
  },
  {
    title: 'types that nobody knows, or none at all',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b STRING, c INT UNSIGNED, d "byte[]", e DOUBLE PRECISION, f VARCHAR(255), g FANTASY(1, 2), h BOOLEAN, i DECIMAL(5, 2), j DATETIME);
      INSERT INTO t VALUES (1, 'x', 'y', 3, x'00', 1.5, 'v', 7, 1, 12, '2024-01-01 00:00:00');`,
    check: typesOf,
    rows: one([
      'id bigint',
      'a text',
      'b text',
      'c bigint',
      'd bytea',
      'e double precision',
      'f character varying(255)',
      'g bigint',
      'h boolean',
      'i numeric',
      'j timestamp(6) without time zone',
    ]),
  },
  {
    title:
      'the bookkeeping of migration frameworks is left out where it describes the file, and carried where it holds names',
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE _prisma_migrations (id TEXT); CREATE TABLE __drizzle_migrations (id INT); CREATE TABLE schema_migrations (version TEXT); CREATE TABLE django_migrations (id INT);
      CREATE TABLE knex_migrations (id INT); CREATE TABLE alembic_version (version_num TEXT); INSERT INTO t VALUES (1);`,
    check: `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    rows: [['alembic_version'], ['django_migrations'], ['knex_migrations'], ['schema_migrations'], ['t']],
  },
  {
    title: 'everything that is wrong is given in one list',
    sql: `CREATE TABLE wide (${wide(2000)}); CREATE TABLE sys (ctid INT, xmin INT); CREATE TABLE n (a TEXT PRIMARY KEY, b INT CHECK (random() > b)); INSERT INTO n VALUES (NULL, NULL);
      CREATE TABLE lost (a INT REFERENCES nobody, b TEXT DEFAULT (upper(datetime('now', 'start of month')))); CREATE INDEX odd ON n (round(b)); CREATE TABLE u (a INT, b TEXT); CREATE TABLE k (x TEXT REFERENCES u (a));`,
    findings: [
      'error plan.too_many_columns wide',
      'error plan.name sys.ctid',
      'error plan.name sys.xmin',
      'warning plan.null_in_key n.a',
      'error plan.check_untranslated n',
      'error plan.default_untranslated lost.b',
      'warning plan.index_untranslated n',
      'warning plan.broken_foreign_key lost.a',
      'warning plan.broken_foreign_key k.x',
    ],
  },
];

for (const { title, sql, waive = [], search = {}, findings = [], check, rows, refused = [] } of hazards) {
  test(`${title}: ${findings.some((line) => line.startsWith('error')) ? 'refused with every reason' : 'migrated and verified'}`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const sourcePath = makeSqlite(folder, sql);
        const options = {
          sourcePath,
          targetUrl: url,
          fromSource: true,
          backupFolder: folder,
          waive,
          search,
          workers: 1,
        };
        const isRefused = findings.some((line) => line.startsWith('error'));
        const found = await (isRefused ? refusal(options) : migrateAndVerify(options));
        assert.deepEqual(found, findings);
        if (check !== undefined) assert.deepEqual(await rowsOf(client, check), rows);
        for (const statement of refused) await assert.rejects(client.query(statement), statement);
      }),
    );
  });
}

type Options = Parameters<typeof migrate>[0];

async function migrateAndVerify(options: Options): Promise<string[]> {
  const { ok, findings } = await migrate(options);
  assert.equal(ok, true);
  assert.equal((await verify(comparing(options))).ok, true);
  return tell(findings);
}

async function refusal(options: Options): Promise<string[]> {
  try {
    await migrate(options);
  } catch (error) {
    assert.ok(error instanceof CopierError, String(error));
    assert.equal(error.code, 'plan.refused');
    return tell(error.findings);
  }
  assert.fail('it was not refused');
}

function tell(findings: CopierError['findings']): string[] {
  return findings
    .filter(({ severity }) => severity !== 'note')
    .map(
      ({ severity, code, table, column }) =>
        `${severity} ${code} ${[table, column].filter((name) => name !== null).join('.')}`,
    );
}

async function rowsOf(client: pg.Client, text: string): Promise<unknown[][]> {
  return (await client.query({ text, rowMode: 'array' })).rows;
}
