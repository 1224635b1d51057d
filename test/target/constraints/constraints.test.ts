import assert from 'node:assert/strict';
import test from 'node:test';
import type pg from 'pg';
import type { CopierError } from '../../../src/model/error.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import {
  buildStep,
  detach,
  detachIndexes,
  listRestoreSteps,
  restoreAll,
  restoreSettings,
  restoreStep,
  restoreTogether,
} from '../../../src/target/constraints/constraints.js';
import { readDetachable } from '../../../src/target/constraints/detachable.js';
import { openLedger } from '../../../src/target/ledger/ledger.js';
import { abandonRun, beginRun, finishRun } from '../../../src/target/ledger/run.js';
import { withDatabase } from '../../support/database.js';

const newRun = {
  runId: 'r1',
  schema: 'app',
  planHash: 'aa',
  snapshotPath: '/s',
  snapshotSha256: 'cd',
  snapshotTakenAt: 'then',
  sourcePath: '/app/dev.db',
  toolVersion: '0.1.0',
  host: 'here',
  pid: 1,
  plan: '{}',
};

/** Without the clause that PostgreSQL 14 does not know. */
async function asServerKnows(admin: pg.Client, sql: string): Promise<string> {
  const { rows } = await admin.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return (rows[0]?.version ?? 0) >= 150_000 ? sql : sql.replaceAll(' NULLS NOT DISTINCT', '');
}

const richSchema = `
CREATE SCHEMA app; CREATE SCHEMA elsewhere;
CREATE TABLE app."User" (id text CONSTRAINT "User pk" PRIMARY KEY, "Email" text NOT NULL, n int, tags int[]);
ALTER TABLE app."User" ADD CONSTRAINT "User_email" UNIQUE ("Email") INCLUDE (n) WITH (fillfactor = 80);
ALTER TABLE app."User" ADD CONSTRAINT "User_later" UNIQUE (id, n) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE app."User" ADD CONSTRAINT "User_excl" EXCLUDE USING btree (n WITH =) WHERE (n > 100);
CREATE UNIQUE INDEX "User_lower" ON app."User" (lower("Email"), (n + 1) DESC NULLS LAST) WHERE n IS NOT NULL;
CREATE UNIQUE INDEX "User_nulls" ON app."User" (n) NULLS NOT DISTINCT WHERE n > 1000;
CREATE INDEX "User_c" ON app."User" ("Email" COLLATE "C" text_pattern_ops) INCLUDE (n) WITH (fillfactor = 70);
CREATE INDEX "User_gin" ON app."User" USING gin (tags) WITH (fastupdate = off);
ALTER INDEX app."User_lower" ALTER COLUMN 1 SET STATISTICS 400;
COMMENT ON INDEX app."User_c" IS 'it''s a \\ comment';
COMMENT ON CONSTRAINT "User pk" ON app."User" IS 'the key';
COMMENT ON INDEX app."User pk" IS 'its index';
ALTER TABLE app."User" REPLICA IDENTITY USING INDEX "User_email";
ALTER TABLE app."User" CLUSTER ON "User_c";
CREATE TABLE app."Post" (id int PRIMARY KEY, author text NOT NULL DEFAULT 'x' CHECK (author <> ''), parent int);
ALTER TABLE app."Post" ADD CONSTRAINT "Post_author" FOREIGN KEY (author) REFERENCES app."User" ON UPDATE CASCADE
  ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE app."Post" ADD CONSTRAINT "Post_parent" FOREIGN KEY (parent) REFERENCES app."Post" ON DELETE SET NULL;
ALTER TABLE app."Post" ADD CONSTRAINT "Post_loose" FOREIGN KEY (author) REFERENCES app."User" ("Email") NOT VALID;
COMMENT ON CONSTRAINT "Post_author" ON app."Post" IS 'who wrote it';
CREATE TABLE elsewhere.note (id int, author text REFERENCES app."User");
CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger fired'; END $$;
CREATE TRIGGER t_origin BEFORE INSERT ON app."Post" FOR EACH ROW EXECUTE FUNCTION app.f();
CREATE TRIGGER t_always BEFORE INSERT ON app."Post" FOR EACH ROW EXECUTE FUNCTION app.f();
CREATE TRIGGER t_replica BEFORE INSERT ON app."Post" FOR EACH ROW EXECUTE FUNCTION app.f();
CREATE TRIGGER t_off BEFORE INSERT ON app."Post" FOR EACH ROW EXECUTE FUNCTION app.f();
ALTER TABLE app."Post" ENABLE ALWAYS TRIGGER t_always, ENABLE REPLICA TRIGGER t_replica, DISABLE TRIGGER t_off;`;

