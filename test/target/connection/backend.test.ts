import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { readBackendWork } from '../../../src/target/connection/backend.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { databaseUrl, withDatabase } from '../../support/database.js';
import { withProxy } from '../../support/proxy.js';
import { until } from '../../support/runs.js';

const applicationName = 'pgferry test';

test('a silent server that lets nobody else in is waited for, since nothing says that it is not at work', () =>
  withDatabase(async (url, admin) => {
    const role = `r_${url.slice(-12)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT 1`);
    try {
      await admin.query('CREATE TABLE public.go (); GRANT SELECT ON public.go TO public');
      await withProxy(url, {}, async (proxy) => {
        const { address } = parseTargetUrl(proxy.url);
        const alone = { ...address, user: role, password: 'pw', stallTimeoutMs: 1000 };
        await withTarget(alone, { applicationName }, async (client) => {
          const ended = client.query(
            'DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM public.go) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$',
          );
          // Twice it looked over a second connection, and was not let in.
          await until('it has looked twice', () => proxy.pairs.length >= 3);
          await admin.query('INSERT INTO public.go DEFAULT VALUES');
          await ended;
        });
      });
    } finally {
      await admin.query(`DROP ROLE ${role}`);
    }
  }));

test('a backend that has gone, and one of a server that cannot be reached, are not at work', () =>
  withDatabase(async (url) => {
    const { address } = parseTargetUrl(url);
    const idle = { isAtWork: false };
    assert.deepEqual(await readBackendWork(address, 2 ** 30), idle);
    const nowhere = parseTargetUrl(databaseUrl('x').replace(/@[^/]+/, '@127.0.0.1:1')).address;
    assert.deepEqual(await readBackendWork(nowhere, 1), idle);
  }));
