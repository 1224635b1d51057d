import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureChild } from '../../bench/measure/child.js';
import { prepareCopyFiles } from '../../bench/data/copy-files.js';
import { measureFloor } from '../../bench/cases/floor.js';
import { withBenchDatabase } from '../../bench/measure/server.js';
import { readTargetSchema } from '../../bench/data/shapes.js';
import { serverUrl, withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';

test('the floor loads the prepared files and makes every key, index and foreign key again', async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url, client) => {
      const schemaSql = readTargetSchema('app');
      await client.query(schemaSql);
      await client.query(`INSERT INTO "User" (id) SELECT 'u' || i FROM generate_series(1, 100) i`);
      await client.query(
        `INSERT INTO "Session" SELECT 's' || i, 't' || i, 'u' || i, now() FROM generate_series(1, 100) i`,
      );
      const files = await prepareCopyFiles(url, ['User', 'Session'], join(folder, 'copy'));
      const measured = await measureFloor({ serverUrl: serverUrl(), schemaSql, files, streams: 2, postmaster: null });
      assert.ok(measured.loadMs > 0 && measured.indexMs > 0);
      assert.equal(measured.serverCpuMs, null);
      const broken = files.filter(({ table }) => table === 'Session');
      await assert.rejects(
        measureFloor({ serverUrl: serverUrl(), schemaSql, files: broken, streams: 2, postmaster: null }),
        /violates foreign key/,
      );
    });
  });
});

test('a database for a measurement is gone afterwards, also when the measurement fails', async () => {
  let lent = '';
  const failing = withBenchDatabase(serverUrl(), async (url) => {
    lent = new URL(url).pathname.slice(1);
    throw new Error('stop here');
  });
  await assert.rejects(failing, /stop here/);
  await withDatabase(async (_url, client) => {
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [lent]);
    assert.deepEqual(rows, []);
  });
});

test('a measured program gives back its output, exit code and figures', async () => {
  const script = 'process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3;';
  const run = await measureChild({ file: process.execPath, args: ['-e', script] });
  assert.deepEqual([run.stdout, run.stderr, run.exitCode], ['out', 'err', 3]);
  assert.ok(run.wallMs > 0);
});

test('a program that is not there is an error, not a figure', async () => {
  await assert.rejects(measureChild({ file: 'no-such-program-anywhere', args: [] }), { code: 'ENOENT' });
});
