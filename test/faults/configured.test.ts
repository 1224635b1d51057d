import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { runCommand, runJson } from '../support/command.js';
import { type CrashCluster, withCrashCluster } from '../support/crash-cluster.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { checkRefusal, listObjects } from '../support/refusal.js';
import { assertWhole, makeFaultSource, migrateArgs, undisturbed } from '../support/runs.js';

/* Servers that are set up otherwise than ours: few locks, a standby, TLS alone. One cluster serves all. */

const rows = 900;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A file in PGDATA, of the server's own user. */
function writeData({ dataFolder }: CrashCluster, name: string, text: string): string {
  const path = join(dataFolder, name);
  const { uid, gid } = statSync(dataFolder);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  chownSync(path, uid, gid);
  return path;
}

/** A key and a self-signed certificate for another host than ours; gives the path of a copy that all may read. */
function makeCertificate(cluster: CrashCluster, folder: string): string {
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const subject = ['-subj', '/CN=db.example', '-addext', 'subjectAltName=DNS:db.example'];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  assert.equal(spawnSync('openssl', ['req', '-x509', ...subject, ...made]).status, 0);
  for (const path of [key, certificate]) writeData(cluster, path.slice(folder.length + 1), readFileSync(path, 'utf8'));
  return certificate;
}

test('a server that is set up otherwise', async (context) => {
  const settings = { max_connections: '20', max_locks_per_transaction: '10', max_wal_senders: '0' };
  await withCrashCluster(
    (cluster) =>
      withFolder(async (folder) => {
        const options = { cwd: folder };
        const { path: source } = makeFaultSource(folder, { rows });
        const args = migrateArgs(source, cluster.url);
        const objects = () => cluster.withClient(listObjects);

        await context.test('too few locks for the tables are named with the setting, and nothing is left', async () => {
          const tables = Array.from({ length: 300 }, (_, i) => `CREATE TABLE t${i} (id INTEGER PRIMARY KEY);`).join('');
          const many = makeSqlite(folder, tables, 'many.db');
          await checkRefusal(migrateArgs(many, cluster.url), options, {
            code: 'target.too_few_locks',
            says: /CREATE TABLE .* failed: out of shared memory/,
            hint: /max_locks_per_transaction/,
          });
          assert.deepEqual(await objects(), ['public']);
        });

        await context.test('a standby is refused before anything is tried', async () => {
          await cluster.crash();
          const signal = writeData(cluster, 'standby.signal', '');
          await cluster.start();
          const { findings } = await checkRefusal(args, options, {
            code: 'plan.refused',
            says: /nothing was written/,
            hint: /each reason listed/,
            reasons: ['plan.read_only'],
          });
          assert.match(findings[0]?.hint ?? '', /point the target at the primary/);
          await cluster.crash();
          rmSync(signal);
          await cluster.start();
          assert.deepEqual(await objects(), ['public']);
        });

        const skip = hasOpenssl ? false : 'SKIPPED, NOT TESTED: there is no openssl';
        await context.test('a server that lets nobody in without TLS', { skip }, async (tls) => {
          const certificate = makeCertificate(cluster, folder);
          const hba = readFileSync(join(cluster.dataFolder, 'pg_hba.conf'), 'utf8');
          writeData(cluster, 'pg_hba.conf', `hostnossl strict all all reject\n${hba}`);
          await cluster.withClient((client) => client.query('CREATE DATABASE strict'));
          await cluster.withClient((client) => client.query('ALTER SYSTEM SET ssl = on'));
          await cluster.withClient((client) => client.query('SELECT pg_reload_conf()'));
          const url = cluster.url.replace(/\w+$/, 'strict');
          for (const [mode, code, says, hint] of [
            ['disable', 'target.auth', /no encryption/, /put sslmode=require into the target url/],
            ['verify-ca', 'target.tls', /self-signed certificate/, /sslrootcert=FILE/],
            [`verify-full&sslrootcert=${certificate}`, 'target.tls', /altnames/, /host name .* sslmode=verify-ca/],
          ] as const) {
            await tls.test(`refuses ${mode.split('&')[0]} with the way out`, () =>
              checkRefusal(['status', '--target', `${url}?sslmode=${mode}`], options, {
                code,
                says,
                hint,
              }).then(() => {}),
            );
          }
          await tls.test('is entered with require, and with its certificate', async () => {
            const status = await runCommand(['status', '--target', `${url}?sslmode=require`], options);
            assert.equal(status.exitCode, 0, status.stderr);
            const trusting = migrateArgs(source, `${url}?sslmode=verify-ca&sslrootcert=${certificate}`);
            const ended = await runJson(trusting, options);
            const client = new pg.Client({ connectionString: url, ssl: { rejectUnauthorized: false } });
            await client.connect();
            try {
              await assertWhole(ended, client, await undisturbed(rows));
            } finally {
              await client.end();
            }
          });
        });
      }),
    settings,
  );
});
