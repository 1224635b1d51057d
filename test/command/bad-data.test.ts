import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { checkRefusal } from '../support/refusal.js';

const rowsSql = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, note TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO person SELECT i, 'name ' || i, NULL FROM n;`;

/** Lends a source of 2000 rows, changed as wanted, a target, and the arguments that name both. */
async function withSides(
  { change = '', target = '' }: { readonly change?: string; readonly target?: string },
  use: (args: readonly string[], folder: string, client: pg.Client) => Promise<void>,
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, rowsSql + change);
      if (target !== '') await client.query(target);
      await use(['--source', source, '--target', url], folder, client);
    }),
  );
}

for (const format of ['binary', 'text'] as const) {
  test(`in ${format} format a text equal to the sentinel stops the run, named by table, column and key`, async () => {
    await withSides({}, async (at, folder, client) => {
      const args = ['migrate', ...at, '--format', format, '--null-sentinel', 'name 1234'];
      const json = await checkRefusal(
        args,
        { cwd: folder },
        {
          code: 'data.sentinel',
          says: /table person, column name, key id=1234: the value is the text that stands for NULL: 'name 1234'/,
          hint: /--fresh and another NULL_SENTINEL .* --allow-sentinel/,
        },
      );
      const { table, column, key } = json.error ?? {};
      assert.deepEqual([table, column, key], ['person', 'name', 'id=1234']);
      const { rows } = await client.query('SELECT count(*)::int AS n FROM public.person');
      assert.equal(rows[0].n, 0, 'the chunk was rolled back');
      const other = await runJson(['migrate', ...at, '--format', format, '--null-sentinel', '<null>', '--fresh'], {
        cwd: folder,
      });
      assert.equal(other.exitCode, 0, other.stderr);
      const { rows: after } = await client.query(
        'SELECT count(*)::int AS n, count(note)::int AS notes FROM public.person',
      );
      assert.deepEqual(after[0], { n: 2000, notes: 0 });
    });
  });
}

test('--allow-sentinel lets such a text through, as itself', async () => {
  await withSides({}, async (at, folder, client) => {
    const args = ['migrate', ...at, '--null-sentinel', 'name 1234', '--allow-sentinel'];
    const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    assert.equal(json.tables[0]?.ok, true);
    const { rows } = await client.query(`SELECT id FROM public.person WHERE name = 'name 1234'`);
    assert.deepEqual(rows, [{ id: '1234' }]);
  });
});

const tableSql = 'CREATE TABLE person (id bigint PRIMARY KEY, name text, note text';

test('a row that breaks a CHECK of the target ends with 23; the message names table, constraint and row', async () => {
  const target = `${tableSql}, CONSTRAINT "no 1500" CHECK (name <> 'name 1500' AND tableoid > 0))`;
  await withSides({ target }, async (at, folder, client) => {
    const json = await checkRefusal(
      ['migrate', ...at],
      { cwd: folder },
      {
        code: 'data.rejected',
        says: /"person" violates check constraint "no 1500"; Failing row contains \(1500, name 1500, null\)/,
        hint: /correct the row in the source, or the column or constraint in the target/,
      },
    );
    assert.equal(json.error?.table, 'person');
    assert.equal(json.error?.foreignCode, '23514');
    await client.query('ALTER TABLE person DROP CONSTRAINT "no 1500"');
    const unnamed = await runJson(['migrate', ...at], { cwd: folder });
    assert.equal(unnamed.exitCode, 1, unnamed.stderr);
    const [lost] = unnamed.json.findings.filter(({ code }) => code === 'verify.object_missing');
    assert.match(lost?.hint ?? '', /--waive 'check:no 1500'/);
    const again = await runJson(['migrate', ...at, '--waive', 'check:no 1500'], { cwd: folder });
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(again.json.tables[0]?.targetRows, 2000);
  });
});

for (const flags of [[], ['--keep-constraints']]) {
  test(`rows that a constraint of the target keeps apart end with 23 ${flags.join()}; the message names table, constraint and value`, async () => {
    // A key that the plan does not try: so many rows are not compared in a table of the plan's own.
    const target = `${tableSql}, CONSTRAINT one_name EXCLUDE USING btree (lower(name) WITH =))`;
    const change = `UPDATE person SET name = 'NAME 7' WHERE id = 9;
      WITH RECURSIVE n(i) AS (SELECT 2001 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
      INSERT INTO person SELECT i, 'name ' || i, NULL FROM n;`;
    await withSides({ target, change }, async (at, folder, client) => {
      const { exitCode, json, stderr } = await runJson(['migrate', ...at, ...flags], { cwd: folder });
      assert.equal(exitCode, 23, stderr);
      assert.match(json.error?.code ?? '', /^data\./);
      assert.equal(json.error?.table, 'person');
      for (const named of [/one_name/, /name 7/i, /person/]) assert.match(stderr, named);
      assert.match(json.error?.hint ?? '', /correct .* in the source/);
      await client.query('ALTER TABLE person DROP CONSTRAINT IF EXISTS one_name');
      const { rows } = await client.query('SELECT count(*)::int AS n FROM public.person');
      assert.equal(rows[0].n, flags.length === 0 ? 10_001 : 0);
    });
  });
}

const treeSql = `
  CREATE TABLE tree (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES tree (id), text TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
  INSERT INTO tree SELECT i, CASE WHEN i < 4000 THEN i + 1 END, printf('%.100c', 'x') FROM n;`;

test('with --keep-constraints a table that refers to itself goes in one COPY, though its parents come after their children', async () => {
  await withSides({ change: treeSql }, async (at, folder, client) => {
    const args = [...at, '--chunk-bytes', '64k'];
    const cut = await runJson(['plan', ...args], { cwd: folder });
    const chunksOf = (result: typeof cut) => {
      const { plan } = result.json as unknown as { plan: { tables: { source: string; chunks: unknown[] }[] } };
      return plan.tables.find(({ source }) => source === 'tree')?.chunks.length ?? 0;
    };
    assert.ok(chunksOf(cut) > 1, 'without it the table is cut');
    const joined = await runJson(['plan', ...args, '--keep-constraints'], { cwd: folder });
    assert.equal(chunksOf(joined), 1);
    const { exitCode, stderr } = await runJson(['migrate', ...args, '--keep-constraints'], { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    assert.doesNotMatch(stderr, /taking indexes and constraints away/);
    const { rows } = await client.query(
      'SELECT count(*)::int AS n, count(parent_id)::int AS children FROM public.tree',
    );
    assert.deepEqual(rows[0], { n: 4000, children: 3999 });
  });
});

test('with --keep-constraints a circle of foreign keys is refused, and without it the same tables go', async () => {
  const change = `
    CREATE TABLE a (id INTEGER PRIMARY KEY, b_id INTEGER REFERENCES b (id));
    CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id));
    INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b_id = 1;`;
  await withSides({ change }, async (at, folder, client) => {
    const json = await checkRefusal(
      ['migrate', ...at, '--keep-constraints'],
      { cwd: folder },
      { code: 'plan.refused', says: /for one reason/, hint: /each reason/, reasons: ['plan.cycle_in_force'] },
    );
    assert.match(json.findings[0]?.message ?? '', /the foreign keys of a, b run in a circle/);
    const { exitCode, stderr } = await runJson(['migrate', ...at], { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    const { rows } = await client.query('SELECT b_id, a_id FROM public.a JOIN public.b ON b_id = b.id');
    assert.deepEqual(rows, [{ b_id: '1', a_id: '1' }]);
  });
});
