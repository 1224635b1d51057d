import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t VALUES (1, 'beside');
  CREATE VIRTUAL TABLE three USING fts3 (body TEXT); INSERT INTO three VALUES ('x'), ('third');
  CREATE VIRTUAL TABLE "f o'ur" USING fts4 (id, body, tokenize=porter, languageid="lang");
  INSERT INTO "f o'ur" (docid, id, body, lang) VALUES (9223372036854775807, 7, 'fourth', 3);
  CREATE VIRTUAL TABLE five USING fts5 (sender UNINDEXED, body); INSERT INTO five (rowid, sender, body) VALUES (42, 'ann', 'dogs bark'), (-1, NULL, NULL);
  CREATE VIRTUAL TABLE box USING rtree (id, x0, x1, y0, y1, +label TEXT); INSERT INTO box VALUES (5, 0.5, 1.5, -2, 3, 'a'), (6, 0.1, 0.1, 0, 0, NULL);
  CREATE VIRTUAL TABLE span USING rtree_i32 (id, lo, hi); INSERT INTO span VALUES (1, -2147483648, 2147483647), (2, 3, 4);
  CREATE VIRTUAL TABLE over USING fts5 (body, content='t', content_rowid='id'); INSERT INTO over (over) VALUES ('rebuild');
  CREATE VIRTUAL TABLE bare USING fts5 (body, content=''); INSERT INTO bare (rowid, body) VALUES (1, 'words');`;

const carried = { '*': 'table', box: 'box', span: 'range' };

test('rows that virtual tables alone have block, and one line carries all: as plain tables, with tsvector, box and ranges on request', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sql);
      const config = join(folder, 'config.json');
      const run = (command: string, ...more: string[]) =>
        runJson([command, '--source', source, '--target', url, ...more], { cwd: folder });
      const refused = await run('plan', '--from-source');
      const open = refused.json.findings.filter(({ code }) => code === 'plan.virtual_rows');
      assert.deepEqual(
        open.map(({ severity, table, choices = [] }) => [
          severity,
          table,
          choices.map((line) => Object.values(JSON.parse(line).virtualTables)).join(),
        ]),
        [
          ['error', 'three', 'table'],
          ['error', "f o'ur", 'table'],
          ['error', 'five', 'table'],
          ['error', 'box', 'table,box,range'],
          ['error', 'span', 'table,range'],
        ],
      );
      const one = refused.json.findings.find(({ code }) => code === 'plan.one_line');
      assert.deepEqual(one?.choices, ['{"virtualTables":{"*":"table"}}']);

      writeFileSync(config, '{"virtualTables":{"*":"box","fife":"table"}}');
      const wrong = await run('plan', '--from-source', '--config', config);
      const told = wrong.json.findings.filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        told.map(({ code, table }) => `${code} ${table}`),
        ['plan.unknown_table null', ...['three', "f o'ur", 'five', 'span'].map((name) => `plan.virtual_rows ${name}`)],
      );

      writeFileSync(config, JSON.stringify({ virtualTables: carried, search: { five: 'english' } }));
      const moved = await run('migrate', '--from-source', '--config', config);
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } =
        await client.query(`SELECT (SELECT string_agg(rowid || body, ',' ORDER BY rowid) FROM three) AS three,
        (SELECT concat_ws(' ', rowid, id, body, lang) FROM "f o'ur") AS four,
        (SELECT json_agg(json_build_array(rowid, sender, body) ORDER BY rowid)::text FROM five) AS five,
        (SELECT rowid::int FROM five WHERE five @@ to_tsquery('english', 'dog')) AS found,
        (SELECT string_agg(id || ':' || x0 || ':' || box || coalesce(label, ''), ' ' ORDER BY id) FROM box) AS box,
        (SELECT string_agg(lo_hi::text, ' ' ORDER BY id) FROM span) AS span, to_regclass('over') || to_regclass('bare')::text AS none`);
      assert.deepEqual(rows, [
        {
          three: '1x,2third',
          four: '9223372036854775807 7 fourth 3',
          five: '[[-1, null, null], [42, "ann", "dogs bark"]]',
          found: 42,
          box: '5:0.5:(1.5,3),(0.5,-2)a 6:0.09999998658895493:(0.10000000149011612,0),(0.09999998658895493,0)',
          span: '[-2147483648,2147483648) [3,5)',
          none: null,
        },
      ]);
      await client.query(`INSERT INTO five (body) VALUES ('next'); DELETE FROM five WHERE body = 'next'`);
      const verified = await run('verify');
      assert.equal(verified.exitCode, 0, verified.stderr);
      const accepted = await run('accept');
      assert.equal(accepted.exitCode, 0, accepted.stderr);
      await client.query(`UPDATE "f o'ur" SET lang = 4; UPDATE box SET label = 'b' WHERE id = 5`);
      const differs = await run('verify');
      assert.equal(differs.exitCode, 1, differs.stderr);
      const names = differs.json.tables.filter(({ ok }) => !ok).map(({ table }) => table);
      assert.deepEqual(names.sort(), ['box', "f o'ur"]);
    }),
  );
});

test('a virtual table goes into a schema that is there, and rounds bring what changed in it', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`CREATE TABLE notes (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title text, body text);
        CREATE TABLE area (id bigint PRIMARY KEY, x0 float4, x1 float4)`);
      const source = makeSqlite(
        folder,
        `CREATE VIRTUAL TABLE notes USING fts5 (title, body); INSERT INTO notes VALUES ('a', 'one'), ('b', 'two'), ('c', 'three');
         CREATE VIRTUAL TABLE area USING rtree (id, x0, x1); INSERT INTO area VALUES (1, 0, 1), (2, 1, 2);`,
      );
      const config = join(folder, 'config.json');
      const rules = {
        virtualTables: { '*': 'table' },
        tableRules: { notes: { columns: { rowid: { target: 'id' } } } },
      };
      writeFileSync(config, JSON.stringify(rules));
      const run = (command: string, ...more: string[]) =>
        runJson([command, '--source', source, '--target', url, ...more], { cwd: folder });
      const moved = await run('migrate', '--config', config);
      assert.equal(moved.exitCode, 0, moved.stderr);
      const db = new Database(source);
      db.exec(`UPDATE notes SET body = 'TWO' WHERE rowid = 2; DELETE FROM notes WHERE rowid = 1;
        INSERT INTO notes (rowid, title, body) VALUES (9, 'd', 'four'); UPDATE area SET x1 = 7 WHERE id = 2; DELETE FROM area WHERE id = 1`);
      db.close();
      const followed = await run('follow');
      assert.equal(followed.exitCode, 0, followed.stderr);
      const { rows } =
        await client.query(`SELECT (SELECT string_agg(id || title || body, ' ' ORDER BY id) FROM notes) AS notes,
        (SELECT string_agg(id || ':' || x1, ' ' ORDER BY id) FROM area) AS area`);
      assert.deepEqual(rows, [{ notes: '2bTWO 3cthree 9dfour', area: '2:7' }]);
    }),
  );
});
