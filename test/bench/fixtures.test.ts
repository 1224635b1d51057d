import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { findCopyFiles, loadCopyFile, prepareCopyFiles } from '../../bench/data/copy-files.js';
import { makeFixture, prepareFixture } from '../../bench/data/fixtures.js';
import { planPlainCopy } from '../../bench/cases/plain.js';
import { readTargetSchema, shapeNames } from '../../bench/data/shapes.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';

const tinyFactor = 0.001;

for (const shape of shapeNames) {
  test(`the ${shape} fixture is the same bytes each time it is made`, async () => {
    await withFolder((folder) => {
      const sha256 = (name: string): string => {
        makeFixture({ path: join(folder, name), shape, factor: tinyFactor });
        return createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex');
      };
      assert.equal(sha256('a.db'), sha256('b.db'));
    });
  });

  test(`the ${shape} fixture's target schema has the source's tables and columns`, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'a.db');
      const tables = makeFixture({ path, shape, factor: tinyFactor });
      await withDatabase(async (_url, client) => {
        await client.query(readTargetSchema(shape));
        const db = new Database(path, { readonly: true });
        try {
          for (const [table, rows] of Object.entries(tables)) {
            assert.equal(db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get(), rows);
            const { fields } = await client.query(`SELECT * FROM "${table}"`);
            const columns = db.prepare(`SELECT * FROM "${table}"`).columns();
            assert.deepEqual(
              fields.map(({ name }) => name),
              columns.map(({ name }) => name),
            );
          }
        } finally {
          db.close();
        }
      });
    });
  });
}

test('a fixture is made once and found again', async () => {
  await withFolder((folder) => {
    const first = prepareFixture({ folder, shape: 'blobs', size: 'small' });
    const { mtimeMs, ino } = statSync(first.path);
    assert.deepEqual(prepareFixture({ folder, shape: 'blobs', size: 'small' }), first);
    assert.deepEqual([statSync(first.path).mtimeMs, statSync(first.path).ino], [mtimeMs, ino]);
    assert.equal(first.rows, 600);
    assert.equal(first.bytes, statSync(first.path).size);
  });
});

test('a fixture whose making was interrupted is made anew', async () => {
  await withFolder((folder) => {
    writeFileSync(join(folder, 'narrow-small-v1.db.making'), 'half a database');
    assert.equal(prepareFixture({ folder, shape: 'narrow', size: 'small' }).rows, 30_000);
  });
});

test('the prepared COPY files hold each row once, however many they are', async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url, client) => {
      await client.query('CREATE TABLE "Odd ""name" (id bigint, body text)');
      // Stored as it is, uncompressed: 40 MB are more than one file.
      await client.query('ALTER TABLE "Odd ""name" ALTER body SET STORAGE PLAIN');
      await client.query(`INSERT INTO "Odd ""name" SELECT i, repeat('x', 4000) FROM generate_series(1, 10000) i`);
      const files = await prepareCopyFiles(url, ['Odd "name'], join(folder, 'copy'));
      assert.equal(files.length, 2);
      assert.deepEqual(findCopyFiles(join(folder, 'copy')), files);
      await client.query('TRUNCATE "Odd ""name"');
      for (const file of files) await loadCopyFile(client, file);
      const { rows } = await client.query(
        'SELECT count(*)::int AS n, count(DISTINCT id)::int AS ids FROM "Odd ""name"',
      );
      assert.deepEqual(rows, [{ n: 10_000, ids: 10_000 }]);
    });
  });
});

test('COPY files whose list was never written do not count as prepared', async () => {
  await withFolder((folder) => {
    writeFileSync(join(folder, 'Metric.0.copy'), 'half');
    assert.equal(findCopyFiles(folder), null);
  });
});

test('the plain way takes the application tables, parents first, and keeps passwords out of its arguments', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'app.db');
    makeFixture({ path, shape: 'app', factor: tinyFactor });
    const plan = planPlainCopy(path, 'postgres://me:s3cret@db.example:6543/app');
    const names = plan.map(({ table }) => table);
    assert.equal(names.length, 14);
    assert.ok(names.indexOf('User') < names.indexOf('Host') && names.indexOf('Host') < names.indexOf('Breach'));
    assert.ok(!names.includes('_prisma_migrations'));
    for (const { command } of plan) {
      assert.ok(!command.args.join(' ').includes('s3cret'));
      assert.equal(command.env?.PGPASSWORD, 's3cret');
      assert.equal(command.env?.PGPORT, '6543');
    }
  });
});
