import assert from 'node:assert/strict';
import test from 'node:test';
import { type JsonResult, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Plans or moves a database into a schema of the application's own. */
async function run(
  command: 'plan' | 'migrate',
  { source, target }: { readonly source: string; readonly target: string },
): Promise<{ readonly exitCode: number | null; readonly json: JsonResult; readonly stderr: string }> {
  return await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(target);
      return await runJson([command, '--source', makeSqlite(folder, source), '--target', url], { cwd: folder });
    }),
  );
}

/** Twenty numbers. */
const series =
  '(WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 20) SELECT value FROM n)';

const textsOf = ({ findings }: JsonResult, wanted: string) =>
  findings.filter(({ code }) => code === wanted).map(({ severity, message }) => `${severity} ${message}`);

const hintOf = ({ findings }: JsonResult) => findings.find(({ code }) => code === 'plan.target_has_rows')?.hint ?? '';

test('texts that char(n) pads are counted, those of full length are not', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, ch char(5), full_length char(2));
    INSERT INTO item VALUES (1, 'ab', 'de'), (2, 'abcde', 'fr'), (3, 'äöü', NULL), (4, 'ab   ', 'el');`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, ch char(5), full_length char(2))';
  const { exitCode, json, stderr } = await run('migrate', { source, target });
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(textsOf(json, 'plan.char_padding'), [
    `warning 2 of its texts are shorter than character(5), which pads them with blanks for every client: 'ab'`,
  ]);
});

test('JSON that has a key twice in an object is named where jsonb keeps the last alone', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, j json, k json);
    INSERT INTO item VALUES (1, '{"a": {"b": 1, "c": [{"b": 2}], "\\u0062": 3}}', '{"a": 1, "a": 2}'),
      (2, '{"a": "a", "b": ["a", "a", {"a": "{\\"b\\": 1"}], "c": {"b": 1}}', '[]'), (3, '"a"', '7');`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, j jsonb, k json)';
  const { exitCode, json, stderr } = await run('plan', { source, target });
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(textsOf(json, 'plan.json_keys'), [
    `warning 1 of its texts has a key twice in an object, of which jsonb keeps the last alone: '{"a": {"b": 1, "c": [{"b": 2}], "\\u0062": 3}}'`,
  ]);
});

test('values that only the input function of a type refuses are found before the copy, by any server', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, a text, i text, x text);
    INSERT INTO item VALUES (1, '[1,2]', '10.0.0.1', '<a/>'), (2, '[[1,2],[3]]', '10.0.0.300', '<a>'), (3, '{4}', '::1', NULL);
    INSERT INTO item SELECT value + 10, '[]', 'host ' || value, NULL FROM generate_series(1, 20);`;
  const target = 'CREATE TABLE item (id bigserial PRIMARY KEY, a int[], i inet, x xml)';
  const { exitCode, json } = await run('plan', { source: source.replace('generate_series(1, 20)', series), target });
  assert.equal(exitCode, 20);
  const told = json.findings
    .filter(({ code }) => code === 'data.rejected')
    .map(({ column, message }) => [column, message]);
  assert.deepEqual(
    told.map(([column]) => column),
    ['a', 'i', 'x'],
  );
  assert.match(told[0]?.[1] ?? '', /^1 row has a value that integer\[\] of the target does not take: id=2/);
  assert.match(told[1]?.[1] ?? '', /^(at least 5|21) rows have values that inet of the target/);
});

test('sequences that no column owns are named, all others are not', async () => {
  const source = `CREATE TABLE item (id integer PRIMARY KEY, n integer); INSERT INTO item VALUES (1, 2);`;
  const target = `CREATE SEQUENCE chain_id; CREATE SEQUENCE "By Text"; CREATE SEQUENCE called;
    CREATE TABLE item (id bigserial PRIMARY KEY, n integer DEFAULT nextval('public."By Text"'::text), m bigint DEFAULT nextval('called'));`;
  const { json } = await run('plan', { source, target });
  assert.deepEqual(textsOf(json, 'plan.free_sequence'), [
    'warning no column owns the sequence public.chain_id, so it stays where it is',
  ]);
});

test("rows that a framework's own migration made are named so, and its schema is not offered to be made again", async () => {
  const source = `CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied datetime);
    CREATE TABLE django_content_type (id integer PRIMARY KEY, model text); CREATE TABLE shop (id integer PRIMARY KEY);
    INSERT INTO django_content_type VALUES (1, 'item'); INSERT INTO shop VALUES (1);`;
  const target = `CREATE TABLE django_content_type (id bigserial PRIMARY KEY, model text); CREATE TABLE shop (id bigserial PRIMARY KEY);
    INSERT INTO django_content_type VALUES (1, 'user');`;
  const own = await run('plan', { source, target });
  assert.deepEqual(textsOf(own.json, 'plan.target_has_rows'), [
    "error one target table holds rows that Django's own migration made: django_content_type (1 row with other values (id=1))",
  ]);
  assert.match(hintOf(own.json), /--truncate-target/);
  assert.doesNotMatch(hintOf(own.json), /reset-schema/);
  const others = await run('plan', { source, target: `${target} INSERT INTO shop VALUES (7);` });
  assert.match(
    String(textsOf(others.json, 'plan.target_has_rows')),
    /2 target tables hold rows that pgferry did not load/,
  );
  assert.doesNotMatch(hintOf(others.json), /reset-schema/);
});
