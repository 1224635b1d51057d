import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, runJson } from '../support/command.js';
import { ofIndexAlone, withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertNoBackends,
  assertWhole,
  committedChunks,
  makeFaultSource,
  migrateArgs,
  undisturbed,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/*
 * Values that Postgres cannot take, deep in the copy: the run ends, names them, and there is a way out. They are on overflow
 * pages, where the plan does not look for them.
 */

function change(path: string, sql: string): void {
  const db = new Database(path);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

for (const { what, value, code, words, standardReader } of [
  {
    what: 'a NUL byte',
    value: `printf('%.8000c', 'x') || char(0) || 'x'`,
    code: 'data.nul_byte',
    standardReader: 'pages',
    words: /NUL byte at byte 8000/,
  },
  {
    what: 'invalid UTF-8',
    value: `printf('%.8000c', 'x') || CAST(x'c3a9ff62' AS TEXT)`,
    code: 'data.invalid_utf8',
    standardReader: 'rows',
    words: /invalid UTF-8 at byte 8002/,
  },
]) {
  for (const reader of isFull ? ['pages', 'rows'] : [standardReader]) {
    test(`${what} in the middle of a table ends the run, named by ${reader}, and a fresh run makes all well again`, async () => {
      await withFolder((folder) =>
        withDatabase(async (url, client) => {
          const { path } = makeFaultSource(folder);
          change(
            path,
            `CREATE TABLE kept AS SELECT * FROM item WHERE id IN (7776, 7777);
             UPDATE item SET note = printf('%.9000c', 'x') WHERE id = 7776; UPDATE item SET note = ${value}, weight = NULL, made = NULL WHERE id = 7777`,
          );
          const args = [...migrateArgs(path, url, '--reader', reader), '--exclude', 'kept'];
          const options = { cwd: folder };

          const failed = await runJson(args, options);
          assert.equal(failed.exitCode, 23, failed.stderr);
          const { error } = failed.json;
          assert.deepEqual([error?.code, error?.table, error?.column, error?.key], [code, 'item', 'note', 'id=7777']);
          assert.match(error?.message ?? '', words);
          assert.match(error?.hint ?? '', /--fresh/);
          assert.ok((await committedChunks(client)).length > 0);
          await assertNoBackends(client);

          const status = await runCommand(['status', '--target', url], options);
          assert.match(status.stdout, /: copying/);
          assert.match(status.stdout, /missing +primary_key item_pkey of item/);
          assert.match(status.stdout, /run the same command again.*--fresh/);
          const refused = await runJson(['verify', '--source', path, '--target', url], options);
          assert.equal(refused.json.error?.code, 'target.run_unfinished');

          change(
            path,
            'UPDATE item SET note = kept.note, weight = kept.weight, made = kept.made FROM kept WHERE kept.id = item.id',
          );
          const again = await runJson(args, options);
          assert.equal(again.exitCode, 23, 'the run keeps to its snapshot');
          const fresh = await runJson([...args, '--fresh'], options);
          await assertWhole(fresh, client, await undisturbed());
        }),
      );
    });
  }
}

test('a key that is doubled for Postgres ends the run at its index, and what the hint says lets it complete', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const { path } = makeFaultSource(folder);
      const args = migrateArgs(path, url);
      const options = { cwd: folder };
      assert.equal((await runJson(['init', '--from-source', '--source', path, '--target', url], options)).exitCode, 0);
      // The plan cannot tell which rows the function takes: it answers to the index alone.
      await client.query(`${ofIndexAlone('weighed')}
        CREATE UNIQUE INDEX weighed_once ON public.bare (a) WHERE weighed(a) IS NOT NULL`);
      const failed = await runJson(args, options);
      assert.equal(failed.exitCode, 23, failed.stderr);
      const { error } = failed.json;
      assert.deepEqual([error?.code, error?.table, error?.column], ['data.duplicate_key', 'bare', 'a']);
      const status = await runCommand(['status', '--target', url], options);
      assert.match(status.stdout, /missing +index weighed_once of bare/);
      const waiver = /or do without it: --waive '(.*?)'/.exec(error?.hint ?? '')?.[1] ?? '';
      assert.equal(waiver, 'index:weighed_once');
      const whole = await runJson([...args, '--waive', waiver], options);
      assert.match(whole.stderr, /index weighed_once of bare is not made again, as --waive says/);
      await assertWhole(whole, client, await undisturbed());
    }),
  );
});
