import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeSqlite, withFolder } from '../support/folder.js';

const fence = fileURLToPath(new URL('../../src/source/live/fence.js', import.meta.url));
const closing = fileURLToPath(new URL('../../src/source/live/closing.js', import.meta.url));
const restore = fileURLToPath(new URL('../../src/source/live/restore.js', import.meta.url));
const door = fileURLToPath(new URL('../../src/source/sqlite.js', import.meta.url));
const hasStrace = spawnSync('strace', ['-V']).error === undefined;

/** What is done to the database, as a program of its own that says `done` on its standard output afterwards. */
const programs: readonly (readonly [string, (path: string) => string])[] = [
  [
    'the closing of the database',
    (path) => `import { withFence } from '${fence}';
      await withFence('${path}', { timeoutMs: 1000 }, async (held) => {
        held.prepareClosing('a1', new Date());
        held.commitClosing();
        process.stdout.write('done');
      });`,
  ],
  [
    'the opening of the database',
    (path) => `import { withFence } from '${fence}';
      import { reopenSourceTables } from '${closing}';
      await withFence('${path}', { timeoutMs: 1000 }, async (held) => {
        held.prepareClosing('a1', new Date());
        held.commitClosing();
      });
      reopenSourceTables('${path}');
      process.stdout.write('done');`,
  ],
];

/** The snapshot put back while another connection reads what was there before. */
const restoring = (path: string) => `import { restoreInto } from '${restore}';
  import { Database } from '${door}';
  import { withFence } from '${fence}';
  const db = new Database('${path}');
  await db.backup('${path}.snapshot');
  db.exec('BEGIN');
  db.prepare('SELECT * FROM t').all();
  await withFence('${path}', { timeoutMs: 1000 }, async (held) => {
    held.prepareClosing('a1', new Date());
    held.commitClosing();
  });
  await restoreInto({ livePath: '${path}', snapshotPath: '${path}.snapshot', replacedPath: '${path}.replaced' });
  process.stdout.write('done');
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.exit(0);`;

for (const journalMode of ['WAL', 'DELETE']) {
  const more = journalMode === 'WAL' ? [['the restored database beside a reader', restoring] as const] : [];
  for (const [what, programOf] of [...programs, ...more]) {
    test(`${what} in mode ${journalMode} is on the disk before anything is done that rests on it`, {
      skip: hasStrace ? false : 'strace is not installed',
    }, async () => {
      await withFolder((folder) => {
        const path = makeSqlite(
          folder,
          `PRAGMA journal_mode = ${journalMode}; CREATE TABLE t (id INTEGER PRIMARY KEY)`,
        );
        const trace = join(folder, 'trace');
        const calls = 'trace=fsync,fdatasync,pwrite64,write';
        const args = [
          '-f',
          '-y',
          '-e',
          calls,
          '-o',
          trace,
          process.execPath,
          '--input-type=module',
          '-e',
          programOf(path),
        ];
        const ran = spawnSync('strace', args, { encoding: 'utf8' });
        assert.equal(ran.stdout, 'done', ran.stderr);
        const lines = readFileSync(trace, 'utf8').split('\n');
        const file = journalMode === 'WAL' ? `${path}-wal` : path;
        const done = lines.findIndex((line) => /\bwrite\(.*"done"/.test(line));
        const before = lines.slice(0, done);
        const written = before.findLastIndex((line) => line.includes('pwrite64(') && line.includes(`<${file}>`));
        const flushed = before.findLastIndex(
          (line) => /\b(fsync|fdatasync)\(/.test(line) && line.includes(`<${file}>`),
        );
        assert.ok(written >= 0, 'something was written');
        assert.ok(flushed > written, 'and flushed after the last byte');
      });
    });
  }
}
