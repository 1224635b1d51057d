import { type Case, testCases, typesSql } from './cases.js';

const unit = (table: string, column: string, name: string) => ({
  tableRules: { [table]: { columns: { [column]: { unit: name } } } },
});

const pattern = (columns: Readonly<Record<string, string>>) => ({
  tableRules: {
    bill: { columns: Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, { pattern: text }])) },
  },
});

const forms = [
  ['2024-12-09 15:29:55.620 +00:00', '2024-12-09 15:29:55.62'],
  ['2024-12-09 15:29:55 +0200', '2024-12-09 13:29:55'],
  ['2024-12-09T15:29:55 +0000', '2024-12-09 15:29:55'],
  ['2024-12-09 15:29:55 UTC', '2024-12-09 15:29:55'],
  ['2024-12-09 15:29:55 Z', '2024-12-09 15:29:55'],
  ['2024-12-09 15:29:55.5 +0000 UTC', '2024-12-09 15:29:55.5'],
  ['2024-12-09 15:29:55 -0700 PDT', '2024-12-09 22:29:55'],
  ['Mon, 09 Dec 2024 15:29:55 GMT', '2024-12-09 15:29:55'],
  ['Mon Dec 09 2024 15:29:55 GMT+0000 (Coordinated Universal Time)', '2024-12-09 15:29:55'],
  ['Mon Dec  9 15:29:55 2024', '2024-12-09 15:29:55'],
  ['2024/12/09 15:29:55', '2024-12-09 15:29:55'],
  ['20241209T152955Z', '2024-12-09 15:29:55'],
  ['20241209152955', '2024-12-09 15:29:55'],
  ['2024-12-09t15:29:55z', '2024-12-09 15:29:55'],
  ['2024-12-09 3:29:55', '2024-12-09 03:29:55'],
  ['2024-12-9 15:29:55', '2024-12-09 15:29:55'],
  [' 2024-12-09 15:29:55', '2024-12-09 15:29:55'],
  ['2024-12-09 15:29:55\n', '2024-12-09 15:29:55'],
  ['2024-12-09 15:29:55,620', '2024-12-09 15:29:55.62'],
  ['2024-12-09 15:29:55+02', '2024-12-09 13:29:55'],
  ['2024-12-09T15:29:55.6200000Z', '2024-12-09 15:29:55.62'],
  ['2024-12-09 15:29:55.620000000+00:00', '2024-12-09 15:29:55.62'],
  ['2024-12-09 15:29', '2024-12-09 15:29:00'],
  ['2024-12-09', '2024-12-09 00:00:00'],
  ['0001-01-01 00:00:00+00:00', '0001-01-01 00:00:00'],
  ['1900-01-01 00:00:00+00:19:32', '1899-12-31 23:40:28'],
  ['-0044-03-15 00:00:00', '0045-03-15 00:00:00 BC'],
  ['2024-12-09T24:00:00Z', '2024-12-10 00:00:00'],
  ['2016-12-31T23:59:60Z', '2017-01-01 00:00:00'],
] as const;
const noForms = ['0000-00-00 00:00:00', '12/09/2024', '1733758195', '1733758195620'];