/** Everything about constraints, indexes and triggers that a user can see, without oids. */
const picture = `
SELECT 'constraint' AS what, conrelid::regclass::text AS tab, conname::text AS name, pg_get_constraintdef(oid) AS def,
       concat_ws(' ', contype, condeferrable, condeferred, convalidated, conindid::regclass, obj_description(oid, 'pg_constraint')) AS more
  FROM pg_constraint WHERE connamespace IN ('app'::regnamespace, 'elsewhere'::regnamespace)
UNION ALL
SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid),
       concat_ws(' ', indisprimary, indisunique, indimmediate, indisvalid, indisclustered, indisreplident,
         obj_description(indexrelid, 'pg_class'), (SELECT reltablespace FROM pg_class c WHERE c.oid = indexrelid),
         (SELECT string_agg(concat_ws(':', attnum, attstattarget), ',' ORDER BY attnum) FROM pg_attribute a WHERE attrelid = indexrelid))
  FROM pg_index WHERE indrelid::regclass::text ~ '^(app|elsewhere)\\.'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname::text, tgenabled::text, '' FROM pg_trigger
 WHERE NOT tgisinternal AND tgrelid::regclass::text ~ '^app\\.'
UNION ALL
SELECT 'table', oid::regclass::text, '', relreplident::text,
       (SELECT string_agg(concat_ws(':', attname, attnotnull), ',' ORDER BY attnum) FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0)
  FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'app'::regnamespace
ORDER BY 1, 2, 3`;

async function withSchema(sql: string, use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query(await asServerKnows(admin, sql));
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'test' }, async (client) => {
      await openLedger(client);
      await beginRun(client, newRun);
      await use(client);
    });
  });
}

async function detachAll(client: TargetClient, tables: readonly string[]): Promise<void> {
  const { objects } = await readDetachable(client, 'app', tables);
  await detach(client, 'r1', objects);
}

const ticket = { runId: 'r1', token: '1' };
const detachedLeft = `SELECT name FROM pgferry.object WHERE state = 'dropped'`;

test('all that is taken away comes back exactly as it was', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    const { objects, inForce } = await readDetachable(client, 'app', ['User', 'Post']);
    assert.deepEqual(inForce, []);
    const added = objects.flatMap((object) => (object.kind === 'foreign_key' ? [object.constraintSql ?? ''] : []));
    assert.deepEqual(
      added.map((sql) => sql.match(/NOT VALID/g)?.length),
      [1, 1, 1, 1],
    );
    await detach(client, 'r1', objects);
    const bare = await client.query(`SELECT 1 FROM pg_index WHERE indrelid = 'app."User"'::regclass`);
    assert.deepEqual(bare, []);
    await client.query(`INSERT INTO app."Post" VALUES (1, 'nobody', 77)`);
    await client.query('DELETE FROM app."Post"');
    await client.query(`INSERT INTO app."User" VALUES ('a', 'A', 1), ('b', 'B', 2)`);
    await restoreAll(client, ticket);
    assert.deepEqual(await client.query(detachedLeft), []);
    assert.deepEqual(await client.query(picture), before);
  });
});

test('restoring everything on one connection, twice, is restoring it once', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    await detachAll(client, ['User', 'Post']);
    await restoreAll(client, ticket);
    await restoreAll(client, ticket);
    assert.deepEqual(await client.query(picture), before);
    await detachAll(client, ['User', 'Post']);
    await restoreAll(client, ticket);
    assert.deepEqual(await client.query(picture), before);
  });
});

