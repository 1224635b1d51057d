import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AcceptResult } from '../../src/model/shadow.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const tableCount = 60;
const names = Array.from({ length: tableCount }, (_, i) => `t${i}`);
const rowsMax = 100;

/** Each table gives the plan a note of the same kind. */
const sql = names
  .map(
    (name) => `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, price DECIMAL(12,2), word TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowsMax})
        INSERT INTO ${name} SELECT i, i + 0.5, 'word ' || i FROM n;`,
  )
  .join('\n');

function lineCount(text: string): number {
  return text.split('\n').length;
}

test('with many tables every page says what needs attention, and verify counts all that it does not name', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const sides = ['app.db', url];
      const plan = await runCommand(['plan', ...sides], { cwd });
      assert.ok(lineCount(plan.stdout) < 20, plan.stdout);
      assert.match(plan.stdout, /60 tables, 6 000 rows, without a warning: t0, t1, .* …/);
      assert.match(plan.stdout, /59 more of this kind, at t1\.price, .*\[plan\.decimal\]/);
      const whole = await runCommand(['plan', ...sides, '--all'], { cwd });
      for (const name of names) assert.match(whole.stdout, new RegExp(`· ${name}\\.price: `));

      const { stdout, stderr } = await runCommand(['migrate', ...sides], { cwd });
      assert.ok(lineCount(stdout) < 20, stdout);
      assert.match(stdout, /60 tables, 6 000 rows: all ok/);
      assert.doesNotMatch(stderr, /DECIMAL/, 'the summary has the notes, so they are not told while it runs too');

      await client.query(`DELETE FROM t5 WHERE id <= 30; UPDATE t5 SET word = 'x' WHERE id > 60;
        UPDATE t5 SET price = 0 WHERE id > 95; INSERT INTO t5 VALUES (500, 1, 'new')`);
      const verified = await runJson(['verify', ...sides, '--differences-max', '7'], { cwd });
      assert.equal(verified.exitCode, 1);
      assert.equal(verified.json.differences.length, 7);
      const all = { table: 't5', isAll: true };
      assert.deepEqual(verified.json.differenceTotals, [
        { ...all, kind: 'changed', column: 'word', count: 40 },
        { ...all, kind: 'missing', column: null, count: 30 },
        { ...all, kind: 'changed', column: 'price', count: 5 },
        { ...all, kind: 'extra', column: null, count: 1 },
      ]);
      const more = verified.json.findings.find(({ code }) => code === 'verify.more');
      assert.equal(more?.message, '76 differences, of which 7 are named');
      const page = await runCommand(['verify', ...sides], { cwd });
      assert.match(page.stdout, /^ {2}t5 +30 {2}missing on the target +–$/m);
      assert.match(page.stdout, /59 more tables, 5 900 rows: all ok/);

      const accepted = await runJson(['accept', ...sides], { cwd });
      const { runDir } = accepted.json as AcceptResult;
      const html = readFileSync(join(runDir ?? '', 'report.html'), 'utf8');
      assert.match(html, /<summary>59 tables with 5 900 rows: equal on both sides<\/summary>/);
      for (const { sha256 } of (accepted.json as AcceptResult).keysets) assert.ok(html.includes(`>${sha256.source}<`));
      assert.match(html, /<dt>Operator<\/dt><dd>[^<]+ on [^<]+<\/dd>/);
      assert.match(html, /<dt>Command<\/dt><dd>[^<]* accept app\.db [^<]*<\/dd>/);
      const { password } = new URL(url);
      assert.ok(password === '' || !html.includes(`:${password}@`));
      const [, tables = ''] = html.split('Table by table');
      const [unfolded = ''] = tables.split('<details');
      assert.match(unfolded, /<b>t5<\/b>/);
      assert.doesNotMatch(unfolded, /<b>t6<\/b>/);
      assert.match(tables, /<b>t6<\/b>/);
      assert.doesNotMatch(html, /<script/);
    }),
  );
});
