import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { runJson } from '../support/command.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { checkNoRunFolder, checkRefusal, listObjects, type Refusal } from '../support/refusal.js';

const sourceSql = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id));
  INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1);`;
const parentSql = 'CREATE TABLE parent (id bigint PRIMARY KEY, name text);';
const childSql = 'CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id));';
const bare = { name: 'bare', password: 'pw' };
const reader = { name: 'reader', password: 'pw' };

let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
  await onDatabase('pgferry', async (client) => {
    await client.query(`CREATE ROLE bare LOGIN PASSWORD 'pw'`);
    await client.query(`CREATE ROLE reader LOGIN PASSWORD 'pw'`);
    await client.query('ALTER ROLE reader SET default_transaction_read_only = on');
  });
});
after(() => cluster.stop());

async function onDatabase<T>(database: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: cluster.url(database) });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Lends a database made with the given words, with some tables in it. */
async function withTables(sql: string, use: (database: string) => Promise<void>, making = ''): Promise<void> {
  await onDatabase('postgres', (client) => client.query(`CREATE DATABASE app ${making}`));
  try {
    await onDatabase('app', (client) => client.query(sql));
    await use('app');
  } finally {
    await onDatabase('postgres', (client) => client.query('DROP DATABASE app WITH (FORCE)'));
  }
}

async function checkTarget(target: string, refusal: Refusal, command = 'migrate'): Promise<void> {
  await withFolder(async (folder) => {
    const source = makeSqlite(folder, sourceSql);
    await checkRefusal([command, '--source', source, '--target', target], { cwd: folder }, refusal);
    checkNoRunFolder(folder, ['app.db']);
  });
}

const unreachable: readonly (readonly [title: string, url: () => string, refusal: Refusal])[] = [
  [
    'nobody listens',
    () => 'postgresql://app:pw@127.0.0.1:1/app',
    {
      code: 'target.unreachable',
      says: /cannot reach postgres at 127\.0\.0\.1:1: .*ECONNREFUSED/,
      hint: /host and port/,
    },
  ],
  [
    'the host has no address',
    () => 'postgresql://app:pw@nowhere.invalid/app',
    { code: 'target.unreachable', says: /cannot reach postgres at nowhere\.invalid:5432/, hint: /check host and port/ },
  ],
  [
    'the password is wrong',
    () => cluster.url('pgferry', { name: 'bare', password: 'wrong' }),
    {
      code: 'target.auth',
      says: /does not let bare in: password authentication failed/,
      hint: /PGPASSWORD, PGPASSFILE/,
    },
  ],
  [
    'a password is wanted and none was given',
    () => cluster.url('pgferry', { name: 'bare', password: '' }).replace(':@', '@'),
    { code: 'target.auth', says: /wants a password for bare, and none was given/, hint: /PGPASSWORD or PGPASSFILE/ },
  ],
  [
    'the database is not there',
    () => cluster.url('nodb'),
    { code: 'target.no_database', says: /database "nodb" does not exist/, hint: /create the database/ },
  ],
  [
    'the url is of another kind',
    () => 'mysql://root:pw@localhost/app',
    {
      code: 'usage.target_url',
      says: /is a MySQL database, and pgferry writes to PostgreSQL alone/,
      hint: /postgresql:\/\/USER@HOST/,
    },
  ],
  [
    'the port is none',
    () => 'postgresql://app:pw@localhost:99999/app',
    { code: 'usage.target_url', says: /the port in the target url is not a number from 1 to 65535/, hint: /HOST:PORT/ },
  ],
];

for (const [title, url, refusal] of unreachable) {
  test(`target: ${title}: refused by name, and no folder is left`, () => checkTarget(url(), refusal));
}

for (const command of ['plan', 'init', 'migrate', 'copy', 'verify', 'shadow', 'accept']) {
  test(`${command} reads nothing of the source before the target lets it in`, () =>
    withFolder(async (folder) => {
      const target = cluster.url('pgferry', { name: 'bare', password: 'wrong' });
      const args = [command, '--source', makeSqlite(folder, sourceSql), '--target', target];
      const { json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(json.error?.code, 'target.auth');
      assert.match(stderr, /^✗ /);
    }));
}

test('a bare role gets the list of all rights that it lacks, as GRANTs, and with them the run goes through', async () => {
  await withTables(parentSql + childSql, async (database) => {
    const target = cluster.url(database, bare);
    await withFolder(async (folder) => {
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', target];
      const json = await checkRefusal(
        args,
        { cwd: folder },
        {
          code: 'plan.refused',
          says: /the plan refuses for 3 reasons; nothing was written/,
          hint: /each reason listed says what to do/,
          reasons: ['plan.no_rights', 'plan.no_rights parent', 'plan.no_rights child'],
        },
      );
      const grants = json.findings.filter(({ code }) => code === 'plan.no_rights').map(({ hint }) => hint);
      assert.deepEqual(grants.slice(1), [
        'GRANT SELECT, INSERT, UPDATE ON "public"."parent" TO "bare";',
        'GRANT SELECT, INSERT, UPDATE ON "public"."child" TO "bare";',
      ]);
      await onDatabase(database, async (client) => {
        assert.deepEqual(await listObjects(client), ['public.child', 'public.parent']);
        for (const grant of grants) await client.query(grant.replace(/ \(or.*/, ''));
      });
      const granted = await runJson(args, { cwd: folder });
      assert.equal(granted.exitCode, 0, granted.stderr);
    });
  });
});

test('a role that may make neither tables nor a ledger is refused before anything is tried', async () => {
  await withTables('', async (database) => {
    const refusal: Refusal = {
      code: 'plan.refused',
      says: /the schema cannot be made for 2 reasons; nothing was written/,
      hint: /each reason listed/,
      reasons: ['plan.no_rights', 'plan.no_rights'],
    };
    for (const command of ['migrate', 'plan']) await checkTarget(cluster.url(database, bare), refusal, command);
    assert.deepEqual(await onDatabase(database, listObjects), ['public']);
  });
});

test('verify asks for the right to read alone, and takes a role that may write nothing', async () => {
  await withTables(parentSql + childSql, async (database) => {
    const target = cluster.url(database, reader);
    await checkTarget(
      target,
      {
        code: 'plan.refused',
        says: /the two sides cannot be compared for 2 reasons/,
        hint: /each reason listed/,
        reasons: ['plan.no_rights parent', 'plan.no_rights child'],
      },
      'verify',
    );
    await onDatabase(database, (client) =>
      client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; INSERT INTO parent VALUES (1, 'a')`),
    );
    await withFolder(async (folder) => {
      const args = ['verify', '--source', makeSqlite(folder, sourceSql), '--target', target];
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 1, stderr);
      assert.deepEqual(
        json.differences.map(({ table, kind, key }) => `${table} ${key} ${kind}`),
        ['child id=1 missing'],
      );
    });
  });
});

