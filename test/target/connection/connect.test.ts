import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { CopierError } from '../../../src/model/error.js';
import type { TargetAddress } from '../../../src/model/target.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { connectTarget, withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { isRetryable } from '../../../src/target/connection/errors.js';
import { matchPassword } from '../../../src/target/connection/password.js';
import { databaseUrl, withDatabase } from '../../support/database.js';

const applicationName = 'pgferry test';

function addressOf(url: string, changes: Partial<TargetAddress> = {}): TargetAddress {
  return { ...parseTargetUrl(url).address, ...changes };
}

/** Runs `act` and gives back the CopierError that it must end with. */
async function failureOf(act: () => Promise<unknown>): Promise<CopierError> {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof CopierError, `not translated: ${String(error)}`);
    return error;
  }
  throw new Error('nothing was thrown');
}

async function failureOfConnect(address: TargetAddress): Promise<CopierError> {
  return failureOf(() => withTarget(address, { applicationName }, async () => undefined));
}

function settingsOf(client: TargetClient, names: readonly string[]): Promise<unknown[]> {
  return client
    .query<{ v: string }>('SELECT current_setting(n) AS v FROM unnest($1::text[]) AS u(n)', [names])
    .then((rows) => rows.map((row) => row.v));
}

test('a statement that takes longer than the role allows comes to its end', () =>
  withDatabase(async (url, admin) => {
    const role = `s_${url.slice(-12)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    try {
      await admin.query(`ALTER ROLE ${role} SET statement_timeout = '1s'`);
      await withTarget(addressOf(url, { user: role, password: 'pw' }), { applicationName }, async (client) => {
        const [row] = await client.query<{ v: string }>("SELECT 'whole' AS v FROM pg_sleep(1.2)");
        assert.equal(row?.v, 'whole');
      });
    } finally {
      await admin.query(`DROP ROLE ${role}`);
    }
  }));

test('a session has our settings even where the role and the url set others', () =>
  withDatabase(async (url, admin) => {
    const role = `r_${url.slice(-12)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    try {
      await admin.query(`ALTER ROLE ${role} SET statement_timeout = '1s'`);
      await admin.query(`ALTER ROLE ${role} SET search_path = public`);
      await admin.query(`ALTER ROLE ${role} SET synchronous_commit = off`);
      await admin.query(`ALTER ROLE ${role} SET timezone = 'Asia/Tokyo'`);
      await admin.query(`ALTER ROLE ${role} SET array_nulls = off`);
      await admin.query(`ALTER ROLE ${role} SET xmloption = document`);
      await admin.query(`ALTER ROLE ${role} SET transform_null_equals = on`);
      await admin.query(`ALTER ROLE ${role} SET lc_monetary = 'POSIX'`);
      const settings = { DateStyle: 'German', work_mem: '5MB', statement_timeout: '7' };
      const address = addressOf(url, { user: role, password: 'pw', settings });
      await withTarget(address, { applicationName, settings: { lock_timeout: '5000' } }, async (client) => {
        const names = ['statement_timeout', 'search_path', 'synchronous_commit', 'TimeZone', 'DateStyle', 'work_mem'];
        const wanted = ['0', 'pg_catalog', 'on', 'UTC', 'ISO, MDY', '5MB'];
        assert.deepEqual(await settingsOf(client, names), wanted);
        assert.deepEqual(await settingsOf(client, ['lock_timeout', 'application_name']), ['5s', applicationName]);
        const reading = ['array_nulls', 'xmloption', 'transform_null_equals', 'lc_monetary'];
        assert.deepEqual(await settingsOf(client, reading), ['on', 'content', 'off', 'C']);
      });
    } finally {
      await admin.query(`DROP ROLE ${role}`);
    }
  }));

test('the server probes our connections, so that a machine that has gone holds no lock for hours', () =>
  withDatabase((url) =>
    withTarget(addressOf(url), { applicationName }, async (client) => {
      const names = ['tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count'];
      assert.deepEqual(await settingsOf(client, names), ['60', '10', '3']);
    }),
  ));

test('dates, times and wide integers arrive as the text of the server', () =>
  withDatabase(async (url) => {
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      const sql = `SELECT '2024-01-02 03:04:05.123456'::timestamp AS t, '0044-03-15 BC'::date AS d, (2^62)::int8 AS i`;
      assert.deepEqual(await client.query(sql), [
        { t: '2024-01-02 03:04:05.123456', d: '0044-03-15 BC', i: '4611686018427387904' },
      ]);
    });
  }));

