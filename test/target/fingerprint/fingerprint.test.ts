import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableFingerprint } from '../../../src/model/copy.js';
import type { ColumnPlan } from '../../../src/model/plan.js';
import type { Kind } from '../../../src/model/kind.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import {
  type FingerprintTable,
  fingerprintSamples,
  fingerprintSql,
  fingerprintTable,
  selfTestFingerprint,
  sharedScanSql,
} from '../../../src/target/fingerprint/fingerprint.js';
import { withDatabase } from '../../support/database.js';

function column(target: string, kind: Kind): ColumnPlan {
  const isTextual = ['text', 'char', 'enum', 'json', 'literal'].includes(kind.tag);
  const source = target;
  return { source, target, declaredType: '', affinity: 'blob', targetType: '', kind, reason: '', isTextual };
}

function table(columns: readonly ColumnPlan[], key: FingerprintTable['key']): FingerprintTable {
  return {
    source: 't',
    targetSchema: 'public',
    target: 't',
    columns,
    key,
    layer: 0,
    rows: 0,
    estimatedBytes: 0,
    rootPage: 2,
    isWithoutRowid: false,
    rowidName: 'rowid',
    rowidAlias: null,
    sourceKey: [],
    reader: 'rows',
    readerReason: '',
    format: 'binary',
    formatReason: '',
  };
}

async function withTable(sql: string, use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query(sql);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, use);
  });
}

/** Sums what one SQL expression per row gives, in JS. */
async function sumOf(client: TargetClient, expression: string): Promise<string> {
  const rows = await client.query<{ h: string | null }>(`SELECT (${expression})::text AS h FROM public.t`);
  const sum = rows.reduce((total, { h }) => total + BigInt(h ?? 0), 0n);
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}

/** `keyHash` where the hash in a key is another. */
type KindCase = readonly [type: string, kind: Kind, values: readonly string[], hash: string, keyHash?: string];

const float8Bytes = 'hash_record_extended(ROW(float8send(v)), K)';
const everyKind: readonly KindCase[] = [
  ['bool', { tag: 'bool' }, ['t', 'f'], 'hashint8extended(v::int::int8, K)'],
  ['int2', { tag: 'int2' }, ['-32768', '7'], 'hashint8extended(v::int8, K)'],
  ['int4', { tag: 'int4' }, ['-1', '2147483647'], 'hashint8extended(v::int8, K)'],
  ['int8', { tag: 'int8' }, ['9223372036854775807', '-9223372036854775808'], 'hashint8extended(v, K)'],
  ['float4', { tag: 'float4' }, ['1.1', '-0', 'NaN'], 'hash_record_extended(ROW(float4send(v)), K)'],
  ['float8', { tag: 'float8' }, ['1.1', '1e-310', '-Infinity', 'NaN'], 'hashfloat8extended(v, K)', float8Bytes],
  ['float8', { tag: 'float8' }, ['-0', '0'], float8Bytes],
  [
    'numeric',
    { tag: 'numeric', precision: null, scale: null },
    ['1.50', '-0.000', '1e40'],
    'hashtextextended(trim_scale(v)::text COLLATE "C", K)',
  ],
  ['text', { tag: 'text', maxChars: null }, ['', 'ünï🚢', ' a '], 'hashtextextended(v COLLATE "C", K)'],
  ['char(4)', { tag: 'char', chars: 4 }, ['ab', ''], 'hashtextextended(v::text COLLATE "C", K)'],
  ['bytea', { tag: 'bytea' }, ['\\x', '\\x00ff'], 'hash_record_extended(ROW(v), K)'],
  ['uuid', { tag: 'uuid' }, ['00112233-4455-6677-8899-aabbccddeeff'], 'uuid_hash_extended(v, K)'],
  ['json', { tag: 'json' }, ['{"b":1,  "a":2}', '""'], 'hashtextextended(v::text COLLATE "C", K)'],
  [
    'date',
    { tag: 'date' },
    ['0001-01-01', '2024-02-29', '2000-01-01'],
    `hashint8extended((v - date '2000-01-01')::int8, K)`,
  ],
  [
    'time',
    { tag: 'time', precision: 6 },
    ['24:00', '12:34:56.789012'],
    'hashint8extended((extract(epoch FROM v) * 1000000)::int8, K)',
  ],
  [
    'timestamp',
    { tag: 'timestamp', precision: 6, unit: 'ms' },
    ['1969-12-31 23:59:59.999999', '9999-12-31'],
    'hashint8extended((extract(epoch FROM v) * 1000000)::int8 - 946684800000000, K)',
  ],
  [
    'timestamptz',
    { tag: 'timestamptz', precision: 6, unit: 'ms' },
    ['2024-02-29 12:00:00.123+02'],
    'hashint8extended((extract(epoch FROM v) * 1000000)::int8 - 946684800000000, K)',
  ],
];