test('a crash between any two statements of the restore is made good by the next attempt', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    await detachAll(client, ['User', 'Post']);
    const run = client.run.bind(client);
    let left = 0;
    client.run = ((sql: string, values?: readonly unknown[], context?: object) => {
      if (sql !== 'ROLLBACK' && left-- <= 0) throw new Error('crash');
      return run(sql, values, context);
    }) as typeof client.run;
    // Each attempt dies one statement later than the one before; an object takes fewer than 20, so all get done.
    for (let attempt = 0, isDone = false; !isDone; attempt += 1) {
      assert(attempt < 1000, 'the restore comes to an end');
      left = attempt % 20;
      await assert.rejects(restoreAll(client, ticket), { message: 'crash' }).catch(() => {
        isDone = true;
      });
    }
    left = Number.POSITIVE_INFINITY;
    assert.deepEqual(await client.query(picture), before);
    assert.deepEqual(await client.query(detachedLeft), []);
  });
});

test('what is made again together is as if each had been made alone, also where some of it is there already', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    await detachAll(client, ['User', 'Post']);
    const steps = await listRestoreSteps(client, 'r1');
    for (const { ordinal } of steps.filter(({ stage }) => stage === 'indexes').slice(0, 3))
      await buildStep(client, ticket, ordinal, 0);
    for (const stage of ['indexes', 'foreignKeys', 'validations', 'triggers']) {
      const ordinals = steps.filter((step) => step.stage === stage).map(({ ordinal }) => ordinal);
      await restoreTogether(client, ticket, ordinals);
      await restoreTogether(client, ticket, ordinals);
    }
    assert.deepEqual(await client.query(detachedLeft), []);
    assert.deepEqual(await client.query(picture), before);
  });
});

test('a foreign key that is made again together with its validation is valid at once', async () => {
  const sql = `CREATE SCHEMA app; CREATE SCHEMA elsewhere; CREATE TABLE app.t (a int PRIMARY KEY, b int CONSTRAINT f REFERENCES app.t (a));
    ALTER TABLE app.t ADD CONSTRAINT g FOREIGN KEY (b) REFERENCES app.t (a) NOT VALID`;
  await withSchema(sql, async (client) => {
    const before = await client.query(picture);
    await detachAll(client, ['t']);
    const steps = await listRestoreSteps(client, 'r1');
    const statements: string[] = [];
    const run = client.run.bind(client);
    client.run = ((text: string, values?: readonly unknown[], context?: object) => {
      statements.push(text);
      return run(text, values, context);
    }) as typeof client.run;
    for (const isOfIndex of [true, false]) {
      const ordinals = steps.filter(({ stage }) => (stage === 'indexes') === isOfIndex).map(({ ordinal }) => ordinal);
      await restoreTogether(client, ticket, ordinals);
    }
    assert.deepEqual(
      statements.filter((text) => text.includes('VALIDATE')),
      [],
    );
    assert.deepEqual(await client.query(picture), before);
    assert.deepEqual(await client.query(detachedLeft), []);
  });
});

test('of a table that keeps its indexes those are read that are no B-tree, or are checked later', async () => {
  await withSchema(richSchema, async (client) => {
    const all = await readDetachable(client, 'app', ['User', 'Post']);
    const { objects } = await readDetachable(client, 'app', ['User', 'Post'], new Set(['User']));
    const left = ['User_excl', 'User_gin', 'User_later'];
    const isKept = ({ table, name, indexSql, constraintSql, kind }: (typeof objects)[number]) =>
      table === 'User' && kind !== 'foreign_key' && (indexSql ?? constraintSql) !== null && !left.includes(name);
    assert.deepEqual(
      objects,
      all.objects.filter((object) => !isKept(object)),
    );
    assert.deepEqual(
      objects.filter(({ name }) => left.includes(name)).map(({ name }) => name),
      left,
    );
  });
});

