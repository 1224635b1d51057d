import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSqliteLiteral } from '../../src/lib/sqlite-literal.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';

/* The form of a column's cells on the way back, where the config names it by a cell. */

function read<T>(app: App, use: (db: Database) => T): T {
  const db = new Database(app.source);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

test('a cell is read as SQLite reads its literal, and nothing else is taken for one', async () => {
  const db = new Database(':memory:');
  for (const text of [
    '0',
    '-17',
    '9223372036854775807',
    '0.5',
    '-1e3',
    '.5',
    '2.',
    "''",
    "'it''s'",
    "x''",
    "X'00fF'",
  ]) {
    const cell = db.prepare(`SELECT ${text}`).pluck().safeIntegers().get();
    assert.deepEqual(readSqliteLiteral(text), cell, text);
  }
  db.close();
  for (const text of ['', 'a', "'", "'a'b'", "x'0'", "x'0g'", 'NULL', '1 2', '1e', '+']) {
    assert.equal(readSqliteLiteral(text), undefined, text);
    if (text !== 'a' && text !== "x'0'") continue;
    await withFolder(async (folder) => {
      const tableRules = { t: { columns: { c: { rollbackLike: text } } } };
      writeFileSync(join(folder, 'c.json'), JSON.stringify({ tableRules }));
      const { stderr } = await runCommand(['plan', '--source', 'none.db', '--config', 'c.json'], { cwd: folder });
      assert.match(stderr, /rollbackLike/, text);
    });
  }
});

test('the config says in which form a rollback writes a column whose rows have several forms, or none', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      read(app, (db) =>
        db.exec(`CREATE TABLE mixed (id INTEGER PRIMARY KEY, at DATETIME, own DATETIME, none DATETIME);
          INSERT INTO mixed VALUES (1, 1735689600000, 'Wed, 01 Jan 2025 00:00:00 GMT', NULL),
            (2, 1735689600001, 'Wed, 01 Jan 2025 00:00:00 GMT', NULL), (3, '2025-01-01 00:00:00', NULL, NULL)`),
      );
      const columns = {
        at: { rollbackLike: `'2025-01-01 00:00:00'` },
        OWN: { rollbackLike: `'2025-01-01T00:00:00Z'` },
        none: { rollbackLike: '1735689600' },
      };
      const rules = (more: object) => JSON.stringify({ tableRules: { mixed: { columns: { ...columns, ...more } } } });
      writeFileSync(join(folder, 'c.json'), rules({ none: { rollbackLike: `'tomorrow'` } }));
      const dry = await runFor(app, 'cutover', { args: ['--dry-run', '--config', 'c.json'] });
      assert.match(dry.stderr, /mixed\.none: any change, since its rollbackLike, 'tomorrow', is no value of it/);
      assert.doesNotMatch(dry.stderr, /mixed\.own/);
      writeFileSync(join(folder, 'c.json'), rules({ none: { rollbackLike: '1735689600', unit: 's' } }));
      const cut = await runFor(app, 'cutover', { args: ['--config', 'c.json'] });
      assert.equal(cut.exitCode, 0, cut.stderr);
      await client.query(
        `INSERT INTO mixed VALUES (4, '2026-02-03 04:05:06', '2026-02-03 04:05:06', '2026-02-03 04:05:06')`,
      );
      const back = await runFor(app, 'rollback');
      assert.equal(back.exitCode, 0, back.stderr);
      const rows = read(app, (db) =>
        db
          .prepare<[], string>(`SELECT concat_ws(', ', id, quote(at), quote(own), quote(none)) FROM mixed ORDER BY id`)
          .pluck()
          .all(),
      );
      assert.deepEqual(rows, [
        `1, 1735689600000, 'Wed, 01 Jan 2025 00:00:00 GMT', NULL`,
        `2, 1735689600001, 'Wed, 01 Jan 2025 00:00:00 GMT', NULL`,
        `3, '2025-01-01 00:00:00', NULL, NULL`,
        `4, '2026-02-03 04:05:06', '2026-02-03T04:05:06Z', 1770091506`,
      ]);
    }),
  );
});
