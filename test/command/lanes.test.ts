import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { withLanes } from '../../src/commands/lanes.js';
import { parseTargetUrl } from '../../src/target/address.js';
import { withDatabase } from '../support/database.js';
import { until } from '../support/runs.js';

const applicationName = 'pgferry test of lanes';

async function countBackends(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
    [applicationName],
  );
  return rows[0].n;
}

test('connections that no task needs are let go of while the lanes stay open, and made again when one comes', async () => {
  await withDatabase(async (url, client) => {
    const { address } = parseTargetUrl(url);
    const { signal } = new AbortController();
    const options = { address, lanes: 2, applicationName, silence: { limitMs: 60_000 }, onFewer: () => {}, signal };
    await withLanes(options, async (lanes) => {
      const pid = () => lanes.run(async (lane) => (await lane.query('SELECT pg_backend_pid() AS pid'))[0]?.['pid']);
      await Promise.all([pid(), pid()]);
      const first = await pid();
      assert.equal(await countBackends(client), 2);
      await until('both are closed', async () => (await countBackends(client)) === 0);
      assert.notEqual(await pid(), first);
    });
    await until('all are closed', async () => (await countBackends(client)) === 0);
  });
});
