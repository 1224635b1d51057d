import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import type { TargetAddress } from '../../../src/model/target.js';
import { describeTarget, parseTargetUrl } from '../../../src/target/connection/address.js';
import { runCount } from '../../support/run-count.js';

const numRuns = runCount({ usual: 500, full: 50_000 });

/** The url must give exactly these fields, among others, and this many notes. */
function check(url: string, wanted: Partial<TargetAddress>, noteCount = 0): void {
  const { address, notes } = parseTargetUrl(url);
  const names = Object.keys(wanted) as (keyof TargetAddress)[];
  assert.deepEqual(Object.fromEntries(names.map((name) => [name, address[name]])), wanted, url);
  assert.equal(notes.length, noteCount, `${url}: ${notes.join('; ')}`);
}

function refusalOf(url: string): CopierError {
  try {
    parseTargetUrl(url);
  } catch (error) {
    assert.ok(error instanceof CopierError, String(error));
    assert.equal(error.code, 'usage.target_url', url);
    return error;
  }
  throw new Error(`not refused: ${url}`);
}

test('a whole url is read', () => {
  assert.deepEqual(parseTargetUrl('postgresql://me:secret@db.example:5433/app?schema=shop&sslmode=require'), {
    address: {
      host: 'db.example',
      port: 5433,
      database: 'app',
      user: 'me',
      password: 'secret',
      schema: 'shop',
      sslmode: 'require',
      sslRootCertPath: null,
      sslCertPath: null,
      sslKeyPath: null,
      connectTimeoutMs: 10_000,
      settings: {},
    },
    notes: [],
  });
});

test('what is left out has the defaults of libpq', () => {
  check('postgres://me@h', { host: 'h', port: 5432, database: 'me', user: 'me', password: null, schema: 'public' });
  check('postgres://me@h/', { database: 'me' });
  check('postgres://me@/app', { host: 'localhost', database: 'app' });
  check('postgres://me:@h/app?schema=', { password: null, schema: 'public' });
  check('POSTGRESQL://me@h/app?schema=a%20b', { schema: 'a b' });
});

test('hosts may be IPv6 addresses, socket folders and parameters', () => {
  check('postgres://me@[::1]:5433/app', { host: '::1', port: 5433 });
  check('postgres://me@[fe80::1%25eth0]/app', { host: 'fe80::1%eth0' });
  check('postgres://me@%2Fvar%2Frun:5433/app', { host: '/var/run', port: 5433 });
  check('postgres://me:pw@localhost/app?host=/tmp/sock', { host: '/tmp/sock' });
  check('postgres:///app?user=me&password=p%40&host=h&port=1&dbname=d', {
    user: 'me',
    password: 'p@',
    host: 'h',
    port: 1,
    database: 'd',
  });
});

test('passwords work raw and encoded', () => {
  for (const [written, meant] of [
    ['p%40ss', 'p@ss'],
    ['p@ss', 'p@ss'],
    ['a/b', 'a/b'],
    ['a:b', 'a:b'],
    ['a#b', 'a#b'],
    ['a?b', 'a?b'],
    ['a?b=c&d', 'a?b=c&d'],
    ['@/:#?', '@/:#?'],
    ['%2525', '%25'],
    ['%E2%82%AC', '€'],
    ['ü€', 'ü€'],
  ] as const) {
    for (const tail of ['', '?schema=s', '?sslmode=require&options=-c%20a.b=x@y', '?host=/run/a@b']) {
      const { address, notes } = parseTargetUrl(`postgres://me:${written}@h:5433/app${tail}`);
      assert.deepEqual(
        [address.password, address.database, address.port, notes],
        [meant, 'app', 5433, []],
        written + tail,
      );
    }
  }
  check('postgres://me:50%@h/app', { password: '50%' }, 1);
  check('postgres://me:%zz%41@h/app', { password: '%zzA' }, 1);
  check('postgres://me:%ff@h/app', { password: '%ff' });
});

test('an encoded password always comes back, and the description never holds it', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((s) => !s.includes('\0'));
  const property = fc.property(text, text, text, (user, password, database) => {
    const [u, p, d] = [user, password, database].map(encodeURIComponent);
    const url = `postgresql://${u}:${p}@h:1234/${d}?schema=x`;
    const { address } = parseTargetUrl(url);
    assert.deepEqual([address.user, address.password, address.database], [user, password, database]);
    assert.deepEqual(parseTargetUrl(describeTarget(address)).address, { ...address, password: null });
  });
  fc.assert(property, { numRuns });
});

test('a raw password comes back whatever it holds, short of our own parameters', () => {
  const raw = fc.string({ minLength: 1 }).filter((s) => !s.includes('%') && !/[?&]\w*=/.test(s) && s.trim() === s);
  const property = fc.property(raw, (password) => {
    const { address } = parseTargetUrl(`postgresql://me:${password}@h:1234/app?schema=x`);
    assert.deepEqual([address.password, address.host, address.database], [password, 'h', 'app']);
  });
  fc.assert(property, { numRuns });
});