test('a missing database is named', () =>
  withDatabase(async (url) => {
    const error = await failureOfConnect(addressOf(url, { database: 'no_such_database' }));
    assert.equal(error.code, 'target.no_database');
    assert.equal(error.foreignCode, '3D000');
    assert.match(error.message, /no_such_database/);
  }));

test('a refused port is unreachable and names host and port', async () => {
  const port = await freePort();
  const error = await failureOfConnect(addressOf(databaseUrl('x'), { host: '127.0.0.1', port }));
  assert.equal(error.code, 'target.unreachable');
  assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test('a host name that does not resolve and a missing socket folder are unreachable', async () => {
  for (const host of ['no-such-host.invalid', '/no/such/folder']) {
    const error = await failureOfConnect(addressOf(databaseUrl('x'), { host }));
    assert.equal(error.code, 'target.unreachable', host);
  }
});

test('a server that never answers is unreachable after the connect timeout', async () => {
  const silent = createServer();
  const port = await listen(silent);
  try {
    const address = addressOf(databaseUrl('x'), { host: '127.0.0.1', port, connectTimeoutMs: 50 });
    assert.equal((await failureOfConnect(address)).code, 'target.unreachable');
  } finally {
    silent.close();
  }
});

test('a server that hangs up at once is a lost connection', async () => {
  const rude = createServer((socket) => socket.destroy());
  const port = await listen(rude);
  try {
    const error = await failureOfConnect(addressOf(databaseUrl('x'), { host: '127.0.0.1', port, sslmode: 'disable' }));
    assert.equal(error.code, 'target.connection_lost');
  } finally {
    rude.close();
  }
});

test('sslmode require on a server without tls fails, prefer goes on in plain text', () =>
  withDatabase(async (url) => {
    assert.equal((await failureOfConnect(addressOf(url, { sslmode: 'require' }))).code, 'target.tls');
    await withTarget(addressOf(url, { sslmode: 'prefer' }), { applicationName }, (client) => client.query('SELECT 1'));
  }));

test('a certificate file that is not there is named', () =>
  withDatabase(async (url) => {
    const address = addressOf(url, { sslmode: 'verify-full', sslRootCertPath: '/no/such/root.pem' });
    const error = await failureOfConnect(address);
    assert.equal(error.code, 'target.tls');
    assert.match(error.message, /sslrootcert file \/no\/such\/root\.pem/);
  }));

test('an idle client whose backend is terminated fails at its next use, and nothing crashes', () =>
  withDatabase(async (url, admin) => {
    const client = await connectTarget(addressOf(url), { applicationName });
    const [row] = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.raw.once('end', resolve));
    await admin.query('SELECT pg_terminate_backend($1)', [row?.pid]);
    await ended;
    const error = await failureOf(() => client.query('SELECT 1'));
    assert.equal(error.code, 'target.connection_lost');
    assert.equal(error.foreignCode, '57P01');
    assert.ok(isRetryable(error));
    await client.close();
  }));

test('a backend that dies in the middle of a query is a lost connection', () =>
  withDatabase(async (url) => {
    const error = await failureOf(() =>
      withTarget(addressOf(url), { applicationName }, (client) =>
        client.query('SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)'),
      ),
    );
    assert.equal(error.code, 'target.connection_lost');
  }));

test('an abort ends a waiting query at once and says that the run was interrupted', () =>
  withDatabase(async (url) => {
    const controller = new AbortController();
    const error = await failureOf(() =>
      withTarget(addressOf(url), { applicationName, signal: controller.signal }, async (client) => {
        const waiting = client.query('SELECT pg_sleep(60)');
        controller.abort();
        await waiting;
      }),
    );
    assert.equal(error.code, 'interrupted.aborted');
    assert.equal(error.exitCode, 130);
  }));

test('an abort ends a connect, and an aborted signal connects nowhere', async () => {
  const silent = createServer();
  const port = await listen(silent);
  try {
    const address = addressOf(databaseUrl('x'), { host: '127.0.0.1', port });
    const controller = new AbortController();
    const connecting = failureOf(() => connectTarget(address, { applicationName, signal: controller.signal }));
    silent.once('connection', () => controller.abort());
    assert.equal((await connecting).code, 'interrupted.aborted');
    const late = await failureOf(() => connectTarget(address, { applicationName, signal: controller.signal }));
    assert.equal(late.code, 'interrupted.aborted');
  } finally {
    silent.close();
  }
});

test('a transaction is committed at its end and rolled back on an error, which is the one thrown', () =>
  withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE public.t (a int)');
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      await withTransaction(client, (inside) => inside.query('INSERT INTO public.t VALUES (1)'));
      const broken = withTransaction(client, async (inside) => {
        await inside.query('INSERT INTO public.t VALUES (2)');
        throw new Error('ours');
      });
      await assert.rejects(broken, /^Error: ours$/);
      assert.deepEqual(await client.query('SELECT a FROM public.t'), [{ a: 1 }]);
    });
  }));