for (const [type, kind, values, hash, keyHash = hash] of everyKind) {
  test(`a column of type ${type} is hashed as defined, in its own sum, as a key, and as part of a table without a key`, async () => {
    await withTable(`CREATE TABLE t (id int8, v ${type})`, async (client) => {
      const rows = [...values, null];
      for (const [i, value] of rows.entries()) await client.query('INSERT INTO public.t VALUES ($1, $2)', [i, value]);
      const columns = [column('id', { tag: 'int8' }), column('v', kind)];
      const byId = await fingerprintTable(client, table(columns, { origin: 'primary', columns: [0] }));
      assert.equal(byId.rows, rows.length);
      assert.equal(byId.keyset, await sumOf(client, 'hashint8extended(id, 0)'));
      const empties = columns[1]?.isTextual === true ? values.filter((value) => value === '').length : 0;
      const fingerprint = await sumOf(
        client,
        `CASE WHEN v IS NOT NULL THEN ${hash.replace('K', 'hashint8extended(id, 0)')} END`,
      );
      assert.deepEqual(byId.columns[1], { column: 'v', nulls: 1, empties, fingerprint });
      const strict = columns.map((one) => ({ ...one, notNull: one.target === 'id' }));
      assert.deepEqual(await fingerprintTable(client, table(strict, { origin: 'primary', columns: [0] })), byId);
      const keyless = await fingerprintTable(client, table(columns, { origin: 'none', columns: [0, 1] }));
      const chained = `CASE WHEN v IS NULL THEN hashint8extended(-1, hashint8extended(id, 0)) ELSE ${keyHash.replace('K', 'hashint8extended(id, 0)')} END`;
      assert.equal(keyless.keyset, await sumOf(client, chained));
      await client.query('DELETE FROM public.t WHERE v IS NULL');
      const byValue = await fingerprintTable(client, table(columns, { origin: 'unique', columns: [1, 0] }));
      assert.equal(byValue.keyset, await sumOf(client, `hashint8extended(id, ${keyHash.replace('K', '0')})`));
    });
  });
}

test('infinite dates and timestamps hash as the ends of int64', async () => {
  const sql = `CREATE TABLE t (d date, t timestamp); INSERT INTO t VALUES ('infinity', 'infinity'), ('-infinity', '-infinity')`;
  await withTable(sql, async (client) => {
    const columns = [column('d', { tag: 'date' }), column('t', { tag: 'timestamp', precision: 6, unit: 'ms' })];
    const { columns: found } = await fingerprintTable(client, table(columns, { origin: 'primary', columns: [0] }));
    const ends = `VALUES (9223372036854775807), ('-9223372036854775808'::int8)`;
    await client.query(`CREATE VIEW public.e AS SELECT * FROM (${ends}) AS e(v)`);
    const rows = await client.query<{ h: string }>(
      'SELECT hashint8extended(v, hashint8extended(v, 0))::text AS h FROM public.e',
    );
    const sum = BigInt.asUintN(
      64,
      rows.reduce((total, { h }) => total + BigInt(h), 0n),
    )
      .toString(16)
      .padStart(16, '0');
    assert.deepEqual(
      found.map((result) => result.fingerprint),
      [sum, sum],
    );
  });
});

for (const [type, tag, value] of [
  ['jsonb', 'jsonb', '{}'],
  ['inet', 'literal', '10.0.0.1/8'],
] as const) {
  test(`${type} has no fingerprint and no part in the key, but its NULLs are counted`, async () => {
    await withTable(
      `CREATE TABLE t (id int, j ${type}); INSERT INTO t VALUES (1, '${value}'), (2, NULL)`,
      async (client) => {
        const columns = [column('id', { tag: 'int4' }), column('j', { tag })];
        const found = await fingerprintTable(client, table(columns, { origin: 'none', columns: [0, 1] }));
        assert.equal(found.keyset, await sumOf(client, 'hashint8extended(id, 0)'));
        assert.deepEqual(found.columns[1], { column: 'j', nulls: 1, empties: 0, fingerprint: '0000000000000000' });
      },
    );
  });
}

