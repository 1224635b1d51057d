import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { setSequences } from '../../../src/target/schema/sequences.js';
import { withDatabase } from '../../support/database.js';

async function withSchema(sql: string, use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query(sql);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, use);
  });
}

interface Case {
  readonly title: string;
  readonly options: string;
  readonly rows: readonly string[];
  readonly atLeast?: string;
  readonly next: string | 'fails';
}

const cases: readonly Case[] = [
  { title: 'an empty table begins at the start', options: '', rows: [], next: '1' },
  { title: 'an empty table with a start of its own begins there', options: 'START 40', rows: [], next: '40' },
  { title: 'the next number is above the largest', options: '', rows: ['3', '17', '5'], next: '18' },
  {
    title: 'a number that was handed out and deleted is not given again',
    options: '',
    rows: ['3'],
    atLeast: '90',
    next: '91',
  },
  { title: 'the same holds for a table that is empty', options: '', rows: [], atLeast: '7', next: '8' },
  { title: 'a larger key beats what was handed out', options: '', rows: ['100'], atLeast: '7', next: '101' },
  { title: 'numbers above 2^53 are exact', options: '', rows: ['9007199254740993'], next: '9007199254740994' },
  { title: 'negative keys leave the start alone', options: '', rows: ['-5'], next: '1' },
  { title: 'an increment keeps its grid', options: 'START 5 INCREMENT 10', rows: ['16'], next: '25' },
  { title: 'a key on the grid counts as used', options: 'START 5 INCREMENT 10', rows: ['25'], next: '35' },
  {
    title: 'a falling sequence goes below the smallest',
    options: 'INCREMENT -1 MINVALUE -1000 MAXVALUE -1',
    rows: ['-9', '-3'],
    atLeast: '50',
    next: '-10',
  },
  { title: 'at its very end the sequence fails', options: 'MAXVALUE 10', rows: ['10'], next: 'fails' },
  { title: 'keys beyond its end do not break it', options: 'MAXVALUE 10', rows: ['11'], next: 'fails' },
  { title: 'one that cycles begins anew', options: 'MAXVALUE 10 CYCLE', rows: ['10'], next: '1' },
  { title: 'one before the end is still given', options: 'MAXVALUE 10', rows: ['9'], next: '10' },
];

for (const { title, options, rows, atLeast = null, next } of cases) {
  test(`${title} (${options || 'no options'}; rows ${rows.join(' ') || 'none'}; at least ${atLeast})`, async () => {
    const sql = `CREATE SCHEMA app; CREATE TABLE app."T t" ("Id" int8 GENERATED ALWAYS AS IDENTITY${options && ` (${options})`}, x int)`;
    await withSchema(sql, async (client) => {
      for (const row of rows) await client.query('INSERT INTO app."T t" OVERRIDING SYSTEM VALUE VALUES ($1)', [row]);
      const [found] = await setSequences(client, 'app', [{ table: 'T t', sequenceAtLeast: { Id: atLeast } }]);
      assert.deepEqual([found?.table, found?.column, found?.sequence], ['T t', 'Id', 'app."T t_Id_seq"']);
      assert.equal(found?.isExhausted, next === 'fails' || options.includes('CYCLE'));
      const insert = client.query<{ id: string }>('INSERT INTO app."T t" (x) VALUES (1) RETURNING "Id"::text AS id');
      if (next === 'fails') await assert.rejects(insert, { message: /reached maximum value/ });
      else assert.deepEqual(await insert, [{ id: next }]);
    });
  });
}

test('serial columns, domains and defaults on a sequence that no column owns are set, other defaults are left', async () => {
  const sql = `CREATE SCHEMA app; CREATE SEQUENCE app."Shared"; CREATE DOMAIN app.num AS int8;
    CREATE TABLE app.a (id serial, n app.num DEFAULT nextval('app."Shared"'), t text DEFAULT 'x' || nextval('app."Shared"'));
    CREATE TABLE app.b (id smallserial, m numeric DEFAULT nextval('app."Shared"'));
    CREATE TABLE app.c (id serial); INSERT INTO app.c VALUES (9);
    INSERT INTO app.a VALUES (7, 50, 'x'); INSERT INTO app.b VALUES (8, 60.5)`;
  await withSchema(sql, async (client) => {
    const needs = ['a', 'b'].map((table) => ({ table, sequenceAtLeast: {} }));
    const found = await setSequences(client, 'app', needs);
    assert.deepEqual(
      found.map(({ table, column, value, isCalled }) => [table, column, value, isCalled]),
      [
        ['a', 'id', '7', true],
        ['a', 'n', '50', true],
        ['b', 'id', '8', true],
        ['b', 'm', '61', true],
      ],
    );
    assert.deepEqual(await client.query(`SELECT nextval('app."Shared"') AS n, nextval('app.c_id_seq') AS c`), [
      { n: '62', c: '1' },
    ]);
    await client.query('DELETE FROM app.b; DELETE FROM app.a');
    await setSequences(client, 'app', needs);
    assert.deepEqual(await client.query(`SELECT nextval('app."Shared"') AS n, nextval('app.a_id_seq') AS a`), [
      { n: '63', a: '1' },
    ]);
  });
});

test('a sequence that a default names by a text is set, in the schema of the table or in the one that it names', async () => {
  const sql = `CREATE SCHEMA app; CREATE SCHEMA other; CREATE SEQUENCE app.users_seq; CREATE SEQUENCE app."It's"; CREATE SEQUENCE other.seq;
    CREATE TABLE app.a (id int8 DEFAULT nextval('app.users_seq'::text), n int8 DEFAULT nextval('other.seq'::varchar), q int8 DEFAULT nextval('app."It''s"'::text));
    SET search_path TO app;
    CREATE TABLE app.b (id int8 DEFAULT nextval('users_seq'::text), t int8 DEFAULT nextval('no_such_seq'::text), f int8 DEFAULT nextval('not a name'::text));
    INSERT INTO app.a VALUES (7, 20, 30); INSERT INTO app.b VALUES (9, 1, 1)`;
  await withSchema(sql, async (client) => {
    const needs = ['a', 'b'].map((table) => ({ table, sequenceAtLeast: {} }));
    const found = await setSequences(client, 'app', needs);
    assert.deepEqual(
      found.map(({ table, column, sequence, value }) => [table, column, sequence, value]),
      [
        ['a', 'id', 'app.users_seq', '7'],
        ['a', 'n', 'other.seq', '20'],
        ['a', 'q', `app."It's"`, '30'],
        ['b', 'id', 'app.users_seq', '9'],
      ],
    );
    const [next] = await client.query(`SELECT nextval('app.users_seq') AS id, nextval('other.seq') AS n`);
    assert.deepEqual(next, { id: '10', n: '21' });
  });
});

test('a table without sequences needs nothing', async () => {
  await withSchema('CREATE SCHEMA app; CREATE TABLE app.t (id text PRIMARY KEY)', async (client) => {
    assert.deepEqual(await setSequences(client, 'app', [{ table: 't', sequenceAtLeast: { id: null } }]), []);
  });
});
