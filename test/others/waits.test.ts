import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { lendToFile } from '../support/lend.js';
import { endedInTime, namesHolder, untilItWaits, whileLocked } from '../support/locks.js';
import { migrateArgs, until, withLoadedTemplate } from '../support/runs.js';

/* A lock that another session holds, on a table of the target or of the ledger: a wait for it has its bound and its words. */

interface Locked {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly args: readonly string[];
  /** Holds the lock of the table while `use` works. */
  readonly whileLocked: (table: string, use: (holder: number) => Promise<void>) => Promise<void>;
}

const loaded = lendToFile(withLoadedTemplate);

async function withLocks(use: (locked: Locked) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { path, template } = loaded();
    await withDatabase(async (url, client) => {
      const args = migrateArgs(path, url);
      const lockTable = async (table: string, work: (holder: number) => Promise<void>) =>
        await whileLocked(url, [`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`], work);
      await use({ folder, url, client, args, whileLocked: lockTable });
    }, template);
  });
}

const commands: readonly { readonly command: string; readonly tables: readonly string[] }[] = [
  { command: 'status', tables: ['pgferry.run', 'pgferry.chunk', 'pgferry.ledger_version'] },
  { command: 'plan', tables: ['pgferry.loaded', 'public.owner'] },
  { command: 'verify', tables: ['pgferry.run', 'public.owner'] },
  { command: 'migrate', tables: ['pgferry.run', 'pgferry.object', 'public.owner'] },
];

for (const { command, tables } of commands) {
  test(`${command} waits for a lock of somebody else no longer than --stall-timeout, and says who holds it`, async () => {
    await withLocks(async ({ folder, url, args, whileLocked }) => {
      const given =
        command === 'migrate' ? args : [command, ...(command === 'status' ? ['--target', url] : args.slice(1, 5))];
      for (const table of tables) {
        await whileLocked(table, async (holder) => {
          const started = startCommand([...given, '--stall-timeout', '2'], { cwd: folder });
          const { exitCode, stderr } = await endedInTime(started);
          assert.notEqual(exitCode, 0, `${table}: ${stderr}`);
          assert.match(stderr, namesHolder(holder), table);
        });
      }
    });
  });
}

test('the first Ctrl-C ends a wait for a lock at once', async () => {
  await withLocks(async ({ folder, client, args, whileLocked }) => {
    for (const table of ['pgferry.run', 'pgferry.object', 'public.owner']) {
      await whileLocked(table, async () => {
        const started = startCommand(args, { cwd: folder });
        await untilItWaits(client, started, 'coord');
        started.child.kill('SIGINT');
        const { exitCode, stderr } = await endedInTime(started);
        assert.equal(exitCode, 130, stderr);
      });
    }
  });
});

test('who holds a lock is said while it is waited for', async () => {
  await withLocks(async ({ folder, args, whileLocked }) => {
    await whileLocked('pgferry.run', async (holder) => {
      const { child, ended } = startCommand(args, { cwd: folder });
      let told = '';
      child.stderr?.on('data', (text: string) => {
        told += text;
      });
      await until('the holder is named', () => told.includes(`waits for a lock that is held by pid ${holder}`));
      child.kill('SIGKILL');
      await ended;
    });
  });
});

test('a prepared transaction, which has no session, is named as what holds a lock', async () => {
  await withLocks(async ({ folder, client, args }) => {
    const gid = `of 'another' ${process.pid}`;
    const quoted = `'${gid.replaceAll("'", "''")}'`;
    await client.query(`BEGIN; LOCK TABLE public.owner IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION ${quoted}`);
    try {
      const started = startCommand(['verify', ...args.slice(1, 5), '--stall-timeout', '4'], { cwd: folder });
      const { exitCode, stderr } = await endedInTime(started);
      assert.notEqual(exitCode, 0, stderr);
      assert.ok(stderr.includes(`the prepared transaction ${quoted} of `), stderr);
      assert.match(stderr, /COMMIT PREPARED or ROLLBACK PREPARED/);
    } finally {
      await client.query(`ROLLBACK PREPARED ${quoted}`);
    }
  });
});
