import type { TargetColumn, TargetTable } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { typedRowsSql } from './generated-columns.js';
import { byTable, type KeyOfIndex, type ValueLists } from './checked-values.js';

/**
 * A unique key whose equality only the server knows: over expressions or generated columns, of the rows that a predicate
 * takes, of texts that a collation holds for equal, or with NULLs that equal each other. `columns` are all that it looks at.
 */
export interface JudgedKey extends KeyOfIndex {
  readonly expressions: readonly string[];
  readonly predicate: string | null;
  readonly areNullsEqual: boolean;
}

/** Those keys of these tables, by the oid of the table. */
export async function listJudgedKeys(
  client: TargetClient,
  tables: readonly Pick<TargetTable, 'oid'>[],
): Promise<ReadonlyMap<number, readonly JudgedKey[]>> {
  const rows = await client.query<JudgedKey & { oid: number }>(
    `SELECT i.indrelid AS oid, x.relname::text AS name, CASE WHEN k.oid IS NULL THEN 'index' WHEN k.contype = 'p' THEN 'primary-key' ELSE 'unique' END AS kind,
            coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS "areNullsEqual",
            pg_get_expr(i.indpred, i.indrelid) AS predicate,
            ARRAY(SELECT format(CASE WHEN c.oid IS NULL THEN '(%s)' ELSE '(%s) COLLATE %I.%I' END,
                           pg_get_indexdef(i.indexrelid, n, false), s.nspname, c.collname)
                    FROM generate_series(1, i.indnkeyatts) AS n
                    LEFT JOIN pg_collation c ON c.oid = i.indcollation[n - 1] AND NOT c.collisdeterministic
                    LEFT JOIN pg_namespace s ON s.oid = c.collnamespace ORDER BY n) AS expressions,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum IN (
                    SELECT u FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS t(u, n) WHERE n <= i.indnkeyatts AND u > 0
                    UNION SELECT d.refobjsubid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = x.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                      AND d.refobjsubid > 0 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
                   ORDER BY a.attnum) AS columns
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
       LEFT JOIN pg_constraint k ON k.conrelid = i.indrelid AND k.conindid = x.oid AND k.contype IN ('p', 'u')
      WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid
        AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'
             OR EXISTS (SELECT 1 FROM pg_attribute g WHERE g.attrelid = i.indrelid AND g.attgenerated <> ''
                         AND g.attnum = ANY (i.indkey))
             OR (NOT i.indisprimary
                 AND EXISTS (SELECT 1 FROM pg_collation c WHERE c.oid = ANY (i.indcollation) AND NOT c.collisdeterministic)))
      ORDER BY x.relname COLLATE "C"`,
    [tables.map(({ oid }) => oid)],
  );
  return byTable(rows);
}

/** Combinations, by their position, that a key holds for equal; `extra` rows are one too many. */
export interface EqualGroup {
  readonly first: number;
  readonly last: number;
  readonly extra: number;
}

/**
 * Which combinations of values, each of so many rows, a key holds for equal. Nothing is written. Empty where the server
 * cannot say.
 */
export async function equalUnderKey(
  client: TargetClient,
  request: {
    readonly key: JudgedKey;
    readonly columns: readonly TargetColumn[];
    readonly generated?: readonly TargetColumn[];
    readonly values: ValueLists;
    readonly rows: readonly number[];
  },
): Promise<readonly EqualGroup[]> {
  const { key, columns, generated = [], values, rows } = request;
  const parts = key.expressions.map((expression, at) => `${expression} AS pgferry_key_${at}`).join(', ');
  const keys = key.expressions.map((_, at) => `pgferry_key_${at}`);
  const present = key.areNullsEqual ? 'true' : keys.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const sql = `SELECT min(pgferry_position) AS first, max(pgferry_position) AS last, (sum(pgferry_rows) - 1)::int AS extra
     FROM (SELECT ${parts}, pgferry_position, pgferry_rows FROM (${typedRowsSql(columns, generated, true)})
            AS pgferry_values WHERE ${key.predicate ?? 'true'}) AS pgferry_keyed
    WHERE ${present} GROUP BY ${keys.join(', ')} HAVING sum(pgferry_rows) > 1 ORDER BY 1`;
  try {
    const sent = [...values, rows] as unknown as readonly string[];
    return await withTransaction(client, () => client.query<EqualGroup & Record<string, unknown>>(sql, sent));
  } catch {
    // The copy will tell; a connection that is gone fails at the next statement.
    return [];
  }
}
