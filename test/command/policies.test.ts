import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { isRecomputed } from '../../src/lib/recomputed.js';
import type { Policy } from '../../src/model/rules.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** One table each: two rows that fit, and between them one whose column c holds `bad` under the policy for the hazard. */
interface Case {
  readonly hazard: string;
  readonly policy: Policy;
  /** Declared type in SQLite, type in PostgreSQL. */
  readonly types: readonly [source: string, target: string];
  /** SQL of a value that fits, and of the one that does not. */
  readonly good: string;
  readonly bad: string;
  /** What the target holds instead, as text; 'gone' where the row is in quarantine. */
  readonly becomes: string | null;
}

const gone = 'gone';
/** A text that goes on on overflow pages, which the plan does not look at where another one is longer. */
const [long, longer] = [`printf('%.8000c', 'x')`, `printf('%.9000c', 'x')`];
const nul = `CAST(x'61006200' AS TEXT)`;
const broken = `CAST(x'61ff62' AS TEXT)`;

const c = (
  hazard: string,
  policy: string | Exclude<Policy, string>,
  types: Case['types'],
  values: readonly [good: string, bad: string],
  becomes: string | null,
): Case => ({
  hazard,
  policy: typeof policy !== 'string' || policy === 'quarantine' ? policy : { convert: policy },
  types,
  good: values[0],
  bad: values[1],
  becomes,
});

const literal = (value: string | number | boolean) => ({ convert: 'default', value });
const stamp0 = ['DATETIME', 'timestamp(0)'] as const;
const ms = '1700000000000';

