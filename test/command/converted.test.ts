import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import type { ColumnLoss } from '../../src/model/copy.js';
import type { QuarantineGroup } from '../../src/model/quarantine.js';
import type { RepairResult } from '../../src/model/follow.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { inFollowWorld } from '../support/follow-world.js';
import { assertNoBackends, planted, runState } from '../support/runs.js';

const rows = 3000;
/** Every row but each thousandth has nanoseconds; every price but that of each seventh row has more than two decimals. */
const sourceSql = `
  PRAGMA foreign_keys = OFF;
  CREATE TABLE kind (id INTEGER PRIMARY KEY);
  CREATE TABLE ev (id INTEGER PRIMARY KEY, kind INTEGER REFERENCES kind (id), at TEXT, price REAL, name TEXT);
  INSERT INTO kind VALUES (1);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO ev SELECT i, 1, printf('2024-03-%02d 10:%02d:59.%09d', 1 + i % 28, i % 60, i * 333331), i / 7.0, 'n' || i FROM n;
  UPDATE ev SET kind = 9 WHERE id IN (10, 20);`;
const targetSql = `
  CREATE TABLE kind (id int PRIMARY KEY);
  CREATE TABLE ev (id int PRIMARY KEY, kind int REFERENCES kind, at timestamp(6), price numeric(10, 2), name text);`;
const policies = {
  precision_loss: { convert: 'truncate' },
  inexact: { convert: 'round' },
  orphan: 'quarantine',
};
const held = 2;
/** Rows whose time, and whose price, lose something; those that are held are among them. */
const losing = { at: rows - Math.floor(rows / 1000), price: rows - Math.floor(rows / 7) };

const youngest = '(SELECT run_id FROM pgferry.chunk ORDER BY committed_at DESC LIMIT 1)';

