import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { FollowResult, RepairResult } from '../../src/model/follow.js';
import { Database } from '../../src/source/sqlite.js';
import { inFollowWorld } from '../support/follow-world.js';
import { makeSqlite } from '../support/folder.js';
import { Dice } from '../source/pages/pages-scenario.js';
import { runCount } from '../support/run-count.js';

const numRuns = runCount({ usual: 4, full: 60 });
const seed = Number(process.env.PGFERRY_SEED ?? Date.now() % 1_000_000);

/** Every kind of key and of reference, long values, computed columns, and a table without a key. */
const schemaSql = `
  PRAGMA page_size = 1024;
  CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, boss INTEGER REFERENCES person (id)
    ON DELETE SET NULL, bio TEXT, photo BLOB, score REAL, born DATETIME, shout TEXT AS (upper(email)) STORED);
  CREATE TABLE team (code TEXT PRIMARY KEY NOT NULL, lead INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, rank INTEGER UNIQUE);
  CREATE TABLE member (team TEXT NOT NULL REFERENCES team (code) ON UPDATE CASCADE ON DELETE CASCADE, person INTEGER NOT NULL
    REFERENCES person (id) ON DELETE CASCADE, since TEXT, PRIMARY KEY (team, person)) WITHOUT ROWID;
  CREATE TABLE visit (at INTEGER, note TEXT, person INTEGER REFERENCES person (id) ON DELETE SET NULL);
  CREATE TABLE plain (id INTEGER PRIMARY KEY, doc TEXT, twice INTEGER AS (id * 2) VIRTUAL);
  CREATE INDEX visit_at ON visit (at);`;

function changesOf({ rounds }: Pick<FollowResult, 'rounds'>): Record<string, string> {
  const changes = rounds.flatMap((round) => round.changes);
  return Object.fromEntries(
    changes.map(({ table, deleted, updated, inserted }) => [table, `-${deleted} ~${updated} +${inserted}`]),
  );
}