test('an empty table is all zeros', async () => {
  await withTable('CREATE TABLE t (id int, v text)', async (client) => {
    const columns = [column('id', { tag: 'int4' }), column('v', { tag: 'text', maxChars: null })];
    const zero = '0000000000000000';
    const found = await fingerprintTable(client, table(columns, { origin: 'primary', columns: [0] }));
    const wanted: TableFingerprint = {
      rows: 0,
      keyset: zero,
      columns: ['id', 'v'].map((name) => ({ column: name, nulls: 0, empties: 0, fingerprint: zero })),
    };
    assert.deepEqual(found, wanted);
  });
});

test('values swapped between two rows, minus zero, a trailing space and NULL against empty are all seen', async () => {
  const sql = `CREATE TABLE t (id int PRIMARY KEY, v text, f float8); INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 1), (3, '', 2)`;
  await withTable(sql, async (client) => {
    const columns = [
      column('id', { tag: 'int4' }),
      column('v', { tag: 'text', maxChars: null }),
      column('f', { tag: 'float8' }),
    ];
    const read = () => fingerprintTable(client, table(columns, { origin: 'primary', columns: [0] }));
    const before = await read();
    for (const change of [
      `UPDATE public.t SET v = CASE id WHEN 1 THEN 'b' ELSE 'a' END WHERE id < 3`,
      `UPDATE public.t SET f = '-0' WHERE id = 1`,
      `UPDATE public.t SET v = 'a ' WHERE id = 1`,
      `UPDATE public.t SET v = NULL WHERE id = 3`,
      'DELETE FROM public.t WHERE id = 3',
    ]) {
      await client.query('BEGIN');
      await client.query(change);
      assert.notDeepEqual(await read(), before, change);
      await client.query('ROLLBACK');
    }
    assert.deepEqual(await read(), before);
  });
});

test('a table of 1600 columns without a key is read in parts that agree', { timeout: 300_000 }, async () => {
  const names = Array.from({ length: 1600 }, (_, i) => `c${i}`);
  await withTable(`CREATE TABLE t (${names.map((name) => `${name} bool`).join(', ')})`, async (client) => {
    await client.query('INSERT INTO public.t (c0, c1599) VALUES (true, false), (NULL, true)');
    const columns = names.map((name) => column(name, { tag: 'bool' }));
    const key = { origin: 'none', columns: names.map((_, i) => i) } as const;
    const found = await fingerprintTable(client, table(columns, key));
    assert.deepEqual([found.rows, found.columns.length], [2, 1600]);
    assert.deepEqual([found.columns[0]?.nulls, found.columns[1599]?.nulls, found.columns[800]?.nulls], [1, 0, 2]);
    assert.match(found.keyset, /^[0-9a-f]{16}$/);
  });
});

