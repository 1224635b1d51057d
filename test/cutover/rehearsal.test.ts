import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';

/* A rehearsal into tables that the application made itself: what rejects a row there rejects it in the rehearsal. */

const ownTables = `
  CREATE TYPE mood AS ENUM ('well', 'ill');
  CREATE SEQUENCE apart;
  CREATE TABLE team (id int PRIMARY KEY, name text);
  INSERT INTO team VALUES (7, 'seeded');
  CREATE TABLE audit (id serial PRIMARY KEY, what text);
  CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.audit (what) VALUES (TG_TABLE_NAME); RETURN NEW; END $$;
  CREATE TABLE parent (id serial PRIMARY KEY, t text, mood mood NOT NULL DEFAULT 'well',
    extra bigint DEFAULT nextval('apart'), team int DEFAULT 7 REFERENCES team);
  CREATE UNIQUE INDEX parent_t ON parent (lower(t)) WHERE t <> '';
  CREATE TRIGGER noted AFTER INSERT ON parent FOR EACH ROW EXECUTE FUNCTION note_it();
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, note varchar(20))
    PARTITION BY RANGE (id);
  CREATE TABLE child_low PARTITION OF child FOR VALUES FROM (MINVALUE) TO (100);
  CREATE TABLE child_high PARTITION OF child FOR VALUES FROM (100) TO (MAXVALUE);
  CREATE INDEX child_note ON child (note);`;

async function withOwnTables(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      await client.query(ownTables);
      await use(app, client);
    }),
  );
}

const rehearse = (app: App, ...more: readonly string[]) =>
  runFor(app, 'cutover', { args: ['--dry-run', ...more], env: { CUTOVER_CONFIRM: '' } });

/** Whatever a rehearsal must leave as it was. */
async function picture(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(
    `SELECT (SELECT count(*) FROM audit) AS audit, (SELECT count(*) FROM parent) AS parent, (SELECT count(*) FROM child) AS child,
            (SELECT is_called FROM apart) AS apart, (SELECT is_called FROM parent_id_seq) AS ids,
            (SELECT count(*) FROM pg_namespace WHERE nspname = 'pgferry_rehearsal') AS scratch,
            (SELECT string_agg(tgname || tgrelid::regclass, ',' ORDER BY tgname, tgrelid) FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
            (SELECT string_agg(conname || conrelid::regclass, ',' ORDER BY conname, conrelid)
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace) AS constraints`,
  );
  return rows[0];
}

test('a rehearsal runs in a copy of the application’s own tables, and leaves these as they were', async () => {
  await withOwnTables(async (app, client) => {
    const before = await picture(client);
    for (const more of [[], ['--live', '--downtime-max', '600s']]) {
      const { exitCode, stderr } = await rehearse(app, ...more);
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /rehearsed in a copy of schema public: 6 tables .* and the rows of team/);
      assert.deepEqual(await picture(client), before);
    }
  });
});

test('what only the application’s constraints reject is found by the rehearsal', async () => {
  await withOwnTables(async (app, client) => {
    await client.query(`CREATE FUNCTION is_known(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN RETURN t IS DISTINCT FROM 'two'; END $$; ALTER TABLE parent ADD CONSTRAINT known CHECK (is_known(t))`);
    const { exitCode, json, stderr } = await rehearse(app);
    assert.notEqual(exitCode, 0);
    assert.match(`${json.error?.message} ${stderr}`, /known/);
  });
  await withOwnTables(async (app, client) => {
    await client.query(`CREATE FUNCTION first_of(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN RETURN left(t, 2); END $$; CREATE UNIQUE INDEX firsts ON parent (first_of(t))`);
    const db = new Database(app.source);
    db.exec(`INSERT INTO parent VALUES (4, 'only')`);
    db.exec(`UPDATE parent SET t = 'on' WHERE id = 2`);
    db.close();
    const { exitCode, json, stderr } = await rehearse(app);
    assert.notEqual(exitCode, 0);
    assert.match(`${json.error?.message} ${stderr}`, /firsts/);
  });
});

test('triggers that stay on in the move do not fire in its rehearsal', async () => {
  await withOwnTables(async (app, client) => {
    const before = await picture(client);
    const { exitCode, stderr } = await rehearse(app, '--keep-constraints');
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /triggers stay on in the move and are not rehearsed.*noted/);
    assert.deepEqual(await picture(client), before);
  });
});
