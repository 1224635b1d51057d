import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { must } from '../../src/model/error.js';
import { type Ended, startCommand } from '../support/command.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { isStopped, planted } from '../support/runs.js';

/** A password with every sign that a url, a shell or a password file treats in its own way. */
const canary = 'c4nary:@/?#%[]&=+ $\\"\'`zeta';
const wrong = 'wr0ng:@/?#%zeta';
const encoded = encodeURIComponent(canary);
/** What must not be found: the password, its parts and every way in which it may have been written. */
const traces: readonly string[] = ['c4nary', 'wr0ng', 'zeta', canary, encoded, Buffer.from(canary).toString('base64')];

const sourceSql = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
  INSERT INTO t SELECT i, 'name ' || i FROM n;`;

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await onDatabase('pgferry', async (client) => {
    await client.query(`CREATE ROLE app LOGIN PASSWORD ${client.escapeLiteral(canary)}`);
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

async function withOwnDatabase(use: () => Promise<void>): Promise<void> {
  await onDatabase('postgres', (client) => client.query('CREATE DATABASE app OWNER app'));
  try {
    await use();
  } finally {
    await onDatabase('postgres', (client) => client.query('DROP DATABASE app WITH (FORCE)'));
  }
}

function checkClean(text: string, where: string): void {
  for (const trace of traces) assert.ok(!text.includes(trace), `${where} holds ${trace}`);
}

/** Every file below a folder; the snapshot and the source are databases of ours without any secret in them, and are read as well. */
function checkFiles(folder: string, but: readonly string[]): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const ours = files.filter(({ name }) => !but.includes(name));
  for (const { parentPath, name } of ours) {
    checkClean(name, 'a file name');
    checkClean(readFileSync(join(parentPath, name), 'latin1'), join(parentPath, name));
  }
  return ours.length;
}

/** All text that the server keeps of us: the ledger, what ran and runs, and comments. */
async function checkServer(database: string): Promise<void> {
  await onDatabase(database, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'pgferry'`,
    );
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      for (const { text } of rows) checkClean(text, name);
    }
  });
}

/**
 * Looks at the arguments of the process and its children, and at its sessions, again and again until it ends; once while
 * it stands still in the middle of the copy.
 */
async function watch(child: ChildProcess, ended: Promise<Ended>, database: string): Promise<void> {
  const pid = must(child.pid, 'pid');
  let isOver = false;
  const over = ended.then(() => {
    isOver = true;
  });
  let hidden = 0;
  try {
    await onDatabase(database, async (client) => {
      while (!isOver) {
        const isStill = hasProc && isStopped(pid);
        for (const { pid: one, args } of family(pid)) {
          const isHidden = args.startsWith('pgferry');
          if (isHidden && isStill) hidden++;
          // Until the program runs, its arguments are those that the operator gave.
          if (isHidden || one !== pid) checkClean(args, `arguments of ${args}`);
        }
        const { rows } = await client.query<{ text: string }>('SELECT a::text AS text FROM pg_stat_activity a');
        for (const { text } of rows) checkClean(text, 'pg_stat_activity');
        if (isStill) child.kill('SIGCONT');
        await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 50))]);
      }
    });
  } finally {
    // Else it would stand still for ever.
    if (!isOver) child.kill('SIGKILL');
  }
  if (hasProc) assert.ok(hidden > 0, 'it was seen in the middle of the copy, with its arguments hidden');
}

const hasProc = existsSync('/proc/self/cmdline');

/** The process and its children with their arguments, as every user of the machine may read them; Linux only. */
function family(parent: number): { readonly pid: number; readonly args: string }[] {
  if (!hasProc) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const ppid = Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1]);
        if (Number(name) !== parent && ppid !== parent) return [];
        return [{ pid: Number(name), args: readFileSync(`/proc/${name}/cmdline`, 'latin1') }];
      } catch {
        return [];
      }
    });
}

