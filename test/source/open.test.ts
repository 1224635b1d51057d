import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Database, sqlitePackage } from '../../src/source/sqlite.js';
import { CopierError } from '../../src/model/error.js';
import { sourceFile } from '../../src/source/live/file.js';
import { withSource } from '../../src/source/open.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const rowsSql =
  "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'text ' || i FROM n;";

/** What this process still has open of a file, where the system tells. */
function descriptorsOf(path: string): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((name) => {
    const link = join('/proc/self/fd', name);
    const target = lstatSync(link, { throwIfNoEntry: false }) === undefined ? '' : readlinkSync(link);
    return target === path ? [target] : [];
  });
}

async function checkRefusal(path: string, code: string, words: RegExp): Promise<void> {
  await assert.rejects(
    withSource(path, (db) => db.prepare('SELECT count(*) FROM t').get(), { timeoutMs: 10 }),
    (error) => {
      assert.ok(error instanceof CopierError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.notEqual(error.hint, '');
      return true;
    },
  );
  assert.deepEqual(descriptorsOf(path), []);
}

// 1. Good files

test('withSource lends a hardened read-only connection and closes it', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    const lent = await withSource(path, (db) => {
      const pragmas = ['trusted_schema', 'cell_size_check', 'mmap_size', 'query_only'];
      assert.deepEqual(
        pragmas.map((name) => db.pragma(name, { simple: true })),
        [0, 1, 0, 1],
      );
      assert.throws(() => db.exec('DELETE FROM t'), /readonly|read-only/);
      return db;
    });
    assert.equal(lent.open, false);
  });
});

test('withSource closes the connection when its user fails, and lets the failure through', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    const lent: Database[] = [];
    const failure = new RangeError('mine');
    await assert.rejects(
      withSource(path, (db) => {
        lent.push(db);
        throw failure;
      }),
      failure,
    );
    assert.equal(lent[0]?.open, false);
  });
});

// 2. Each bad file by its name

test('a missing file, a folder, an empty file and a padded path are distinguished', async () => {
  await withFolder(async (folder) => {
    await checkRefusal(join(folder, 'none.db'), 'source.missing', /there is no file .*none\.db/);
    await checkRefusal(join(folder, 'none', 'x.db'), 'source.missing', /there is no file/);
    await checkRefusal(folder, 'source.is_a_folder', /is a folder/);
    writeFileSync(join(folder, 'empty.db'), '');
    await checkRefusal(join(folder, 'empty.db'), 'source.empty', /0 bytes/);
    await checkRefusal(`${join(folder, 'empty.db')} `, 'usage.source_path', /white space/);
  });
});

test('text, noise and a header alone are no database, or an encrypted one', async () => {
  await withFolder(async (folder) => {
    const noise = Buffer.alloc(8192, 0xa7);
    for (const [name, bytes] of [
      ['text', Buffer.from('id,name\n1,x\n')],
      ['noise', noise],
    ] as const) {
      writeFileSync(join(folder, name), bytes);
      await checkRefusal(join(folder, name), 'source.not_a_database', /or it is encrypted/);
    }
  });
});

test('a file that is cut short is called so', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    truncateSync(path, 8192);
    await checkRefusal(path, 'source.truncated', /cut short.*8192 bytes/);
    truncateSync(path, 8000);
    await checkRefusal(path, 'source.truncated', /cut short/);
  });
});

test('a damaged page is found when it is read', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    const bytes = readFileSync(path);
    bytes.fill(0xee, 4096, 8192);
    writeFileSync(path, bytes);
    await checkRefusal(path, 'source.corrupt', /is damaged/);
  });
});

test('a locked database is busy', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    const holder = new Database(path);
    try {
      holder.exec('BEGIN EXCLUSIVE');
      const open = withSource(path, () => null, { timeoutMs: 10 });
      await assert.rejects(open, { code: 'source.busy', message: /locked by another process/ });
    } finally {
      holder.close();
    }
  });
});

// 3. Permissions. Root may read anything, so the reader becomes nobody.

