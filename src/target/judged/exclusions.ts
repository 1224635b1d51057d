import type { TargetColumn, TargetTable } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { byTable, type ValueLists } from './checked-values.js';
import { typedRowsSql } from './generated-columns.js';
import type { EqualGroup } from './judged-keys.js';

/** An EXCLUDE constraint: no two rows of which every operator holds between their terms. `columns` are all that it looks at. */
export interface Exclusion {
  readonly name: string;
  readonly columns: readonly string[];
  readonly terms: readonly string[];
  /** One for each term, as `OPERATOR(pg_catalog.&&)`. */
  readonly operators: readonly string[];
  readonly predicate: string | null;
}

/** The EXCLUDE constraints of these tables, by the oid of the table. */
export async function listExclusions(
  client: TargetClient,
  tables: readonly Pick<TargetTable, 'oid'>[],
): Promise<ReadonlyMap<number, readonly Exclusion[]>> {
  const rows = await client.query<Exclusion & { oid: number }>(
    `SELECT k.conrelid AS oid, k.conname::text AS name, pg_get_expr(i.indpred, i.indrelid) AS predicate,
            ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n) AS terms,
            ARRAY(SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname)
                    FROM unnest(k.conexclop) WITH ORDINALITY AS u(oid, n) JOIN pg_operator o ON o.oid = u.oid
                    JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY u.n) AS operators,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND EXISTS (
                    SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                       AND d.refobjsubid = a.attnum
                       AND ((d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid)
                            OR (d.classid = 'pg_constraint'::regclass AND d.objid = k.oid)))
                   ORDER BY a.attnum) AS columns
       FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid
      WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'x' ORDER BY k.conname COLLATE "C"`,
    [tables.map(({ oid }) => oid)],
  );
  return byTable(rows);
}

/**
 * Which combinations of values, each of so many rows, conflict with another one before them. Nothing is written; each is
 * compared with each. Empty where the server cannot say.
 */
export async function conflictingUnder(
  client: TargetClient,
  request: {
    readonly exclusion: Exclusion;
    readonly columns: readonly TargetColumn[];
    readonly generated: readonly TargetColumn[];
    readonly values: ValueLists;
    readonly rows: readonly number[];
  },
): Promise<readonly EqualGroup[]> {
  const { exclusion, columns, generated, values, rows } = request;
  const { terms, operators, predicate } = exclusion;
  const parts = terms.map((term, at) => `${term} AS pgferry_term_${at}`).join(', ');
  const meet = (one: string, other: string) =>
    operators.map((operator, at) => `${one}.pgferry_term_${at} ${operator} ${other}.pgferry_term_${at}`).join(' AND ');
  const sql = `WITH pgferry_rows AS MATERIALIZED (
       SELECT ${parts}, pgferry_position AS at, pgferry_rows AS n FROM (${typedRowsSql(columns, generated, true)})
         AS pgferry_values WHERE ${predicate ?? 'true'})
     SELECT min(first)::int AS first, last::int AS last, max(extra)::int AS extra FROM (
       SELECT one.at AS first, other.at AS last, other.n AS extra
         FROM pgferry_rows AS one JOIN pgferry_rows AS other ON one.at < other.at AND ${meet('one', 'other')}
       UNION ALL
       SELECT one.at, one.at, one.n - 1 FROM pgferry_rows AS one WHERE one.n > 1 AND ${meet('one', 'one')}
     ) AS pgferry_pairs GROUP BY last ORDER BY 1, 2`;
  try {
    const sent = [...values, rows] as unknown as readonly string[];
    return await withTransaction(client, () => client.query<EqualGroup & Record<string, unknown>>(sql, sent));
  } catch {
    // The copy will tell; a connection that is gone fails at the next statement.
    return [];
  }
}
