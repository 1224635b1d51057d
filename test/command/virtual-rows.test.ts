import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);
  CREATE VIRTUAL TABLE three USING fts3 (body); INSERT INTO three VALUES ('x'), ('third');
  CREATE VIRTUAL TABLE four USING fts4 (id, body, tokenize=porter); INSERT INTO four VALUES (7, 'fourth');
  CREATE VIRTUAL TABLE five USING fts5 (sender, body); INSERT INTO five (rowid, sender, body) VALUES (42, 'ann', 'fifth');
  CREATE VIRTUAL TABLE box USING rtree (id, x0, x1); INSERT INTO box VALUES (5, 0.5, 1.5);`;

test('the statement and the waiver that are printed for the rows of a virtual table bring them over', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sql);
      const migrate = (...more: string[]) =>
        runJson(['migrate', '--source', source, '--target', url, '--from-source', ...more], { cwd: folder });
      const refused = await migrate();
      const hints = refused.json.findings.filter(({ code }) => code === 'plan.virtual_rows').map(({ hint }) => hint);
      assert.equal(hints.length, 4, refused.stderr);
      const db = new Database(source);
      for (const hint of hints) db.exec(/CREATE TABLE .*?(?=; then)/.exec(hint)?.[0] ?? 'no statement');
      db.close();
      const waivers = hints.map((hint) => /--waive '([^']+)'/.exec(hint)?.[1] ?? '');
      const moved = await migrate('--waive', waivers.join(','));
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } =
        await client.query(`SELECT (SELECT string_agg(body, ',' ORDER BY three_rowid) FROM three_rows) AS three,
        (SELECT body FROM four_rows) AS four, (SELECT five_rowid::int || sender || body FROM five_rows) AS five,
        (SELECT id::int || ':' || x0 || ':' || x1 FROM box_rows) AS box`);
      assert.deepEqual(rows, [{ three: 'x,third', four: 'fourth', five: '42annfifth', box: '5:0.5:1.5' }]);
    }),
  );
});
