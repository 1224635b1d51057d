import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { checkNoRunFolder, checkRefusal, listObjects, type Refusal } from '../support/refusal.js';

const rowsSql = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
  INSERT INTO t SELECT i, 'name ' || i FROM n;`;
const pageBytes = 4096;

interface Case extends Refusal {
  readonly title: string;
  /** Makes the source in the folder; gives back what --source is. */
  readonly make: (folder: string) => string;
}

function made(make: (path: string) => void): (folder: string) => string {
  return (folder) => {
    const path = makeSqlite(folder, rowsSql);
    make(path);
    return path;
  };
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xff, pageBytes * 4, pageBytes * 5);
  writeFileSync(path, bytes);
}

const cases: readonly Case[] = [
  {
    title: 'a file that is not there',
    make: () => 'missing.db',
    code: 'source.missing',
    says: /there is no file \S*\/missing\.db/,
    hint: /SQLITE_DB_PATH/,
  },
  {
    title: 'a link that leads nowhere',
    make: (folder) => {
      symlinkSync('nowhere.db', join(folder, 'app.db'));
      return 'app.db';
    },
    code: 'source.missing',
    says: /the symbolic link \S*\/app\.db leads to no file/,
    hint: /check --source/,
  },
  {
    title: 'a folder',
    make: (folder) => {
      mkdirSync(join(folder, 'app.db'));
      return 'app.db';
    },
    code: 'source.is_a_folder',
    says: /app\.db is a folder/,
    hint: /name the SQLite file itself/,
  },
  {
    title: 'an empty file',
    make: made((path) => truncateSync(path, 0)),
    code: 'source.empty',
    says: /app\.db is empty \(0 bytes\)/,
    hint: /check the path/,
  },
  {
    title: 'a file that was cut short',
    make: made((path) => truncateSync(path, 5 * pageBytes)),
    code: 'source.truncated',
    says: /app\.db is cut short: .* 20480 bytes/,
    hint: /fetch it again or restore a backup/,
  },
  {
    title: 'random bytes, which is what an encrypted database looks like',
    make: made((path) => writeFileSync(path, randomBytes(4 * pageBytes))),
    code: 'source.not_a_database',
    says: /app\.db is not a SQLite database, or it is encrypted/,
    hint: /decrypt an encrypted database/,
  },
  {
    title: 'a text',
    make: made((path) => writeFileSync(path, 'not a database\n'.repeat(500))),
    code: 'source.not_a_database',
    says: /app\.db is not a SQLite database/,
    hint: /check the path/,
  },
  {
    title: 'a database with one damaged page',
    make: made(damage),
    code: 'source.corrupt',
    says: /app\.db: the database is damaged, quick_check says: table t, tree 2 page 5/,
    hint: /restore a good backup, or copy what can still be read, which may lack rows, with: sqlite3 '.*app\.db' '\.clone recovered\.db'/,
  },
  {
    title: 'a name with a space at its end',
    make: (folder) => makeSqlite(folder, rowsSql, 'app.db').replace('app.db', 'app.db '),
    code: 'source.missing',
    says: /app\.db $|app\.db {2}\[/m,
    hint: /check --source/,
  },
  {
    title: 'the url of a file on another machine',
    make: () => 'file://elsewhere/app.db',
    code: 'usage.source_path',
    says: /'file:\/\/elsewhere\/app\.db' is not the URL of a file on this machine/,
    hint: /give a plain path/,
  },
  {
    title: 'an empty path',
    make: () => '',
    code: 'usage.empty_value',
    says: /--source is empty/,
    hint: /give --source a value/,
  },
];

test('a bad source is refused by name, and nothing is written on either side', async (t) => {
  await withDatabase(async (url, client) => {
    for (const { title, make, ...refusal } of cases) {
      await t.test(title, () =>
        withFolder(async (folder) => {
          const source = make(folder);
          const before = readdirSync(folder);
          await checkRefusal(['migrate', '--source', source, '--target', url], { cwd: folder }, refusal);
          assert.deepEqual(await listObjects(client), ['public']);
          checkNoRunFolder(folder, before);
        }),
      );
    }
  });
});

test('every command that reads the source refuses a missing one, and starts no server for it, nor does status', async () => {
  const [missing] = cases;
  assert.ok(missing);
  await withFolder(async (folder) => {
    for (const command of ['plan', 'init', 'copy', 'verify', 'migrate']) {
      await checkRefusal([command, '--source', 'missing.db'], { cwd: folder }, missing);
    }
    const { exitCode, json } = await runJson(['status'], { cwd: folder });
    assert.deepEqual([exitCode, (json as unknown as { run: unknown }).run], [0, null]);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('a folder that was named for the run stays, empty, when nothing was backed up', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, rowsSql);
      damage(source);
      mkdirSync(join(folder, 'run'));
      const { exitCode } = await runJson(['migrate', '--source', source, '--target', url, '--run-dir', 'run'], {
        cwd: folder,
      });
      assert.equal(exitCode, 21);
      assert.deepEqual(readdirSync(join(folder, 'run')), []);
    }),
  );
});

const withoutShell = spawnSync('sqlite3', ['--version']).status !== 0 && 'SKIPPED, NOT TESTED: no sqlite3 here';

test('the line that is printed for a damaged file makes one of what can still be read, and that one migrates', {
  skip: withoutShell,
}, async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, rowsSql, "it's an app.db");
      damage(source);
      const run = (path: string) => runJson(['migrate', '--source', path, '--target', url], { cwd: folder });
      const { json } = await run(source);
      const [line = ''] = /sqlite3 .*$/.exec(json.error?.hint ?? '') ?? [];
      spawnSync('sh', ['-c', line], { cwd: folder });
      const moved = await run(join(folder, 'recovered.db'));
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } = await client.query('SELECT count(*)::int AS n FROM t');
      assert.ok(rows[0].n > 2000 && rows[0].n < 3000, `${rows[0].n} rows`);
    }),
  );
});

test('a pg_dump that still saves the target is ended when the source turns out damaged', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, rowsSql);
      damage(source);
      const script = `#!/bin/sh
        if [ "$1" = --version ]; then echo 'pg_dump (PostgreSQL) 99.0'; exit; fi
        echo $$ > pid
        exec sleep 600`;
      writeFileSync(join(folder, 'pg_dump'), script, { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env['PATH']}` };
      const { exitCode, json } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder, env });
      assert.deepEqual([exitCode, json.error?.code], [21, 'source.corrupt']);
      if (existsSync(join(folder, 'pid'))) {
        const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
        assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
      }
      checkNoRunFolder(folder, ['app.db', 'pg_dump', ...['pid'].filter((name) => existsSync(join(folder, name)))]);
    }),
  );
});

