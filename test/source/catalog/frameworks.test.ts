import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { recogniseFramework } from '../../../src/source/catalog/frameworks.js';
import { Database } from '../../../src/source/sqlite.js';

function recognised(sql: string): string | null {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    const found = recogniseFramework(readSourceCatalog(db));
    return found === null ? null : `${found.name} by ${found.mark}`;
  } finally {
    db.close();
  }
}

const hash = 'a'.repeat(26);
const cases: readonly (readonly [sql: string, wanted: string | null])[] = [
  ['CREATE TABLE t (id INTEGER PRIMARY KEY)', null],
  ['CREATE TABLE django_migrations (id int, app text, name text, applied datetime)', 'Django by django_migrations'],
  ['CREATE TABLE schema_migrations (version text)', null],
  [
    'CREATE TABLE schema_migrations (version text); CREATE TABLE ar_internal_metadata (key text)',
    'Rails by ar_internal_metadata',
  ],
  ['CREATE TABLE alembic_version (version_num text)', 'Alembic by alembic_version'],
  ['CREATE TABLE _prisma_migrations (id text)', 'Prisma by _prisma_migrations'],
  ['CREATE TABLE __drizzle_migrations (id int)', 'Drizzle by __drizzle_migrations'],
  ['CREATE TABLE SequelizeMeta (name text)', 'Sequelize by SequelizeMeta'],
  ['CREATE TABLE knex_migrations (id int)', 'Knex by knex_migrations'],
  ['CREATE TABLE kysely_migration (name text)', 'Kysely by kysely_migration'],
  ['CREATE TABLE mikro_orm_migrations (id int)', 'MikroORM by mikro_orm_migrations'],
  ['CREATE TABLE migrations (id int, migration text, batch int)', 'Laravel by migrations'],
  ['CREATE TABLE migrations (id int, timestamp bigint, name text)', 'TypeORM by migrations'],
  ['CREATE TABLE migrations (id int, country text)', null],
  ['CREATE TABLE payload_migrations (id int); CREATE TABLE t (a int)', 'Payload by payload_migrations'],
  ['CREATE TABLE directus_migrations (version text)', 'Directus by directus_migrations'],
  ['CREATE TABLE strapi_database_schema (id int)', 'Strapi by strapi_database_schema'],
  [`CREATE TABLE t (a int); CREATE INDEX "IDX_${hash}" ON t (a)`, `TypeORM by IDX_${hash}`],
  [`CREATE TABLE t (a int, CONSTRAINT "UQ_${hash}" UNIQUE (a))`, `TypeORM by UQ_${hash}`],
  ['CREATE TABLE t (a int); CREATE INDEX "IDX_abc" ON t (a)', null],
  ['CREATE TABLE d1_migrations (id int)', null],
];

for (const [sql, wanted] of cases) {
  test(`${wanted ?? 'no framework'} from ${sql.slice(0, 70)}`, () => assert.equal(recognised(sql), wanted));
}

test('what keeps account of migrations or of replicas is known, name by name', () => {
  const named: Readonly<Record<string, readonly string[]>> = {
    Knex: ['knex_migrations', 'knex_migrations_lock'],
    TypeORM: ['migrations'],
    Prisma: ['_prisma_migrations'],
    Drizzle: ['__drizzle_migrations'],
    Sequelize: ['SequelizeMeta'],
    Django: ['django_migrations'],
    'Rails and others': ['schema_migrations'],
    Rails: ['ar_internal_metadata'],
    Alembic: ['alembic_version'],
    Flyway: ['flyway_schema_history'],
    Liquibase: ['DATABASECHANGELOG', 'DATABASECHANGELOGLOCK'],
    goose: ['goose_db_version'],
    Ent: ['ent_types'],
    'Atlas (Ent)': ['atlas_schema_revisions'],
    'Entity Framework': ['__EFMigrationsHistory', '__EFMigrationsLock'],
    'FluentMigrator (Servarr)': ['VersionInfo'],
    Grafana: ['migration_log'],
    Strapi: ['strapi_migrations', 'strapi_migrations_internal', 'strapi_database_schema'],
    Directus: ['directus_migrations'],
    Payload: ['payload_migrations'],
    MikroORM: ['mikro_orm_migrations'],
    Litestream: ['_litestream_seq', '_litestream_lock'],
    'Cloudflare D1': ['_cf_KV', '_cf_METADATA', 'd1_migrations'],
  };
  const db = new Database(':memory:');
  try {
    for (const name of Object.values(named).flat()) db.exec(`CREATE TABLE "${name}" (id, timestamp, name)`);
    db.exec('CREATE TABLE migration_logs (id); CREATE TABLE litestream_seq (id); CREATE TABLE version_info (id)');
    const { tables, leftOut } = readSourceCatalog(db);
    const known = [...leftOut, ...tables].filter(({ framework }) => framework !== undefined);
    const wanted = Object.entries(named).flatMap(([by, list]) => list.map((name) => `${name} of ${by}`));
    assert.deepEqual(known.map(({ name, framework }) => `${name} of ${framework?.name}`).sort(), wanted.sort());
    const own = tables.filter(({ framework }) => framework === undefined);
    assert.deepEqual(own.map(({ name }) => name).sort(), ['litestream_seq', 'migration_logs', 'version_info']);
  } finally {
    db.close();
  }
});
