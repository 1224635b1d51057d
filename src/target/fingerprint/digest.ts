import type { TableDigest } from '../../model/cutover.js';
import type { TargetClient } from '../connection/client.js';
import { isOwnRelationSql } from '../ledger/names.js';
import { quoteTable } from '../../lib/quote.js';
import { inSchemaSql } from '../catalog/by-index.js';
import { treeSql } from '../schema/closed-tables.js';
import { columnsMarkSql } from '../schema/columns-mark.js';

/*
 * The digest of a table says whether it was written since another digest, not what was written:
 *   sum       of the hashes of all rows' texts. Works for whatever can be read
 *   versions  how many rows each transaction wrote (xmin), with a mark of the table and its columns. Every INSERT and UPDATE
 *             leaves rows of a newer transaction, a DELETE fewer of an older one, and vacuum keeps the numbers (also of a
 *             frozen row). No value is read for them, which takes a fifth of the time. Where they are the same nothing was
 *             written; where they are not, an UPDATE may have changed nothing. Only PostgreSQL's own heaps have them
 */

/** The digest of every table of the schema, by name. Reads every row. `onTable` is told before each table how many are done. */
export async function digestTables(
  client: TargetClient,
  schema: string,
  onTable: (done: number, total: number) => void = () => {},
): Promise<TableDigest[]> {
  const names = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT ${isOwnRelationSql('c')} ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  const digests: TableDigest[] = [];
  for (const { name } of names) {
    onTable(digests.length, names.length);
    digests.push(await digestTable(client, schema, name));
  }
  onTable(names.length, names.length);
  return digests;
}

/** Tables of more bytes are not digested while writers wait. */
const smallBytes = 4 * 1024 * 1024;

/**
 * The digests of small tables but these: of those that no run fills, such as the ones in which a framework counts its
 * migrations.
 */
export async function digestSmall(
  client: TargetClient,
  schema: string,
  except: readonly string[],
): Promise<TableDigest[]> {
  const names = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind = 'r' AND NOT c.relispartition AND pg_relation_size(c.oid) <= $2
        AND NOT c.relname = ANY ($3) AND NOT ${isOwnRelationSql('c')} ORDER BY c.relname COLLATE "C"`,
    [schema, smallBytes, except],
  );
  const digests: TableDigest[] = [];
  for (const { name } of names) digests.push(await digestTable(client, schema, name));
  return digests;
}

/** The digest of one table. */
export async function digestTable(client: TargetClient, schema: string, table: string): Promise<TableDigest> {
  const mark = await readVersionsMark(client, schema, table);
  const version = mark === null ? 'NULL' : 't.xmin';
  const { rows, texts, versions } = await readSums(client, schema, { table, version, texts: textsSql });
  return { table, rows, sum: texts, ...(mark !== null && { versions: `${mark} ${versions}` }) };
}

/**
 * The same without a look at any value: where the versions are those of `then` it is `then`, else one with another sum, which
 * stands for these versions. Null where `then` has no versions, or where the table or its columns are others by now.
 */
export async function digestVersions(
  client: TargetClient,
  schema: string,
  then: TableDigest,
): Promise<TableDigest | null> {
  const { table } = then;
  const mark = then.versions === undefined ? null : await readVersionsMark(client, schema, table);
  if (mark === null || then.versions?.startsWith(`${mark} `) !== true) return null;
  const read = await readSums(client, schema, { table, version: 't.xmin', texts: '0' });
  const versions = `${mark} ${read.versions}`;
  return versions === then.versions ? then : { table, rows: read.rows, sum: `versions ${versions}`, versions };
}

const textsSql = 'sum(hashtextextended((t.*)::text COLLATE "C", 0))';

/** Rows, sum of texts and sum of versions, in one reading. */
async function readSums(
  client: TargetClient,
  schema: string,
  { table, version, texts }: { readonly table: string; readonly version: string; readonly texts: string },
): Promise<{ readonly rows: number; readonly texts: string; readonly versions: string }> {
  const [row] = await client.query<{ rows: string; texts: string; versions: string }>(
    `SELECT coalesce(sum(v.rows), 0)::text AS rows, coalesce(sum(v.texts), 0)::text AS texts,
            coalesce(sum(hashtextextended(concat(v.version, ':', v.rows) COLLATE "C", 0)), 0)::text AS versions
       FROM (SELECT ${version} AS version, count(*) AS rows, ${texts} AS texts FROM ${quoteTable(schema, table)} AS t GROUP BY 1) AS v`,
    [],
    { table, doing: `digest ${table}` },
  );
  return { rows: Number(row?.rows ?? 0), texts: row?.texts ?? '0', versions: row?.versions ?? '0' };
}

/**
 * A mark of the table with its partitions and heirs, and of what their stored values mean; null where one of them has no
 * versions of PostgreSQL's own kind.
 */
async function readVersionsMark(client: TargetClient, schema: string, table: string): Promise<string | null> {
  const [row] = await client.query<{ mark: string | null }>(
    `SELECT CASE WHEN bool_and(c.relkind = 'p' OR c.relkind = 'r' AND EXISTS (
                   SELECT FROM pg_am a WHERE a.oid = c.relam AND a.amhandler = 'heap_tableam_handler'::regproc))
                 THEN md5(string_agg(concat_ws(':', c.oid, ${columnsMarkSql('c.oid')}), ';' ORDER BY c.oid)) END AS mark
       FROM pg_class c WHERE c.oid = ANY (${treeSql('to_regclass($1)')})`,
    [quoteTable(schema, table)],
  );
  return row?.mark ?? null;
}