const cases: readonly Case[] = [
  c('nul_byte', 'strip', ['TEXT', 'text'], [`'a'`, nul], 'ab'),
  c('nul_byte', 'escape', ['TEXT', 'text'], [`'a'`, nul], 'a\\u0000b\\u0000'),
  c('nul_byte', 'null', ['TEXT', 'text'], [`'a'`, nul], null),
  c('nul_byte', 'quarantine', ['TEXT', 'text'], [`'a'`, nul], gone),
  c('invalid_utf8', 'null', ['TEXT', 'text'], [`'a'`, broken], null),
  c('invalid_utf8', 'quarantine', ['TEXT', 'varchar(5)'], [`'a'`, broken], gone),
  c('json_nul', 'strip', ['TEXT', 'jsonb'], [`'{}'`, `'["x\\u0000y\\\\u0000"]'`], '["xy\\\\u0000"]'),
  c('json_nul', 'strip', ['TEXT', 'json'], [`'{}'`, `'["x\\u0000y\\\\u0000"]'`], '["xy\\\\u0000"]'),
  c('json_nul', 'null', ['TEXT', 'json'], [`'["\\\\u0000"]'`, `'["\\u0000"]'`], null),
  c('json_nul', 'quarantine', ['TEXT', 'json'], [`'{}'`, `'["\\u0000"]'`], gone),
  c('json_nul', 'quarantine', ['TEXT', 'jsonb'], [`'{}'`, `'["\\u0000"]'`], gone),
  c('not_json', 'null', ['TEXT', 'json'], [`'{}'`, `'{'`], null),
  c('not_json', 'quarantine', ['TEXT', 'jsonb'], [`'{}'`, `'{'`], gone),
  c('too_long', 'truncate', ['TEXT', 'varchar(3)'], [`'abc'`, `'äöü€'`], 'äöü'),
  c('too_long', 'truncate', ['TEXT', 'char(3)'], [`'abc'`, `'wxyz'`], 'wxy'),
  c('too_long', 'quarantine', ['TEXT', 'varchar(3)'], [`'abc'`, `'abcd'`], gone),
  c('out_of_range', 'null', ['INTEGER', 'smallint'], ['1', '70000'], null),
  c('out_of_range', 'quarantine', ['INTEGER', 'integer'], ['1', '9223372036854775807'], gone),
  c('numeric_overflow', 'null', ['NUMERIC', 'numeric(4,2)'], ['1', '12345'], null),
  c('numeric_overflow', 'quarantine', ['NUMERIC', 'numeric(4,2)'], ['1', '12345'], gone),
  c('inexact', 'round', ['NUMERIC', 'numeric(6,2)'], ['1', '1.005'], '1.01'),
  c('inexact', 'truncate', ['NUMERIC', 'numeric(6,2)'], ['1', '-1.009'], '-1.00'),
  c('inexact', 'round', ['TEXT', 'numeric(6,2)'], [`'1'`, `'2.349e0'`], '2.35'),
  c('inexact', 'round', ['REAL', 'real'], ['0.5', '0.123456789'], '0.12345679'),
  c('inexact', 'round', ['INTEGER', 'double precision'], ['1', '9007199254740993'], '9.007199254740992e+15'),
  c('inexact', 'quarantine', ['NUMERIC', 'numeric(6,2)'], ['1', '1.005'], gone),
  c('precision_loss', 'round', stamp0, [ms, '1700000000500'], '2023-11-14 22:13:21'),
  c('precision_loss', 'truncate', stamp0, [ms, '1700000000999'], '2023-11-14 22:13:20'),
  c('precision_loss', 'truncate', stamp0, [ms, `'1969-12-31 23:59:59.999'`], '1969-12-31 23:59:59'),
  c('precision_loss', 'round', stamp0, [ms, `'2023-12-31T23:59:59.5Z'`], '2024-01-01 00:00:00'),
  c('precision_loss', 'round', ['TEXT', 'time(0)'], [`'01:02:03'`, `'23:59:59.7'`], '24:00:00'),
  c('precision_loss', 'quarantine', stamp0, [ms, '1700000000500'], gone),
  c('not_a_bool', 'nonzero', ['BOOLEAN', 'boolean'], ['1', '-2'], 'true'),
  c('not_a_bool', 'null', ['BOOLEAN', 'boolean'], ['1', `'maybe'`], null),
  c('not_a_bool', 'quarantine', ['BOOLEAN', 'boolean'], ['1', '2'], gone),
  c('not_an_integer', 'null', ['INTEGER', 'integer'], ['1', `'abc'`], null),
  c('not_an_integer', 'quarantine', ['INTEGER', 'bigint'], ['1', '1.5'], gone),
  c('not_a_number', 'null', ['REAL', 'double precision'], ['1', `'abc'`], null),
  c('not_a_number', 'quarantine', ['NUMERIC', 'numeric'], ['1', `'abc'`], gone),
  c('not_a_date', 'null', ['TEXT', 'date'], [`'2024-02-29'`, `'2023-02-29'`], null),
  c('not_a_time', 'quarantine', ['TEXT', 'time'], [`'01:02:03'`, `'25:00:00'`], gone),
  c('not_a_timestamp', 'null', ['DATETIME', 'timestamptz'], [ms, `'yesterday'`], null),
  c('not_a_timestamp', 'quarantine', ['DATETIME', 'timestamp(3)'], [ms, `'yesterday'`], gone),
  c('not_a_uuid', 'null', ['TEXT', 'uuid'], [`'00112233-4455-6677-8899-aabbccddeeff'`, `'0011'`], null),
  c('enum_label', 'quarantine', ['TEXT', 'mood'], [`'glad'`, `'sadd'`], gone),
  c('enum_label', 'null', ['TEXT', 'mood'], [`'glad'`, `'sadd'`], null),
  c('blob', 'null', ['INTEGER', 'integer'], ['1', `x'00'`], null),
  c('blob_in_text', 'quarantine', ['TEXT', 'text'], [`'a'`, `x'6100ff'`], gone),
  c('text_in_blob', 'null', ['BLOB', 'bytea'], [`x'01'`, `'abc'`], null),
  c('text_in_blob', 'utf8', ['BLOB', 'bytea'], [`x'01'`, `'a\\ü'`], '\\x615cc3bc'),
  c('text_in_blob', 'utf8', ['BLOB', 'bytea'], [`x'01'`, broken], '\\x61ff62'),
  c('blob_in_text', 'utf8', ['TEXT', 'text'], [`'a'`, `x'c3bc'`], 'ü'),
  c('blob_in_text', 'utf8', ['BLOB', 'jsonb'], [`'{}'`, `x'5b315d'`], '[1]'),
  c('not_an_array', 'split', ['TEXT', 'integer[]'], [`'{1}'`, `'1,2,10'`], '{1,2,10}'),
  c('not_an_array', 'split', ['TEXT', 'text[]'], [`'["x"]'`, `'a,b c,"d'`], '{a,"b c","\\"d"}'),
  c('not_an_array', 'split', ['TEXT', 'text[]'], [`'{x}'`, `''`], '{}'),
  c('not_an_array', 'null', ['TEXT', 'text[]'], [`'{x}'`, `'a'`], null),
  c('text_in_blob', 'hex', ['BLOB', 'bytea'], [`x'01'`, `'\\xCAFE'`], '\\xcafe'),
  c('text_in_blob', 'base64', ['BLOB', 'bytea'], [`x'01'`, `'AP8'`], '\\x00ff'),
  c('blob_in_text', 'hex', ['TEXT', 'text'], [`'a'`, `x'00ff'`], '00ff'),
  c('blob_in_text', 'base64', ['TEXT', 'text'], [`'a'`, `x'00ff'`], 'AP8='),
  c('null_in_not_null', 'default', ['TEXT', `text NOT NULL DEFAULT 'n''a'`], [`'a'`, 'NULL'], `n'a`),
  c('null_in_not_null', literal('x'), ['TEXT', 'text NOT NULL'], [`'a'`, 'NULL'], 'x'),
  c('not_an_integer', 'default', ['INTEGER', 'integer DEFAULT 7'], ['1', `'abc'`], '7'),
  c('out_of_range', 'default', ['INTEGER', 'smallint DEFAULT -1'], ['1', '70000'], '-1'),
  c('not_a_number', literal(2.5), ['REAL', 'double precision'], ['1', `'abc'`], '2.5'),
  c('numeric_overflow', literal(99.99), ['NUMERIC', 'numeric(4,2)'], ['1', '12345'], '99.99'),
  c('not_a_bool', 'default', ['BOOLEAN', 'boolean NOT NULL DEFAULT true'], ['0', `'maybe'`], 'true'),
  c('not_a_bool', literal(false), ['BOOLEAN', 'boolean'], ['1', `'maybe'`], 'false'),
  c('not_a_date', 'default', ['TEXT', `date DEFAULT '1970-01-01'`], [`'2024-02-29'`, `''`], '1970-01-01'),
  c('not_json', 'default', ['TEXT', `jsonb NOT NULL DEFAULT '{}'`], [`'[]'`, `'{'`], '{}'),
  c('enum_label', 'default', ['TEXT', `mood DEFAULT 'sad'`], [`'glad'`, `'sadd'`], 'sad'),
  c('number_in_blob', 'default', ['BLOB', `bytea DEFAULT '\\xcafe'`], [`x'01'`, '1.5'], '\\xcafe'),
  c('number_in_blob', 'quarantine', ['BLOB', 'bytea'], [`x'01'`, '1.5'], gone),
  c('sentinel', 'quarantine', ['TEXT', 'text'], [`'a'`, `'__PGFERRY_NULL__'`], gone),
  c('null_in_not_null', 'quarantine', ['TEXT', 'text NOT NULL'], [`'a'`, 'NULL'], gone),
  c('check_violation', 'quarantine', ['INTEGER', 'integer CHECK (c > 0)'], ['1', '-1'], gone),
  c('check_violation', 'quarantine', ['INTEGER', 'positive'], ['1', '-1'], gone),
  c('rejected', 'quarantine', ['TEXT', 'inet'], [`'10.0.0.1'`, `'10.0.0'`], gone),
  c('rejected', 'null', ['TEXT', 'inet'], [`'10.0.0.1'`, `'10.0.0'`], null),
  c('*', 'quarantine', ['TEXT', 'inet'], [`'10.0.0.1'`, `'x'`], gone),
];

