import { quoteIdentifier } from '../../lib/quote.js';
import type { KeyBounds } from '../../model/carry.js';
import type { Kind } from '../../model/kind.js';
import type { Database } from '../sqlite.js';
import type { RowCondition } from '../verify/verify-rows.js';

const integers: ReadonlySet<Kind['tag']> = new Set(['int2', 'int4', 'int8']);

/** Whether keys of this kind are integers on both sides. */
export function isIntegerKind({ tag }: Kind): boolean {
  return integers.has(tag);
}

/** The rows of a table whose rowid, which bears this name, lies within one of the bounds. */
export function conditionForBounds(rowid: string, bounds: readonly KeyBounds[]): RowCondition {
  const name = `t.${quoteIdentifier(rowid)}`;
  // The ranges first: each is then looked up in the table.
  return {
    before: 'json_each(@bounds) AS r CROSS JOIN ',
    sql: `${name} BETWEEN CAST(r.value ->> 0 AS INTEGER) AND CAST(r.value ->> 1 AS INTEGER)`,
    values: { bounds: JSON.stringify(bounds) },
  };
}

/** The least and the greatest rowid; null where the table is empty. */
export function readRowidBounds(
  db: Database,
  table: string,
  rowid: string,
): { readonly first: bigint; readonly last: bigint } | null {
  const name = quoteIdentifier(rowid);
  const from = `FROM main.${quoteIdentifier(table)}`;
  // Two queries, of which each reads one row; of one with both SQLite would read the table.
  const sql = `SELECT (SELECT min(${name}) ${from}) AS first, (SELECT max(${name}) ${from}) AS last`;
  const row = db.prepare<[], { first: bigint | null; last: bigint | null }>(sql).safeIntegers().get();
  return row?.first == null || row.last == null ? null : { first: row.first, last: row.last };
}
