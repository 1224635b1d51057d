import assert from 'node:assert/strict';
import test from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE item (id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    data text CHECK (JSON_VALID("data") OR "data" IS NULL), flag boolean CHECK (flag IN (0, 1)), st varchar(5) CHECK (st IN ('a', 'b')),
    name text CHECK (length(name) <= 9), n integer CHECK (typeof(n) = 'integer'));
  CREATE TABLE special (id integer NOT NULL PRIMARY KEY REFERENCES item (id), extra text);
  INSERT INTO item VALUES (1, '{}', 1, 'a', 'x', 3); INSERT INTO special VALUES (1, 'x');`;

/** What is said of the schema where the application's own has these columns. */
async function differences(columns: string): Promise<string[]> {
  return await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`CREATE TYPE st AS ENUM ('a', 'b'); CREATE TYPE more AS ENUM ('a', 'b', 'c');
        CREATE TABLE item (id bigserial PRIMARY KEY, ${columns});
        CREATE TABLE special (id bigint PRIMARY KEY REFERENCES item (id), extra text)`);
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const { exitCode, json, stderr } = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      return json.findings.filter(({ code }) => code === 'verify.schema_differs').map(({ message }) => message);
    }),
  );
}

const fit = ['data jsonb', 'flag boolean', 'st st', 'name varchar(9)', 'n bigint'];

test('a CHECK that the type of the target column says is not missed, and no sequence for a key that refers to another', async () => {
  assert.deepEqual(await differences(fit.join(', ')), []);
});

test('a type that says less than the CHECK is told', async () => {
  const loose = ['data text', 'flag smallint', 'st more', 'name varchar(10)', 'n numeric'];
  for (const [at, column] of loose.entries()) {
    const columns = fit.map((one, index) => (index === at ? column : one)).join(', ');
    assert.deepEqual(await differences(columns), ['SQLite has a CHECK, the target has not'], column);
  }
});