const nameOf = (i: number) => `t${i}`;
const prologue = `CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);`;

function sourceSql(): string {
  return cases
    .map(({ types, good, bad }, i) => {
      const rows = `(1, ${good}), (2, ${bad}), (3, ${good})`;
      return `CREATE TABLE ${nameOf(i)} (id INTEGER PRIMARY KEY, c ${types[0]}); INSERT INTO ${nameOf(i)} VALUES ${rows};`;
    })
    .join('\n');
}

function targetSql(): string {
  return (
    prologue + cases.map(({ types }, i) => `CREATE TABLE ${nameOf(i)} (id int PRIMARY KEY, c ${types[1]});`).join('\n')
  );
}

function config(): string {
  const tables = cases.map(({ hazard, policy }, i) => {
    return [nameOf(i), { columns: { C: { policies: { [hazard]: policy } } }, policies: { [hazard]: policy } }];
  });
  // A policy for a column alone must do where the column is known.
  const known = (hazard: string) => !['check_violation', '*', 'rejected'].includes(hazard);
  const lean = tables.map(([name, rules], i) =>
    known(cases[i]?.hazard ?? '') ? [name, { columns: (rules as { columns: unknown }).columns }] : [name, rules],
  );
  return JSON.stringify({ tableRules: Object.fromEntries(lean) });
}

