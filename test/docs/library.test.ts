import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { codeBlocks, readPage, root } from '../support/page.js';

const page = readPage('docs/library.md');

test('the example of the library compiles, runs, and finds both sides equal', async () => {
  const [example = '', ...more] = codeBlocks(page, 'ts');
  assert.deepEqual(more, []);
  await withFolder((folder) =>
    withDatabase(async (url) => {
      makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 2);');
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      writeFileSync(join(folder, 'example.ts'), example);
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(root, join(folder, 'node_modules/pgferry'));
      const run = promisify(execFile);
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const types = join(root, 'node_modules/@types');
      const flags = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022'];
      const where = ['--types', 'node', '--typeRoots', types];
      await run(process.execPath, [compiler, ...flags, ...where, 'example.ts'], { cwd: folder });
      const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url };
      const { stdout } = await run(process.execPath, ['example.js'], { cwd: folder, env });
      assert.match(stdout, /^1 tables to copy\nt is equal\ndone, see .+\n$/);
    }),
  );
});