test('indexes that were left in force are taken away later by the run alone that has its token, into its ledger', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    const { objects } = await readDetachable(client, 'app', ['User', 'Post'], new Set(['User', 'Post']));
    await detach(client, 'r1', objects);
    const user = { schema: 'app', table: 'User' };
    await assert.rejects(detachIndexes(client, { ...ticket, token: '2' }, user), { code: 'target.run_superseded' });
    assert.equal(await detachIndexes(client, ticket, user), true);
    assert.deepEqual(await client.query(`SELECT FROM pg_index WHERE indrelid = 'app."User"'::regclass`), []);
    assert.equal(await detachIndexes(client, ticket, user), false);
    await restoreAll(client, ticket);
    assert.deepEqual(await client.query(picture), before);
    assert.deepEqual(await client.query(detachedLeft), []);
  });
});

test('where one of several cannot be made, none is, and the ledger says so', async () => {
  const sql = 'CREATE SCHEMA app; CREATE TABLE app.t (a int CONSTRAINT u UNIQUE, b int CONSTRAINT w UNIQUE)';
  await withSchema(sql, async (client) => {
    await detachAll(client, ['t']);
    await client.query('INSERT INTO app.t VALUES (1, 1), (2, 1)');
    const ordinals = (await listRestoreSteps(client, 'r1')).map(({ ordinal }) => ordinal);
    await assert.rejects(restoreTogether(client, ticket, ordinals), { foreignCode: '23505' });
    assert.deepEqual(await client.query(detachedLeft), [{ name: 'u' }, { name: 'w' }]);
    assert.deepEqual(await client.query(`SELECT FROM pg_index WHERE indrelid = 'app.t'::regclass`), []);
    await assert.rejects(restoreTogether(client, { ...ticket, token: '2' }, ordinals), {
      code: 'target.run_superseded',
    });
  });
});

test('an object that somebody made again meanwhile is taken as it is; another one of its name is an error', async () => {
  const sql =
    'CREATE SCHEMA app; CREATE TABLE app.t (a int, b int CONSTRAINT f REFERENCES app.t (a), CONSTRAINT u UNIQUE (a)); CREATE INDEX i ON app.t (a); CREATE INDEX j ON app.t (b)';
  await withSchema(sql, async (client) => {
    await detachAll(client, ['t']);
    await client.query('CREATE INDEX i ON app.t (a); CREATE INDEX j ON app.t (a)');
    await client.query(
      'ALTER TABLE app.t ADD CONSTRAINT u UNIQUE (a), ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES app.t (a)',
    );
    await assert.rejects(restoreAll(client, ticket), { foreignCode: '42P07', message: /make index j of t again/ });
    await client.query('DROP INDEX app.j');
    await restoreAll(client, ticket);
    assert.deepEqual(await client.query(detachedLeft), []);
  });
});

test('a failing drop takes nothing away and leaves no ledger row', async () => {
  await withSchema(richSchema, async (client) => {
    const before = await client.query(picture);
    const { objects } = await readDetachable(client, 'app', ['User', 'Post']);
    const last = objects.at(-1);
    assert(last !== undefined);
    await assert.rejects(detach(client, 'r1', [...objects, { ...last, dropSql: 'DROP INDEX app.absent' }]));
    assert.deepEqual(await client.query(picture), before);
    assert.deepEqual(await client.query(detachedLeft), []);
  });
});

test('a run with something missing can be neither completed nor abandoned', async () => {
  await withSchema(richSchema, async (client) => {
    await detachAll(client, ['User', 'Post']);
    const ticket = { runId: 'r1', token: '1' };
    await assert.rejects(finishRun(client, ticket, 'complete'), { code: 'target.not_restored' });
    await assert.rejects(abandonRun(client, 'r1'), { code: 'target.not_restored' });
    await restoreAll(client, ticket);
    await finishRun(client, ticket, 'complete');
  });
});

