import { foldCase } from '../../lib/fold-case.js';
import { typeormNameIn } from '../../lib/typeorm-names.js';
import type { Framework, SourceCatalog, SourceTable } from '../../model/source.js';

type Bookkeeper = Omit<Framework, 'mark'>;

const prisma = {
  name: 'Prisma',
  command: 'npx prisma migrate diff --from-empty --to-schema prisma/schema.prisma --script > postgres/schema.sql',
};
const rails = { name: 'Rails', command: 'bin/rails db:migrate', namesOnly: true } as const;
const knex = { name: 'Knex', command: 'npx knex migrate:latest', namesOnly: true } as const;
const efCore = { name: 'Entity Framework', command: 'dotnet ef database update' };
const kysely = { name: 'Kysely', command: 'npx kysely migrate:latest', namesOnly: true } as const;
const liquibase = { name: 'Liquibase', command: 'liquibase update' };
const strapi = { name: 'Strapi', command: 'npx strapi start' };
const typeorm = { name: 'TypeORM', command: 'npx typeorm migration:run', namesOnly: true } as const;

/** Tables that frameworks keep about their own schema migrations: they describe the SQLite file, not the application's data. */
const bookkeepers: Readonly<Record<string, Bookkeeper>> = {
  _prisma_migrations: prisma,
  __drizzle_migrations: { name: 'Drizzle', command: 'npx drizzle-kit migrate' },
  schema_migrations: { name: 'Rails and others', command: null, namesOnly: true },
  ar_internal_metadata: rails,
  django_migrations: { name: 'Django', command: 'python manage.py migrate', namesOnly: true },
  knex_migrations: knex,
  knex_migrations_lock: knex,
  alembic_version: { name: 'Alembic', command: 'alembic upgrade head', namesOnly: true },
  sequelizemeta: { name: 'Sequelize', command: 'npx sequelize-cli db:migrate', namesOnly: true },
  __efmigrationshistory: efCore,
  __efmigrationslock: efCore,
  flyway_schema_history: { name: 'Flyway', command: 'flyway migrate' },
  goose_db_version: { name: 'goose', command: 'goose up', namesOnly: true },
  kysely_migration: kysely,
  kysely_migration_lock: kysely,
  mikro_orm_migrations: { name: 'MikroORM', command: 'npx mikro-orm migration:up', namesOnly: true },
  _sqlx_migrations: { name: 'sqlx', command: 'sqlx migrate run' },
  __diesel_schema_migrations: { name: 'Diesel', command: 'diesel migration run' },
  refinery_schema_history: { name: 'Refinery', command: 'refinery migrate' },
  databasechangelog: liquibase,
  databasechangeloglock: liquibase,
  _cf_kv: { name: 'Cloudflare D1', command: null },
  _cf_metadata: { name: 'Cloudflare D1', command: null },
  d1_migrations: { name: 'Cloudflare D1', command: null },
  phinxlog: { name: 'Phinx', command: 'vendor/bin/phinx migrate', namesOnly: true },
  doctrine_migration_versions: {
    name: 'Doctrine',
    command: 'bin/console doctrine:migrations:migrate',
    namesOnly: true,
  },
  atlas_schema_revisions: { name: 'Atlas (Ent)', command: 'atlas migrate apply' },
  ent_types: { name: 'Ent', command: null },
  versioninfo: { name: 'FluentMigrator (Servarr)', command: null },
  migration_log: { name: 'Grafana', command: null },
  migratehistory: { name: 'Peewee', command: null },
  _litestream_seq: { name: 'Litestream', command: null },
  _litestream_lock: { name: 'Litestream', command: null },
  payload_migrations: { name: 'Payload', command: 'npx payload migrate' },
  directus_migrations: { name: 'Directus', command: 'npx directus bootstrap' },
  strapi_migrations: strapi,
  strapi_migrations_internal: strapi,
  strapi_database_schema: strapi,
};

/** Applications use a table name such as `migrations` too, so these count only with exactly their columns. */
const migrationsTables: Readonly<Record<string, Bookkeeper>> = {
  'id,timestamp,name': typeorm,
  'id,migration,batch': { name: 'Laravel', command: 'php artisan migrate', namesOnly: true },
};

/** The framework whose migrations a table keeps account of; null for a table of the application. */
export function frameworkOf({ name, columns }: Pick<SourceTable, 'name' | 'columns'>): Framework | null {
  const folded = foldCase(name);
  const isPlain = folded === 'migrations';
  const key = isPlain ? columns.map((column) => foldCase(column.name)).join(',') : folded;
  const known = isPlain ? migrationsTables : bookkeepers;
  const found = Object.hasOwn(known, key) ? known[key] : undefined;
  return found === undefined ? null : { ...found, mark: name };
}

/**
 * The framework that made the tables of the source, by its bookkeeping or by the names that it gives; null where none
 * is known, or none that makes tables in PostgreSQL.
 */
export function recogniseFramework({ tables, leftOut }: SourceCatalog): Framework | null {
  for (const { framework = null } of [...leftOut, ...tables])
    if (framework !== null && framework.command !== null) return framework;
  const mark = typeormNameIn(tables);
  return mark === null ? null : { ...typeorm, mark };
}
