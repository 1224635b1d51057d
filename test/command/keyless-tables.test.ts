import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE items (rowid TEXT, title VARCHAR(20), price DECIMAL(5,2), at DATETIME, n INT);
  INSERT INTO items VALUES ('x', 'good', 1.5, '2020-01-01', 1), ('y', 'Thingy', 1230.99, 'yesterday', 'x'), ('z', 'b', 1, '2020-01-02', '');`;
const schema = `CREATE TABLE items (rowid text, title varchar(20), price numeric(5,2), at timestamp, n int)`;

for (const reader of ['pages', 'rows']) {
  test(`values of a table without a key are named by its rowid, with --reader ${reader}`, async () => {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        await client.query(schema);
        const args = ['plan', '--source', makeSqlite(folder, sql), '--target', url, '--reader', reader];
        const { json } = await runJson(args, { cwd: folder });
        const keys = json.findings.flatMap(({ severity, column, key }) =>
          severity === 'error' ? [[column, key]] : [],
        );
        assert.deepEqual(keys.sort(), [
          ['at', '_rowid_=2'],
          ['n', '_rowid_=2'],
          ['price', '_rowid_=2'],
        ]);
        const [words] = json.findings.filter(({ column }) => column === 'n');
        assert.match(words?.message ?? '', /'x' at _rowid_=2, '' at _rowid_=3/);
      }),
    );
  });
}
