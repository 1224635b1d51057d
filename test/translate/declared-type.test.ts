import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { type JsonResult, runJson } from '../support/command.js';
import { typesOf, withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

interface Moved {
  readonly json: JsonResult;
  readonly stderr: string;
  readonly client: pg.Client;
}

/** Moves a database into an empty schema, by either reader. */
async function move(
  sql: string,
  { rules, reader }: { readonly rules?: unknown; readonly reader: string },
  use: (moved: Moved) => Promise<void>,
): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const args = [
        'migrate',
        '--source',
        makeSqlite(folder, sql),
        '--target',
        url,
        '--from-source',
        '--reader',
        reader,
      ];
      const config = join(folder, 'config.json');
      if (rules !== undefined) writeFileSync(config, JSON.stringify(rules));
      const ended = await runJson([...args, ...(rules === undefined ? [] : ['--config', config])], { cwd: folder });
      await use({ ...ended, client });
    }),
  );
}

const declaredFindings = ({ findings }: JsonResult) =>
  findings
    .filter(({ code }) => code === 'plan.declared_type')
    .map(({ severity, column, message }) => [severity, column, message]);

for (const reader of ['pages', 'rows']) {
  test(`booleans in words are booleans, with their defaults (${reader})`, async () => {
    const sql = `CREATE TABLE m (id INTEGER PRIMARY KEY, mail boolean DEFAULT 'f', active bool NOT NULL DEFAULT 't', mix BOOLEAN, words boolean);
      INSERT INTO m VALUES (1, 't', 't', 1, 'true'), (2, 'f', 'f', 't', 'FALSE'), (3, NULL, 't', 'false', 'yes');`;
    await move(sql, { reader }, async ({ json, stderr, client }) => {
      assert.equal(json.ok, true, stderr);
      assert.deepEqual(declaredFindings(json), []);
      const boolean = 'boolean';
      assert.deepEqual(await typesOf(client, 'm'), {
        id: 'bigint',
        mail: boolean,
        active: boolean,
        mix: boolean,
        words: boolean,
      });
      await client.query('INSERT INTO m (id) VALUES (4)');
      const { rows } = await client.query('SELECT mail, active, mix, words FROM m ORDER BY id');
      assert.deepEqual(rows, [
        { mail: true, active: true, mix: true, words: true },
        { mail: false, active: false, mix: true, words: false },
        { mail: null, active: true, mix: false, words: true },
        { mail: false, active: true, mix: null, words: null },
      ]);
    });
  });
}

test('frameworks that have no word for a boolean are understood: TINYINT(1), and integers that are false by default', async () => {
  const sql = `CREATE TABLE item (id INTEGER PRIMARY KEY, a TINYINT(1) NOT NULL DEFAULT 0, b integer DEFAULT false NOT NULL, c TINYINT(1), d INTEGER DEFAULT true, e TINYINT(2));
    INSERT INTO item VALUES (1, 0, 0, 0, 2, 0), (2, 1, 1, 5, 1, 1); CREATE TABLE bare (a TINYINT(1));`;
  await move(sql, { reader: 'auto' }, async ({ json, stderr, client }) => {
    assert.equal(json.ok, true, stderr);
    const [bigint, boolean] = ['bigint', 'boolean'];
    assert.deepEqual(await typesOf(client, 'item'), {
      id: bigint,
      a: boolean,
      b: boolean,
      c: bigint,
      d: bigint,
      e: bigint,
    });
    assert.deepEqual(await typesOf(client, 'bare'), { a: bigint });
    await client.query('INSERT INTO item (id) VALUES (3)');
    const { rows } = await client.query('SELECT a, b FROM item ORDER BY id');
    assert.deepEqual(
      rows.map(({ a, b }) => `${a} ${b}`),
      ['false false', 'true true', 'false false'],
    );
  });
});

const oddSql = `
  CREATE TABLE g (id INTEGER PRIMARY KEY, j JSON, u UUID, b BOOLEAN, d DATE, t TIME, ts DATETIME, n INTEGER, r REAL, p DECIMAL(9,2));
  INSERT INTO g VALUES (1, '{}', '0f8fad5bd9cb469fa16570867728950e', 1, '2020-01-01', '10:00', '2020-01-01 10:00:00', 7, 1.5, 2.5),
    (2, '', 'none', 2, '', '', '', '', '', 'much');`;

