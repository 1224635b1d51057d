import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, r TEXT, g TEXT, h TEXT, w TEXT);
  INSERT INTO t VALUES (1, '(1.5,"a b","2024-01-01 10:00")', '[1.50,2]', '1.50, 2e1', 'a=>1,b=>2', '[1,5]'),
    (2, '(1.999,ab,)', '[1.999,2)', '(0.10000000000000000001,2)', 'a=>1,a=>2', '[1,5)'),
    (3, '(1,"ab   ",)', '[1,)', '(1,2)', '', 'empty'), (4, '(1,,"2024-01-01 10:00+02")', NULL, NULL, NULL, NULL);`;
const targetSql = `CREATE EXTENSION hstore; CREATE DOMAIN price AS numeric(5, 2); CREATE TYPE prices AS RANGE (subtype = price);
  CREATE TYPE whole AS (n numeric(5, 2), s varchar(3), at timestamp);
  CREATE TABLE t (id bigint PRIMARY KEY, c whole, r prices, g point, h hstore, w int4range);`;

test('a part of a value that PostgreSQL drops or rounds is a warning that shows both forms, and other spellings are none', () =>
  withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const { exitCode, json, stderr } = await runJson(
        ['plan', '--source', makeSqlite(folder, sourceSql), '--target', url],
        { cwd: folder },
      );
      assert.equal(exitCode, 0, stderr);
      const told = json.findings.filter(({ code }) => code === 'plan.printed_otherwise');
      assert.deepEqual(told.map(({ column, message, severity }) => [severity, column, message]).sort(), [
        [
          'warning',
          'c',
          `3 of its values have other parts once public.whole has read them: '(1,"ab   ",)' is '(1.00,"ab ",)' (id=3)`,
        ],
        [
          'warning',
          'g',
          "1 of its values has other parts once point has read it: '(0.10000000000000000001,2)' is '(0.1,2)' (id=2)",
        ],
        [
          'warning',
          'h',
          `1 of its values has other parts once public.hstore has read it: 'a=>1,a=>2' is '"a"=>"1"' (id=2)`,
        ],
        [
          'warning',
          'r',
          "1 of its values has other parts once public.prices has read it: '[1.999,2)' is 'empty' (id=2)",
        ],
      ]);
    }),
  ));
