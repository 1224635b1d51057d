import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunStatus } from '../../src/model/status.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE film (id INTEGER PRIMARY KEY, title TEXT);
  CREATE INDEX by_title ON film (title);
  INSERT INTO film VALUES (1, 'Alien'), (2, 'Brazil'), (3, 'Cube');`;

test('an index that the target lacks stops the plan, and what is waived then belongs to the run', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const run = (name: string, ...more: string[]) => runJson([name, 'app.db', url, ...more], { cwd });
      assert.equal((await run('migrate')).exitCode, 0);
      await client.query('DROP INDEX by_title');

      const planned = await run('plan');
      assert.equal(planned.exitCode, 20);
      const [finding] = planned.json.findings.filter(({ severity }) => severity === 'error');
      assert.equal(finding?.code, 'verify.schema_differs');
      assert.equal(finding?.waiver, 'index:by_title');
      assert.match(finding?.hint ?? '', /--waive 'index:by_title'/);
      const refused = await run('migrate');
      assert.equal(refused.json.error?.code, 'plan.refused');

      const loaded = await run('migrate', '--waive', 'index:by_title');
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      for (const name of ['verify', 'accept']) {
        const { exitCode, stdout, json } = await run(name);
        assert.equal(exitCode, 0, stdout);
        if (name === 'accept')
          assert.match(
            readFileSync(join(json.runDir ?? '', 'report.html'), 'utf8'),
            /<dt>Given up by name<\/dt><dd>index:by_title<\/dd>/,
          );
      }
      const { json } = await run('status');
      assert.deepEqual((json as unknown as RunStatus).run?.waived, ['index:by_title']);
    }),
  );
});

test('an index that SQLite has and somebody makes on the target is no surprise, and a missing one is no difference of rows', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      await client.query('CREATE TABLE film (id bigint PRIMARY KEY, title text)');
      const run = (name: string) => runCommand([name, 'app.db', url], { cwd });
      const loaded = await run('migrate');
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      assert.equal(loaded.stdout.match(/SQLite has the index by_title/g)?.length, 1, loaded.stdout);
      await client.query('CREATE INDEX by_title ON film (title)');
      assert.equal((await run('verify')).exitCode, 0);
      await client.query('CREATE INDEX by_nothing ON film (id, title)');
      const more = await run('verify');
      assert.equal(more.exitCode, 1);
      assert.match(more.stdout, /by_nothing was not there before the load/);
      assert.match(more.stdout, /✗ all rows are the same, but the schema is not as it must be/);
      assert.doesNotMatch(more.stdout, /the two sides differ/);
    }),
  );
});

test('status knows what the last comparison found, and names what mends it', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const run = (name: string) => runCommand([name, 'app.db', url], { cwd });
      assert.equal((await run('migrate')).exitCode, 0);
      assert.match((await run('status')).stdout, /next: \S+ \S+ accept /);
      await client.query("UPDATE film SET title = 'x'; DELETE FROM film WHERE id = 3");
      assert.equal((await run('verify')).exitCode, 1);
      const differs = (await run('status')).stdout;
      assert.match(differs, /compared {3}verify of \S+: 3 differences$/m);
      assert.match(differs, /→ the sides differed at the last verify/);
      assert.match(differs, /next: \S+ \S+ repair /);
      const repaired = await run('repair');
      assert.equal(repaired.exitCode, 0, repaired.stderr);
      const after = (await run('status')).stdout;
      assert.match(after, /3 differences; the target has changed since$/m);
      assert.match(after, /next: \S+ \S+ verify /);
      assert.equal((await run('verify')).exitCode, 0);
      assert.match((await run('status')).stdout, /compared {3}verify of \S+: both sides equal$/m);
    }),
  );
});
