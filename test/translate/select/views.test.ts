import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import { translateSchema } from '../../../src/translate/translate.js';
import { withDatabase } from '../../support/database.js';
import { surveySqlite } from '../../plan/fixtures.js';

const tablesSql = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss INT REFERENCES person, pay REAL, flag CHAR(1), active BOOLEAN, nick TEXT COLLATE NOCASE, at DATETIME);
  CREATE TABLE task (id INTEGER PRIMARY KEY, person INT REFERENCES person (id), title TEXT, n INT, bits INT);`;
const rowsSql = `
  INSERT INTO person VALUES (1, 'Ann', NULL, 10.5, '1', 1, 'a', '2024-01-01 00:00:00'), (2, 'bob', 1, 2.25, '0', 0, 'B', NULL), (3, 'Ünal', 1, NULL, NULL, NULL, NULL, NULL);
  INSERT INTO task VALUES (1, 1, 'Abc', 3, 6), (2, 1, 'a%c', -2, 1), (3, 2, NULL, NULL, NULL), (4, NULL, 'zz', 7, 12);`;

/** Bodies of views that are carried over; the rows of both sides are compared, as sets where there is no ORDER BY. */
const carried: readonly string[] = [
  'SELECT * FROM person',
  'SELECT p.*, t.title FROM person p JOIN task AS t ON t.person = p.id',
  'SELECT name who, pay * 2 "twice" FROM person WHERE pay > 3 AND NOT active = 0',
  `SELECT id, CASE WHEN flag = 1 THEN 'on' WHEN flag = 0 THEN 'off' ELSE '?' END FROM person`,
  `SELECT id, CASE n WHEN 3 THEN 'three' END AS word, n IS NULL, n BETWEEN 0 AND 5 FROM task`,
  'SELECT p.name, q.name AS boss FROM person p LEFT JOIN person q ON p.boss = q.id',
  'SELECT p.name, t.title FROM person p, task t WHERE p.id = t.person',
  'SELECT count(*), count(n), count(DISTINCT person), sum(n), avg(n), min(title), max(n), total(n) FROM task',
  'SELECT person, count(*) c, sum(n) FROM task GROUP BY person HAVING count(*) > 1',
  'SELECT person AS who, max(n) - min(n) FROM task GROUP BY who',
  "SELECT p.name || coalesce(t.title, '-') AS label, count(*) FROM person p LEFT JOIN task t ON t.person = p.id GROUP BY p.name || coalesce(t.title, '-')",
  `SELECT group_concat(name, '; ') FROM person WHERE id = 2`,
  `SELECT title FROM task WHERE title GLOB '[A-Z]b*' OR title GLOB 'a%?' OR title LIKE 'Z_'`,
  'SELECT bits & 4 a, bits | 1 b, bits << 2 c, bits >> 1 d, ~bits e FROM task',
  'SELECT DISTINCT person FROM task',
  `SELECT id, name FROM person UNION ALL SELECT id, title FROM task`,
  `SELECT name FROM person UNION SELECT name FROM person WHERE id IN (1, 2)`,
  'SELECT name FROM person ORDER BY name',
  'SELECT title, n FROM task ORDER BY n DESC, 1 LIMIT 3',
  'SELECT x.name FROM (SELECT name, id AS k FROM person WHERE id < 3) AS x WHERE x.k > 1',
  `SELECT upper(name), length(name), substr(name, 1, 2), replace(name, 'n', 'm'), instr(name, 'n'), typeof(pay), nullif(name, 'bob') FROM person`,
  'SELECT p.id FROM person p JOIN task USING (id)',
  `SELECT id FROM task WHERE person = '1'`,
  'SELECT CAST(n AS TEXT) || title FROM task',
  'SELECT person.name FROM main.person',
];

const refused: readonly (readonly [string, RegExp])[] = [
  ['WITH x AS (SELECT 1 AS a) SELECT a FROM x', /WITH/],
  ['SELECT name, count(*) FROM person', /name cannot be used here/],
  ['SELECT id FROM person WHERE id IN (SELECT person FROM task)', /SELECT/],
  ['SELECT row_number() OVER () FROM task', /OVER/],
  ['SELECT nick FROM person WHERE nick = name', /different classes/],
  ['SELECT DISTINCT nick FROM person', /compare differently/],
  [`SELECT strftime('%Y', at) FROM person`, /no literal/],
  ['SELECT 1 / n FROM task', /divisor/],
  ['SELECT id FROM person EXCEPT SELECT id FROM task', /EXCEPT/],
  ['SELECT id FROM person UNION ALL SELECT name FROM person', /different classes/],
  ['SELECT title FROM task NATURAL JOIN person', /NATURAL/],
  ['SELECT title FROM task WHERE n = title', /different classes/],
  ['SELECT id FROM person p JOIN task t ON p.id = t.id', /id is in two tables|cannot/],
  ["SELECT value FROM json_each('[1]')", /no table|not understood/],
  ['SELECT rowid FROM task', /rowid/],
  [`SELECT round(pay, 1) FROM person`, /round/],
];

function translate(body: string) {
  return translateSchema({
    ...surveySqlite(`${tablesSql}${rowsSql} CREATE VIEW v AS ${body};`),
    targetSchema: 'public',
  });
}

test('a view that is carried over gives the rows that it gives in SQLite', async () => {
  await withDatabase(async (_url, client) => {
    const db = new Database(':memory:');
    db.exec(tablesSql + rowsSql);
    for (const body of carried) {
      const { statements, findings } = translate(body);
      assert.deepEqual(
        findings.map(({ message }) => message),
        [],
        body,
      );
      await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
      for (const statement of statements) await client.query(statement);
      for (const table of ['person', 'task']) {
        for (const row of db.prepare(`SELECT * FROM ${table}`).raw().all() as unknown[][]) {
          await client.query(`INSERT INTO ${table} VALUES (${row.map((_, at) => `$${at + 1}`).join()})`, row);
        }
      }
      db.exec(`DROP VIEW IF EXISTS v; CREATE VIEW v AS ${body}`);
      const source = db.prepare('SELECT * FROM v').raw().all();
      const { rows } = await client.query({ text: 'SELECT * FROM v', rowMode: 'array' });
      const plain = (cells: readonly unknown[]) => JSON.stringify(cells.map(plainCell));
      const order = body.includes('ORDER BY') ? (lines: string[]) => lines : (lines: string[]) => lines.sort();
      assert.deepEqual(order(rows.map(plain)), order((source as unknown[][]).map(plain)), body);
    }
    db.close();
  });
});

/** Numbers come as text from pg, booleans as such, times as dates. */
function plainCell(cell: unknown): unknown {
  if (cell instanceof Date) return 'time';
  if (typeof cell === 'boolean') return String(Number(cell));
  if (typeof cell === 'string' && /^\d{4}-\d{2}-\d{2} /.test(cell)) return 'time';
  return cell === null ? null : String(cell);
}

test('a view without a sure equivalent is reported with its reason and its SQL, and stops nothing', () => {
  for (const [body, reason] of refused) {
    const { statements, findings, lost } = translate(body);
    assert.equal(statements.length, 4, body);
    assert.deepEqual(lost, ['view:v']);
    assert.match(findings[0]?.message ?? '', reason, body);
    assert.deepEqual(
      findings.map(({ severity, code }) => `${severity} ${code}`),
      ['warning plan.view_untranslated'],
    );
  }
});

test('views on views are made in the order that they need, and not on one that is missing', async () => {
  const sql = `${tablesSql}
    CREATE VIEW last AS SELECT who FROM middle; CREATE VIEW middle (who) AS SELECT name FROM first; CREATE VIEW first AS SELECT name FROM person;
    CREATE VIEW above AS SELECT a FROM odd; CREATE VIEW odd AS SELECT random() AS a; CREATE VIEW "task_pkey" AS SELECT 1 AS one; CREATE VIEW gone AS SELECT x FROM nowhere;
    CREATE TRIGGER t AFTER INSERT ON task BEGIN DELETE FROM task; END;`;
  const { statements, findings, views } = translateSchema({ ...surveySqlite(sql), targetSchema: 'public' });
  assert.deepEqual(views, ['first', 'middle', 'last']);
  assert.deepEqual(
    findings.map(({ code, table }) => `${code} ${table}`),
    [
      'plan.view_untranslated above',
      'plan.view_untranslated odd',
      'plan.view_untranslated task_pkey',
      'plan.view_untranslated gone',
      'plan.triggers_untranslated null',
    ],
  );
  await withDatabase(async (_url, client) => {
    for (const statement of statements) await client.query(statement);
    await client.query(`INSERT INTO person (name) VALUES ('x')`);
    assert.deepEqual((await client.query('SELECT * FROM last')).rows, [{ who: 'x' }]);
  });
});
