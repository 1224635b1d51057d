import type { LeftOut, SourceTable } from '../../model/source.js';
import { foldCase } from '../../lib/fold-case.js';

/** What one row of sqlite_schema and its row of `PRAGMA table_list` say. */
export interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  readonly tableName: string;
  readonly rootPage: number;
  readonly sql: string | null;
  /** table, view, virtual or shadow; null for triggers and indexes. */
  readonly listedAs: string | null;
}

/** Tables that frameworks keep about their own schema migrations: they describe the SQLite file, not the application's data. */
const bookkeepers: Readonly<Record<string, string>> = {
  _prisma_migrations: 'Prisma',
  __drizzle_migrations: 'Drizzle',
  schema_migrations: 'Rails and others',
  ar_internal_metadata: 'Rails',
  django_migrations: 'Django',
  knex_migrations: 'Knex',
  knex_migrations_lock: 'Knex',
  alembic_version: 'Alembic',
  sequelizemeta: 'Sequelize',
  __efmigrationshistory: 'Entity Framework',
  __efmigrationslock: 'Entity Framework',
  flyway_schema_history: 'Flyway',
  goose_db_version: 'goose',
  kysely_migration: 'Kysely',
  kysely_migration_lock: 'Kysely',
  mikro_orm_migrations: 'MikroORM',
  _sqlx_migrations: 'sqlx',
  __diesel_schema_migrations: 'Diesel',
  refinery_schema_history: 'Refinery',
  databasechangelog: 'Liquibase',
  databasechangeloglock: 'Liquibase',
  d1_migrations: 'Cloudflare D1',
  phinxlog: 'Phinx',
  doctrine_migration_versions: 'Doctrine',
};

/** Applications use a table name such as `migrations` too, so these count only with exactly their columns. */
const migrationsTables: Readonly<Record<string, string>> = {
  'id,timestamp,name': 'TypeORM',
  'id,migration,batch': 'Laravel',
};

/** Why an entry of the schema is not copied, or null where it is a table of the application. */
export function leftOutEntry(entry: SchemaEntry): LeftOut | null {
  const { name, sql } = entry;
  if (entry.type === 'trigger')
    return { name, type: 'trigger', reason: `trigger on ${entry.tableName}: its SQL is listed, not translated`, sql };
  if (entry.type === 'view') return { name, type: 'view', reason: 'a view holds no rows of its own', sql };
  if (entry.type !== 'table') return null;
  if (foldCase(name).startsWith('sqlite_')) return { name, type: 'internal', reason: 'kept by SQLite for itself', sql };
  if (entry.listedAs === 'virtual')
    return { name, type: 'virtual', reason: 'a virtual table: its module makes its rows', sql };
  if (entry.listedAs === 'shadow') return { name, type: 'shadow', reason: 'belongs to a virtual table', sql };
  return null;
}

/** The reason to leave out a table that a migration framework keeps for itself, or null for other tables. */
export function leftOutBookkeeping(table: SourceTable): LeftOut | null {
  const folded = foldCase(table.name);
  const columns = table.columns.map((column) => foldCase(column.name)).join(',');
  const known = folded === 'migrations' ? migrationsTables : bookkeepers;
  const key = folded === 'migrations' ? columns : folded;
  if (!Object.hasOwn(known, key)) return null;
  return { name: table.name, type: 'bookkeeping', reason: `migration bookkeeping of ${known[key]}`, sql: table.sql };
}