const people = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO person (email, boss, bio, photo, score, born) SELECT 'p' || i || '@x', nullif(i / 3, 0), hex(zeroblob(i * 7)),
    zeroblob(i * 11 % 3000), i / 3.0, '2024-01-01 00:00:00.' || (100 + i) FROM n;
  INSERT INTO team SELECT 't' || id, id, id FROM person WHERE id % 5 = 0;
  INSERT INTO member SELECT 't' || (5 + id % 40 / 5 * 5), id, 'since ' || id FROM person;
  INSERT INTO visit SELECT id % 9, 'n' || id % 4, id FROM person UNION ALL SELECT 1, 'same', NULL FROM person WHERE id < 9;
  INSERT INTO plain (id, doc) SELECT id, '{"a":' || id || '}' FROM person;`;

test('a round brings exactly what changed, of every kind of table, and proves it', async () => {
  await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, assertSame, client, folder }) => {
    const quiet = await run('follow');
    assert.deepEqual([quiet.exitCode, quiet.isQuiet, quiet.rounds.length, quiet.ok], [0, true, 1, true]);
    assert.deepEqual(changesOf(quiet), {});
    change(`
      UPDATE person SET score = -0.0, photo = zeroblob(5000) WHERE id = 7;
      DELETE FROM person WHERE id = 60;
      INSERT INTO person (email, boss) VALUES ('new@x', 7);
      UPDATE team SET code = 'moved' WHERE code = 't10';
      DELETE FROM visit WHERE rowid IN (SELECT rowid FROM visit WHERE note = 'same' LIMIT 3);
      INSERT INTO visit VALUES (1, 'same', NULL);
      UPDATE plain SET doc = '{}' WHERE id = 3; UPDATE plain SET id = 1000 WHERE id = 4;`);
    const dry = await run('follow', '--dry-run');
    assert.equal(dry.exitCode, 0, dry.stderr);
    const followed = await run('follow');
    assert.equal(followed.exitCode, 0, followed.stderr);
    const changes = changesOf(followed);
    assert.deepEqual(changes, changesOf(dry));
    assert.match(changes['person'] ?? '', /^-1 ~\d+ \+1$/);
    assert.deepEqual([changes['team'], changes['plain']], ['-2 ~0 +1', '-1 ~1 +1']);
    assert.ok(followed.tables.length === 5 && followed.tables.every(({ ok }) => ok));
    await assertSame();
    const { rows } =
      await client.query(`SELECT number, (SELECT sum(rows)::int FROM pgferry.chunk WHERE table_name = 'person') AS people,
      (SELECT count(*)::int FROM person) AS held FROM pgferry.round ORDER BY number`);
    assert.deepEqual(rows, [
      { number: 1, people: 200, held: 200 },
      { number: 2, people: 200, held: 200 },
    ]);
    // Only the snapshot that the target shows is kept beside the run's own.
    const runs = join(folder, '.db-migration-backups');
    const kept = readdirSync(join(runs, readdirSync(runs).find((name) => name !== '.gitignore') ?? '')).filter((name) =>
      name.endsWith('.db'),
    );
    assert.deepEqual(kept.sort(), ['follow-0002.db', 'sqlite-precutover.db']);
    // A number that was handed out, and whose row is gone again, counts as well.
    change(`INSERT INTO person (email) VALUES ('gone@x'); DELETE FROM person WHERE email = 'gone@x'`);
    assert.equal((await run('follow')).exitCode, 0);
    const inserted = await client.query(`INSERT INTO person (email) VALUES ('next@x') RETURNING id`);
    assert.equal(Number(inserted.rows[0].id), 203, 'the sequence goes on behind the highest number');
  });
});

test('a column that tsvector_update_trigger fills follows the rows of a round, and other triggers do not fire', async () => {
  const sourceSql = `CREATE TABLE film (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO film VALUES (1, 'one'), (2, 'two')`;
  const targetSql = `CREATE TABLE film (id bigint PRIMARY KEY, title text, words tsvector, loud text);
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.loud := upper(NEW.title); RETURN NEW; END $$;
    CREATE TRIGGER a BEFORE INSERT OR UPDATE ON film FOR EACH ROW EXECUTE FUNCTION shout();
    CREATE TRIGGER b BEFORE INSERT OR UPDATE ON film FOR EACH ROW
      EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', title);`;
  await inFollowWorld({ sourceSql, targetSql }, async ({ run, change, assertSame, client }) => {
    change(`UPDATE film SET title = 'deux' WHERE id = 2; INSERT INTO film VALUES (3, 'trois')`);
    const followed = await run('follow');
    assert.equal(followed.exitCode, 0, followed.stderr);
    const { rows } = await client.query('SELECT words::text, loud FROM film ORDER BY id');
    assert.deepEqual(
      rows,
      ['one', 'deux', 'trois'].map((word) => ({ words: `'${word}':1`, loud: null })),
    );
    await assertSame();
  });
});