test('no text is answered with anything but an address or a refusal, which never repeats the url', () => {
  const piece = fc.constantFrom(
    '@',
    ':',
    '/',
    '?',
    '=',
    '&',
    '#',
    '[',
    ']',
    '%',
    '%00',
    'schema',
    'sslmode',
    'x',
    '99999',
  );
  const canary = 'CANARY';
  const property = fc.property(fc.array(piece), fc.array(piece), (before, after) => {
    try {
      parseTargetUrl(`postgres://u:${before.join('')}${canary}${after.join('')}`);
    } catch (error) {
      assert.ok(error instanceof CopierError, String(error));
      assert.ok(!`${error.message} ${error.hint}`.includes(canary), error.message);
    }
  });
  fc.assert(property, { numRuns });
});

test('libpq and Prisma words for tls are understood', () => {
  check('postgres://u@h?sslmode=disable', { sslmode: 'disable' });
  check('postgres://u@h?sslmode=verify-full&sslrootcert=/r&sslcert=/c&sslkey=/k', {
    sslmode: 'verify-full',
    sslRootCertPath: '/r',
    sslCertPath: '/c',
    sslKeyPath: '/k',
  });
  check('postgres://u@h?sslmode=require&sslcert=./root.pem', { sslRootCertPath: './root.pem', sslCertPath: null }, 1);
  check('postgres://u@h?sslaccept=strict', { sslmode: 'verify-full' });
  check('postgres://u@h?sslmode=require&sslaccept=accept_invalid_certs', { sslmode: 'require' });
  check('postgres://u@h?sslmode=disable&sslaccept=strict', { sslmode: 'disable' });
  check('postgres://u@h?sslrootcert=system', { sslmode: 'verify-full', sslRootCertPath: null });
  check('postgres://u@h?sslmode=allow', { sslmode: 'prefer' }, 1);
});

test('options, timeout and application name become settings', () => {
  check('postgres://u@h?options=-c%20work_mem%3D5MB%20-cgeqo=off%20--seq-page-cost=2', {
    settings: { work_mem: '5MB', geqo: 'off', seq_page_cost: '2' },
  });
  check('postgres://u@h?options=-c a.b=x\\ y&application_name=shop', {
    settings: { 'a.b': 'x y', application_name: 'shop' },
  });
  check('postgres://u@h?options=-c%20search_path%3Dx%20-c%20TIMEZONE%3Dx', { settings: {} }, 2);
  check('postgres://u@h?options=endpoint%3Dx', { settings: {} }, 1);
  check('postgres://u@h?connect_timeout=3', { connectTimeoutMs: 3000 });
  check('postgres://u@h?connect_timeout=0', { connectTimeoutMs: 600_000 }, 1);
});

test('parameters that are for Prisma, for libpq or for nobody are ignored with a note each', () => {
  check('postgres://u@h/d?connection_limit=5&pool_timeout=2&pgbouncer=true&schema=s', { schema: 's' }, 3);
  check('postgres://u@h/d?socket_timeout=3&statement_cache_size=0', { database: 'd' }, 2);
  check('postgres://u@h/d?channel_binding=require&target_session_attrs=any&sslsni=1', { database: 'd' }, 3);
  check('postgres://u@h/d?strange=1', { database: 'd' }, 1);
});

test('a bad url is refused without its password', () => {
  for (const url of [
    '',
    'secret',
    'mysql://u:secret@h/d',
    'file:./secret.db',
    'postgres://u:secret',
    'postgres://u:secret@h:port/d',
    'postgres://u:secret@h:0/d',
    'postgres://u:secret@h:65536/d',
    'postgres://:secret@h/d',
    'postgres://u:secret@h1,h2/d',
    'postgres://u:secret@h/d%00',
    'postgres://u:secret@[::1/d',
    'postgres://u:secret@h/d?sslmode=maybe',
    'postgres://u:secret@h/d?sslaccept=secret',
    'postgres://u:secret@h/d?sslidentity=/x.p12&sslpassword=secret',
    'postgres://u:secret@h/d?sslkey=/k',
    'postgres://u:secret@h/d?sslcert=/c&sslrootcert=/r',
    'postgres://u:secret@h/d?connect_timeout=secret',
    'postgres://u:secret@h/d?port=x',
  ]) {
    const error = refusalOf(url);
    assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/, url);
  }
});

test('the description names everything but the password', () => {
  const { address } = parseTargetUrl('postgres://me:secret@[::1]/a%20b?schema=s');
  assert.equal(describeTarget(address), 'postgresql://me@[::1]:5432/a%20b?schema=s');
  const socket = parseTargetUrl('postgres://me:secret@/app?host=/tmp&port=5433').address;
  assert.equal(describeTarget(socket), 'postgresql://me@/app?host=/tmp&port=5433&schema=public');
});

test('the schema of the ledger is no target', () => {
  assert.match(refusalOf('postgresql://me@h/app?schema=pgferry').message, /the schema pgferry, which holds the ledger/);
  check('postgresql://me@h/app?schema=pgferry2', { schema: 'pgferry2' });
});