async function checkCase(
  client: pg.Client,
  { hazard, policy, becomes }: Case,
  i: number,
  keepsAll: boolean,
): Promise<void> {
  const name = nameOf(i);
  const { rows } = await client.query(`SELECT id, c::text AS c FROM ${name} ORDER BY id`);
  const kept = await client.query(
    `SELECT state, key, column_name, hazard, rule, reason, storage FROM pgferry.quarantine WHERE table_name = $1`,
    [name],
  );
  const ids = becomes === gone ? [1, 3] : [1, 2, 3];
  assert.deepEqual(
    rows.map(({ id }) => id),
    ids,
    `${name} ${hazard}`,
  );
  if (becomes !== gone) assert.equal(rows[1].c, becomes, `${name} ${hazard}`);
  const rule = typeof policy === 'string' ? policy : policy.convert;
  const { rows: counted } = await client.query(`SELECT converted FROM pgferry.chunk WHERE table_name = $1`, [name]);
  if (!keepsAll && isRecomputed({ hazard, rule })) {
    const [{ net, lost, greatest, ...cells }] = counted[0]?.converted ?? [];
    assert.deepEqual([cells, kept.rows], [{ column: 'c', hazard, rule, cells: 1 }, []], name);
    assert.deepEqual([net.replace('-', ''), greatest], [lost, lost], name);
    return;
  }
  assert.deepEqual(counted, [{ converted: [] }], name);
  assert.equal(kept.rows.length, 1, name);
  const [row] = kept.rows;
  assert.deepEqual([row.state, row.key], [becomes === gone ? 'held' : 'converted', 'id=2'], name);
  assert.equal(row.rule, rule);
  if (hazard !== '*') assert.equal(row.hazard, hazard);
  assert.ok(row.reason.length > 5);
}

const ways: readonly (readonly string[])[] = [
  ['--reader', 'pages', '--format', 'binary', '--keep-converted', '0'],
  ['--reader', 'rows', '--format', 'text'],
];

