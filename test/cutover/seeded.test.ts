import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import type { CutoverResult } from '../../src/model/cutover.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { matching, rightsSql, withWorld } from '../support/seeded-world.js';

/* A cutover of rows that the application has on PostgreSQL under other keys, and the way back. */

function rowsIn(source: string, sql: string): unknown[] {
  const db = new Database(source, { readonly: true });
  try {
    return db.prepare(sql).raw().all();
  } finally {
    db.close();
  }
}

const everyTable = ['content', 'permission', 'label', 'team', 'team_permission', 'log', 'seen'];
const allRows = (source: string) => everyTable.map((table) => rowsIn(source, `SELECT * FROM ${table}`));

test('a cutover maps keys, and its rollback gives SQLite its own keys again, with what PostgreSQL took', async () => {
  await withWorld(async ({ sides, source, cwd, client, config }) => {
    const before = allRows(source);
    const args = [...sides, ...config(matching), '--switch-env', '0', '--generate-provider', '0'];
    const env = { CUTOVER_CONFIRM: confirmation };
    const live = await runJson(['cutover', ...args, '--live'], { cwd, env });
    assert.equal(live.json.error?.code, 'plan.seeded_match');
    assert.match(live.json.error?.hint ?? '', /without --live/);
    const rehearsed = await runJson(['cutover', ...args, '--dry-run'], { cwd });
    assert.equal(rehearsed.exitCode, 0, rehearsed.stderr);
    const cutover = await runJson(['cutover', ...args], { cwd, env });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    const { rows } = await client.query({ text: rightsSql, rowMode: 'array' });
    assert.deepEqual(rows, rowsIn(source, rightsSql));

    const back = ['rollback', ...sides, '--switch-env', '0', '--generate-provider', '0', '--target-writes', 'carry'];
    await client.query(`UPDATE label SET name = 'other' WHERE name = 'two'`);
    const seeded = await runJson([...back, '--dry-run'], { cwd });
    assert.match(seeded.json.error?.message ?? '', /label: .* application’s own on PostgreSQL/);
    await client.query(`UPDATE label SET name = 'two' WHERE name = 'other'`);
    await client.query(`INSERT INTO log VALUES (4, 9, 'of a row that SQLite lacks')`);
    const unknown = await runJson([...back, '--dry-run'], { cwd });
    assert.match(unknown.json.error?.message ?? '', /log at id=4: its row of content is not there/);
    await client.query(`UPDATE log SET content_id = 1, at = 'new' WHERE id = 4`);
    await client.query('INSERT INTO team_permission VALUES (3, 71)');
    const unsaid = await runJson(back, { cwd });
    assert.equal(unsaid.json.error?.code, 'rollback.uncarried');
    assert.match(unsaid.json.error?.message ?? '', /team_permission\.permission_id: it refers to 71 of permission/);
    await client.query('DELETE FROM team_permission WHERE team_id = 3');
    await client.query(`INSERT INTO team VALUES (4, 'late', 'a'); INSERT INTO team_permission VALUES (4, 70), (4, 4)`);
    const rollback = await runJson([...back, '--accept'], { cwd });
    assert.equal(rollback.exitCode, 0, rollback.stderr);
    assert.doesNotMatch(rollback.stderr, /differs from PostgreSQL|acceptance was not made/);
    const [content, permission, label, team = [], teamPermission = [], log = [], seen] = before;
    assert.deepEqual(allRows(source), [
      content,
      permission,
      label,
      [...team, [4, 'late', 'b']],
      [...teamPermission, [4, 1], [4, 4]],
      [...log, [4, 3, 'new']],
      seen,
    ]);
  });
});

test('a rollback of mapped keys without writes restores the very snapshot, and writes can be saved to a file', async () => {
  await withWorld(async ({ sides, source, cwd, client, config }) => {
    const before = allRows(source);
    const common = ['--switch-env', '0', '--generate-provider', '0'];
    const cutover = ['cutover', ...sides, ...config(matching), ...common, '--truncate-target'];
    const env = { CUTOVER_CONFIRM: confirmation };
    for (const write of [null, `UPDATE team SET label = 'B' WHERE id = 2`]) {
      const there = await runJson(cutover, { cwd, env });
      assert.equal(there.exitCode, 0, there.stderr);
      if (write !== null) await client.query(write);
      const back = await runJson(['rollback', ...sides, ...common, '--target-writes', 'discard'], { cwd });
      assert.equal(back.exitCode, 0, back.stderr);
      assert.deepEqual(allRows(source), before);
      if (write === null) continue;
      const [saved] = (back.json as unknown as CutoverResult).savedWrites;
      assert.equal(saved?.rows, 1, 'the rows that SQLite had under the keys of PostgreSQL are known');
    }
  });
});