test('the aggregate can run in parallel and computes the key once per row', async () => {
  const sql = `CREATE TABLE t ("k" int PRIMARY KEY, "c0" text); INSERT INTO t SELECT i, 'x' || i FROM generate_series(1, 1000) i`;
  await withTable(sql, async (client) => {
    const columns = [column('k', { tag: 'int4' }), column('c0', { tag: 'text', maxChars: null })];
    const sqlText = fingerprintSql(table(columns, { origin: 'primary', columns: [0] }));
    const plan = await withTransaction(client, async () => {
      await client.query('SET LOCAL parallel_setup_cost = 0; SET LOCAL min_parallel_table_scan_size = 0');
      return await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (VERBOSE, COSTS OFF) ${sqlText}`);
    });
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(lines, /Partial Aggregate[\s\S]*Parallel Seq Scan/);
    assert.equal(lines.match(/Seq Scan[\s\S]*/)?.[0].match(/hashint8extended/g)?.length, 1);
  });
});

test('from PostgreSQL 18 on blobs are summed up without a record of each, to the same sums', async () => {
  const sql = `CREATE TABLE public.t (id int8, body bytea);
    INSERT INTO public.t VALUES (1, ''), (2, NULL), (3, '\\x00ff'), (4, convert_to(repeat('long ', 9000), 'UTF8'))`;
  await withTable(sql, async (client) => {
    const blobs = table([column('id', { tag: 'int8' }), column('body', { tag: 'bytea' })], {
      origin: 'primary',
      columns: [0],
    });
    const { majorVersion } = client;
    const [row] = await client.query<{ number: number }>(`SELECT current_setting('server_version_num')::int AS number`);
    assert.equal(majorVersion, Math.floor((row?.number ?? 0) / 10_000));
    const [old, now] = [fingerprintSql(blobs, { majorVersion: 17 }), fingerprintSql(blobs, { majorVersion: 18 })];
    assert.match(old, /sum\(hash_record_extended\(ROW\(c1\), k\)\)/);
    assert.match(now, /sum\(hashbyteaextended\(c1, k\)\)/);
    assert.equal(fingerprintSql(blobs), old);
    if (majorVersion >= 18) assert.deepEqual(await client.query(now), await client.query(old));
  });
});

test('the self-test has an answer for every sample, and it is what the definition says', async () => {
  await withTable('SELECT 1', async (client) => {
    const found = await selfTestFingerprint(client);
    assert.deepEqual(
      Object.keys(found),
      fingerprintSamples.map((sample) => sample.name),
    );
    const [row] = await client.query<{ h: string }>(
      `SELECT hashtextextended('hello world' COLLATE "C", -2)::text AS h`,
    );
    const wanted = BigInt.asUintN(64, BigInt(row?.h ?? 0))
      .toString(16)
      .padStart(16, '0');
    assert.equal(found['text of 11, seed 18446744073709551614'], wanted);
    assert.equal(found['float8 minus zero, seed 0'] === found['float8 zero, seed 0'], false);
  });
});

test('PostgreSQL 15 and 18 give the same answers to the self-test', async () => {
  await withTable('SELECT 1', async (client) => {
    const found = await selfTestFingerprint(client);
    assert.equal(found['true, seed 0'], pinned.true);
    assert.equal(found['text not ascii, seed 1'], pinned.text);
    assert.equal(found['timestamp, seed 1'], pinned.timestamp);
  });
});

/** From PostgreSQL 15.18 and 18.4 on x86-64. */
const pinned = { true: 'cd0f69c48e731746', text: 'a081d6ec941d77e0', timestamp: '3d6fb22cc83cf975' };

test('long values are read by several processes, though they lie outside of the table, and no setting stays', async () => {
  const sql = `CREATE TABLE public.t (id int8, body bytea STORAGE EXTERNAL);
    INSERT INTO public.t SELECT i, convert_to(repeat('long ', 1000), 'UTF8') FROM generate_series(1, 500) AS i`;
  await withTable(sql, async (client) => {
    const small = table([column('id', { tag: 'int8' }), column('body', { tag: 'bytea' })], {
      origin: 'primary',
      columns: [0],
    });
    const large = { ...small, estimatedBytes: 8 * 1024 * 1024 };
    const planOf = async (before: readonly string[]) => {
      const results = await client.queryAll<{ 'QUERY PLAN': string }>([...before, `EXPLAIN ${fingerprintSql(large)}`]);
      return (results.at(-1) ?? []).map((row) => row['QUERY PLAN']).join('\n');
    };
    assert.doesNotMatch(await planOf([]), /Gather/);
    assert.match(await planOf([sharedScanSql]), /Gather/);
    const sent: string[] = [];
    const { raw } = client;
    const query = raw.query.bind(raw) as (...values: unknown[]) => unknown;
    const noted = (...values: unknown[]) => {
      sent.push(String(values[0]));
      return query(...values);
    };
    Object.assign(raw, { query: noted });
    const alone = await fingerprintTable(client, small);
    assert.deepEqual(await fingerprintTable(client, large), alone);
    assert.deepEqual(await withTransaction(client, () => fingerprintTable(client, large)), alone);
    const scans = sent.filter((text) => text.includes('AS keyset')).map((text) => text.startsWith(sharedScanSql));
    assert.deepEqual(scans, [false, true, false]);
    const [left] = await client.query<{ cost: string }>(`SELECT current_setting('parallel_setup_cost') AS cost`);
    assert.notEqual(left?.cost, '0');
  });
});