test('steps come by stage and then biggest table first, and can be done one by one on several connections', async () => {
  const sql = `CREATE SCHEMA app; CREATE TABLE app.small (id int PRIMARY KEY);
    CREATE TABLE app.big (id int PRIMARY KEY, s int REFERENCES app.small, x text); CREATE INDEX big_x ON app.big (x);
    INSERT INTO app.small VALUES (1); INSERT INTO app.big SELECT i, 1, repeat('x', 100) FROM generate_series(1, 5000) i`;
  await withSchema(sql, async (client) => {
    await detachAll(client, ['small', 'big']);
    const steps = await listRestoreSteps(client, 'r1');
    assert.deepEqual(
      steps.map(({ stage, kind, table }) => [stage, kind, table]),
      [
        ['indexes', 'primary_key', 'big'],
        ['indexes', 'index', 'big'],
        ['indexes', 'primary_key', 'small'],
        ['foreignKeys', 'foreign_key', 'big'],
        ['validations', 'validation', 'big'],
      ],
    );
    const settings = restoreSettings({ memory: '96MB', parallelWorkers: 1 });
    await withTarget(client.address, { applicationName: 'test', settings }, async (other) => {
      assert.deepEqual(await other.query('SHOW maintenance_work_mem'), [{ maintenance_work_mem: '96MB' }]);
      for (const stage of ['indexes', 'foreignKeys', 'validations']) {
        const clients: TargetClient[] = [client, other];
        const queue = steps.filter((step) => step.stage === stage);
        const work = async (lane: TargetClient) => {
          for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
            await restoreStep(lane, ticket, step.ordinal);
          }
        };
        await Promise.all(clients.map(work));
      }
    });
    assert.deepEqual(await listRestoreSteps(client, 'r1'), []);
  });
});

