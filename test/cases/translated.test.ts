import { type Case, testCases, typesSql } from './cases.js';

/** Makes an index or table whose SQL names a collation that only an application has. */
const withCollation = (sql: string) =>
  `${sql} PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'icu_root');`;

const django = `CREATE TABLE django_migrations (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app varchar(255) NOT NULL);
  INSERT INTO django_migrations VALUES (1, 'shop');`;

const cases: readonly Case[] = [
  {
    name: 'rows that only the types of a translated schema hold for equal are refused before the copy',
    source: `CREATE TABLE doc (id UUID PRIMARY KEY, n INT);
      INSERT INTO doc VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 1), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 2);
      CREATE TABLE seen (id INTEGER PRIMARY KEY, at DATETIME UNIQUE);
      INSERT INTO seen VALUES (1, '2024-02-29 10:00:00Z'), (2, '2024-02-29T11:00:00+01:00'), (3, NULL), (4, NULL);`,
    steps: [
      {
        exit: 20,
        codes: ['data.duplicate_key'],
        says: ['unique key (id)', 'unique key (at)', 'id=2 as id=1', '"type":"text"'],
      },
      {
        args: ['--reset-schema', '--yes'],
        config: {
          tableRules: {
            doc: { columns: { id: { type: 'text' } } },
            seen: { policies: { duplicate_key: 'quarantine' } },
          },
        },
        look: [
          ['SELECT count(*), count(DISTINCT id) FROM doc', '(2,2)'],
          ['SELECT count(*), count(at) FROM seen', '(3,1)'],
        ],
      },
    ],
  },
  {
    name: 'a table that only its application can read is refused by its name, and left out by it',
    source:
      withCollation(`CREATE TABLE items (id INTEGER PRIMARY KEY, title text); CREATE INDEX idx_title ON items (title COLLATE NOCASE);
      CREATE TABLE names (n TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID; INSERT INTO names VALUES ('b'); INSERT INTO items VALUES (1, 'x');`),
    steps: [
      { exit: 20, codes: ['source.needs_application'], says: ['table names', 'icu_root', '--exclude names'] },
      { args: ['--exclude', 'names'], codes: ['plan.index_untranslated'], look: [['SELECT * FROM items', '(1,x)']] },
    ],
  },
  {
    name: 'an index by a collation of the application does not keep the rows back',
    source: withCollation(
      `CREATE TABLE m (id INTEGER PRIMARY KEY, title varchar(255)); CREATE INDEX idx_title ON m (title COLLATE NOCASE); INSERT INTO m VALUES (1, 'Apfel'), (2, 'b');`,
    ),
    steps: [
      {
        codes: ['plan.index_untranslated'],
        says: ['idx_title', 'icu_root'],
        look: [
          ['SELECT * FROM m ORDER BY id', '(1,Apfel) (2,b)'],
          [`SELECT count(*) FROM pg_indexes WHERE tablename = 'm'`, '(1)'],
        ],
      },
    ],
  },
  {
    name: 'texts in double quotes are texts in defaults, CHECKs and partial indexes',
    source: `CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','done')), n INT);
      CREATE UNIQUE INDEX one_open ON job (n) WHERE state = 'open' AND n > 0; INSERT INTO job (n) VALUES (1), (2); PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(replace(sql, '''open''', '"open"'), '''done''', '"done"') WHERE name = 'job';`,
    steps: [
      {
        look: [
          ['SELECT state, n FROM job ORDER BY n', '(open,1) (open,2)'],
          [
            `SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = 'job'::regclass AND indpred IS NOT NULL`,
            `("((state = 'open'::text) AND (n > 0))")`,
          ],
          [
            `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'job'::regclass AND contype = 'c'`,
            `("CHECK ((state = ANY (ARRAY['open'::text, 'done'::text])))")`,
          ],
        ],
      },
    ],
  },
  {
    name: 'a database of Django stops before it is translated, and is translated where it is asked for',
    source: `${django} CREATE TABLE snap (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, data text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)),
        n integer unsigned NOT NULL CHECK ("n" >= 0), slug varchar(50) NOT NULL, ok bool NOT NULL, u char(32) NOT NULL);
      CREATE UNIQUE INDEX uq ON snap (slug, n) WHERE ok;
      INSERT INTO snap VALUES (1, '{"a": [1, 2]}', 3, 's', 1, '0f8fad5bd9cb469fa16570867728950e');`,
    steps: [
      { exit: 20, codes: ['plan.framework'], says: ['manage.py migrate', '--truncate-target', '--from-source'] },
      {
        args: ['--from-source'],
        none: ['plan.check_untranslated', 'plan.index_untranslated'],
        look: [
          [
            typesSql('snap'),
            '(id,bigint) (data,jsonb) (n,bigint) (slug,"character varying(50)") (ok,boolean) (u,uuid)',
          ],
          [`SELECT data -> 'a' ->> 1, n, ok FROM snap`, '(2,3,t)'],
          [
            `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'snap'::regclass AND contype = 'c'`,
            '("CHECK ((n >= 0))")',
          ],
          ['SELECT app FROM django_migrations', '(shop)'],
        ],
      },
    ],
  },
  {
    name: 'one rule by declared type gives all keys and what refers to them the integer of the application',
    source: `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, s SMALLINT); CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id));
      INSERT INTO a VALUES (1, 5, 1); INSERT INTO b VALUES (1, 1);`,
    steps: [
      {
        config: { declared: { INTEGER: 'integer', SMALLINT: 'smallint' } },
        look: [
          [typesSql('a'), '(id,integer) (n,integer) (s,smallint)'],
          [typesSql('b'), '(id,integer) (a_id,integer)'],
          [`SELECT nextval(pg_get_serial_sequence('a', 'id'))`, '(2)'],
        ],
      },
    ],
  },
  {
    name: 'what only an FTS table holds is refused, and left out by its name',
    source: `CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);
      CREATE VIRTUAL TABLE email USING fts5(sender, title); INSERT INTO email VALUES ('ann', 'the only copy');`,
    steps: [
      { exit: 20, codes: ['plan.virtual_rows'], says: ['{"virtualTables":{"email":"table"}}', 'virtual:email'] },
      { args: ['--waive', 'virtual:email'], look: [['SELECT * FROM t', '(1)']] },
    ],
  },
  {
    name: 'what only an FTS table holds is carried by a pattern of its name',
    source: `CREATE VIRTUAL TABLE email USING fts5(sender, title); INSERT INTO email VALUES ('ann', 'the only copy');`,
    steps: [
      { exit: 20, codes: ['plan.virtual_rows'], none: ['plan.no_tables'] },
      {
        config: { virtualTables: { 'e*': 'table' } },
        look: [
          ['SELECT * FROM email', '(1,ann,"the only copy")'],
          [typesSql('email'), '(rowid,bigint) (sender,text) (title,text)'],
        ],
      },
    ],
  },
  {
    name: 'an FTS index that is behind its table is no damage of the file',
    source: `CREATE TABLE f (id INTEGER PRIMARY KEY, title TEXT); CREATE VIRTUAL TABLE f_fts USING fts4(content="f", title); INSERT INTO f VALUES (1, 'one'), (2, 'two');`,
    steps: [{ look: [['SELECT * FROM f ORDER BY id', '(1,one) (2,two)']] }],
  },
  {
    name: 'NULLs in a PRIMARY KEY make it UNIQUE, with a warning',
    source: `CREATE TABLE usage (auth TEXT, code TEXT, what TEXT, PRIMARY KEY (auth, code)); INSERT INTO usage VALUES (NULL, NULL, 'a'), (NULL, NULL, 'b'), ('EPSG', '1', 'c');`,
    steps: [
      {
        codes: ['plan.null_in_key'],
        look: [
          ['SELECT what FROM usage ORDER BY what', '(a) (b) (c)'],
          [`SELECT contype FROM pg_constraint WHERE conrelid = 'usage'::regclass AND contype IN ('p', 'u')`, '(u)'],
        ],
      },
    ],
  },
  {
    name: 'TINYINT(1), and integers that are false by default, are boolean where they hold 0 and 1',
    source: `CREATE TABLE item (id integer primary key, a TINYINT(1) NOT NULL DEFAULT 0, b integer DEFAULT false NOT NULL, c boolean NOT NULL, d TINYINT(1));
      INSERT INTO item VALUES (1, 0, 0, 0, 0), (2, 1, 1, 1, 2);`,
    steps: [
      {
        codes: ['plan.inferred_type'],
        look: [
          [typesSql('item'), '(id,bigint) (a,boolean) (b,boolean) (c,boolean) (d,bigint)'],
          ['SELECT a, b, c, d FROM item ORDER BY id', '(f,f,f,0) (t,t,t,2)'],
        ],
      },
    ],
  },
  {
    name: 'names of constraints are kept, and varchar stays varchar',
    source: `CREATE TABLE cat (id integer primary key);
      CREATE TABLE item (id integer NOT NULL, name varchar NOT NULL, cat_id integer, CONSTRAINT pk_item PRIMARY KEY (id), CONSTRAINT uq_item_name UNIQUE (name),
        CONSTRAINT fk_rails_89fb86dc8b FOREIGN KEY (cat_id) REFERENCES cat (id), CONSTRAINT ck_name CHECK (name <> ''));
      INSERT INTO cat VALUES (1); INSERT INTO item VALUES (1, 'x', 1);`,
    steps: [
      {
        look: [
          [
            `SELECT conname, contype FROM pg_constraint WHERE conrelid = 'item'::regclass AND contype <> 'n' ORDER BY 1`,
            '(ck_name,c) (fk_rails_89fb86dc8b,f) (pk_item,p) (uq_item_name,u)',
          ],
          [typesSql('item'), '(id,bigint) (name,"character varying") (cat_id,bigint)'],
        ],
      },
    ],
  },
  {
    name: 'UUIDs in char(32) and char(36) become uuid, and one that is none keeps its column as it is',
    source: `CREATE TABLE item (id char(32) NOT NULL PRIMARY KEY, k char(36), o char(36));
      INSERT INTO item VALUES ('922766581e27a1c08a6a63ec24ede6a4', '00001eef-1a2b-4c3d-8e4f-000000019919', 'none');`,
    steps: [
      { codes: ['plan.inferred_type'], look: [[typesSql('item'), '(id,uuid) (k,uuid) (o,"character varying(36)")']] },
    ],
  },
  {
    name: 'folders of migrations are run in their order',
    source: `CREATE TABLE "Item" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "status" TEXT NOT NULL DEFAULT 'DRAFT'); INSERT INTO "Item" VALUES (1, 'DRAFT');`,
    sql: {
      '20240101000000_init/migration.sql': `CREATE TYPE "Status" AS ENUM ('DRAFT'); CREATE TABLE "Item" ("id" SERIAL PRIMARY KEY);`,
      '20240201000000_more/migration.sql': `ALTER TABLE "Item" ADD COLUMN "status" "Status" NOT NULL DEFAULT 'DRAFT';`,
    },
    steps: [
      {
        look: [
          [typesSql('Item'), '(id,integer) (status,"""Status""")'],
          ['SELECT * FROM "Item"', '(1,DRAFT)'],
        ],
      },
    ],
  },
];

testCases(cases);