test('a transaction that swallowed an error is not reported as committed', () =>
  withDatabase(async (url) => {
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      const swallowed = () => withTransaction(client, (inside) => inside.query('SELECT 1/0').catch(() => undefined));
      assert.equal((await failureOf(swallowed)).code, 'target.not_committed');
    });
  }));

test('a lost connection hides neither the error inside a transaction nor its code', () =>
  withDatabase(async (url) => {
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      const error = await failureOf(() =>
        withTransaction(client, (inside) => inside.query('SELECT pg_terminate_backend(pg_backend_pid())')),
      );
      assert.equal(error.code, 'target.connection_lost');
    });
  }));

test('rejected data names table, column, key and constraint', () =>
  withDatabase(async (url, admin) => {
    await admin.query(`CREATE TABLE public.t (a int CONSTRAINT "t_pk" PRIMARY KEY, b int NOT NULL)`);
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      const repeated = await failureOf(() => client.query('INSERT INTO public.t VALUES (1, 1), (1, 2)'));
      assert.equal(repeated.code, 'data.rejected');
      assert.equal(repeated.exitCode, 23);
      assert.deepEqual([repeated.table, repeated.key, repeated.foreignCode], ['t', 'a=1', '23505']);
      assert.match(repeated.message, /t_pk/);
      const empty = await failureOf(() => client.query('INSERT INTO public.t VALUES (1, NULL)'));
      assert.deepEqual([empty.code, empty.column], ['data.rejected', 'b']);
      assert.ok(!isRetryable(repeated));
    });
  }));

test('missing rights, a lock that is held and a read-only session have codes of their own', () =>
  withDatabase(async (url, admin) => {
    const role = `r_${url.slice(-12)}`;
    await admin.query(`CREATE TABLE public.t (a int); CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    try {
      const settings = { lock_timeout: '50' };
      await withTarget(addressOf(url, { user: role, password: 'pw' }), { applicationName }, async (client) => {
        assert.equal((await failureOf(() => client.query('SELECT FROM public.t'))).code, 'target.no_rights');
      });
      await admin.query('BEGIN; LOCK TABLE public.t');
      await withTarget(addressOf(url), { applicationName, settings }, async (client) => {
        assert.equal((await failureOf(() => client.query('SELECT FROM public.t'))).code, 'target.locked');
        await client.query('SET default_transaction_read_only = on');
        assert.equal((await failureOf(() => client.query('CREATE TABLE public.u ()'))).code, 'target.read_only');
      });
    } finally {
      await admin.query(`ROLLBACK; DROP ROLE ${role}`);
    }
  }));

test('escape sequences in a message of the server do not reach our terminal', () =>
  withDatabase(async (url) => {
    await withTarget(addressOf(url), { applicationName }, async (client) => {
      const error = await failureOf(() => client.query(`DO $$BEGIN RAISE 'red \x1b[31m'; END$$`));
      assert.match(error.message, /red \\x1b\[31m/);
    });
  }));

test('a password file is read as libpq reads it', () => {
  const address = addressOf('postgres://me@db.example:5433/app');
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['db.example:5433:app:me:secret', 'secret'],
    ['*:*:*:*:any', 'any'],
    ['# db.example:5433:app:me:comment\nother:*:*:*:x\n*:*:app:me:a\\:b\\\\c:d', 'a:b\\c:d'],
    ['db.example:5432:app:me:wrong port', undefined],
    ['', undefined],
  ];
  for (const [text, password] of cases) assert.equal(matchPassword(text, address), password, text);
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return bound.port;
}
