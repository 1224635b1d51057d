import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { analyzeTables } from '../../../src/target/copy/analyze.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withDatabase } from '../../support/database.js';

test('analysed tables have statistics and a visibility map; what the role may not analyse is reported', async () => {
  const role = `t_analyze_${process.pid}`;
  await withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE "A b" (id int); INSERT INTO "A b" SELECT generate_series(1, 5000)');
    await admin.query(
      `ALTER TABLE "A b" ADD t text STORAGE EXTERNAL; INSERT INTO "A b" SELECT 0, repeat('x', 9000) FROM generate_series(1, 9)`,
    );
    await admin.query(`CREATE ROLE ${role}`);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, async (client) => {
      try {
        const tables = [{ schema: 'public', name: 'A b' }];
        assert.deepEqual(await analyzeTables(client, tables), []);
        const seen = await client.query(
          `SELECT reltuples, relallvisible = relpages AS visible FROM pg_class WHERE oid = 'public."A b"'::regclass`,
        );
        assert.deepEqual(seen, [{ reltuples: 5009, visible: true }]);
        // The long values are not looked at.
        const toast = await client.query(
          `SELECT l.relpages, pg_relation_size(l.oid) > 0 AS filled FROM pg_class c JOIN pg_class l ON l.oid = c.reltoastrelid WHERE c.relname = 'A b'`,
        );
        assert.deepEqual(toast, [{ relpages: 0, filled: true }]);
        await client.query(`SET ROLE ${role}`);
        const skipped = await analyzeTables(client, tables);
        assert.equal(skipped[0]?.table, 'A b');
        assert.match(skipped[0]?.warning ?? '', /A b/);
      } finally {
        await client.query(`RESET ROLE; DROP ROLE ${role}`);
      }
    });
  });
});
