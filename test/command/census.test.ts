import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { runCommand, runJson } from '../support/command.js';
import { makeSqlite, withFolder } from '../support/folder.js';

interface Census {
  readonly census: readonly {
    readonly table: string;
    readonly rows: number;
    readonly columns: readonly {
      readonly column: string;
      readonly declaredType: string;
      readonly integerMax: string | null;
      readonly classes: readonly {
        readonly class: string;
        readonly count: number;
        readonly examples: readonly object[];
      }[];
    }[];
  }[];
}

test('census counts every value of the sample application, without any target', async () => {
  await withFolder(async (folder) => {
    const source = join(folder, 'app.db');
    const { tables } = makeSampleDatabase(source);
    const args = ['census', '--source', source];
    const { exitCode, stdout, json } = await runJson(args, { cwd: folder });
    assert.equal(exitCode, 0, stdout);
    assert.equal(json.command, 'census');
    const { census } = JSON.parse(stdout) as Census;
    assert.deepEqual(Object.fromEntries(census.map(({ table, rows }) => [table, rows])), tables);
    for (const { table, rows, columns } of census) {
      for (const { column, classes } of columns) {
        const counted = classes.reduce((sum, { count }) => sum + count, 0);
        assert.equal(counted, rows, `${table}.${column}`);
      }
    }
    const ts = census.find(({ table }) => table === 'HostSnapshot')?.columns.find(({ column }) => column === 'ts');
    assert.equal(ts?.declaredType, 'DATETIME');
    assert.deepEqual(
      ts?.classes.map((one) => one.class),
      ['epoch_ms', 'text_iso', 'text_iso_offset'],
    );
    const byRows = await runJson([...args, '--reader', 'rows', '--workers', '1'], { cwd: folder });
    assert.deepEqual((JSON.parse(byRows.stdout) as Census).census, census);
    assert.deepEqual(readdirSync(join(folder, '.db-migration-backups')), ['.gitignore']);
    assert.ok(!existsSync(join(folder, '.pgferry')), 'no server was started');
  });
});

test('the printed census shows each class with its share, an example and its key', async () => {
  await withFolder(async (folder) => {
    const source = makeSqlite(
      folder,
      `CREATE TABLE t(id INTEGER PRIMARY KEY, at DATETIME, note);
       INSERT INTO t VALUES (1, 1709251199123, 'x'), (2, '2024-02-29T23:59:59.123Z', NULL), (3, 1709251199124, x'00'), (4, '', 1.25);
       CREATE TABLE none(id)`,
    );
    const { exitCode, stdout, stderr } = await runCommand(['census', '--source', source, '--quiet'], { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    for (const line of [
      /^t: 4 rows$/m,
      /at +DATETIME +integer, milliseconds 1971–2100 +2 +50.0 % +1709251199123 +id=1$/m,
      /text, date and time with offset, up to 3 fraction digits +1 +25.0 % +'2024-02-29T23:59:59.123Z' +id=2$/m,
      /text, empty +1 +25.0 % +'' +id=4$/m,
      /real with fraction, scale up to 2 +1 +25.0 % +1.25 +id=4$/m,
      /none: 0 rows/,
      /id +\(none\) +nothing$/m,
    ])
      assert.match(stdout, line);
  });
});
