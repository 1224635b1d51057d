import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate, type RunResult, verify } from '../../src/pgferry.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { runJson } from '../support/command.js';

const sourceSql = `
  CREATE TABLE owner (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x', email TEXT COLLATE NOCASE UNIQUE);
  CREATE TABLE item (id INTEGER PRIMARY KEY, owner INT NOT NULL REFERENCES owner ON DELETE CASCADE, n INT CHECK (n > 0), twice INT AS (n * 2) STORED,
    UNIQUE (owner, n));
  CREATE INDEX item_n ON item (n DESC) WHERE n > 1;
  INSERT INTO owner (id, name) VALUES (8, 'a'), (9, 'b'); DELETE FROM owner WHERE id = 9;
  INSERT INTO item VALUES (1, 8, 1), (5, 8, 2);`;

interface Sabotage {
  readonly title: string;
  readonly sql: string;
  /** `code table.column` of every error. */
  readonly expected: readonly string[];
  readonly undo: string;
}

const sabotages: readonly Sabotage[] = [
  {
    title: 'an index that is gone',
    sql: 'DROP INDEX item_n',
    expected: ['verify.object_missing item.n'],
    undo: 'CREATE INDEX item_n ON item (n DESC) WHERE n > 1',
  },
  {
    title: 'an index over another column',
    sql: 'DROP INDEX item_n; CREATE INDEX item_n ON item (owner)',
    expected: ['verify.object_changed item.n'],
    undo: 'DROP INDEX item_n; CREATE INDEX item_n ON item (n DESC) WHERE n > 1',
  },
  {
    title: 'a foreign key with another action',
    sql: 'ALTER TABLE item DROP CONSTRAINT item_owner_fkey, ADD CONSTRAINT item_owner_fkey FOREIGN KEY (owner) REFERENCES owner',
    expected: ['verify.object_changed item.owner'],
    undo: 'ALTER TABLE item DROP CONSTRAINT item_owner_fkey, ADD CONSTRAINT item_owner_fkey FOREIGN KEY (owner) REFERENCES owner (id) ON DELETE CASCADE',
  },
  {
    title: 'a foreign key that was not validated',
    sql: 'ALTER TABLE item DROP CONSTRAINT item_owner_fkey, ADD CONSTRAINT item_owner_fkey FOREIGN KEY (owner) REFERENCES owner (id) ON DELETE CASCADE NOT VALID',
    expected: ['verify.object_changed item.owner', 'verify.object_not_in_force item.owner'],
    undo: 'ALTER TABLE item VALIDATE CONSTRAINT item_owner_fkey',
  },
  {
    title: 'a default, a NOT NULL and a CHECK that are gone, all at once',
    sql: 'ALTER TABLE owner ALTER name DROP DEFAULT; ALTER TABLE item ALTER owner DROP NOT NULL, DROP CONSTRAINT item_n_check',
    expected: ['verify.object_changed item.owner', 'verify.object_changed owner.name', 'verify.object_missing item.n'],
    undo: `ALTER TABLE owner ALTER name SET DEFAULT 'x'; ALTER TABLE item ALTER owner SET NOT NULL, ADD CONSTRAINT item_n_check CHECK (n > 0)`,
  },
  {
    title: 'an invalid index',
    sql: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_n'::regclass`,
    expected: ['verify.object_not_in_force item.n'],
    undo: `UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'item_n'::regclass`,
  },
  {
    title: 'an index and a trigger that nobody planned',
    sql: `CREATE INDEX more ON item (owner); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON owner FOR EACH ROW EXECUTE FUNCTION f()`,
    expected: ['verify.object_extra item.owner', 'verify.object_extra owner.'],
    undo: 'DROP INDEX more; DROP TRIGGER t ON owner',
  },
  {
    title: 'a sequence within the keys',
    sql: `SELECT setval('item_id_seq', 3)`,
    expected: ['verify.sequence_behind item.id'],
    undo: `SELECT setval('item_id_seq', 5)`,
  },
  {
    title: 'a sequence above the keys but below a number that AUTOINCREMENT gave out',
    sql: `SELECT setval('owner_id_seq', 8)`,
    expected: ['verify.sequence_behind owner.id'],
    undo: `SELECT setval('owner_id_seq', 9)`,
  },
];

function errorsOf({ findings }: RunResult): string[] {
  const errors = findings.filter(({ severity, code }) => severity === 'error' && code.startsWith('verify.'));
  return [...new Set(errors.map(({ code, table, column }) => `${code} ${table}.${column ?? ''}`))].sort();
}

test('verify names what the target’s schema lost, changed or gained since the load, and fails', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const options = {
        sourcePath: makeSqlite(folder, sourceSql),
        targetUrl: url,
        fromSource: true,
        backupFolder: folder,
      };
      const migrated = await migrate(options);
      assert.equal(migrated.ok, true);
      assert.deepEqual(
        migrated.objects.map(({ kind, expected, found }) => `${kind} ${expected} ${found}`),
        ['column 7 7', 'primary_key 2 2', 'unique 2 2', 'foreign_key 1 1', 'check 1 1', 'index 2 2', 'sequence 2 2'],
      );
      for (const { title, sql, expected, undo } of sabotages) {
        await client.query(sql);
        const result = await verify(options);
        assert.equal(result.ok, false, title);
        assert.deepEqual(errorsOf(result), expected, title);
        await client.query(undo);
      }
      assert.deepEqual(errorsOf(await verify(options)), []);
    }),
  );
});

test('what is waived by name no longer fails verify, and is still said', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const at = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      assert.equal((await runJson(['migrate', ...at, '--from-source'], { cwd: folder })).exitCode, 0);
      await client.query('DROP INDEX item_n; ALTER TABLE owner ALTER name DROP NOT NULL');
      const differs = await runJson(['verify', ...at], { cwd: folder });
      assert.equal(differs.exitCode, 1);
      const waived = await runJson(['verify', ...at, '--waive', 'index:item_n,column:owner.name'], { cwd: folder });
      assert.equal(waived.exitCode, 0, waived.stderr);
      assert.deepEqual(waived.json.findings.map(({ severity, code, table }) => `${severity} ${code} ${table}`).sort(), [
        'warning verify.object_changed owner',
        'warning verify.object_missing item',
      ]);
    }),
  );
});

test('a schema of somebody else is held to what it was, and what it never had of the source is a warning', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`
        CREATE TABLE "Owner" (id bigint PRIMARY KEY, name text NOT NULL, email text);
        CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner bigint NOT NULL REFERENCES "Owner" ON DELETE CASCADE, n int, twice int);
        CREATE INDEX ours ON item (owner)`);
      const sql = sourceSql.replace(', twice INT AS (n * 2) STORED', '');
      const options = { sourcePath: makeSqlite(folder, sql), targetUrl: url, backupFolder: folder };
      assert.equal((await migrate(options)).ok, true);
      const result = await verify(options);
      assert.equal(result.ok, true);
      assert.deepEqual(
        result.findings.filter(({ code }) => code === 'verify.schema_differs').map(({ message }) => message),
        [
          'SQLite has a key that counts on by itself, the target has not',
          "SQLite has the default 'x', the target has not",
          'SQLite has UNIQUE (email), the target has not',
          'SQLite has UNIQUE (owner, n), the target has not',
          'SQLite has the index item_n (CREATE INDEX item_n ON item (n DESC) WHERE n > 1), the target has not',
          'SQLite has a CHECK, the target has not',
        ],
      );
      await client.query('DROP INDEX ours');
      assert.deepEqual(errorsOf(await verify(options)), ['verify.object_missing item.owner']);
    }),
  );
});
