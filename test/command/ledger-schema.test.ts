import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { cli, runCommand, runJson } from '../support/command.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';

/*
 * A role as managed services give it: no superuser, no CREATE on the database, the owner of one schema that somebody made for
 * it. The ledger stands beside the tables there, and is no part of the application's schema.
 */

const role = { name: 'tenant', password: 'pw' };
let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
  await asSuperuser('postgres', `CREATE ROLE tenant LOGIN PASSWORD 'pw' NOSUPERUSER NOCREATEDB NOCREATEROLE`);
});
after(() => cluster.stop());

async function asSuperuser(database: string, ...statements: readonly string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: cluster.url(database) });
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const statement of statements) results.push(await client.query(statement));
    return results;
  } finally {
    await client.end();
  }
}

/** Lends a small application whose role has rights in the schema "home" alone. */
async function withTenant(use: (app: App, database: string) => Promise<void>): Promise<void> {
  const database = 'tenants';
  await asSuperuser('postgres', `CREATE DATABASE ${database}`);
  try {
    await asSuperuser(database, 'REVOKE ALL ON SCHEMA public FROM PUBLIC', 'CREATE SCHEMA home AUTHORIZATION tenant');
    await withFolder((folder) =>
      use(makeSmallApp(folder, `${cluster.url(database, role)}?schema=home`, { LEDGER_SCHEMA: 'home' }), database),
    );
  } finally {
    await asSuperuser('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
  }
}

const run = (app: App, ...args: readonly string[]) => runJson(args, { cwd: app.folder, env: app.env });

async function namesIn(database: string, schema: string): Promise<string[]> {
  const [found] = await asSuperuser(
    database,
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = '${schema}'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
  );
  return (found?.rows ?? []).map(({ name }: { name: string }) => name);
}

test('without a place for the ledger the role is told the one that it has', () =>
  withTenant(async (app) => {
    const { json } = await runJson(['migrate'], { cwd: app.folder, env: { ...app.env, LEDGER_SCHEMA: '' } });
    assert.equal(json.error?.code, 'plan.refused');
    const [reason] = json.findings.filter(({ code }) => code === 'plan.no_rights');
    assert.match(reason?.hint ?? '', /beside the tables: --ledger-schema 'home'/);
  }));

test('a run, its proofs and a repeat work with the ledger beside the tables, of which no page speaks', () =>
  withTenant(async (app, database) => {
    const migrated = await run(app, 'migrate');
    assert.equal(migrated.exitCode, 0, migrated.stderr);
    assert.deepEqual(
      migrated.json.tables.map(({ table }) => table),
      ['parent', 'child'],
    );
    for (const command of ['verify', 'accept', 'status', 'follow', 'shadow']) {
      const { exitCode, stdout, stderr } = await run(app, command);
      assert.equal(exitCode, 0, stderr);
      assert.doesNotMatch(stdout, /"pgferry_(?!loading)/, command);
    }
    const [schemas] = await asSuperuser(
      database,
      `SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)'`,
    );
    assert.deepEqual(schemas?.rows.map(({ nspname }) => nspname).sort(), ['home', 'public']);
    const names = await namesIn(database, 'home');
    assert.deepEqual(
      names.filter((name) => !name.startsWith('pgferry_')),
      ['child', 'parent'],
    );
    assert.ok(names.includes('pgferry_run') && names.includes('pgferry_chunk'));
    const again = await run(app, 'migrate', '--truncate-target');
    assert.equal(again.exitCode, 0, again.stderr);
    const plan = await run(app, 'plan');
    assert.doesNotMatch(plan.stdout, /pgferry_/);
  }));

test('a command that forgets where the ledger is says so, and a reset does not drop it', () =>
  withTenant(async (app, database) => {
    const env = { ...app.env, LEDGER_SCHEMA: '' };
    assert.equal((await run(app, 'migrate')).exitCode, 0);
    for (const command of ['status', 'verify', 'migrate']) {
      const { json } = await runJson([command], { cwd: app.folder, env });
      assert.equal(json.error?.code, 'target.ledger_elsewhere', command);
      assert.match(json.error?.hint ?? '', /--ledger-schema 'home'/);
    }
    const reset = await run(app, 'migrate', '--reset-schema', '--yes', '--reset-also', '*');
    assert.equal(reset.json.error?.code, 'plan.reset_others');
    assert.ok((await namesIn(database, 'home')).includes('pgferry_run'));
  }));

test('a cutover with a reverse journal, and the way back with what was written since, need no second schema', () =>
  withTenant(async (app, database) => {
    const over = await runFor(app, 'cutover', { args: ['--reverse-journal'] });
    assert.equal(over.exitCode, 0, over.stderr);
    await asSuperuser(database, `INSERT INTO home.parent VALUES (10, 'since')`, `DELETE FROM home.child WHERE id = 3`);
    const back = await backBySourcing(app, over.json.runDir ?? '');
    assert.equal(back.exitCode, 0, back.stderr);
    const db = new Database(app.source);
    assert.deepEqual(db.prepare('SELECT id FROM parent ORDER BY id').pluck().all(), [1, 2, 3, 10]);
    assert.deepEqual(db.prepare('SELECT id FROM child ORDER BY id').pluck().all(), [1, 2]);
    db.close();
    await assert.rejects(asSuperuser(database, 'DELETE FROM home.child'), /pgferry|closed|SQLite/);
  }));

/** rollback.env alone says where the ledger is. */
async function backBySourcing(app: App, folder: string) {
  const script = `. ${folder}/rollback.env && exec ${process.execPath} ${cli} rollback --json`;
  const env = { PATH: process.env['PATH'], POSTGRES_DATABASE_URL: app.url, WORKERS: '1', CHECKPOINT_DISABLE: '1' };
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: app.folder, env, encoding: 'utf8' });
  return { exitCode: status, stderr };
}

test('a rollback that leaves what was written since saves the tables whole', () =>
  withTenant(async (app, database) => {
    const over = await runFor(app, 'cutover');
    assert.equal(over.exitCode, 0, over.stderr);
    await asSuperuser(database, `INSERT INTO home.parent VALUES (10, 'since')`);
    const back = await runFor(app, 'rollback', { args: ['--target-writes', 'discard'] });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.match(back.stderr, /saved whole, since our role may make no schema/);
  }));

test('what a rehearsal lacks is said before it begins', () =>
  withTenant(async (app) => {
    const { json } = await runJson(['cutover', '--dry-run'], { cwd: app.folder, env: app.env });
    assert.equal(json.error?.code, 'cutover.refused');
    assert.match(json.error?.message ?? '', /makes the schema pgferry_rehearsal for a while.*target.no_rights/);
    assert.match(json.error?.hint ?? '', /GRANT CREATE ON DATABASE/);
    const page = await runCommand(['doctor'], { cwd: app.folder, env: app.env });
    assert.match(page.stdout, /home/);
  }));