const cases: readonly Case[] = [
  {
    name: 'the default of Sequelize is the present moment in UTC, and its texts are read',
    source: `CREATE TABLE role (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT,
        "createdAt" DATETIME NOT NULL DEFAULT (STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')));
      INSERT INTO role VALUES (7, 'guest', '2024-12-09 15:29:55.620 +00:00');`,
    steps: [
      { look: [['SELECT * FROM role', '(7,guest,"2024-12-09 15:29:55.62")']] },
      {
        before: `INSERT INTO role (name) VALUES ('n')`,
        args: ['--truncate-target'],
        look: [['SELECT count(*) FROM role', '(1)']],
      },
    ],
  },
  {
    name: 'a default of the present moment writes what the clocks of UTC show, whatever the session says',
    source: `CREATE TABLE role (id INTEGER PRIMARY KEY, at DATETIME NOT NULL DEFAULT (STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')));
      INSERT INTO role VALUES (1, '2024-12-09 15:29:55.620');`,
    steps: [
      {
        look: [
          [
            `SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'role'::regclass`,
            `("(CURRENT_TIMESTAMP AT TIME ZONE 'UTC'::text)")`,
          ],
        ],
      },
    ],
  },
  {
    name: 'every form of a time that is unambiguous is read, and the others are refused',
    source: `CREATE TABLE f (id INTEGER PRIMARY KEY, t TEXT);
      ${[...forms.map(([text]) => text), ...noForms].map((text, at) => `INSERT INTO f VALUES (${at}, '${text}');`).join('')}`,
    target: 'CREATE TABLE f (id int PRIMARY KEY, t timestamptz)',
    steps: [
      { exit: 20, codes: ['data.not_a_timestamp'], says: noForms.slice(0, 2) },
      {
        config: { policies: { not_a_timestamp: 'quarantine' } },
        codes: ['data.quarantined', 'plan.zone'],
        look: [
          [
            `SELECT string_agg((t AT TIME ZONE 'UTC')::text, ',' ORDER BY id) FROM f`,
            `("${forms.map(([, moment]) => moment).join(',')}")`,
          ],
        ],
      },
    ],
  },
  {
    name: 'texts whose form is ambiguous are refused with the patterns that read all of them, and read by the one that is named',
    source: `CREATE TABLE bill (id INTEGER PRIMARY KEY, paid DATE, due DATE, at DATETIME, opens TIME, turned DATE);
      INSERT INTO bill VALUES (1, '31.12.2024', '01/02/2024', '12/31/2024, 11:59:59 PM', '8:05 PM', '2024-05-06'),
        (2, '1.2.2024', '11/12/2024', '1/2/2024, 12:00:00 AM', '12:00 AM', '2024-31-12'), (3, '2024-05-06', NULL, NULL, NULL, NULL);`,
    target: 'CREATE TABLE bill (id int PRIMARY KEY, paid date, due date, at timestamptz, opens time, turned date)',
    steps: [
      {
        exit: 20,
        codes: ['data.not_a_date', 'data.not_a_time', 'data.not_a_timestamp'],
        says: ['{"pattern":"DD/MM/YYYY"}', '{"pattern":"MM/DD/YYYY"}', '{"pattern":"HH12:MI AM"}'],
      },
      {
        exit: 20,
        config: pattern({ paid: 'DD.MM.YYYY HH24', due: 'HH24:MI' }),
        says: ['is not understood', 'does not say what date holds'],
      },
      {
        config: pattern({
          paid: 'DD.MM.YYYY',
          due: 'MM/DD/YYYY',
          at: 'MM/DD/YYYY, HH12:MI:SS AM',
          opens: 'HH12:MI AM',
          turned: 'YYYY-DD-MM',
        }),
        look: [
          [
            `SELECT paid, due, at AT TIME ZONE 'UTC', opens, turned FROM bill ORDER BY id`,
            '(2024-12-31,2024-01-02,"2024-12-31 23:59:59",20:05:00,2024-06-05) (2024-02-01,2024-11-12,"2024-01-02 00:00:00",00:00:00,2024-12-31) (2024-05-06,,,,)',
          ],
        ],
      },
    ],
  },
  {
    name: 'file times of Windows and days of OLE are refused until somebody names them',
    source: `CREATE TABLE f (id INTEGER PRIMARY KEY, at DATETIME, seen DATETIME);
      INSERT INTO f VALUES (1, 133534656000000000, 45350.75), (2, 133534657000000000, 45351.25);`,
    target: 'CREATE TABLE f (id int PRIMARY KEY, at timestamp, seen timestamp)',
    steps: [
      { exit: 20, codes: ['plan.time_unit'], says: ['{"unit":"filetime"}', '{"unit":"ns"}', '{"unit":"ole"}'] },
      {
        config: { tableRules: { f: { columns: { at: { unit: 'filetime' }, seen: { unit: 'ole' } } } } },
        look: [
          [
            'SELECT at, seen FROM f ORDER BY id',
            '("2024-02-27 00:00:00","2024-02-28 18:00:00") ("2024-02-27 00:01:40","2024-02-29 06:00:00")',
          ],
        ],
      },
    ],
  },
  {
    name: 'more fraction digits than the target keeps are refused, or rounded by the rule that is named',
    source: `CREATE TABLE f (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO f VALUES (1, '2024-12-09T15:29:55.1234567Z');`,
    target: 'CREATE TABLE f (id int PRIMARY KEY, t timestamptz)',
    steps: [
      { exit: 20, codes: ['data.precision_loss'] },
      {
        config: { policies: { precision_loss: { convert: 'round' } } },
        look: [[`SELECT t AT TIME ZONE 'UTC' FROM f`, '("2024-12-09 15:29:55.123457")']],
      },
    ],
  },
  {
    name: 'days since 1970 are refused, with the line that says so',
    source:
      'CREATE TABLE t1 (mydate DATE, id INTEGER PRIMARY KEY); INSERT INTO t1 VALUES (15403, 1), (-268693, 2), (19723, 3);',
    target: 'CREATE TABLE t1 (mydate date, id int PRIMARY KEY)',
    steps: [
      { exit: 20, codes: ['plan.time_unit'], none: ['data.not_a_date'], says: ['"unit":"days"'] },
      {
        config: unit('t1', 'mydate', 'days'),
        look: [['SELECT mydate FROM t1 ORDER BY id', '(2012-03-04) (1234-05-06) (2024-01-01)']],
      },
    ],
  },
  {
    name: 'calendar digits are never read as a time since 1970, nor is that proposed',
    source: `CREATE TABLE points (id INTEGER PRIMARY KEY, gps_time INTEGER, at TIMESTAMP, minute DATETIME);
      INSERT INTO points VALUES (1, 180303235924, 180303235924, 202301041530), (2, 180304000001, 180304000001, 202301042359);`,
    steps: [
      {
        codes: ['plan.time_unit'],
        none: ['plan.one_line'],
        says: ['"unit":"YYMMDDHHMMSS"', '"unit":"YYYYMMDDHHMM"'],
        saysNot: ['"unit":"ms"'],
        look: [[typesSql('points'), '(id,bigint) (gps_time,bigint) (at,bigint) (minute,bigint)']],
      },
      {
        before: 'DROP TABLE points',
        args: ['--fresh'],
        config: { columns: { at: { unit: 'YYMMDDHHMMSS' }, minute: { unit: 'YYYYMMDDHHMM' } } },
        look: [['SELECT at, minute FROM points WHERE id = 1', '("2018-03-03 23:59:24","2023-01-04 15:30:00")']],
      },
    ],
  },
  {
    name: 'seconds since 2001 and .NET ticks are refused until somebody names them',
    source: `CREATE TABLE ZNOTE (Z_PK INTEGER PRIMARY KEY, ZCREATED TIMESTAMP);
      INSERT INTO ZNOTE VALUES (1, 694224000.5), (2, 720000000.25);
      CREATE TABLE Item (Id INTEGER PRIMARY KEY, Created bigint, Chrome bigint);
      INSERT INTO Item VALUES (1, 638081280000000000, 13317091200000000), (2, 638398368000000000, 13348800000000000);`,
    target: `CREATE TABLE "ZNOTE" ("Z_PK" int PRIMARY KEY, "ZCREATED" timestamp);
      CREATE TABLE "Item" ("Id" int PRIMARY KEY, "Created" timestamp, "Chrome" timestamp);`,
    steps: [
      { exit: 20, codes: ['plan.time_unit'], says: ['"unit":"cocoa"', '"unit":"ticks"', '"unit":"webkit"'] },
      {
        config: { columns: { ZCREATED: { unit: 'cocoa' }, Created: { unit: 'ticks' }, Chrome: { unit: 'webkit' } } },
        look: [
          ['SELECT "ZCREATED" FROM "ZNOTE" WHERE "Z_PK" = 1', '("2023-01-01 00:00:00.5")'],
          ['SELECT "Created", "Chrome" FROM "Item" WHERE "Id" = 1', '("2023-01-01 00:00:00","2023-01-02 00:00:00")'],
        ],
      },
    ],
  },
  {
    name: 'a database of Core Data keeps the numbers of its times where nobody names the epoch',
    source: `CREATE TABLE ZNOTE (Z_PK INTEGER PRIMARY KEY, ZCREATIONDATE TIMESTAMP);
      INSERT INTO ZNOTE VALUES (1, 607048951.589268), (2, 635114229.831925);
      CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR(255), Z_PLIST BLOB);
      CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);`,
    steps: [
      {
        codes: ['plan.time_unit'],
        says: ['"unit":"cocoa"'],
        look: [['SELECT * FROM "ZNOTE" WHERE "Z_PK" = 1', '(1,607048951.589268)']],
      },
      {
        before: 'DROP TABLE "ZNOTE", "Z_METADATA", "Z_PRIMARYKEY"',
        args: ['--fresh'],
        config: unit('ZNOTE', 'ZCREATIONDATE', 'cocoa'),
        look: [[`SELECT "ZCREATIONDATE"::date FROM "ZNOTE" WHERE "Z_PK" = 1`, '(2020-03-28)']],
      },
    ],
  },
  {
    name: 'moments in a timestamp without time zone are warned of, and stored by the clocks of a zone that is named',
    source:
      'CREATE TABLE article (id integer PRIMARY KEY, created_at datetime); INSERT INTO article VALUES (1, 1719828000000);',
    target: 'CREATE TABLE article (id serial PRIMARY KEY, created_at timestamp(6))',
    steps: [
      { codes: ['plan.local_clock'], look: [['SELECT created_at FROM article', '("2024-07-01 10:00:00")']] },
      {
        args: ['--target-zone', 'Europe/Berlin'],
        none: ['plan.local_clock'],
        look: [['SELECT created_at FROM article', '("2024-07-01 12:00:00")']],
      },
    ],
  },
  {
    name: 'milliseconds of local midnight become the day of the zone that is named',
    source: 'CREATE TABLE posts (id integer PRIMARY KEY, day date); INSERT INTO posts VALUES (1, 1719784800000);',
    target: 'CREATE TABLE posts (id serial PRIMARY KEY, day date)',
    steps: [
      { exit: 20, codes: ['data.not_a_date'] },
      {
        config: { tableRules: { posts: { columns: { day: { zone: 'Europe/Berlin' } } } } },
        look: [['SELECT day FROM posts', '(2024-07-01)']],
      },
    ],
  },
  {
    name: 'dates before 1971 in milliseconds are dates',
    source:
      'CREATE TABLE authors (id integer PRIMARY KEY, born date); INSERT INTO authors VALUES (1, -629942400000), (2, -390700800000);',
    target: 'CREATE TABLE authors (id integer PRIMARY KEY, born date)',
    steps: [{ look: [['SELECT born FROM authors ORDER BY id', '(1950-01-15) (1957-08-15)']] }],
  },
  {
    name: 'the texts that Go writes of a time are read, with its monotonic tail',
    source: `CREATE TABLE ev (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL);
      INSERT INTO ev VALUES (1, '2021-07-28 16:31:05.464333 +0000 UTC'), (2, '2021-07-28 16:31:05 +0200 CEST'), (3, '2021-07-28 16:31:05.1 +0000 UTC m=+0.012345');`,
    steps: [
      {
        look: [
          [
            'SELECT at FROM ev ORDER BY id',
            '("2021-07-28 16:31:05.464333") ("2021-07-28 14:31:05") ("2021-07-28 16:31:05.1")',
          ],
        ],
      },
    ],
  },
  {
    name: 'the unit is that of the numbers that speak for one, not of the "never" of 9999 or a date before 1971',
    source: `CREATE TABLE sub (id integer primary key, until integer);
      INSERT INTO sub VALUES (1, 1709208000), (2, 1735689600), (3, 1767225600), (4, 0), (5, 253402300799);`,
    target: 'CREATE TABLE sub (id integer primary key, until timestamptz)',
    steps: [
      {
        look: [
          [
            `SELECT until AT TIME ZONE 'UTC' FROM sub WHERE id IN (1, 5) ORDER BY id`,
            '("2024-02-29 12:00:00") ("9999-12-31 23:59:59")',
          ],
        ],
      },
    ],
  },
  {
    name: 'texts without a zone that go into timestamptz are warned of, and --zone names it for all',
    source: `CREATE TABLE shop_item (id integer primary key, at datetime); INSERT INTO shop_item VALUES (1, '2024-02-29 12:00:00');`,
    target: 'CREATE TABLE shop_item (id bigint primary key, at timestamptz)',
    steps: [
      { codes: ['plan.zone'] },
      {
        args: ['--zone', 'Europe/Berlin'],
        none: ['plan.zone'],
        look: [[`SELECT at AT TIME ZONE 'Europe/Berlin' FROM shop_item`, '("2024-02-29 12:00:00")']],
      },
    ],
  },
  {
    name: 'Sequelize writes a space before the offset',
    source: `CREATE TABLE "Tags" (id UUID PRIMARY KEY, "createdAt" DATETIME NOT NULL);
      INSERT INTO "Tags" VALUES ('00001eef-1a2b-4c3d-8e4f-000000019919', '2026-11-27 10:40:44.992 +00:00');`,
    target: 'CREATE TABLE "Tags" (id uuid primary key, "createdAt" timestamptz NOT NULL)',
    steps: [{ look: [[`SELECT "createdAt" AT TIME ZONE 'UTC' FROM "Tags"`, '("2026-11-27 10:40:44.992")']] }],
  },
  {
    name: 'the times of day of Rails stand on 2000-01-01',
    source: `CREATE TABLE items (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, clock time);
      INSERT INTO items VALUES (1, '2000-01-01 12:30:00'), (2, '2000-01-01 23:59:59.999999');`,
    target: 'CREATE TABLE items (id bigserial primary key, clock time)',
    steps: [
      { codes: ['plan.stand_in'], look: [['SELECT clock FROM items ORDER BY id', '(12:30:00) (23:59:59.999999)']] },
    ],
  },
  {
    name: 'the intervals of SQLAlchemy are moments after 1970',
    source: `CREATE TABLE item (id integer primary key, dur DATETIME);
      INSERT INTO item VALUES (1, '1970-01-01 00:00:01.500000'), (2, '1969-12-29 00:00:00.000005');`,
    target: 'CREATE TABLE item (id serial primary key, dur interval)',
    steps: [
      {
        codes: ['plan.stand_in'],
        look: [[`SELECT extract(epoch FROM dur) FROM item ORDER BY id`, '(1.500000) (-259199.999995)']],
      },
    ],
  },
  {
    name: 'a type of times is the same in every spelling, and its default right in every zone of a session',
    source: `CREATE TABLE item (id integer primary key, a integer DEFAULT (unixepoch() * 1000) NOT NULL, b integer DEFAULT (unixepoch()) NOT NULL,
        c datetime DEFAULT CURRENT_TIMESTAMP, d datetime DEFAULT (datetime('now')));
      INSERT INTO item VALUES (1, 1709208000123, 1709208000, '2024-02-29 12:00:00', '2024-02-29 12:00:00');`,
    steps: [
      {
        args: ['--zone', 'UTC'],
        config: {
          tableRules: {
            item: {
              columns: {
                a: { type: 'timestamp(3) with time zone' },
                b: { type: 'timestamptz' },
                c: { type: 'timestamptz(3)' },
                d: { type: 'timestamp(0) with time zone' },
              },
            },
          },
        },
        look: [
          [
            `SELECT DISTINCT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'item'::regclass`,
            '(CURRENT_TIMESTAMP)',
          ],
        ],
      },
    ],
  },
  {
    name: 'a translated timestamp keeps six digits, whatever its values have so far',
    source: `CREATE TABLE item (id integer primary key, published_at datetime(6) DEFAULT CURRENT_TIMESTAMP); INSERT INTO item VALUES (1, '2024-02-29 12:00:00');`,
    steps: [{ look: [[typesSql('item'), '(id,bigint) (published_at,"timestamp(6) without time zone")']] }],
  },
  {
    name: 'TypeORM reads a timestamp without time zone as local time, which is warned of',
    source: `CREATE TABLE item (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, at datetime, CONSTRAINT "UQ_709f78f6379b59dfbb435cb68e3" UNIQUE (at));
      INSERT INTO item VALUES (1, '2024-02-29 12:00:00.000');`,
    target:
      'CREATE TABLE item (id serial primary key, at timestamp, CONSTRAINT "UQ_709f78f6379b59dfbb435cb68e3" UNIQUE (at))',
    steps: [{ codes: ['plan.local_clock'], look: [['SELECT at FROM item', '("2024-02-29 12:00:00")']] }],
  },
];

testCases(cases);