/** A pg_dump of any version that writes down how it was called; gives back the folder for PATH. */
function makeDumpProgram(folder: string): string {
  mkdirSync(join(folder, 'bin'));
  const script = `#!/bin/sh
    if [ "$1" = --version ]; then echo 'pg_dump (PostgreSQL) 99.0'; exit; fi
    for word; do case "$word" in --file=*) file="\${word#--file=}";; esac; done
    printf '%s\\n' "$@" > "$file"`;
  writeFileSync(join(folder, 'bin', 'pg_dump'), script, { mode: 0o755 });
  return join(folder, 'bin');
}

type Way = (folder: string, password: string) => { readonly target: string; readonly env: Record<string, string> };

const address = () => new URL(cluster.url('app'));
const place = () => `${address().hostname}:${address().port}/app`;
const ways: Readonly<Record<string, Way>> = {
  'raw in the url': (_, password) => ({ target: `postgresql://app:${password}@${place()}`, env: {} }),
  'encoded in the url': (_, password) => ({
    target: `postgresql://app:${encodeURIComponent(password)}@${place()}`,
    env: {},
  }),
  'as a parameter of the url': (_, password) => ({
    target: `postgresql://app@${place()}?schema=public&password=${encodeURIComponent(password)}`,
    env: {},
  }),
  'in PGPASSWORD': (_, password) => ({ target: `postgresql://app@${place()}`, env: { PGPASSWORD: password } }),
  'in PGPASSFILE': (folder, password) => {
    const path = join(folder, 'pgpass');
    writeFileSync(path, `*:*:*:app:${password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 });
    return { target: `postgresql://app@${place()}`, env: { PGPASSFILE: path } };
  },
};

for (const [title, way] of Object.entries(ways)) {
  test(`a password ${title} opens the target and is found nowhere else: not in output, files, ledger, arguments or sessions`, async () => {
    await withFolder((folder) =>
      withOwnDatabase(async () => {
        const source = makeSqlite(folder, sourceSql);
        const { target, env: own } = way(folder, canary);
        const env = { ...own, PATH: `${makeDumpProgram(folder)}:${process.env['PATH']}` };
        // Once as a flag, which is the worst place, and once as a variable.
        const isFlag = title !== 'in PGPASSFILE';
        const args = ['migrate', '--json', '--source', source];
        const stop = { at: 'stop', when: 1, text: 'COPY', where: 'threads' } as const;
        const files = { counter: join(folder, 'counter'), once: join(folder, 'once') };
        const { child, ended } = startCommand(isFlag ? [...args, '--target', target] : args, {
          cwd: folder,
          env: { ...env, ...(hasProc ? planted({ ...stop, ...files }) : {}), ...(isFlag ? {} : { PG_URL: target }) },
        });
        await watch(child, ended, 'app');
        const { exitCode, stdout, stderr } = await ended;
        assert.equal(exitCode, 0, stderr);
        checkClean(stdout, 'stdout');
        checkClean(stderr, 'stderr');
        assert.ok(checkFiles(folder, ['pgpass']) > 6);
        const { runDir } = JSON.parse(stdout) as { readonly runDir: string };
        assert.match(readFileSync(join(runDir, 'postgres-precutover.sql'), 'utf8'), /--schema="public"/);
        await checkServer('app');
        if (title !== 'raw in the url') return;
        for (const command of ['verify', 'plan', 'status']) {
          const at = ['--source', source, '--target', target, '--json'];
          const other = await startCommand([command, ...at], { cwd: folder, env }).ended;
          assert.equal(other.exitCode, 0, other.stderr);
          checkClean(other.stdout + other.stderr, command);
        }
      }),
    );
  });
}

interface Failure {
  readonly title: string;
  readonly exitCode: number;
  readonly args?: readonly string[];
  readonly target?: () => string;
  readonly config?: string;
  readonly sql?: string;
}

const url = (database = 'app', password = encoded) =>
  `postgresql://app:${password}@${address().hostname}:${address().port}/${database}`;

const failures: readonly Failure[] = [
  { title: 'a wrong password', exitCode: 22, target: () => url('app', encodeURIComponent(wrong)) },
  { title: 'a wrong raw password', exitCode: 22, target: () => url('app', wrong) },
  { title: 'a database that is not there', exitCode: 22, target: () => url('nodb') },
  { title: 'a server that is not there', exitCode: 22, target: () => `postgresql://app:${encoded}@127.0.0.1:1/app` },
  { title: 'a port that is none', exitCode: 2, target: () => `postgresql://app:${canary}@127.0.0.1:99999/app` },
  { title: 'another scheme', exitCode: 2, target: () => `mysql://app:${canary}@127.0.0.1/app` },
  { title: 'a parameter that is wrong', exitCode: 2, target: () => `${url()}?sslmode=${canary}` },
  { title: 'a parameter that is not known', exitCode: 0, target: () => `${url()}?c4nary${encoded}=${encoded}` },
  { title: 'a misspelled flag', exitCode: 2, args: [`--targte=postgresql://app:${canary}@127.0.0.1/app`] },
  { title: 'a url in the wrong place', exitCode: 2, args: [`postgresql://app:${canary}@127.0.0.1/app`] },
  {
    title: 'a config file that is no JSON',
    exitCode: 2,
    config: `{"targetUrl": "x", "password": ${wrong}}`,
  },
  {
    title: 'a config key of the wrong type',
    exitCode: 2,
    config: JSON.stringify({ targetUrl: [`postgresql://app:${canary}@h/d`] }),
  },
  {
    title: 'data that the target rejects',
    exitCode: 23,
    sql: 'CREATE TABLE t (id bigint PRIMARY KEY, name text, odd bigint GENERATED ALWAYS AS (1 / (id - 4000)) STORED)',
  },
  { title: 'a plan that is refused', exitCode: 20, sql: 'CREATE TABLE t (id bigint PRIMARY KEY)' },
  { title: 'sql that fails', exitCode: 22, args: ['--sql-dir', 'sql'] },
];

/** Makes what a failure needs in the folder and in the database. */
async function prepare(folder: string, { config, sql }: Failure): Promise<string> {
  if (config !== undefined) writeFileSync(join(folder, 'config.json'), config);
  mkdirSync(join(folder, 'sql'));
  writeFileSync(join(folder, 'sql', '1.sql'), 'CREATE TABLE x (id nosuchtype);');
  if (sql !== undefined) await onDatabase('app', (client) => client.query(`SET ROLE app; ${sql}`));
  return makeSqlite(folder, sourceSql);
}

async function checkFailure(failure: Failure): Promise<void> {
  const { exitCode, args = [], target, config } = failure;
  await withFolder(async (folder) => {
    const source = await prepare(folder, failure);
    const at = config === undefined ? ['--target', target?.() ?? url()] : ['--config', 'config.json'];
    const command = ['migrate', '--source', source, '--json', ...at, ...args];
    const { stdout, stderr, ...ended } = await startCommand(command, { cwd: folder }).ended;
    assert.equal(ended.exitCode, exitCode, stderr);
    checkClean(stdout, 'stdout');
    checkClean(stderr, 'stderr');
    checkFiles(folder, ['config.json']);
    if (reachesDatabase(failure)) await checkServer('app');
  });
}

function reachesDatabase({ exitCode, args }: Failure): boolean {
  return [0, 20, 23].includes(exitCode) || args?.[0] === '--sql-dir';
}

test('no failure tells the password, to the terminal, to a file, or to the server', async (t) => {
  for (const failure of failures) {
    await t.test(failure.title, () =>
      reachesDatabase(failure) ? withOwnDatabase(() => checkFailure(failure)) : checkFailure(failure),
    );
  }
});
