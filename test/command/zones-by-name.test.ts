import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE item (id INTEGER PRIMARY KEY, at DATETIME, day DATE, wall DATETIME, sent DATETIME);
  INSERT INTO item VALUES (1, '2024-02-29 12:00:00', '2024-07-01', '2024-02-29 12:00:00', '2024-02-29 12:00:00+02:00');`;
const schema = `CREATE TABLE item (id bigint PRIMARY KEY, at timestamptz, day date, wall timestamp, sent timestamptz)`;

test('a zone is named for all columns by the line of the warning, and a pattern without a column is refused', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(schema);
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const planned = await runJson(['plan', ...sides], { cwd: folder });
      assert.equal(planned.exitCode, 0, planned.stderr);
      const found = planned.json.findings.filter(({ code }) => code === 'plan.zone');
      assert.deepEqual(
        found.map(({ severity, table, column }) => [severity, table, column]),
        [['warning', 'item', 'at']],
      );

      const line = (found[0]?.choices?.[1] ?? '').replace('UTC', 'Europe/Berlin');
      const config = path.join(folder, 'pgferry.json');
      writeFileSync(config, line);
      const moved = await runJson(['migrate', ...sides, '--config', config], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.deepEqual(
        moved.json.findings.filter(({ code }) => code === 'plan.zone'),
        [],
      );
      const { rows } = await client.query(
        `SELECT (at AT TIME ZONE 'UTC')::text AS at, day::text, wall::text, (sent AT TIME ZONE 'UTC')::text AS sent FROM item`,
      );
      assert.deepEqual(rows, [
        { at: '2024-02-29 11:00:00', day: '2024-07-01', wall: '2024-02-29 12:00:00', sent: '2024-02-29 10:00:00' },
      ]);
      const verified = await runJson(['verify', ...sides, '--config', config], { cwd: folder });
      assert.equal(verified.exitCode, 0, JSON.stringify(verified.json.differences));

      writeFileSync(config, JSON.stringify({ columns: { '*_when': { zone: 'UTC' } } }));
      const refused = await runJson(['plan', ...sides, '--config', config], { cwd: folder });
      assert.ok(
        refused.json.findings.some(({ code, message }) => code === 'plan.unknown_column' && /\*_when/.test(message)),
      );
    }),
  );
});
