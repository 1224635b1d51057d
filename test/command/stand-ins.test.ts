import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type pg from 'pg';
import { type JsonResult, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

interface Moved {
  readonly exitCode: number | null;
  readonly json: JsonResult;
  readonly stderr: string;
  readonly client: pg.Client;
}

/** Moves a database into a schema of the application's own. */
async function move(
  { source, target, config = {} }: { source: string; target: string; config?: object },
  use: (moved: Moved) => Promise<void>,
): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(target);
      const file = path.join(folder, 'pgferry.json');
      writeFileSync(file, JSON.stringify(config));
      const sides = ['--source', makeSqlite(folder, source), '--target', url];
      const ended = await runJson(['migrate', ...sides, '--config', file], { cwd: folder });
      await use({ ...ended, client });
    }),
  );
}

const notes = ({ findings }: JsonResult) =>
  findings.filter(({ code }) => code === 'plan.stand_in').map(({ column, message }) => [column, message]);

test('a time of day that Rails keeps after 2000-01-01 is that time, and a moment of another day is none', async () => {
  const target = 'CREATE TABLE items (id bigserial PRIMARY KEY, clock time)';
  const items = (third: string) => `CREATE TABLE items (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, clock time);
    INSERT INTO items VALUES (1, '2000-01-01 12:30:00'), (2, '2000-01-01 23:59:59.999999'), (3, ${third});`;
  await move({ source: items(`'07:00:00'`), target }, async ({ exitCode, stderr, client, json }) => {
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query('SELECT clock::text FROM items ORDER BY id');
    assert.deepEqual(
      rows.map(({ clock }) => clock),
      ['12:30:00', '23:59:59.999999', '07:00:00'],
    );
    assert.match(
      String(notes(json)),
      /^clock,2 of its texts are read as a time of day .*'2000-01-01 12:30:00' becomes 12:30:00$/,
    );
  });
  await move({ source: items(`'2000-01-02 07:00:00'`), target }, async ({ exitCode, json }) => {
    assert.equal(exitCode, 20);
    assert.ok(json.findings.some(({ code, key }) => code === 'data.not_a_time' && key === 'id=3'));
  });
});

test('an interval that SQLAlchemy keeps as a moment is the time since 1970', async () => {
  const values = [
    '1970-01-01 00:00:01.500000',
    '1969-12-29 00:00:00.000005',
    '1 day 02:03:04',
    'P1DT2H',
    '2 months ago',
  ];
  const source = `CREATE TABLE item (id integer PRIMARY KEY, dur DATETIME); INSERT INTO item VALUES ${values.map((value, at) => `(${at}, '${value}')`).join(', ')};`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, dur interval)';
  await move({ source, target }, async ({ exitCode, stderr, client, json }) => {
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query(
      `SELECT dur = (ARRAY[timestamp '${values[0]}' - timestamp '1970-01-01', timestamp '${values[1]}' - timestamp '1970-01-01',
        interval '${values[2]}', interval '${values[3]}', interval '${values[4]}'])[id + 1] AS same FROM item`,
    );
    assert.deepEqual(rows, Array(values.length).fill({ same: true }));
    assert.equal(notes(json).length, 1);
  });
});

test('a text that is no interval is found before the copy', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, dur TEXT); INSERT INTO item VALUES (1, '01:00'), (2, 'soon'), (3, '1970-13-01 00:00:00');`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, dur interval)';
  await move({ source, target }, async ({ exitCode, json }) => {
    assert.equal(exitCode, 20);
    const found = json.findings.filter(({ code }) => code === 'data.not_an_interval');
    assert.match(
      String(found.map(({ message }) => message)),
      /2 values cannot go into interval: not an interval: 'soon' at id=2/,
    );
  });
});

test('numbers in an interval are microseconds where Django made the tables, and nowhere else by themselves', async () => {
  const item = `CREATE TABLE item (id integer PRIMARY KEY, dur bigint); INSERT INTO item VALUES (1, 90061000001), (2, -5);`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, dur interval)';
  const django = `CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied datetime); ${item}`;
  await move({ source: django, target }, async ({ exitCode, stderr, client, json }) => {
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query('SELECT dur::text FROM item ORDER BY id');
    assert.deepEqual(rows, [{ dur: '25:01:01.000001' }, { dur: '-00:00:00.000005' }]);
    assert.match(String(notes(json)), /2 numbers are read as microseconds/);
  });
  await move({ source: item, target }, async ({ exitCode, json }) => {
    assert.equal(exitCode, 20);
    assert.ok(json.findings.some(({ code }) => code === 'plan.time_unit' || code === 'data.no_unit'));
  });
});

test('a real takes every decimal that it prints again, and no other', async () => {
  const source = (value: string) =>
    `CREATE TABLE acc (id integer PRIMARY KEY, d REAL); INSERT INTO acc VALUES (1, 73.9), (2, 0.1), (3, -2.5e-7), (4, 1.5), (5, ${value});`;
  const target = 'CREATE TABLE acc (id bigserial PRIMARY KEY, d real)';
  await move({ source: source('3.4e38'), target }, async ({ exitCode, stderr, client }) => {
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query('SELECT d::text FROM acc ORDER BY id');
    assert.deepEqual(
      rows.map(({ d }) => d),
      ['73.9', '0.1', '-2.5e-07', '1.5', '3.4e+38'],
    );
  });
  await move({ source: source('73.900001'), target }, async ({ exitCode, json }) => {
    assert.equal(exitCode, 20);
    assert.ok(json.findings.some(({ code, key }) => code === 'data.inexact' && key === 'id=5'));
  });
});

test('round-half-even rounds as Python does: a float has fifteen digits first', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, price decimal);
    INSERT INTO item VALUES (1, 1.05 * 1.1 / 3), (2, 0.125), (3, 0.135), (4, -2.675), (5, 0.1 + 0.2);`;
  const target = 'CREATE TABLE item (id bigint PRIMARY KEY, price numeric(10,2))';
  const config = { policies: { inexact: { convert: 'round-half-even' } } };
  await move({ source, target, config }, async ({ exitCode, stderr, client }) => {
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query('SELECT price::text FROM item ORDER BY id');
    assert.deepEqual(
      rows.map(({ price }) => price),
      ['0.38', '0.12', '0.14', '-2.68', '0.30'],
    );
  });
});

test('from nothing, a time that Rails keeps after 2000-01-01 becomes time, with its default', async () => {
  const source = `CREATE TABLE items (id integer PRIMARY KEY, clock time DEFAULT '2000-01-01 12:00:00'); INSERT INTO items VALUES (1, '2000-01-01 07:30:00.25');`;
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, source), '--target', url, '--from-source'];
      const moved = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      await client.query('INSERT INTO items (id) VALUES (2)');
      const { rows } = await client.query('SELECT clock::text, pg_typeof(clock)::text AS type FROM items ORDER BY id');
      const type = 'time without time zone';
      assert.deepEqual(rows, [
        { clock: '07:30:00.25', type },
        { clock: '12:00:00', type },
      ]);
    }),
  );
});
