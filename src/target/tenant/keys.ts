import type { SchemaObject } from '../../model/schema.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';

interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * Gives a table the keys and indexes of another one, under the same names. `leading`: a column that goes before those of
 * each key and unique index; the other indexes stay as they are.
 */
export async function copyKeys(
  client: TargetClient,
  {
    from,
    to,
    objects,
  }: { readonly from: TableName; readonly to: TableName; readonly objects: readonly SchemaObject[] },
  leading: string | null,
): Promise<void> {
  const [table, where] = [quoteTable(to.schema, to.table), { table: to.table }];
  // The first parenthesis of a key, and the first after the table of an index, open the list of its columns.
  const led = (definition: string) =>
    leading === null ? definition : definition.replace('(', () => `(${quoteName(leading)}, `);
  for (const { kind, name, definition } of objects.filter((object) => object.table === from.table)) {
    const named = quoteName(name);
    if (kind === 'primary_key' || kind === 'unique' || kind === 'exclusion') {
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${named} ${led(definition)}`, [], where);
    } else if (kind === 'index') {
      const { tail, isUnique } = await readIndex(client, from, name);
      const method = isUnique ? led(tail) : tail;
      await client.query(`CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${named} ON ${table} ${method}`, [], where);
    }
  }
}

/** The definition of an index from USING on. */
async function readIndex(
  client: TargetClient,
  { schema, table }: TableName,
  name: string,
): Promise<{ tail: string; isUnique: boolean }> {
  const [row] = await client.query<{ tail: string; isUnique: boolean }>(
    `SELECT i.indisunique AS "isUnique",
            substr(pg_get_indexdef(x.oid), 1 + length(format('CREATE %sINDEX %I ON %s%I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' END,
              x.relname, CASE WHEN x.relkind = 'I' THEN 'ONLY ' END, $1::text, $2::text))) AS tail
       FROM pg_class x JOIN pg_index i ON i.indexrelid = x.oid WHERE i.indrelid = $3::regclass AND x.relname = $4`,
    [schema, table, quoteTable(schema, table), name],
  );
  return row ?? { tail: '', isUnique: false };
}
