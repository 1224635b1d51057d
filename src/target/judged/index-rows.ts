import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { CopierError } from '../../model/error.js';
import type { TargetTable } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { byTable } from './checked-values.js';

/** An index of plain columns over all rows of its table, whose rows are bounded in size. */
export interface BtreeIndex {
  readonly name: string;
  /** As a constraint or an index of its own. */
  readonly kind: 'primary-key' | 'unique' | 'index';
  readonly columns: readonly string[];
  /** So many of the columns are its key; the others are only included. */
  readonly keyCount: number;
}

/** The B-tree indexes of these tables, by the oid of the table; those of expressions and of some rows only are left out. */
export async function listBtreeIndexes(
  client: TargetClient,
  tables: readonly Pick<TargetTable, 'oid'>[],
): Promise<ReadonlyMap<number, readonly BtreeIndex[]>> {
  const rows = await client.query<BtreeIndex & { oid: number }>(
    `SELECT i.indrelid AS oid, x.relname::text AS name, i.indnkeyatts::int AS "keyCount",
            CASE k.contype WHEN 'p' THEN 'primary-key' WHEN 'u' THEN 'unique' ELSE 'index' END AS kind,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(attnum, n)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum ORDER BY u.n) AS columns
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
       LEFT JOIN pg_constraint k ON k.conrelid = i.indrelid AND k.conindid = x.oid AND k.contype IN ('p', 'u')
      WHERE i.indrelid = ANY ($1::oid[]) AND m.amname = 'btree' AND i.indpred IS NULL AND i.indexprs IS NULL
      ORDER BY x.relname COLLATE "C"`,
    [tables.map(({ oid }) => oid)],
  );
  return byTable(rows);
}

/** A row, by its position, that has no room in the index, and what the server says of it. */
export interface RefusedIndexRow {
  readonly position: number;
  readonly reason: string;
}

/** SQLSTATE program_limit_exceeded. */
const limitExceeded = '54000';

/**
 * Which of the rows the index cannot take: each is entered into an empty temporary table with such an index, since only
 * the server knows how small its compression makes them. Nothing stays. Empty where the server does not let us.
 */
export async function refusedByIndex(
  client: TargetClient,
  table: Pick<TargetTable, 'schema' | 'name'>,
  index: BtreeIndex,
  rows: readonly (readonly (string | null)[])[],
): Promise<readonly RefusedIndexRow[]> {
  const names = index.columns.map(quoteIdentifier);
  const [keys, included] = [names.slice(0, index.keyCount), names.slice(index.keyCount)];
  const include = included.length === 0 ? '' : ` INCLUDE (${included.join(', ')})`;
  const trial = 'pg_temp.pgferry_index_rows';
  const refused: RefusedIndexRow[] = [];
  try {
    await withTransaction(client, async () => {
      await client.run(
        `CREATE TEMP TABLE pgferry_index_rows AS SELECT ${names.join(', ')} FROM ${quotePath(table.schema, table.name)} WITH NO DATA`,
      );
      await client.run(`CREATE INDEX ON ${trial} (${keys.join(', ')})${include}`);
      const insert = `INSERT INTO ${trial} VALUES (${names.map((_, at) => `$${at + 1}`).join(', ')})`;
      for (const [position, values] of rows.entries()) {
        const reason = await limitOf(() => withTransaction(client, () => client.query(insert, values)));
        if (reason !== null) refused.push({ position, reason });
      }
      await client.run(`DROP TABLE ${trial}`);
    });
  } catch {
    // The index will tell when it is built; a connection that is gone fails at the next statement.
    return [];
  }
  return refused;
}

/** The server's words where a limit of its own is exceeded; every other error is not about that. */
async function limitOf(insert: () => Promise<unknown>): Promise<string | null> {
  try {
    await insert();
    return null;
  } catch (error) {
    if (!(error instanceof CopierError)) throw error;
    return error.foreignCode === limitExceeded
      ? error.message.replace(/^.*?: (?=index row)/s, '').replace(/ for index .*$/s, '')
      : null;
  }
}