/** What the ledger counts of changed cells, and the rows that it keeps whole because of them. */
async function readLedger(client: pg.Client) {
  const { rows: counted } = await client.query<{ name: string; cells: number }>(
    `SELECT one->>'column' AS name, sum((one->>'cells')::int)::int AS cells
       FROM pgferry.chunk, jsonb_array_elements(converted) AS one WHERE run_id = ${youngest} GROUP BY 1 ORDER BY 1`,
  );
  const { rows: kept } = await client.query<{ rows: number; cells: number; prices: number }>(
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE column_name LIKE '%price%')::int AS prices
       FROM pgferry.quarantine WHERE state = 'converted' AND run_id = ${youngest}`,
  );
  const cellsOf = (column: string) => counted.find(({ name }) => name === column)?.cells ?? 0;
  return { at: cellsOf('at'), price: cellsOf('price'), kept: kept[0]?.rows, prices: kept[0]?.prices ?? 0 };
}

/** By SQL alone: how many rows are not what the rules make of the source. */
async function countWrong(client: pg.Client): Promise<number> {
  const { rows: wrong } = await client.query<{ wrong: number }>(`SELECT count(*)::int AS wrong FROM ev
    WHERE price <> round((id / 7.0::float8)::text::numeric, 2)
       OR at <> ('2024-03-' || 1 + id % 28 || ' 10:' || id % 60 || ':59.' || left(lpad((id * 333331)::text, 9, '0'), 6))::timestamp`);
  return wrong[0]?.wrong ?? -1;
}

/**
 * What the rows of the target lost by the account of the ledger, against the account of the source itself: the digits of
 * each time beyond six, and each price against the one that arrived, by decimals of PostgreSQL.
 */
async function assertLosses(client: pg.Client, source: string, told: readonly ColumnLoss[], isGreatest = true) {
  const db = new Database(source, { readonly: true });
  const all = db.prepare('SELECT id, at, price FROM ev').all() as { id: number; at: string; price: number }[];
  db.close();
  const { rows: expected } = await client.query(
    `WITH s AS (SELECT ev.id, -rpad('0.000000' || substr(split_part(at_text, '.', 2), 7), 11, '0')::numeric AS at,
                       ev.price - price_text::numeric AS price
                  FROM ev JOIN unnest($1::int[], $2::text[], $3::text[]) AS source (id, at_text, price_text) USING (id)),
          l AS (SELECT 'at' AS name, at AS change FROM s UNION ALL SELECT 'price', price FROM s)
     SELECT name AS column, count(*)::int AS cells, trim_scale(sum(change))::text AS net,
            trim_scale(sum(abs(change)))::text AS lost, trim_scale(max(abs(change)))::text AS greatest
       FROM l WHERE change <> 0 GROUP BY 1 ORDER BY 1`,
    [all.map(({ id }) => id), all.map(({ at }) => at), all.map(({ price }) => String(price))],
  );
  const ours = told.filter(({ rule }) => rule === 'truncate' || rule === 'round');
  const shown = (greatest: string) => (isGreatest ? greatest : '');
  assert.deepEqual(
    ours.map(({ column, cells, net, lost, greatest }) => [column, cells, net, lost, shown(greatest)]),
    expected.map(({ column, cells, net, lost, greatest }) => [column, cells, net, lost, shown(greatest)]),
  );
}

async function readLosses(target: readonly string[], cwd: string): Promise<readonly ColumnLoss[]> {
  const { json } = await runJson(['quarantine', 'list', ...target], { cwd });
  return (json as unknown as { losses: readonly ColumnLoss[] }).losses;
}

async function inWorld(
  use: (world: { url: string; client: pg.Client; folder: string; sides: string[] }) => Promise<void>,
) {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sourceSql);
      await client.query(targetSql);
      writeFileSync(join(folder, 'c.json'), JSON.stringify({ policies }));
      await use({ url, client, folder, sides: ['--source', source, '--target', url] });
    }),
  );
}

test('what rules change is counted whole, kept as asked, and proven by working the rules out again', async () => {
  await inWorld(async ({ client, folder, sides }) => {
    const at = { cwd: folder };
    const migrate = ['migrate', ...sides, '--config', 'c.json', '--block-bytes', '4k'];
    const migrated = await runJson([...migrate, '--keep-converted', '5'], at);
    assert.equal(migrated.exitCode, 0, migrated.stderr);
    assert.equal(await countWrong(client), 0);
    const few = await readLedger(client);
    assert.equal(few.kept, 5);
    assert.equal(few.at + 5, losing.at - held);
    assert.equal(few.price + few.prices, losing.price - held);

    const listed = await runJson(['quarantine', 'list', ...sides.slice(2)], at);
    const groups = (listed.json as unknown as { groups: readonly QuarantineGroup[] }).groups;
    const told = groups
      .filter(({ state }) => state === 'converted')
      .map(({ column, hazard, rule, rows: n }) => [column, hazard, rule, n]);
    assert.deepEqual(
      told.filter(([column]) => column === 'at' || column === 'price'),
      [
        ['at', 'precision_loss', 'truncate', few.at + 5 - few.prices],
        ['price', 'inexact', 'round', few.price],
      ],
    );
    const findings = migrated.json.findings.filter(({ code }) => code === 'data.converted');
    const losses = await readLosses(sides.slice(2), folder);
    await assertLosses(client, sides[1] ?? '', losses);
    assert.deepEqual(
      findings.map(({ column, loss }) => [column, loss?.cells, loss?.unit, loss?.lost]),
      losses.map(({ column, cells, unit, lost }) => [column, cells, unit, lost]),
    );
    assert.match(
      findings[0]?.message ?? '',
      /^2 995 values converted .*, [\d.]+ s lost in all, 0\.000000999 s at most/,
    );

    for (const command of ['verify', 'accept']) {
      const same = await runJson([command, ...sides], at);
      assert.equal(same.exitCode, 0, `${command}: ${same.stderr}`);
    }
    // Neither a microsecond nor a cent less may pass, in rows that nobody kept.
    await client.query(
      `UPDATE ev SET at = at - interval '1 us' WHERE id = 2001; UPDATE ev SET price = price - 0.01 WHERE id = 2002`,
    );
    const differing = await runJson(['verify', ...sides], at);
    assert.equal(differing.exitCode, 1, differing.stderr);
    assert.deepEqual(differing.json.differences?.map(({ key, column }) => `${key} ${column}`).sort(), [
      'id=2001 at',
      'id=2002 price',
    ]);

    const again = ['--fresh', '--truncate-target'];
    const all = await runJson([...migrate, ...again, '--keep-converted', 'all'], at);
    assert.equal(all.exitCode, 0, all.stderr);
    assert.deepEqual(await readLedger(client), { at: 0, price: 0, kept: rows - held, prices: losing.price - held });
    await assertLosses(client, sides[1] ?? '', await readLosses(sides.slice(2), folder));
    assert.equal((await runJson(['verify', ...sides], at)).exitCode, 0);
    const bad = await runCommand([...migrate, ...again, '--keep-converted', 'some'], at);
    assert.equal(bad.exitCode, 2);
    assert.match(bad.stderr, /--keep-converted.*or all/s);
  });
});

test('killed while rows are kept, a run goes on, and counts and rows are exact', async () => {
  await inWorld(async ({ client, folder, sides }) => {
    const args = ['migrate', ...sides, '--config', 'c.json', '--chunk-bytes', '64k', '--keep-converted', '8'];
    const counter = join(folder, 'counter');
    const env = planted({ at: 'kill', when: 2, text: 'COPY "pgferry"."quarantine"', where: 'threads', counter });
    const killed = await runCommand(args, { cwd: folder, env });
    assert.equal(killed.signal, 'SIGKILL', killed.stderr);
    await assertNoBackends(client);
    assert.equal(await runState(client), 'copying');
    const resumed = await runJson(args, { cwd: folder });
    assert.equal(resumed.exitCode, 0, resumed.stderr);
    const { at, price, kept = 0, prices } = await readLedger(client);
    assert.ok(kept > 0 && kept < 20, String(kept));
    assert.deepEqual([at + kept, price + prices], [losing.at - held, losing.price - held]);
    await assertLosses(client, sides[1] ?? '', await readLosses(sides.slice(2), folder));
    assert.equal(await countWrong(client), 0);
    assert.equal((await runJson(['verify', ...sides], { cwd: folder })).exitCode, 0);
  });
});

test('rounds and repairs follow changed values by the same rules, and count what is left', async () => {
  const config = { policies, keepConverted: 0 };
  await inFollowWorld(
    { sourceSql, targetSql, config },
    async ({ run, change, client, assertSame, source, sides, folder }) => {
      await assertSame();
      const before = await readLedger(client);
      assert.deepEqual([before.at, before.kept], [losing.at - held, 0]);
      // Kept by nobody: one stays as precise, one loses its fraction, one goes, one comes; an orphan finds its parent.
      change(`
      UPDATE ev SET at = '2024-05-01 00:00:00.123456789' WHERE id = 1;
      UPDATE ev SET at = '2024-05-01 00:00:00' WHERE id = 2;
      UPDATE ev SET name = 'other' WHERE id = 3;
      DELETE FROM ev WHERE id = 4;
      INSERT INTO ev VALUES (9001, 1, '2024-05-01 00:00:00.000000999', 1.005, 'new');
      UPDATE ev SET kind = 1 WHERE id = 10;`);
      const followed = await run('follow', '--keep-converted', '0');
      assert.equal(followed.exitCode, 0, followed.stderr);
      await assertSame();
      await assertLosses(client, source, await readLosses(sides.slice(2), folder), false);
      const after = await readLedger(client);
      assert.deepEqual([after.at, after.kept], [before.at, 0]);
      assert.equal(after.price, before.price + 1);
      const { rows: now } = await client.query(
        `SELECT id, at::text, price::text FROM ev WHERE id IN (1, 2, 9001) ORDER BY id`,
      );
      assert.deepEqual(
        now.map(({ at }) => at),
        ['2024-05-01 00:00:00.123456', '2024-05-01 00:00:00', '2024-05-01 00:00:00'],
      );
      assert.equal(now[2]?.price, '1.01');
      await client.query(`UPDATE ev SET at = '2000-01-01' WHERE id = 100; DELETE FROM ev WHERE id = 101`);
      const repaired = await run<RepairResult>('repair');
      assert.equal(repaired.exitCode, 0, repaired.stderr);
      await assertSame();
      // Rows of a round are kept as asked, too.
      change(`UPDATE ev SET at = '2024-06-01 00:00:00.000000001' WHERE id BETWEEN 50 AND 59`);
      assert.equal((await run('follow', '--keep-converted', '4')).exitCode, 0);
      await assertSame();
      // What left the source is taken from the sums again; of the greatest the ledger only knows that it was there once.
      await assertLosses(client, source, await readLosses(sides.slice(2), folder), false);
      const some = await readLedger(client);
      assert.deepEqual([some.at + (some.kept ?? 0), some.kept], [before.at, 4]);
    },
  );
});