const reader = `
  const { withSource } = await import(process.argv[1]);
  try { await withSource(process.argv[2], (db) => db.prepare('SELECT count(*) FROM t').get()); console.log('read'); }
  catch (error) { console.log(error.code); }`;
const openUrl = new URL('../../src/source/open.js', import.meta.url).href;

async function readAsNobody(path: string): Promise<string> {
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const child = spawn(process.execPath, ['--input-type=module', '-e', reader, openUrl, path], {
    ...identity,
    cwd: '/',
  });
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += String(bytes);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text.trim();
}

test('a file without read permission is unreadable', async () => {
  await withFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const path = makeSqlite(folder, rowsSql);
    chmodSync(path, 0o644);
    assert.equal(await readAsNobody(path), 'read');
    chmodSync(path, 0);
    assert.equal(await readAsNobody(path), 'source.unreadable');
  });
});

test('a WAL database in a folder that may not be written to is called so', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, `PRAGMA journal_mode = WAL; ${rowsSql}`);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    assert.equal(await readAsNobody(path), 'source.wal_folder_readonly');
    chmodSync(folder, 0o755);
  });
});

// 4. Writers that died

const dyingWriter = `
  const { default: Database } = await import(process.argv[1]);
  const db = new Database(process.argv[2]);
  db.pragma('cache_size = 5');
  db.exec('BEGIN; UPDATE t SET b = b || hex(zeroblob(200))');
  console.log('ready'); setInterval(() => {}, 1000);`;

test('a hot rollback journal is named and left alone', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql);
    const url = import.meta.resolve(sqlitePackage);
    const child = spawn(process.execPath, ['--input-type=module', '-e', dyingWriter, url, path]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const before = readFileSync(path);
    await checkRefusal(path, 'source.hot_journal', /crashed writer/);
    assert.deepEqual(readFileSync(path), before);
  });
});

test('the live database and its companions are never opened with fs', {
  skip: spawnSync('strace', ['-V']).status !== 0,
}, async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, `PRAGMA journal_mode = WAL; ${rowsSql}`);
    const log = join(folder, 'strace.log');
    spawnSync('strace', [
      '-f',
      '-e',
      'trace=openat,open',
      '-o',
      log,
      process.execPath,
      '--input-type=module',
      '-e',
      reader,
      openUrl,
      path,
    ]);
    const opened = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(path));
    assert.ok(opened.length > 0);
    // SQLite opens without following links; Node's fs never sets that flag by itself.
    assert.deepEqual(
      opened.filter((line) => !line.includes('O_NOFOLLOW')),
      [],
    );
  });
});

// 5. The path

test('sourceFile takes plain paths and file URLs in the forms of Prisma and of SQLite', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, rowsSql, 'my app.db');
    const odd = makeSqlite(folder, rowsSql, 'a%20b?.db');
    const forms: readonly [string, string][] = [
      [path, path],
      [odd, odd],
      [`file:${path}`, path],
      [`file:${path}?connection_limit=1&socket_timeout=3`, path],
      [`file:${path.replace(' ', '%20')}`, path],
      [pathToFileURL(path).href, path],
      [pathToFileURL(odd).href, odd],
    ];
    for (const [text, expected] of forms) assert.equal(sourceFile(text).path, expected, text);
    mkdirSync(join(folder, 'links'));
    symlinkSync(path, join(folder, 'links', 'app.db'));
    assert.deepEqual(sourceFile(join(folder, 'links', 'app.db')), {
      path,
      bytes: readFileSync(path).length,
    });
    linkSync(path, join(folder, 'twin.db'));
    assert.throws(() => sourceFile(path), { code: 'source.hard_link', message: /2 names/ });
    assert.throws(() => sourceFile('file:./none.db'), { code: 'source.missing' });
    assert.throws(() => sourceFile('file://elsewhere/none.db'), { code: 'usage.source_path' });
    assert.throws(() => sourceFile(' '), { code: 'usage.source_path' });
  });
});
