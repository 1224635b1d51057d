import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopierError } from '../../../src/model/error.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { listResetObjects, resetSchema } from '../../../src/target/schema/reset.js';
import { ensureSchema } from '../../../src/target/schema/schema.js';
import { withDatabase } from '../../support/database.js';

function withClient(use: (client: TargetClient) => Promise<void>): Promise<void> {
  return withDatabase(async (url) => {
    await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, use);
  });
}

async function failureOf(act: Promise<unknown>): Promise<CopierError> {
  const error = await act.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CopierError, String(error));
  return error;
}

async function tablesOf(client: TargetClient, schema: string): Promise<string[]> {
  const sql = 'SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1';
  return (await client.query<{ name: string }>(sql, [schema])).map((row) => row.name);
}

test('what goes with a schema is listed as DROP ... CASCADE would take it, parts left out, other schemas first', () =>
  withClient(async (client) => {
    await client.query(`
      CREATE SCHEMA shop; CREATE SCHEMA other; SET search_path = shop;
      CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN short AS varchar(8); CREATE TYPE pair AS (a int, b int);
      CREATE TABLE item (id serial PRIMARY KEY, m mood, n int GENERATED ALWAYS AS IDENTITY, CHECK (n > 0), s short);
      CREATE INDEX by_m ON item (m); CREATE STATISTICS seen ON id, m FROM item;
      CREATE SEQUENCE alone;
      CREATE TABLE parts (a int) PARTITION BY RANGE (a); CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
      CREATE VIEW seen_items AS SELECT id FROM item; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM item;
      CREATE FUNCTION plus(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT a';
      CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TABLE other.child (id int REFERENCES shop.item, p shop.pair, d int DEFAULT nextval('shop.alone'), k int);
      CREATE TRIGGER fires BEFORE INSERT ON other.child FOR EACH ROW EXECUTE FUNCTION shop.fire();
      CREATE VIEW other.look AS SELECT id FROM shop.item; CREATE VIEW other.more AS SELECT * FROM other.look;
      CREATE TABLE other.own (a int); SET search_path = pg_catalog`);
    const listed = await listResetObjects(client, 'shop');
    assert.deepEqual(
      listed
        .filter(({ isOutside }) => isOutside)
        .map(({ kind, identity }) => `${kind} ${identity}`)
        .sort(),
      [
        'default value for other.child.d',
        'table column other.child.p',
        'table constraint child_id_fkey on other.child',
        'trigger fires on other.child',
        'view other.look',
        'view other.more',
      ],
    );
    assert.deepEqual(
      listed.filter(({ isOutside }) => !isOutside).map(({ kind, name }) => `${kind} ${name}`),
      [
        'table item',
        'table parts',
        'materialized view counted',
        'view seen_items',
        'sequence alone',
        'function fire',
        'type mood',
        'type pair',
        'function plus',
        'type short',
      ],
    );
    const before = listed.filter(({ isOutside }) => isOutside).length;
    assert.ok(before > 0 && listed[0]?.isOutside);
    await assert.rejects(
      resetSchema(client, 'shop', () => {
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.deepEqual(await listResetObjects(client, 'shop'), listed);
    assert.deepEqual(await resetSchema(client, 'shop'), listed);
    assert.deepEqual(await listResetObjects(client, 'shop'), []);
    assert.deepEqual(await tablesOf(client, 'other'), ['child', 'own']);
  }));

const lookSql = `
  SELECT pg_get_userbyid(nspowner) AS owner, obj_description(oid, 'pg_namespace') AS comment,
         ARRAY(SELECT acl::text FROM unnest(nspacl) acl ORDER BY 1) AS acl,
         ARRAY(SELECT d.defaclobjtype::text || array_to_string(d.defaclacl, ',') FROM pg_default_acl d
                WHERE d.defaclnamespace = n.oid ORDER BY 1) AS defaults
    FROM pg_namespace n WHERE nspname = $1`;

test('a reset empties the schema and keeps owner, grants, default privileges and comment', () =>
  withDatabase(async (url, admin) => {
    const [owner, reader] = [`o_${url.slice(-12)}`, `r_${url.slice(-12)}`];
    await admin.query(`CREATE ROLE ${owner}; CREATE ROLE ${reader}`);
    try {
      await admin.query(`
        CREATE SCHEMA shop AUTHORIZATION ${owner};
        COMMENT ON SCHEMA shop IS 'it''s ours';
        GRANT USAGE ON SCHEMA shop TO PUBLIC;
        GRANT USAGE, CREATE ON SCHEMA shop TO ${reader} WITH GRANT OPTION;
        REVOKE CREATE ON SCHEMA shop FROM ${owner};
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO ${reader};
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO PUBLIC;
        CREATE TABLE shop.t (a int);
        CREATE VIEW public.v AS SELECT a FROM shop.t`);
      await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, async (client) => {
        for (const schema of ['shop', 'public', 'plain']) {
          await ensureSchema(client, schema);
          const before = await client.query(lookSql, [schema]);
          await resetSchema(client, schema);
          assert.deepEqual(await client.query(lookSql, [schema]), before, schema);
          assert.deepEqual(await tablesOf(client, schema), []);
        }
      });
    } finally {
      await admin.query(`DROP OWNED BY ${owner}, ${reader} CASCADE; DROP ROLE ${owner}, ${reader}`);
    }
  }));

test('the owner of a database who is no superuser can reset public, and a role that may not loses nothing', () =>
  withDatabase(async (url, admin) => {
    const [owner, stranger] = [`o_${url.slice(-12)}`, `s_${url.slice(-12)}`];
    const database = url.slice(url.lastIndexOf('/') + 1);
    await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'pw'; CREATE ROLE ${stranger} LOGIN PASSWORD 'pw'`);
    try {
      await admin.query(`ALTER DATABASE ${database} OWNER TO ${owner}; CREATE TABLE public.t (a int)`);
      // From PostgreSQL 15 on public belongs to whoever owns the database.
      await admin.query(`DO $$ BEGIN IF current_setting('server_version_num')::int < 150000 THEN
        ALTER SCHEMA public OWNER TO ${owner}; END IF; END $$`);
      const as = (user: string, use: (client: TargetClient) => Promise<void>) =>
        withTarget({ ...parseTargetUrl(url).address, user, password: 'pw' }, { applicationName: 'pgferry test' }, use);
      await as(stranger, async (client) => {
        assert.equal((await failureOf(resetSchema(client, 'public'))).code, 'target.no_rights');
        assert.deepEqual(await tablesOf(client, 'public'), ['t']);
      });
      await as(owner, async (client) => {
        const before = await client.query(lookSql, ['public']);
        await resetSchema(client, 'public');
        assert.deepEqual(await client.query(lookSql, ['public']), before);
      });
    } finally {
      await admin.query(
        `ALTER DATABASE ${database} OWNER TO CURRENT_USER; DROP OWNED BY ${owner} CASCADE; DROP ROLE ${owner}, ${stranger}`,
      );
    }
  }));
