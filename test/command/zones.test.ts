import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT, zoned TEXT, number INTEGER);
  INSERT INTO t VALUES (1, '2024-02-29 12:00:00', '2024-02-29 12:00:00Z', 1709208000), (2, '2024-07-01', '2024-07-01 12:00:00 +02:00', 1709208001),
    (3, '2024-07-01T12:00:00+00:00', '2024-07-01 10:00 UTC', NULL), (4, NULL, 'infinity', NULL);`;
const targetSql = 'CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz, zoned timestamptz, number timestamptz)';

test('texts without a zone for a timestamptz are named with an example, until the config file says their zone', async () => {
  for (const [zone, wanted, arrived] of [
    [null, [['at', 2]], '2024-02-29 12:00:00'],
    ['UTC', [], '2024-02-29 12:00:00'],
    ['Europe/Berlin', [], '2024-02-29 11:00:00'],
  ] as const) {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        await client.query(targetSql);
        const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url];
        const config = join(folder, 'config.json');
        writeFileSync(config, JSON.stringify({ tableRules: { t: { columns: { at: { zone: zone ?? '' } } } } }));
        const ended = await runJson([...args, ...(zone === null ? [] : ['--config', config])], { cwd: folder });
        assert.equal(ended.exitCode, 0, ended.stderr);
        const told = ended.json.findings.filter(({ code }) => code === 'plan.zone');
        assert.deepEqual(
          told.map(({ column, message }) => [column, Number.parseInt(message, 10)]),
          wanted,
        );
        for (const { message, choices = [] } of told) {
          assert.match(message, /'2024-02-29 12:00:00' becomes 2024-02-29 12:00:00\+00/);
          assert.equal(choices[0], '{"tableRules":{"t":{"columns":{"at":{"zone":"UTC"}}}}}');
        }
        const { rows } = await client.query(`SELECT (at AT TIME ZONE 'UTC')::text AS at FROM t WHERE id = 1`);
        assert.deepEqual(rows, [{ at: arrived }]);
      }),
    );
  }
});