test('values of a unique key that wander between rows arrive, and the index is there as before', async () => {
  await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, assertSame, client }) => {
    const indexes = async () =>
      (await client.query(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`)).rows;
    const keys = async () =>
      (
        await client.query(`SELECT conname, pg_get_constraintdef(oid) AS def, convalidated, condeferrable FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1`)
      ).rows;
    const before = [await indexes(), await keys()];
    change(`UPDATE person SET email = 'aside' WHERE id = 1; UPDATE person SET email = 'p1@x' WHERE id = 2; UPDATE person SET email = 'p2@x' WHERE id = 1;
      UPDATE team SET rank = NULL WHERE code = 't5'; UPDATE team SET rank = 5 WHERE code = 't10'; UPDATE team SET rank = 10 WHERE code = 't5';
      DELETE FROM person WHERE id = 199; UPDATE person SET email = 'p199@x' WHERE id = 3;`);
    const followed = await run('follow');
    assert.equal(followed.exitCode, 0, followed.stderr);
    assert.equal(changesOf(followed)['person'], '-1 ~3 +0');
    await assertSame();
    assert.deepEqual([await indexes(), await keys()], before);
  });
});

test('VACUUM, and an older file in place of the newer one, are followed too; another schema is refused', async () => {
  await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, assertSame }) => {
    change(`DELETE FROM visit WHERE rowid % 3 = 0; VACUUM; UPDATE visit SET note = 'late' WHERE at = 5`);
    const followed = await run('follow', '--until-quiet');
    assert.equal(followed.exitCode, 0, followed.stderr);
    assert.deepEqual([followed.rounds.length, followed.isQuiet], [2, true]);
    await assertSame();
    change('CREATE TABLE later (a)');
    const refused = await run('follow');
    assert.deepEqual([refused.exitCode, refused.error?.code], [20, 'plan.schema_changed']);
  });
});

test('random histories: after every round the target equals the snapshot by the independent verifier', async (context) => {
  context.diagnostic(`seed ${seed}`);
  const dice = new Dice(seed);
  await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, assertSame }) => {
    for (let round = 0; round < numRuns; round++) {
      const statements = Array.from({ length: 1 + dice.roll(8) }, () => randomChange(dice));
      for (const statement of statements) change(statement);
      const followed = await run('follow');
      assert.equal(followed.exitCode, 0, `seed ${seed}, round ${round}: ${followed.stderr}\n${statements.join(';\n')}`);
      await assertSame();
    }
  });
});

function randomChange(dice: Dice): string {
  const id = 1 + dice.roll(210);
  const long = `hex(zeroblob(${dice.roll(4000)}))`;
  return dice.pick([
    `UPDATE person SET bio = ${long} WHERE id = ${id}`,
    `UPDATE person SET photo = randomblob(${dice.roll(9000)}) WHERE id % 17 = ${dice.roll(17)}`,
    `UPDATE person SET boss = ${id} WHERE id % 31 = 2 AND EXISTS (SELECT 1 FROM person p WHERE p.id = ${id})`,
    `DELETE FROM person WHERE id = ${id}`,
    `DELETE FROM person WHERE id % 29 = ${dice.roll(29)}`,
    `INSERT OR IGNORE INTO person (email, bio) VALUES ('r${dice.roll(500)}@x', ${long})`,
    `INSERT OR REPLACE INTO person (id, email) VALUES (${id}, 'again${id}@x')`,
    `UPDATE OR IGNORE person SET email = 'p' || (id + 1) || '@x' WHERE id % 40 = ${dice.roll(40)}`,
    `UPDATE OR IGNORE team SET code = 'u${dice.roll(90)}' WHERE rank = ${5 * dice.roll(40)}`,
    'UPDATE team SET rank = -rank WHERE rank > 100',
    `INSERT OR IGNORE INTO team SELECT 'n${dice.roll(99)}', min(id), NULL FROM person`,
    `INSERT OR IGNORE INTO member SELECT code, lead, 'new' FROM team WHERE rank % 3 = ${dice.roll(3)}`,
    `DELETE FROM member WHERE person % 7 = ${dice.roll(7)}`,
    `DELETE FROM visit WHERE rowid % 5 = ${dice.roll(5)}`,
    `INSERT INTO visit SELECT ${dice.roll(9)}, note, person FROM visit LIMIT ${dice.roll(30)}`,
    `UPDATE visit SET at = at + 1 WHERE rowid % 11 = ${dice.roll(11)}`,
    `UPDATE OR IGNORE plain SET id = id + ${dice.pick([1, 500])} WHERE id % 23 = ${dice.roll(23)}`,
    'VACUUM',
  ]);
}

test('a base that is gone or changed, and another source, are refused', async () => {
  await inFollowWorld({ sourceSql: schemaSql }, async ({ run, folder, source }) => {
    const runs = join(folder, '.db-migration-backups');
    const base = join(runs, readdirSync(runs).find((name) => name !== '.gitignore') ?? '', 'sqlite-precutover.db');
    const elsewhere = makeSqlite(dirname(source), schemaSql, 'other.db');
    const other = await run('follow', '--source', elsewhere);
    assert.deepEqual([other.exitCode, other.error?.code], [20, 'plan.other_source']);
    renameSync(base, `${base}.aside`);
    assert.equal((await run('follow')).error?.code, 'plan.no_base');
    renameSync(`${base}.aside`, base);
    chmodSync(base, 0o600);
    const db = new Database(base);
    db.exec('PRAGMA user_version = 9');
    db.close();
    assert.equal((await run('follow')).error?.code, 'plan.no_base');
    assert.ok(existsSync(base));
  });
});

test('rows that somebody else changed stop a round, and repair carries them over again', async () => {
  await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, assertSame, client }) => {
    await client.query(`UPDATE person SET score = 99 WHERE id = 7; DELETE FROM visit WHERE at = 3; INSERT INTO team VALUES ('x', 1, -1);
      UPDATE plain SET doc = '[]' WHERE id = 9`);
    change('UPDATE person SET score = 1 WHERE id = 7');
    const stopped = await run('follow');
    assert.deepEqual([stopped.exitCode, stopped.error?.code], [23, 'data.target_changed']);
    const repaired = await run<RepairResult>('repair');
    assert.equal(repaired.exitCode, 0, repaired.stderr);
    assert.ok(repaired.differences.length > 0);
    const rows = Object.fromEntries(
      repaired.changes.map(({ table, deleted, updated, inserted }) => [table, `-${deleted} ~${updated} +${inserted}`]),
    );
    assert.deepEqual([rows['person'], rows['team'], rows['plain']], ['-0 ~1 +0', '-1 ~0 +0', '-0 ~1 +0']);
    assert.equal((await run('follow')).exitCode, 0);
    await assertSame();
    const again = await run<RepairResult>('repair');
    assert.deepEqual([again.exitCode, again.changes], [0, []]);
  });
});

test('a round deletes and updates a row only where the target holds it as it was', async () => {
  const cases = [
    [`UPDATE plain SET doc = '[]' WHERE id = 9`, 'DELETE FROM plain WHERE id = 9'],
    [`UPDATE plain SET doc = '[]' WHERE id = 9`, `UPDATE plain SET doc = '[1]' WHERE id = 9`],
    ['DELETE FROM plain WHERE id = 9', `UPDATE plain SET doc = '[1]' WHERE id = 9`],
    ['DELETE FROM plain WHERE id = 9', 'DELETE FROM plain WHERE id = 9'],
  ] as const;
  for (const [there, here] of cases)
    await inFollowWorld({ sourceSql: schemaSql + people }, async ({ run, change, client }) => {
      const rows = async () => (await client.query('SELECT * FROM plain ORDER BY id')).rows;
      await client.query(there);
      const before = await rows();
      change(here);
      const { exitCode, error } = await run('follow');
      assert.deepEqual([exitCode, error?.code], [23, 'data.target_changed'], `${there}; ${here}`);
      assert.match(error?.message ?? '', /plain does not hold the rows as they were: .*0 of 1 rows could be/);
      assert.deepEqual(await rows(), before);
    });
});

const strictSource = `
  CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER REFERENCES kind (id), n INTEGER, at TEXT);
  CREATE TABLE loose (a TEXT, n INTEGER);
  INSERT INTO kind VALUES (1, 'one'), (2, 'too long'), (3, 'three');
  INSERT INTO item VALUES (1, 1, 5, 'ok'), (2, 3, -1, 'refused'), (3, NULL, 7, CAST(x'61ff' AS TEXT)), (4, NULL, 8, 'd');
  INSERT INTO loose VALUES ('a', -5), ('a', -5), ('b', 1), ('b', 1);`;
const strictTarget = `
  CREATE TABLE kind (id int PRIMARY KEY, name varchar(5));
  CREATE TABLE item (id int PRIMARY KEY, kind int REFERENCES kind, n bigint CHECK (n > 0), at text);
  CREATE TABLE loose (a text, n bigint CHECK (n > 0))`;
const strictConfig = {
  policies: { too_long: { convert: 'truncate' }, check_violation: 'quarantine', invalid_utf8: 'quarantine' },
};

test('rows enter and leave the quarantine in rounds, and converted rows are followed as they were sent', async () => {
  const options = { sourceSql: strictSource, config: strictConfig, targetSql: strictTarget };
  await inFollowWorld(options, async ({ run, change, assertSame, client }) => {
    const notes = async () =>
      (
        await client.query(`SELECT table_name || ' ' || state || ' ' || key AS line FROM pgferry.quarantine ORDER BY 1`)
      ).rows.map(({ line }) => line);
    const before = await notes();
    assert.equal(before.length, 5, before.join('; '));
    // One mended, one broken, one converted row deleted, another converted, and one of two equal rows without a key.
    change(`UPDATE item SET n = 2 WHERE id = 2; UPDATE item SET n = -9 WHERE id = 4; DELETE FROM kind WHERE id = 2;
      UPDATE kind SET name = 'much longer' WHERE id = 3; DELETE FROM loose WHERE rowid = 1; INSERT INTO loose VALUES ('c', -1)`);
    const followed = await run('follow');
    assert.equal(followed.exitCode, 0, followed.stderr);
    const of = (name: string) => followed.rounds[0]?.changes.find(({ table }) => table === name);
    assert.deepEqual([of('item')?.quarantined, of('item')?.released], [1, 1]);
    assert.deepEqual([of('loose')?.quarantined, of('loose')?.released], [1, 1]);
    await assertSame();
    const after = await notes();
    assert.deepEqual(
      after.map((line: string) => line.replace(/loose held.*/, 'loose held')),
      ['item held id=3', 'item held id=4', 'kind converted id=3', 'loose held', 'loose held'],
    );
    assert.equal((await client.query('SELECT name FROM kind WHERE id = 3')).rows[0]?.name, 'much ');
    // A row that stays in quarantine and a converted one are no difference for a repair; one that was lost is.
    await client.query('DELETE FROM item WHERE id = 1; UPDATE kind SET name = NULL WHERE id = 3');
    const repaired = await run<RepairResult>('repair');
    assert.equal(repaired.exitCode, 0, repaired.stderr);
    assert.equal(
      repaired.changes.reduce((sum, { inserted, updated }) => sum + inserted + updated, 0),
      2,
    );
    await assertSame();
    // Once the table takes it, a row that a round quarantined comes in by a retry like any other.
    await client.query('ALTER TABLE item DROP CONSTRAINT item_n_check');
    const retried = await run<{ released: number }>('quarantine', 'retry');
    assert.deepEqual([retried.exitCode, retried.released], [0, 1], retried.stderr);
    change('UPDATE item SET n = 10 WHERE id = 4');
    assert.equal((await run('follow')).exitCode, 0);
    await assertSame('--waive', 'check:item_n_check');
  });
});

const orphanSource = `
  CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER REFERENCES kind (id) ON DELETE CASCADE, note TEXT);
  INSERT INTO kind VALUES (1, 'one'), (2, 'two');
  INSERT INTO item VALUES (1, 1, 'a'), (2, 2, 'b')`;

/** An application that does not have its foreign keys enforced. */
function withoutKeys(source: string, sql: string): void {
  const db = new Database(source);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
}

test('rows without their parent arrive in rounds where such may stay, and stop them elsewhere', async () => {
  await inFollowWorld({ sourceSql: orphanSource }, async ({ run, source, client, assertSame }) => {
    const validity = async () => {
      const { rows } = await client.query(
        `SELECT convalidated, condeferrable FROM pg_constraint WHERE contype = 'f' AND conrelid = 'item'::regclass`,
      );
      return rows;
    };
    assert.deepEqual(await validity(), [{ convalidated: true, condeferrable: false }]);
    withoutKeys(source, `INSERT INTO item VALUES (3, 99, 'no parent')`);
    const first = await run('follow');
    assert.equal(first.exitCode, 0, first.stderr);
    assert.match(first.stderr, /foreign-key:\S*item\S* is NOT VALID from this round on/);
    assert.deepEqual(await validity(), [{ convalidated: false, condeferrable: false }]);
    await assertSame();
    // A parent that goes would take its children along on the target; the source keeps them.
    withoutKeys(source, `DELETE FROM kind WHERE id = 2; UPDATE item SET kind = 98 WHERE id = 1`);
    const second = await run('follow');
    assert.equal(second.exitCode, 0, second.stderr);
    assert.doesNotMatch(second.stderr, /NOT VALID/, 'said once');
    await assertSame();
    await assert.rejects(client.query(`INSERT INTO item VALUES (4, 97, 'new')`), /foreign key/);
  });
  const fitted = `CREATE TABLE kind (id int PRIMARY KEY, name text);
    CREATE TABLE item (id int PRIMARY KEY, kind int REFERENCES kind ON DELETE CASCADE, note text)`;
  await inFollowWorld({ sourceSql: orphanSource, targetSql: fitted }, async ({ run, source, client }) => {
    const wrongs = [
      [`INSERT INTO item VALUES (3, 99, 'no parent')`, /^item: .*\(kind\)=\(99\) is not present in table "kind"/],
      [
        `DELETE FROM item WHERE id = 3; DELETE FROM kind WHERE id = 2`,
        /^item: \(kind\) = \(2\) refers to a row of kind/,
      ],
    ] as const;
    for (const [sql, says] of wrongs) {
      withoutKeys(source, sql);
      const { exitCode, error } = await run('follow');
      assert.deepEqual([exitCode, error?.code], [23, 'data.orphan']);
      assert.match(error?.message ?? '', says);
      assert.equal((await client.query('SELECT FROM item')).rowCount, 2);
    }
  });
});