interface TableCase extends Refusal {
  readonly title: string;
  readonly sql: string;
  readonly making?: string;
  readonly parameters?: string;
  readonly command?: string;
}

const oneReason = { code: 'plan.refused', says: /for one reason; nothing was written/, hint: /each reason listed/ };
const tableCases: readonly TableCase[] = [
  {
    ...oneReason,
    title: 'a server that is read-only',
    sql: '',
    parameters: '?options=-c%20default_transaction_read_only%3Don',
    reasons: ['plan.read_only'],
  },
  {
    ...oneReason,
    title: 'an encoding that cannot hold every text',
    sql: '',
    making: `ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`,
    reasons: ['plan.encoding'],
  },
  { ...oneReason, title: 'a table that is missing', sql: parentSql, reasons: ['plan.table_missing child'] },
  {
    ...oneReason,
    title: 'a column that must be filled and has nothing to fill it',
    sql: `${parentSql + childSql} ALTER TABLE child ADD extra text NOT NULL`,
    reasons: ['plan.column_unfilled child'],
  },
  {
    ...oneReason,
    title: 'a column that is missing',
    sql: `${parentSql + childSql} ALTER TABLE parent DROP name`,
    reasons: ['plan.column_missing parent'],
  },
  {
    ...oneReason,
    title: 'a table that a crash would empty',
    sql: `${parentSql + childSql} ALTER TABLE child SET UNLOGGED`,
    reasons: ['plan.unlogged child'],
  },
  {
    code: 'plan.refused',
    says: /for 2 reasons/,
    hint: /each reason/,
    title: 'no tables to copy into',
    sql: '',
    command: 'copy',
    reasons: ['plan.table_missing parent', 'plan.table_missing child'],
  },
];

for (const { title, sql, making, parameters = '', command, ...refusal } of tableCases) {
  test(`target: ${title} is refused with its reason, and nothing is written`, async () => {
    await withTables(
      sql,
      async (database) => {
        const objects = await onDatabase(database, listObjects);
        await checkTarget(`${cluster.url(database)}${parameters}`, refusal, command);
        assert.deepEqual(await onDatabase(database, listObjects), objects);
      },
      making,
    );
  });
}

test('a target with rows of its own is refused, both ways on are named, and the rows stay as they are', async () => {
  const rowsSql = `${parentSql + childSql} INSERT INTO parent VALUES (7, 'theirs')`;
  await withTables(rowsSql, async (database) => {
    const rowsNow = () => onDatabase(database, async (client) => (await client.query('SELECT * FROM parent')).rows);
    const refusal: Refusal = { ...oneReason, reasons: ['plan.target_has_rows'] };
    for (const command of ['migrate', 'copy']) await checkTarget(cluster.url(database), refusal, command);
    await withFolder(async (folder) => {
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', cluster.url(database)];
      const { stderr } = await runJson(args, { cwd: folder });
      assert.match(stderr, /one target table holds rows that pgferry did not load.*: parent/);
      assert.match(stderr, /TRUNCATE_TARGET=1.*RESET_PUBLIC_SCHEMA=1/);
      assert.deepEqual(await rowsNow(), [{ id: '7', name: 'theirs' }]);
      const reset = await runJson(args, { cwd: folder, env: { RESET_PUBLIC_SCHEMA: '1', RESET_AGREED: '1' } });
      assert.equal(reset.exitCode, 0, reset.stderr);
      assert.deepEqual(await rowsNow(), [{ id: '1', name: 'a' }]);
    });
  });
});
