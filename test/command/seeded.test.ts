import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { matching, rightsSql, withWorld } from '../support/seeded-world.js';

const moreSql = [
  `SELECT l.id, c.model, l.at FROM log l LEFT JOIN content c ON c.id = l.content_id ORDER BY 1`,
  `SELECT t.id, l.name FROM team t LEFT JOIN label l ON l.code = t.label ORDER BY 1`,
  'SELECT what FROM seen',
];

test('rows are matched by natural keys, what refers to them follows, and every proof knows', async () => {
  await withWorld(async ({ sides, source, cwd, client, config }) => {
    const args = config(matching);
    const planned = await runJson(['plan', ...sides, ...args], { cwd });
    assert.equal(planned.exitCode, 0, planned.stdout);
    assert.equal(planned.json.findings.filter(({ code }) => code === 'plan.seeded').length, 3);
    const migrated = await runJson(['migrate', ...sides, ...args], { cwd });
    assert.equal(migrated.exitCode, 0, migrated.stderr);
    assert.match(
      migrated.stderr,
      /permission: 4 rows are matched by content_id, code, 4 have another key .* team_permission\.permission_id 5/,
    );
    const db = new Database(source, { readonly: true });
    for (const sql of [rightsSql, ...moreSql]) {
      const { rows } = await client.query({ text: sql, rowMode: 'array' });
      assert.deepEqual(rows, db.prepare(sql).raw().all(), sql);
    }
    db.close();
    assert.equal((await client.query('SELECT 1 FROM permission')).rowCount, 5, 'the target’s own rows stay');
    rmSync(args[1] ?? '');
    for (const command of ['verify', 'shadow', 'accept']) {
      const { exitCode, stderr } = await runJson([command, ...sides], { cwd });
      assert.equal(exitCode, 0, `${command} ${stderr}`);
    }
    await client.query('UPDATE log SET content_id = 9 WHERE id = 1');
    assert.equal((await runJson(['verify', ...sides], { cwd })).exitCode, 1);
    const followed = await runJson(['follow', ...sides], { cwd });
    assert.equal(followed.json.error?.code, 'plan.seeded_match');
  });
});

const refusals: readonly {
  readonly what: string;
  readonly spoil: string;
  readonly on: 'source' | 'target';
  readonly says: RegExp;
}[] = [
  {
    what: 'a natural key that is there twice in SQLite',
    on: 'source',
    spoil: `UPDATE content SET model = 'item' WHERE id = 2`,
    says: /\["shop","item"\] is there twice in SQLite/,
  },
  {
    what: 'a natural key that is there twice in PostgreSQL',
    on: 'target',
    spoil: `UPDATE label SET name = 'two'`,
    says: /two is there twice in PostgreSQL/,
  },
  {
    what: 'a row without a match',
    on: 'target',
    spoil: `UPDATE content SET model = 'other' WHERE id = 1`,
    says: /1 of its rows have no match by app, model/,
  },
  {
    what: 'a natural key that is NULL',
    on: 'source',
    spoil: `UPDATE content SET model = NULL WHERE id = 2`,
    says: /a row of SQLite, key 2, has NULL/,
  },
];

for (const { what, on, spoil, says } of refusals) {
  test(`${what} is refused, and nothing is written`, async () => {
    await withWorld(async ({ sides, source, cwd, client, config }) => {
      if (on === 'target') await client.query(spoil);
      else {
        const db = new Database(source);
        db.exec(spoil);
        db.close();
      }
      const { exitCode, json } = await runJson(['migrate', ...sides, ...config(matching)], { cwd });
      assert.deepEqual([exitCode, json.error?.code], [20, 'plan.seeded_match']);
      assert.match(json.error?.message ?? '', says);
      assert.equal((await client.query('SELECT 1 FROM team')).rowCount, 0);
    });
  });
}

test('a seeded table gives way where the config says so, and no other', async () => {
  await withWorld(async ({ sides, cwd, client, config }) => {
    const rules = { content: { seeded: 'replace' }, permission: { seeded: 'replace' } };
    const refused = await runJson(['migrate', ...sides, ...config({ tableRules: rules })], { cwd });
    assert.match(JSON.stringify(refused.json), /plan\.target_has_rows.*one target table holds.*label/);
    const all = config({ tableRules: { ...rules, label: { seeded: 'replace' } } });
    const migrated = await runJson(['migrate', ...sides, ...all], { cwd });
    assert.equal(migrated.exitCode, 0, migrated.stderr);
    const { rows } = await client.query('SELECT id FROM permission ORDER BY id');
    assert.deepEqual(
      rows.map(({ id }) => id),
      [1, 2, 3, 4],
    );
  });
});

test('a seeded table that is kept is left out, and so are its rows of SQLite', async () => {
  await withWorld(async ({ sides, cwd, client, config }) => {
    const rules = { content: { seeded: 'replace' }, permission: { seeded: 'replace' }, label: { seeded: 'keep' } };
    await client.query(`INSERT INTO label VALUES ('b', 'three')`);
    const migrated = await runJson(['migrate', ...sides, ...config({ tableRules: rules })], { cwd });
    assert.equal(migrated.exitCode, 0, migrated.stderr);
    assert.equal((await client.query('SELECT 1 FROM label')).rowCount, 3);
    assert.equal((await runJson(['verify', ...sides], { cwd })).exitCode, 0);
  });
});
