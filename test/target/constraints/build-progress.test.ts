import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { type BuildAtWork, readBuilds } from '../../../src/target/constraints/build-progress.js';
import { withDatabase } from '../../support/database.js';

test('an index that is being built is seen by its table, with the share of the blocks that were read', async () => {
  await withDatabase(async (url, admin) => {
    // The build stops in the middle of the table, at the lock that `admin` holds.
    await admin.query(`
      CREATE TABLE half (id int, filler text);
      INSERT INTO half SELECT i, repeat('x', 500) FROM generate_series(1, 2000) AS i;
      CREATE FUNCTION stop_at(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN IF id = 1000 THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN id; END $$;
      SELECT pg_advisory_lock(7)`);
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'pgferry progress' }, async (looking) => {
      assert.deepEqual(await readBuilds(looking, 'pgferry finish r1'), []);
      await withTarget(address, { applicationName: 'pgferry finish r1' }, async (building) => {
        const built = building.run('CREATE INDEX ON public.half (public.stop_at(id))');
        let seen: BuildAtWork[] = [];
        for (let look = 0; look < 300 && (seen[0]?.share ?? 0) === 0; look++) {
          await wait(50);
          seen = await readBuilds(looking, 'pgferry finish r1');
        }
        const others = await readBuilds(looking, 'pgferry finish r2');
        await admin.query('SELECT pg_advisory_unlock(7)');
        await built;
        assert.deepEqual(others, []);
        assert.equal(seen[0]?.table, 'half');
        const share = seen[0]?.share ?? 0;
        assert.ok(share > 0.2 && share < 0.3, `half of the blocks are a quarter of the build: ${share}`);
      });
      assert.deepEqual(await readBuilds(looking, 'pgferry finish r1'), []);
    });
  });
});