for (const way of ways) {
  test(`each policy does what it says with ${way.join(' ')}, and verify knows it`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const source = makeSqlite(folder, sourceSql());
        await client.query(targetSql());
        writeFileSync(join(folder, 'c.json'), config());
        const sides = ['--source', source, '--target', url];
        const migrated = await runJson(['migrate', ...sides, '--config', 'c.json', ...way], { cwd: folder });
        assert.equal(migrated.exitCode, 0, migrated.stderr);
        for (const [i, one] of cases.entries()) await checkCase(client, one, i, !way.includes('--keep-converted'));
        for (const { table, sourceRows, copiedRows, quarantinedRows, targetRows } of migrated.json.tables) {
          const isGone = cases[Number(table.slice(1))]?.becomes === gone;
          assert.deepEqual(
            [sourceRows, copiedRows, quarantinedRows, targetRows],
            isGone ? [3, 2, 1, 2] : [3, 3, 0, 3],
            table,
          );
        }
        const codes = migrated.json.findings
          .filter(({ code }) => /^data\.(converted|quarantined)$/.test(code))
          .map(({ code }) => code);
        const held = cases.filter(({ becomes }) => becomes === gone).length;
        assert.deepEqual(codes.sort(), [
          ...Array.from({ length: cases.length - held }, () => 'data.converted'),
          ...Array.from({ length: held }, () => 'data.quarantined'),
        ]);
        const verified = await runJson(['verify', ...sides], { cwd: folder });
        assert.equal(verified.exitCode, 0, verified.stderr + JSON.stringify(verified.json.differences));
        const sum = verified.json.tables.reduce((rows, { quarantinedRows }) => rows + quarantinedRows, 0);
        assert.equal(sum, held);
        // Not one kept row may go missing, nor a converted cell change again.
        await client.query(`UPDATE pgferry.quarantine SET cells[2] = '\\x00' WHERE table_name = 't3'`);
        await client.query(`UPDATE t0 SET c = 'other' WHERE id = 2`);
        await client.query(`DELETE FROM pgferry.quarantine WHERE table_name = 't5'`);
        const differing = await runJson(['verify', ...sides], { cwd: folder });
        assert.equal(differing.exitCode, 1);
        const wrong = differing.json.tables.filter(({ ok }) => !ok).map(({ table }) => table);
        assert.deepEqual(wrong.sort(), ['t0', 't3', 't5']);
      }),
    );
  });
}

test('without a policy, or where a rule cannot be applied, the run stops and names the row as before', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, ${longer}, ${longer}), (2, ${long} || ${nul}, ${long} || ${broken});`,
      );
      await client.query('CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b text)');
      const run = async (policies: Record<string, Policy>) => {
        writeFileSync(join(folder, 'c.json'), JSON.stringify({ policies }));
        const { json } = await runJson(
          ['migrate', '--source', source, '--target', url, '--config', 'c.json', '--fresh'],
          { cwd: folder },
        );
        return json.error;
      };
      const failed = await run({ nul_byte: { convert: 'strip' } });
      assert.deepEqual([failed?.code, failed?.column, failed?.key], ['data.invalid_utf8', 'b', 'id=2']);
      const stuck = await run({ nul_byte: { convert: 'null' }, invalid_utf8: 'quarantine' });
      assert.deepEqual([stuck?.code, stuck?.column], ['data.nul_byte', 'a']);
      assert.match(stuck?.hint ?? '', /the rule null cannot be applied to it/);
      const { rows } = await client.query(
        'SELECT (SELECT count(*) FROM t)::int + (SELECT count(*) FROM pgferry.quarantine)::int AS n',
      );
      assert.equal(rows[0].n, 0);
    }),
  );
});

test('a run does not go on under other policies than it began with', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, ${longer}), (2, ${long} || ${nul});`,
      );
      const args = ['migrate', '--source', source, '--target', url];
      assert.equal((await runJson(args, { cwd: folder })).exitCode, 23);
      writeFileSync(join(folder, 'c.json'), '{ "policies": { "nul_byte": "quarantine" } }');
      const refused = await runJson([...args, '--config', 'c.json'], { cwd: folder });
      assert.equal(refused.json.error?.code, 'plan.changed');
      assert.match(refused.json.error?.message ?? '', /policies of the config file were others/);
      const fresh = await runJson([...args, '--config', 'c.json', '--fresh'], { cwd: folder });
      assert.equal(fresh.exitCode, 0, fresh.stderr);
    }),
  );
});

