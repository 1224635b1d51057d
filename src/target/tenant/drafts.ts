import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { inSchemaSql } from '../catalog/by-index.js';

/** A view of a schema as PostgreSQL writes it. */
export interface ViewText {
  readonly name: string;
  readonly columns: readonly string[];
  readonly definition: string;
}

/** The views of a schema, each after those that it reads. */
export async function readViews(client: TargetClient, schema: string): Promise<ViewText[]> {
  return await client.query<ViewText & Record<string, unknown>>(
    `SELECT c.relname::text AS name, pg_get_viewdef(c.oid) AS definition,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns
       FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind = 'v' ORDER BY c.oid`,
    [schema],
  );
}

/** Makes views that were read before. */
export async function makeViews(client: TargetClient, schema: string, views: readonly ViewText[]): Promise<void> {
  for (const { name, columns, definition } of views)
    await client.query(
      `CREATE VIEW ${quoteTable(schema, name)} (${columns.map(quoteName).join(', ')}) AS ${definition}`,
      [],
      { doing: `make the view ${name}` },
    );
}

/** Drops tables that the caller's transaction has made, with what leans on them. */
export async function dropTables(client: TargetClient, schema: string, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  await client.query(`DROP TABLE ${tables.map((table) => quoteTable(schema, table)).join(', ')} CASCADE`);
}
