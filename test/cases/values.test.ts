import { type Case, testCases, typesSql } from './cases.js';

const policy = (table: string, column: string, policies: object) => ({
  tableRules: { [table]: { columns: { [column]: { policies } } } },
});

const cases: readonly Case[] = [
  {
    name: 'a NUL in JSON that json takes is warned of, and stripped by the rule',
    source: `CREATE TABLE chat (id TEXT PRIMARY KEY, chat JSON);
      INSERT INTO chat VALUES ('c1', '{"m":"early \\u0000 byte"}'), ('c2', '{"m":"fine"}');`,
    target: 'CREATE TABLE chat (id text PRIMARY KEY, chat json)',
    steps: [
      { codes: ['data.json_nul'], look: [[`SELECT chat ->> 'm' FROM chat WHERE id = 'c2'`, '(fine)']] },
      {
        args: ['--fresh'],
        config: { policies: { json_nul: { convert: 'strip' } } },
        look: [[`SELECT chat ->> 'm' FROM chat WHERE id = 'c1'`, '("early  byte")']],
      },
    ],
  },
  {
    name: "'' in columns of integers is refused by key; default and null bring the rows in",
    source: `CREATE TABLE filecache (fileid INTEGER PRIMARY KEY, mtime INTEGER NOT NULL DEFAULT 0, gain INT);
      INSERT INTO filecache VALUES (2925, '', ''), (2926, 1466000000, 5);`,
    target: 'CREATE TABLE filecache (fileid bigserial PRIMARY KEY, mtime bigint NOT NULL DEFAULT 0, gain int)',
    steps: [
      { exit: 20, codes: ['data.not_an_integer'], says: ['fileid=2925', '"convert":"default"', '"convert":"null"'] },
      { exit: 20, config: { policies: { not_an_integer: { convert: 'null' } } }, says: ['takes no NULL'] },
      {
        config: {
          policies: { not_an_integer: { convert: 'default' } },
          ...policy('filecache', 'gain', { not_an_integer: { convert: 'null' } }),
        },
        look: [['SELECT * FROM filecache ORDER BY fileid', '(2925,0,) (2926,1466000000,5)']],
      },
    ],
  },
  {
    name: 'texts with backslashes go into bytea as their very bytes',
    source: `CREATE TABLE cards (id INTEGER PRIMARY KEY, carddata BLOB);
      INSERT INTO cards VALUES (1, 'Do\\;e\\,Joe;\\x41;ü'), (2, x'deadbeef'), (3, '-----BEGIN KEY-----');`,
    target: 'CREATE TABLE cards (id serial PRIMARY KEY, carddata bytea)',
    steps: [
      { exit: 20, codes: ['data.text_in_blob'], says: ['id=1', '"convert":"utf8"'] },
      {
        config: policy('cards', 'carddata', { text_in_blob: { convert: 'utf8' } }),
        look: [
          [`SELECT convert_from(carddata, 'UTF8') = 'Do\\;e\\,Joe;\\x41;ü' FROM cards WHERE id = 1`, '(t)'],
          [`SELECT encode(carddata, 'hex') FROM cards WHERE id = 2`, '(deadbeef)'],
        ],
      },
    ],
  },
  {
    name: 'a decimal beyond its declaration is exact from nothing, and refused where the target has less room',
    source: `CREATE TABLE items (title varchar(20), price decimal(5,2)); INSERT INTO items VALUES ('a', 1230.99), ('b', 0.54), ('c', '7'), ('d', 1e2);`,
    steps: [
      {
        codes: ['plan.decimal'],
        look: [['SELECT price FROM items ORDER BY title', '(1230.99) (0.54) (7) (100)']],
      },
      {
        before:
          'DROP SCHEMA pgferry CASCADE; DROP TABLE items; CREATE TABLE items (title varchar(20), price numeric(5,2))',
        exit: 20,
        codes: ['data.numeric_overflow'],
        says: ['rowid=1'],
      },
    ],
  },
  {
    name: 'rows of a table without a key are named by their rowid',
    source: `CREATE TABLE items (price decimal(5,2), at DATETIME, n INT); INSERT INTO items VALUES (1230.99, 'yesterday', 'x'), (1.5, '2020-01-01', '');`,
    target: 'CREATE TABLE items (price numeric(5,2), at timestamp, n int)',
    steps: [
      {
        exit: 20,
        codes: ['data.numeric_overflow', 'data.not_a_timestamp', 'data.not_an_integer'],
        says: ['rowid=1', 'rowid=2'],
        look: [['SELECT * FROM items', '']],
      },
    ],
  },
  {
    name: 'JSON in a blob is read as UTF-8 by the rule',
    source: `CREATE TABLE profile (id INTEGER PRIMARY KEY, markings jsonb);
      INSERT INTO profile VALUES (1, CAST('["Frills"]' AS BLOB)), (2, '["plain"]'), (3, NULL);`,
    target: 'CREATE TABLE profile (id serial PRIMARY KEY, markings jsonb)',
    steps: [
      { exit: 20, codes: ['data.blob_in_text'], says: ['id=1'] },
      {
        config: policy('profile', 'markings', { blob_in_text: { convert: 'utf8' } }),
        look: [[`SELECT markings ->> 0 FROM profile ORDER BY id`, '(Frills) (plain) ()']],
      },
    ],
  },
  {
    name: 'what is no JSON is refused by key; null and the default bring the rows in',
    source: `CREATE TABLE tx (id INTEGER PRIMARY KEY, boost TEXT, fields JSON NOT NULL DEFAULT '{}');
      INSERT INTO tx VALUES (1, '{"a":"x"}', '{}'), (2, '{"podcast":"tr', '{}'), (3, '{"v":NaN}', ''), (4, '{"v":"\\x"}', '{"b":2}');`,
    target: `CREATE TABLE tx (id serial PRIMARY KEY, boost jsonb, fields json NOT NULL DEFAULT '{}')`,
    steps: [
      { exit: 20, codes: ['data.not_json'], says: ['id=2', 'id=3', 'id=4'] },
      {
        config: {
          policies: { not_json: { convert: 'null' } },
          ...policy('tx', 'fields', { not_json: { convert: 'default' } }),
        },
        look: [[`SELECT id, boost ->> 'a', fields ->> 'b' FROM tx ORDER BY id`, '(1,x,) (2,,) (3,,) (4,,2)']],
      },
    ],
  },
  {
    name: 'a uuid in another case is no orphan, and the zero uuid is named and detached by the policy',
    source: `CREATE TABLE items (id TEXT NOT NULL PRIMARY KEY, parent TEXT NULL REFERENCES items (id));
      INSERT INTO items VALUES ('0F8FAD5B-D9CB-469F-A165-70867728950E', NULL), ('7C9E6679-7425-40DE-944B-E07FC1F90AE7', '0f8fad5b-d9cb-469f-a165-70867728950e'),
        ('8C9E6679-7425-40DE-944B-E07FC1F90AE7', '00000000-0000-0000-0000-000000000000');`,
    target: 'CREATE TABLE items (id uuid NOT NULL PRIMARY KEY, parent uuid NULL REFERENCES items (id))',
    steps: [
      { exit: 20, codes: ['plan.orphans'], says: ['8C9E6679'], saysNot: ['7C9E6679'] },
      {
        config: { policies: { orphan: { convert: 'set-null' } } },
        look: [['SELECT count(*), count(parent) FROM items', '(3,1)']],
      },
    ],
  },
  {
    name: 'comma lists become arrays by the rule, JSON arrays and array literals without it',
    source: `CREATE TABLE post (id INTEGER PRIMARY KEY, nums TEXT, tags TEXT, j TEXT);
      INSERT INTO post VALUES (1, '1,2,10', 'a,b c', '["x","y,z"]'), (2, '7', '', '[]'), (3, NULL, NULL, '{}');`,
    target: 'CREATE TABLE post (id serial PRIMARY KEY, nums integer[], tags text[], j text[])',
    steps: [
      { exit: 20, codes: ['data.not_an_array'], says: ['id=1', '"convert":"split"'] },
      {
        config: { policies: { not_an_array: { convert: 'split' } } },
        look: [
          ['SELECT nums[3], tags[2], cardinality(tags), j[2] FROM post ORDER BY id', '(10,"b c",2,"y,z") (,,0,) (,,,)'],
        ],
      },
    ],
  },
  {
    name: "boolean columns of 't' and 'f', 'true' and 'false' or both with numbers are boolean, with their defaults and indexes",
    source: `CREATE TABLE members (id INTEGER PRIMARY KEY, mail boolean DEFAULT 'f', is_active bool NOT NULL DEFAULT 't', mix boolean, CHECK (mail IN ('t', 'f')));
      CREATE INDEX ix_mail ON members (mail) WHERE is_active = 't'; CREATE UNIQUE INDEX ux_off ON members (id) WHERE mail <> 't';
      INSERT INTO members VALUES (1, 't', 't', 1), (2, 'f', 'f', 't'), (3, 'f', 't', 'false');`,
    steps: [
      {
        none: ['plan.index_untranslated', 'plan.check_untranslated'],
        look: [
          ['SELECT * FROM members ORDER BY id', '(1,t,t,t) (2,f,f,t) (3,f,t,f)'],
          [
            `SELECT split_part(indexdef, 'USING', 2) FROM pg_indexes WHERE indexname IN ('ix_mail', 'ux_off') ORDER BY indexname`,
            '(" btree (mail) WHERE (is_active = true)") (" btree (id) WHERE (mail <> true)")',
          ],
        ],
      },
    ],
  },
  {
    name: "a condition on 't' over a column that holds more than such letters is not taken for its truth",
    source: `CREATE TABLE m (id INTEGER PRIMARY KEY, b boolean); CREATE INDEX ix ON m (id) WHERE b = 't'; INSERT INTO m VALUES (1, 't'), (2, 1);`,
    steps: [{ codes: ['plan.index_untranslated'], look: [['SELECT * FROM m ORDER BY id', '(1,t) (2,t)']] }],
  },
  {
    name: 'a declared type that is given up is told, with the first key and the ways to keep it',
    source: `CREATE TABLE g (id INTEGER PRIMARY KEY, j JSON, u UUID, b BOOLEAN, d DATE, t TIME, ts DATETIME);
      INSERT INTO g VALUES (1, '{}', '0f8fad5b-d9cb-469f-a165-70867728950e', 1, '2020-01-01', '10:00', '2020-01-01 10:00:00'),
        (2, '', '0f8fad5bd9cb469fa16570867728950e', 2, '', '', '');`,
    steps: [
      {
        args: ['--all'],
        codes: ['plan.declared_type'],
        says: [
          'JSON becomes text',
          'BOOLEAN becomes bigint',
          'DATE becomes text',
          'TIME becomes text',
          'DATETIME becomes text',
          'id=2',
        ],
        look: [[typesSql('g'), '(id,bigint) (j,text) (u,uuid) (b,bigint) (d,text) (t,text) (ts,text)']],
      },
    ],
  },
  {
    name: 'invalid UTF-8 is refused by key and byte, and goes into quarantine by the policy',
    source: `CREATE TABLE filecache (fileid INTEGER PRIMARY KEY, path VARCHAR(4000));
      INSERT INTO filecache VALUES (20908, CAST(x'4d7573696bb474' AS TEXT)), (20909, 'Musik/ü');`,
    steps: [
      { exit: 20, codes: ['data.invalid_utf8'], says: ['fileid=20908', 'byte 5', '"invalid_utf8":"quarantine"'] },
      {
        args: ['--fresh'],
        config: { policies: { invalid_utf8: 'quarantine' } },
        look: [['SELECT * FROM filecache', '(20909,Musik/ü)']],
      },
    ],
  },
  {
    name: 'float4 takes decimals that it prints as they were',
    source:
      'CREATE TABLE posts (id integer PRIMARY KEY, price float); INSERT INTO posts VALUES (1, 1.1), (2, 73.9), (3, 0.1);',
    target: 'CREATE TABLE posts (id serial PRIMARY KEY, price real)',
    steps: [{ look: [['SELECT price FROM posts ORDER BY id', '(1.1) (73.9) (0.1)']] }],
  },
  {
    name: 'a text that a program bound to a blob column is its bytes by the rule, beside bytes that are no text',
    source: `CREATE TABLE items (id integer primary key, raw blob); INSERT INTO items VALUES (1, 'abc'), (2, x'00ff80');`,
    target: 'CREATE TABLE items (id bigserial primary key, raw bytea)',
    steps: [
      { exit: 20, codes: ['data.text_in_blob'] },
      {
        config: policy('items', 'raw', { text_in_blob: { convert: 'utf8' } }),
        look: [[`SELECT encode(raw, 'hex') FROM items ORDER BY id`, '(616263) (00ff80)']],
      },
    ],
  },
  {
    name: 'texts beside blobs from nothing are refused, and one line settles all such columns',
    source: `CREATE TABLE m (id INTEGER PRIMARY KEY, a, b BLOB); INSERT INTO m VALUES (1, 'x', x'00ff'), (2, x'01', 'txt');`,
    steps: [
      { exit: 20, codes: ['plan.mixed_types', 'plan.one_line'], says: ['"type":"bytea"', '"type":"text"'] },
      {
        config: {
          columns: { '*': {} },
          tableRules: {
            m: {
              columns: Object.fromEntries(
                ['a', 'b'].map((name) => [name, { type: 'bytea', policies: { text_in_blob: { convert: 'utf8' } } }]),
              ),
            },
          },
        },
        look: [[`SELECT encode(a, 'hex'), encode(b, 'hex') FROM m ORDER BY id`, '(78,00ff) (01,747874)']],
      },
    ],
  },
  {
    name: 'decimals are rounded half up or half to even, as the rule says',
    source:
      'CREATE TABLE item (id integer primary key, price decimal); INSERT INTO item VALUES (1, 1.05*1.1/3), (2, 0.125);',
    target: 'CREATE TABLE item (id bigint primary key, price numeric(10,2))',
    steps: [
      {
        config: policy('item', 'price', { inexact: { convert: 'round' } }),
        look: [['SELECT price FROM item ORDER BY id', '(0.39) (0.13)']],
      },
      {
        args: ['--fresh'],
        config: policy('item', 'price', { inexact: { convert: 'round-half-even' } }),
        look: [['SELECT price FROM item ORDER BY id', '(0.38) (0.12)']],
      },
    ],
  },
  {
    name: 'texts that char(n) pads are told',
    source: `CREATE TABLE item (id integer primary key, ch char(5)); INSERT INTO item VALUES (1, 'ab');`,
    target: 'CREATE TABLE item (id integer primary key, ch char(5))',
    steps: [{ codes: ['plan.char_padding'], look: [[`SELECT format('[%s]', ch) FROM item`, '("[ab   ]")']] }],
  },
];

testCases(cases);