test('a rule that cannot work is refused by the plan: null for a column that takes none', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query('CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0, m bigint)');
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, m INTEGER); INSERT INTO t VALUES (1, '', ''), (2, 5, 6);`,
      );
      const config = join(folder, 'config.json');
      writeFileSync(config, '{ "policies": { "not_an_integer": { "convert": "null" } } }');
      const args = ['migrate', '--source', source, '--target', url, '--config', config];
      const { json, exitCode } = await runJson(args, { cwd: folder });
      assert.deepEqual([exitCode, json.error?.code], [20, 'plan.refused']);
      const told = json.findings
        .filter(({ code }) => code !== 'verify.schema_differs')
        .map(({ severity, column, message }) => [severity, column, /takes no NULL/.test(message)]);
      assert.deepEqual(told, [
        ['error', 'n', true],
        ['warning', 'm', false],
      ]);
      assert.deepEqual((await client.query('SELECT FROM t')).rowCount, 0);
    }),
  );
});

test('the default of a column must be a value that it takes, and a literal one too, else the plan refuses', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(
        'CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL, b int NOT NULL DEFAULT (random() * 9)::int, c int NOT NULL DEFAULT 3, d int NOT NULL)',
      );
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER); INSERT INTO t VALUES (1, NULL, '', NULL, 'x');`,
      );
      const config = join(folder, 'config.json');
      const columns = { d: { policies: { not_an_integer: literal('y') } } };
      const policies = { not_an_integer: { convert: 'default' }, null_in_not_null: { convert: 'default' } };
      writeFileSync(config, JSON.stringify({ policies, tableRules: { t: { columns } } }));
      const args = ['plan', '--source', source, '--target', url, '--config', config];
      const { json, exitCode } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 20);
      const told = json.findings.flatMap(({ severity, column }) => (column === 'id' ? [] : [`${severity} ${column}`]));
      assert.deepEqual(told.sort(), ['error a', 'error b', 'error d', 'warning c']);
    }),
  );
});

test('of an hour that the clocks skip or show twice a rule takes the earlier or the later moment, in the zone that is said for all', async () => {
  const texts = ['2024-10-27 02:30:00.25', '2024-03-31 02:30:00', '2024-06-01 12:00:00'];
  const wanted = {
    earlier: ['2024-10-27 00:30:00.25', '2024-03-31 00:30:00', '2024-06-01 10:00:00'],
    later: ['2024-10-27 01:30:00.25', '2024-03-31 01:30:00', '2024-06-01 10:00:00'],
  };
  for (const [rule, moments] of Object.entries(wanted)) {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        await client.query('CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz)');
        const rows = texts.map((text, at) => `(${at}, '${text}')`).join(', ');
        const source = makeSqlite(
          folder,
          `CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO t VALUES ${rows}`,
        );
        const sides = ['--source', source, '--target', url, '--zone', 'Europe/Berlin'];
        const refused = await runJson(['migrate', ...sides], { cwd: folder });
        const lines = refused.json.findings.flatMap(({ choices = [] }) => choices);
        assert.equal(lines.filter((line) => line.includes(`"convert":"${rule}"`)).length, 2, refused.stderr);
        const policies = { ambiguous_time: { convert: rule }, no_such_time: { convert: rule } };
        writeFileSync(join(folder, 'c.json'), JSON.stringify({ policies }));
        const moved = await runJson(['migrate', ...sides, '--config', 'c.json'], { cwd: folder });
        assert.equal(moved.exitCode, 0, moved.stderr);
        assert.equal(moved.json.findings.filter(({ code }) => code === 'plan.zone').length, 0);
        const found = await client.query(`SELECT (at AT TIME ZONE 'UTC')::text AS at FROM t ORDER BY id`);
        assert.deepEqual(
          found.rows.map(({ at }) => at),
          moments,
        );
        const verified = await runJson(['verify', ...sides], { cwd: folder });
        assert.equal(verified.exitCode, 0, verified.stderr);
      }),
    );
  }
});
