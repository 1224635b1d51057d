import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { must } from '../../../src/model/error.js';
import type { TargetAddress, TargetCatalog, TargetTable } from '../../../src/model/target.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { readTargetCatalog } from '../../../src/target/schema/catalog.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withDatabase } from '../../support/database.js';
import { runCount } from '../../support/run-count.js';

function readAs(url: string, schema: string, changes: Partial<TargetAddress> = {}): Promise<TargetCatalog> {
  const address = { ...parseTargetUrl(url).address, ...changes };
  return withTarget(address, { applicationName: 'pgferry test' }, (client) => readTargetCatalog(client, schema));
}

function tableOf(catalog: TargetCatalog, name: string): TargetTable {
  return must(
    catalog.tables.find((table) => table.name === name),
    `table ${name}`,
  );
}

/** Lends a login role without any right of its own. */
async function withRole(url: string, admin: pg.Client, use: (role: string) => Promise<void>): Promise<void> {
  const role = `r_${url.slice(-12)}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
  try {
    await use(role);
  } finally {
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

test('a schema that is not there is said to be absent and has no tables', () =>
  withDatabase(async (url) => {
    const catalog = await readAs(url, 'nowhere');
    assert.equal(catalog.schemaExists, false);
    assert.equal(catalog.canCreateInSchema, false);
    assert.deepEqual(catalog.tables, []);
    assert.equal(catalog.encoding, 'UTF8');
    assert.ok(catalog.serverVersion >= 140000);
    assert.equal(catalog.isReadOnly, false);
  }));

test('columns come with type, base type, typmod, labels, default, identity and generation', () =>
  withDatabase(async (url, admin) => {
    await admin.query(`
      CREATE TYPE "Plan" AS ENUM ('FREE', 'PRO');
      ALTER TYPE "Plan" ADD VALUE 'BASIC' BEFORE 'PRO';
      CREATE DOMAIN money2 AS numeric(12, 2) NOT NULL;
      CREATE DOMAIN price AS money2 CHECK (VALUE >= 0);
      CREATE DOMAIN choice AS "Plan";
      CREATE TABLE "T" (id bigint GENERATED ALWAYS AS IDENTITY, s varchar(20) DEFAULT 'x', gone int, at timestamp(3),
        plan "Plan" NOT NULL, price price, choice choice, twice bigint GENERATED ALWAYS AS (id * 2) STORED, tags text[],
        prices price[]);
      ALTER TABLE "T" DROP COLUMN gone`);
    const { columns } = tableOf(await readAs(url, 'public'), 'T');
    const plain = {
      typmod: -1,
      moneyDigits: 2,
      isDomain: false,
      enumLabels: null,
      notNull: false,
      defaultSql: null,
      identity: 'no',
      isGenerated: false,
      generatedFrom: null,
    };
    const labels = ['FREE', 'BASIC', 'PRO'];
    assert.deepEqual(columns, [
      { ...plain, name: 'id', type: 'bigint', baseType: 'int8', typeClass: 'b', notNull: true, identity: 'always' },
      {
        ...plain,
        name: 's',
        type: 'character varying(20)',
        baseType: 'varchar',
        typeClass: 'b',
        typmod: 24,
        defaultSql: "'x'::character varying",
      },
      {
        ...plain,
        name: 'at',
        type: 'timestamp(3) without time zone',
        baseType: 'timestamp',
        typeClass: 'b',
        typmod: 3,
      },
      {
        ...plain,
        name: 'plan',
        type: 'public."Plan"',
        baseType: 'Plan',
        typeClass: 'e',
        notNull: true,
        enumLabels: labels,
      },
      {
        ...plain,
        name: 'price',
        type: 'public.price',
        baseType: 'numeric',
        typeClass: 'b',
        typmod: ((12 << 16) | 2) + 4,
        isDomain: true,
        notNull: true,
      },
      {
        ...plain,
        name: 'choice',
        type: 'public.choice',
        baseType: 'Plan',
        typeClass: 'e',
        isDomain: true,
        enumLabels: labels,
      },
      {
        ...plain,
        name: 'twice',
        type: 'bigint',
        baseType: 'int8',
        typeClass: 'b',
        defaultSql: '(id * 2)',
        isGenerated: true,
        generatedFrom: ['id'],
      },
      { ...plain, name: 'tags', type: 'text[]', baseType: '_text', typeClass: 'b' },
      {
        ...plain,
        name: 'prices',
        type: 'public.price[]',
        baseType: '_numeric',
        typeClass: 'b',
        typmod: ((12 << 16) | 2) + 4,
      },
    ]);
  }));

test('keys come in key order, and an index that is partial or of expressions is no key', () =>
  withDatabase(async (url, admin) => {
    await admin.query(`
      CREATE TABLE p (b int, a int, c int, d text, PRIMARY KEY (a, b), UNIQUE (c) INCLUDE (d));
      CREATE UNIQUE INDEX p_dc ON p (d, c);
      CREATE UNIQUE INDEX p_part ON p (d) WHERE c > 0;
      CREATE UNIQUE INDEX p_expr ON p (lower(d));
      CREATE INDEX p_plain ON p (d);
      CREATE SCHEMA other;
      CREATE TABLE other.q (x int PRIMARY KEY);
      CREATE TABLE k (u int, v int, w int REFERENCES other.q, up int, CONSTRAINT k_p FOREIGN KEY (v, u) REFERENCES p (b, a))`);
    const catalog = await readAs(url, 'public');
    assert.deepEqual(tableOf(catalog, 'p').primaryKey, ['a', 'b']);
    assert.deepEqual(tableOf(catalog, 'p').uniqueKeys, [['c'], ['d', 'c']]);
    assert.deepEqual(tableOf(catalog, 'k').primaryKey, []);
    assert.deepEqual(tableOf(catalog, 'k').foreignKeys, [
      { name: 'k_p', columns: ['v', 'u'], parentSchema: 'public', parentTable: 'p', parentColumns: ['b', 'a'] },
      { name: 'k_w_fkey', columns: ['w'], parentSchema: 'other', parentTable: 'q', parentColumns: ['x'] },
    ]);
    assert.deepEqual(
      catalog.tables.map((table) => table.name),
      ['k', 'p'],
    );
  }));

test('kind, persistence, rows, triggers and row security are seen; views and sequences are not listed', () =>
  withDatabase(async (url, admin) => {
    await admin.query(`
      CREATE TABLE filled AS SELECT 1 AS a;
      CREATE UNLOGGED TABLE "Odd ""name" (a serial);
      CREATE TABLE parted (a int) PARTITION BY LIST (a);
      CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1);
      INSERT INTO parted VALUES (1);
      CREATE VIEW v AS SELECT 1;
      CREATE TABLE guarded (a int);
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER on1 BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION f();
      CREATE TRIGGER off1 BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION f();
      ALTER TABLE filled DISABLE TRIGGER off1`);
    const catalog = await readAs(url, 'public');
    const facts = catalog.tables.map(({ name, kind, isUnlogged, hasRows, hasRowSecurity, triggers }) => {
      return [name, kind, isUnlogged, hasRows, hasRowSecurity, triggers];
    });
    assert.deepEqual(facts, [
      ['Odd "name', 'r', true, false, false, []],
      ['filled', 'r', false, true, false, ['on1']],
      ['guarded', 'r', false, false, true, []],
      ['part1', 'r', false, true, false, []],
      ['parted', 'p', false, true, false, []],
    ]);
  }));

test('a role without rights gets a catalog that says what is missing', () =>
  withDatabase((url, admin) =>
    withRole(url, admin, async (role) => {
      await admin.query(`
        CREATE TABLE filled AS SELECT 1 AS a;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        CREATE TABLE empty (a int);
        CREATE TABLE parted (a int) PARTITION BY LIST (a);
        CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1);
        INSERT INTO parted VALUES (1);
        CREATE TABLE half (a int);
        GRANT SELECT, INSERT ON half TO ${role};
        CREATE TABLE own (a int);
        ALTER TABLE own OWNER TO ${role};
        CREATE TABLE guarded AS SELECT 1 AS a;
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON guarded TO ${role};
        CREATE SCHEMA closed;
        CREATE TABLE closed.t AS SELECT 1 AS a;
        GRANT SELECT ON closed.t TO ${role}`);
      const as = { user: role, password: 'pw' };
      const catalog = await readAs(url, 'public', as);
      assert.equal(catalog.role, role);
      assert.deepEqual([catalog.canCreateInDatabase, catalog.canCreateInSchema], [false, false]);
      const facts = catalog.tables.map((t) => [t.name, t.isOwned, t.hasRows, t.missingPrivileges.join(' ')]);
      assert.deepEqual(facts, [
        ['empty', false, false, 'SELECT INSERT UPDATE TRUNCATE'],
        ['filled', false, true, 'SELECT INSERT UPDATE TRUNCATE'],
        ['guarded', false, true, 'INSERT UPDATE TRUNCATE'],
        ['half', false, false, 'UPDATE TRUNCATE'],
        ['own', true, false, ''],
        ['part1', false, true, 'SELECT INSERT UPDATE TRUNCATE'],
        ['parted', false, true, 'SELECT INSERT UPDATE TRUNCATE'],
      ]);
      assert.equal(tableOf(await readAs(url, 'closed', as), 't').hasRows, true);
    }),
  ));

test('hundreds of tables take a handful of statements', () =>
  withDatabase(async (url, admin) => {
    const count = runCount({ usual: 1_100, full: 5_000 });
    await admin.query('CREATE SCHEMA many');
    for (let from = 0; from < count; from += 500) {
      await admin.query(`DO $$BEGIN FOR i IN ${from}..${Math.min(from + 500, count) - 1} LOOP
        EXECUTE format('CREATE TABLE many.t%s (a int, b text)', i); END LOOP; END$$`);
    }
    await admin.query(`INSERT INTO many.t${count - 1} VALUES (1)`);
    const address = parseTargetUrl(url).address;
    await withTarget(address, { applicationName: 'pgferry test' }, async (client) => {
      let statements = 0;
      const query = client.raw.query;
      client.raw.query = ((...args: Parameters<typeof query>) => {
        statements++;
        return query.apply(client.raw, args);
      }) as typeof query;
      const { tables } = await readTargetCatalog(client, 'many');
      assert.equal(tables.length, count);
      assert.deepEqual(
        tables.filter((table) => table.hasRows).map((table) => table.name),
        [`t${count - 1}`],
      );
      assert.ok(statements <= 8 + count / 500, `${statements} statements`);
    });
  }));