test('indexes of a table are built beside a build of another, and what locks the table is left for later', async () => {
  const sql = `CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, x text); CREATE INDEX t_x ON app.t (x);
    CREATE INDEX t_c ON app.t (x, id); COMMENT ON INDEX app.t_c IS 'kept'`;
  await withSchema(sql, async (client) => {
    await detachAll(client, ['t']);
    const steps = await listRestoreSteps(client, 'r1');
    await withTarget(client.address, { applicationName: 'test' }, async (other) => {
      await other.run('BEGIN');
      await other.run('LOCK TABLE app.t IN SHARE MODE');
      await client.run(`SET lock_timeout = '10s'`);
      const done = [];
      for (const step of steps) done.push([step.name, await buildStep(client, ticket, step.ordinal, 0)]);
      assert.deepEqual(done, [
        ['t_pkey', false],
        ['t_c', false],
        ['t_x', true],
      ]);
      await other.run('COMMIT');
    });
    const left = await listRestoreSteps(client, 'r1');
    assert.deepEqual(
      left.map(({ name }) => name),
      ['t_pkey', 't_c'],
    );
    const built = await client.query(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'app.t'::regclass`,
    );
    assert.equal(built.length, 3);
    for (const { ordinal } of left) assert.equal(await buildStep(client, ticket, ordinal, 0), false);
    await restoreAll(client, ticket);
    assert.deepEqual(await listRestoreSteps(client, 'r1'), []);
  });
});

test('rows that a constraint, an index or an exclusion keeps apart are named by table, name, columns and key', async () => {
  const rows: [sql: string, key: string, column: string][] = [
    ['ALTER TABLE app.t ADD PRIMARY KEY (a, b)', 'a, b=1, x', 'a, b'],
    ['ALTER TABLE app.t ADD CONSTRAINT tu UNIQUE (b)', 'b=x', 'b'],
    ['CREATE UNIQUE INDEX ti ON app.t (b) WHERE a > 0', 'b=x', 'b'],
    ['ALTER TABLE app.t ADD CONSTRAINT te EXCLUDE (a WITH =)', 'a=1', 'a'],
  ];
  for (const [sql, key, column] of rows) {
    await withSchema(`CREATE SCHEMA app; CREATE TABLE app.t (a int, b text); ${sql}`, async (client) => {
      await detachAll(client, ['t']);
      await client.query(`INSERT INTO app.t VALUES (1, 'x'), (1, 'x')`);
      await assert.rejects(restoreAll(client, ticket), (error: CopierError) => {
        const isExclusion = sql.includes('EXCLUDE');
        const code = isExclusion ? 'data.excluded' : 'data.duplicate_key';
        assert.deepEqual([error.code, error.table, error.key, error.column], [code, 't', key, column]);
        assert.match(error.message, isExclusion ? /^t: rows conflict under .* te:/ : /^t: more than one .* unique t/);
        return true;
      });
      await client.query('DELETE FROM app.t');
      await restoreAll(client, ticket);
    });
  }
});

test('a row without a parent is named by table, foreign key, column and key', async () => {
  const sql = `CREATE SCHEMA app; CREATE TABLE app.p (id int PRIMARY KEY);
    CREATE TABLE app.c (id int, p int CONSTRAINT c_p REFERENCES app.p)`;
  await withSchema(sql, async (client) => {
    await detachAll(client, ['p', 'c']);
    await client.query('INSERT INTO app.c VALUES (1, 5)');
    await assert.rejects(restoreAll(client, ticket), {
      code: 'data.orphan',
      table: 'c',
      column: 'p',
      key: 'p=5',
      message: /c_p/,
    });
  });
});

test('what we could not make again stays in force, with the reason', async () => {
  const sql = `CREATE SCHEMA app; CREATE TABLE app.v (id int PRIMARY KEY, x int);
    CREATE VIEW app.vv AS SELECT id, x FROM app.v GROUP BY id;
    CREATE TABLE app.parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE app.part PARTITION OF app.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE app.heir () INHERITS (app.v);
    CREATE TABLE app.lone (id int PRIMARY KEY, x int); CREATE VIEW app.lv AS SELECT id, x FROM app.lone GROUP BY id;
    CREATE TABLE app.parent (id int PRIMARY KEY);
    CREATE TABLE app.kids (id int REFERENCES app.parent) PARTITION BY RANGE (id)`;
  await withSchema(sql, async (client) => {
    const { objects, inForce } = await readDetachable(client, 'app', ['v', 'parted', 'part', 'heir', 'lone', 'parent']);
    assert.deepEqual(objects, []);
    assert.deepEqual(
      inForce.map(({ table, kind, reason }) => [table, kind, reason]),
      [
        ['heir', 'table', 'it takes part in partitioning or inheritance'],
        ['part', 'table', 'it takes part in partitioning or inheritance'],
        ['parted', 'table', 'it is not a plain table'],
        ['v', 'table', 'it takes part in partitioning or inheritance'],
        ['kids', 'foreign_key', 'partitioning or inheritance is involved'],
        ['lone', 'primary_key', 'rule _RETURN on view app.lv depends on it'],
        ['parent', 'primary_key', 'constraint kids_id_fkey on table app.kids depends on it'],
      ],
    );
  });
});

test('a role takes away only what it may make again', async () => {
  const role = `t_role_${process.pid}`;
  const sql = `DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role}; CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO ${role};
    CREATE TABLE app.mine (id int PRIMARY KEY); ALTER TABLE app.mine OWNER TO ${role};
    CREATE TABLE app.theirs (id int PRIMARY KEY, m int REFERENCES app.mine)`;
  await withSchema(sql, async (client) => {
    try {
      await client.query(`SET ROLE ${role}`);
      const closed = await readDetachable(client, 'app', ['mine', 'theirs']);
      assert.deepEqual(closed.objects, []);
      assert.deepEqual(
        closed.inForce.map((object) => object.reason),
        ['our role may not create indexes in its schema', 'our role does not own it'],
      );
      await client.query(`RESET ROLE; GRANT CREATE ON SCHEMA app TO ${role}; SET ROLE ${role}`);
      const open = await readDetachable(client, 'app', ['mine']);
      assert.deepEqual(open.objects, []);
      assert.deepEqual(
        open.inForce.map((object) => object.reason),
        ['our role does not own the table it belongs to', 'constraint theirs_m_fkey on table app.theirs depends on it'],
      );
    } finally {
      await client.query(`RESET ROLE; DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });
});
