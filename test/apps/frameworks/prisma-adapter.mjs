import { PrismaBetterSQLite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { sideOf } from './main.mjs';

/** Texts for names of the catalog, which Prisma's engine asks for when it migrates and its adapter does not know. */
class CatalogPool extends pg.Pool {
  async query(...args) {
    const result = await super.query(...args);
    for (const field of result.fields ?? []) if (field.dataTypeID === 19) field.dataTypeID = pg.types.builtins.TEXT;
    return result;
  }
}

/** The driver for the database that DATABASE_URL names. */
export async function adapter() {
  const { url, path } = sideOf();
  return path === null ? new PrismaPg(new CatalogPool({ connectionString: url }), { disposeExternalPool: true }) : new PrismaBetterSQLite3({ url: `file:${path}` });
}