test('a declared type that a value is against is never given up without a word', async () => {
  await move(oddSql, { reader: 'auto' }, async ({ json, stderr, client }) => {
    assert.equal(json.ok, true, stderr);
    assert.deepEqual(declaredFindings(json), [
      ['warning', 'j', `JSON becomes text: 1 of 2 is not JSON: '' (id=2)`],
      ['warning', 'u', `UUID becomes text: 1 of 2 is not a uuid: 'none' (id=2)`],
      ['warning', 'b', `BOOLEAN becomes bigint: 1 of 2 is not a boolean: 2 (id=2)`],
      ['warning', 'd', `DATE becomes text: 1 of 2 is not a date: '' (id=2)`],
      ['warning', 't', `TIME becomes text: 1 of 2 is not a time of day: '' (id=2)`],
      ['warning', 'ts', `DATETIME becomes text: 1 of 2 is not a date and time: '' (id=2)`],
      ['warning', 'n', `INTEGER becomes text: 1 of 2 is not an integer: '' (id=2)`],
      ['warning', 'r', `REAL becomes text: 1 of 2 is not a decimal number: '' (id=2)`],
      ['warning', 'p', `DECIMAL(9,2) becomes text: 1 of 2 is not a decimal number: 'much' (id=2)`],
    ]);
    const { rows } = await client.query('SELECT * FROM g WHERE id = 2');
    const arrived = { id: '2', j: '', u: 'none', b: '2', d: '', t: '', ts: '', n: '', r: '', p: 'much' };
    assert.deepEqual(rows, [arrived]);
  });
});

const hazards = ['json', 'a_uuid', 'a_bool', 'a_date', 'a_time', 'a_timestamp', 'an_integer', 'a_number'];
const toNull = Object.fromEntries(hazards.map((name) => [`not_${name}`, { convert: 'null' }]));

test('what the finding proposes keeps the declared type, and the values become what it says', async () => {
  await move(oddSql, { reader: 'auto', rules: { policies: toNull } }, async ({ json, stderr, client }) => {
    assert.equal(json.ok, true, stderr);
    assert.deepEqual(declaredFindings(json), []);
    const types = Object.values(await typesOf(client, 'g'));
    assert.deepEqual(types, [
      'bigint',
      'json',
      'uuid',
      'boolean',
      'date',
      'time without time zone',
      'timestamp(6) without time zone',
      'bigint',
      'double precision',
      'numeric',
    ]);
    const { rows } = await client.query('SELECT * FROM g WHERE id = 2');
    assert.deepEqual(Object.values(rows[0] ?? {}), ['2', ...Array(9).fill(null)]);
  });
  const policies = { not_an_integer: { convert: 'null' }, not_a_bool: 'quarantine' };
  await move(
    oddSql,
    { reader: 'auto', rules: { tableRules: { g: { columns: { n: { policies } } } } } },
    async ({ json, client }) => {
      const columns = declaredFindings(json).map(([, column]) => column);
      assert.deepEqual(columns, ['j', 'u', 'b', 'd', 't', 'ts', 'r', 'p']);
      assert.equal((await typesOf(client, 'g'))['n'], 'bigint');
    },
  );
});

test('a blob among numbers blocks, and the finding says which policy would let the column stay what it is', async () => {
  const sql = `CREATE TABLE b (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO b VALUES (1, 5), (2, x'00ff');`;
  await move(sql, { reader: 'auto' }, async ({ json, stderr }) => {
    assert.equal(json.error?.code, 'plan.refused', stderr);
    assert.match(stderr, /INTEGER is no bigint, and no one type carries it: 1 of 2 is .*\(id=2\)/);
  });
  const rules = { tableRules: { b: { columns: { n: { policies: { blob: 'quarantine' } } } } } };
  await move(sql, { reader: 'auto', rules }, async ({ client }) => {
    assert.equal((await typesOf(client, 'b'))['n'], 'bigint');
  });
});
