import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const tooManyColumns = Array.from({ length: 1601 }, (_, i) => `c${i}`).join(', ');
const schema = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id));
  CREATE TABLE wide (${tooManyColumns});
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1);`;

const choices: readonly (readonly [flags: readonly string[], tables: readonly string[], codes: readonly string[]])[] = [
  [['--exclude', 'WIDE'], ['child', 'parent'], []],
  [['--tables', 'child'], ['child'], ['plan.foreign_key_untranslated']],
];

for (const [flags, wanted, codes] of choices) {
  test(`with ${flags.join(' ')} only what is wanted is translated and copied, so that a table which cannot go does not stop the others`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const source = makeSqlite(folder, schema);
        const at = ['migrate', '--source', source, '--target', url];
        const refused = await runJson(at, { cwd: folder });
        assert.equal(refused.exitCode, 20);
        assert.match(refused.stderr, /wide: 1601 columns .* leave it out with --exclude/s);
        const { exitCode, json, stderr } = await runJson([...at, ...flags], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        assert.deepEqual(
          json.findings.map(({ code }) => code),
          codes,
        );
        const { rows } = await client.query(
          `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
        );
        assert.deepEqual(
          rows.map(({ relname }) => relname),
          wanted,
        );
      }),
    );
  });
}