test('source: a file that may not be read is refused by name', async () => {
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
  await withFolder(async (folder) => {
    const source = makeSqlite(folder, rowsSql);
    chmodSync(folder, 0o755);
    chmodSync(source, 0);
    const args = ['migrate', '--source', source, '--target', 'postgresql://nobody@127.0.0.1:1/none'];
    await checkRefusal(
      args,
      { cwd: folder, ...(identity === undefined ? {} : { identity }) },
      {
        code: 'source.unreadable',
        says: /app\.db may not be read by the current user/,
        hint: /run as a user who may read the file, or change its permissions/,
      },
    );
  });
});

test('source: a database that another process holds locked is waited for, then refused', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, rowsSql);
      const holder = new Database(source);
      try {
        holder.pragma('journal_mode = DELETE');
        holder.exec('BEGIN EXCLUSIVE');
        await checkRefusal(
          ['migrate', '--source', source, '--target', url],
          { cwd: folder },
          { code: 'source.busy', says: /app\.db is locked by another process/, hint: /lsof|fuser/ },
        );
      } finally {
        holder.close();
      }
      assert.deepEqual(await listObjects(client), ['public']);
      checkNoRunFolder(folder, ['app.db']);
    }),
  );
});

test("source: Prisma's url with parameters finds the file, through a symbolic link", async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const path = makeSqlite(folder, rowsSql);
      symlinkSync(path, join(folder, 'link.db'));
      const env = { SQLITE_DB_PATH: 'file:./link.db?connection_limit=1&socket_timeout=5' };
      const { exitCode, json, stderr } = await runJson(['migrate', '--target', url], { cwd: folder, env });
      assert.equal(exitCode, 0, stderr);
      assert.equal(json.source, path);
      assert.equal(json.tables[0]?.targetRows, 3000);
    }),
  );
});
