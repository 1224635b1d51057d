import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/* Tables that the application fills by itself on PostgreSQL, under keys of its own. */

const sourceSql = `
  CREATE TABLE content (id INTEGER PRIMARY KEY, app TEXT, model TEXT);
  CREATE TABLE permission (id INTEGER PRIMARY KEY, content_id INTEGER NOT NULL REFERENCES content (id), code TEXT NOT NULL);
  CREATE TABLE label (code TEXT PRIMARY KEY, name TEXT);
  CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, label TEXT REFERENCES label (code));
  CREATE TABLE team_permission (team_id INTEGER REFERENCES team (id), permission_id INTEGER, PRIMARY KEY (team_id, permission_id)) WITHOUT ROWID;
  CREATE TABLE log (id INTEGER PRIMARY KEY, content_id INTEGER REFERENCES content, at TEXT);
  CREATE TABLE seen (what TEXT);
  CREATE TRIGGER noted AFTER UPDATE ON permission BEGIN INSERT INTO seen VALUES ('permission'); END;
  INSERT INTO content VALUES (1, 'auth', 'user'), (2, 'shop', 'order'), (3, 'shop', 'item');
  INSERT INTO permission VALUES (1, 1, 'add'), (2, 1, 'view'), (3, 2, 'add'), (4, 3, 'add');
  INSERT INTO label VALUES ('a', 'one'), ('b', 'two');
  INSERT INTO team VALUES (1, 'all', 'a'), (2, 'some', 'b'), (3, 'none', NULL);
  INSERT INTO team_permission VALUES (1, 1), (1, 2), (1, 3), (1, 4), (2, 3);
  INSERT INTO log VALUES (1, 2, 'x'), (2, NULL, 'y'), (3, 3, 'z');`;

/** Keys change places, in a circle and in pairs; the target has a row more, and a foreign key that SQLite lacks. */
const targetSql = `
  CREATE TABLE content (id int PRIMARY KEY, app text, model text);
  CREATE TABLE permission (id int PRIMARY KEY, content_id int NOT NULL REFERENCES content, code text NOT NULL, UNIQUE (content_id, code));
  CREATE TABLE label (code text PRIMARY KEY, name text);
  CREATE TABLE team (id int PRIMARY KEY, name text, label text REFERENCES label);
  CREATE TABLE team_permission (team_id int REFERENCES team, permission_id int REFERENCES permission, PRIMARY KEY (team_id, permission_id));
  CREATE TABLE log (id int PRIMARY KEY, content_id int REFERENCES content, at text);
  CREATE TABLE seen (what text);
  INSERT INTO content VALUES (2, 'auth', 'user'), (3, 'shop', 'order'), (1, 'shop', 'item'), (9, 'new', 'thing');
  INSERT INTO permission VALUES (4, 2, 'add'), (3, 2, 'view'), (2, 3, 'add'), (70, 1, 'add'), (71, 9, 'add');
  INSERT INTO label VALUES ('B', 'one'), ('a', 'two');`;

const matching = {
  tableRules: {
    permission: { seeded: { match: ['content_id', 'code'] } },
    content: { seeded: { match: ['app', 'model'] } },
    label: { seeded: { match: ['name'] } },
  },
};

interface World {
  readonly sides: readonly string[];
  readonly source: string;
  readonly cwd: string;
  readonly client: pg.Client;
  readonly config: (content: object) => string[];
}

async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (cwd) => {
      await client.query(targetSql);
      const source = makeSqlite(cwd, sourceSql);
      const path = join(cwd, 'config.json');
      const config = (content: object) => {
        writeFileSync(path, JSON.stringify(content));
        return ['--config', path];
      };
      await use({ sides: ['--source', source, '--target', url], source, cwd, client, config });
    }),
  );
}

/** Who may do what, in words, so that keys do not matter. */
const rightsSql = `
  SELECT t.name, c.app, c.model, p.code FROM team_permission r JOIN team t ON t.id = r.team_id
    JOIN permission p ON p.id = r.permission_id JOIN content c ON c.id = p.content_id ORDER BY 1, 2, 3, 4`;
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

test('a cutover refuses keys that are mapped', async () => {
  await withWorld(async ({ sides, cwd, config }) => {
    const { json } = await runJson(['cutover', ...sides, ...config(matching), '--dry-run'], { cwd });
    assert.equal(json.error?.code, 'plan.seeded_match');
  });
});
