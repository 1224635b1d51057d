import { CopierError } from '../../model/error.js';
import type { TargetColumn, TargetTable } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { typedRowsSql } from './generated-columns.js';

/** pg_input_is_valid() is there from this version on. */
const inputIsValidVersion = 160_000;
/** Where values are tried by casts, so many that are refused are looked for. */
const castRefusalsMax = 5;

/** A CHECK of a table, with the columns that it looks at. */
export interface TableCheck {
  readonly name: string;
  readonly columns: readonly string[];
  readonly expression: string;
}

type NamedTable = Pick<TargetTable, 'oid'>;

/** The enforced CHECKs of these tables that look at columns of them, by the oid of the table. */
export async function listChecks(
  client: TargetClient,
  tables: readonly NamedTable[],
): Promise<ReadonlyMap<number, readonly TableCheck[]>> {
  const rows = await client.query<TableCheck & { oid: number }>(
    `SELECT k.conrelid AS oid, k.conname::text AS name, pg_get_expr(k.conbin, k.conrelid) AS expression,
            ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, n)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.n) AS columns
       FROM pg_constraint k
      WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'c' AND cardinality(k.conkey) > 0
        AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
      ORDER BY k.conname COLLATE "C"`,
    [tables.map(({ oid }) => oid)],
  );
  return byTable(rows);
}

/** A unique key of plain columns; `kind` as `--waive` names it. */
export interface KeyOfIndex {
  readonly name: string;
  readonly kind: 'primary-key' | 'unique' | 'index';
  readonly columns: readonly string[];
}

/**
 * The whole unique keys of these tables whose values are equal where their bytes or numbers are, by the oid of the table.
 * See `judged-keys.ts` for the others. INCLUDE columns are no part of a key.
 */
export async function listUniqueKeys(
  client: TargetClient,
  tables: readonly NamedTable[],
): Promise<ReadonlyMap<number, readonly KeyOfIndex[]>> {
  const rows = await client.query<KeyOfIndex & { oid: number }>(
    `SELECT i.indrelid AS oid, x.relname::text AS name,
            CASE WHEN k.oid IS NULL THEN 'index' WHEN k.contype = 'p' THEN 'primary-key' ELSE 'unique' END AS kind,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(attnum, n)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
                   WHERE u.n <= i.indnkeyatts ORDER BY u.n) AS columns
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
       LEFT JOIN pg_constraint k ON k.conrelid = i.indrelid AND k.conindid = x.oid AND k.contype IN ('p', 'u')
      WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
        AND coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
        AND NOT EXISTS (SELECT 1 FROM pg_collation c WHERE c.oid = ANY (i.indcollation) AND NOT c.collisdeterministic)
      ORDER BY NOT i.indisprimary, x.relname COLLATE "C"`,
    [tables.map(({ oid }) => oid)],
  );
  return byTable(rows);
}

/** Rows of a query by the table that they speak of. */
export function byTable<T>(rows: readonly (T & { readonly oid: number })[]): Map<number, T[]> {
  const found = new Map<number, T[]>();
  for (const row of rows) found.set(row.oid, [...(found.get(row.oid) ?? []), row]);
  return found;
}

/** Values of the server's text form, one list per column, all of the same length. */
export type ValueLists = readonly (readonly (string | null)[])[];

/**
 * Which of the rows, by their position, a CHECK refuses. Nothing is written. Empty where the server cannot say: an
 * expression that needs a row of the table itself, or fails for one of these values.
 */
export async function refusedByCheck(
  client: TargetClient,
  {
    check,
    columns,
    generated = [],
    values,
  }: {
    readonly check: TableCheck;
    readonly columns: readonly TargetColumn[];
    readonly generated?: readonly TargetColumn[];
    readonly values: ValueLists;
  },
): Promise<number[]> {
  const sql = `SELECT pgferry_position FROM (${typedRowsSql(columns, generated)}) AS pgferry_values WHERE (${check.expression}) IS FALSE ORDER BY 1`;
  return await findPositions(client, sql, values);
}

/** Values that are refused, by their position; not whole where there may be more. */
export interface RefusedPositions {
  readonly positions: readonly number[];
  readonly isWhole: boolean;
}

/**
 * Which of the values, by their position, the input function of a type does not take. Nothing is written. A server
 * without `pg_input_is_valid()` is asked by casts, of ever fewer values where some are refused, and names only the first.
 */
export async function refusedByType(
  client: TargetClient,
  type: string,
  values: readonly (string | null)[],
  serverVersion: number,
): Promise<RefusedPositions> {
  if (serverVersion < inputIsValidVersion) {
    const refused = await refusedByCast(client, type, values);
    return { positions: refused, isWhole: refused.length < castRefusalsMax };
  }
  const sql = `SELECT (u."position" - 1)::int AS pgferry_position FROM unnest($1::text[]) WITH ORDINALITY AS u(value, "position")
     WHERE value IS NOT NULL AND NOT pg_input_is_valid(value, ${quoteType(type)}) ORDER BY 1`;
  return { positions: await findPositions(client, sql, [values]), isWhole: true };
}

/** How the server prints values that it takes; null where it was not asked, or does not say. */
export async function printedByType(
  client: TargetClient,
  type: string,
  values: readonly (string | null)[],
): Promise<(string | null)[]> {
  // format() calls the type's output function, as COPY does.
  const sql = `SELECT format('%s', value::${type}) AS printed FROM unnest($1::text[]) WITH ORDINALITY AS u(value, "position")
     ORDER BY "position"`;
  try {
    const rows = await withTransaction(client, () =>
      client.query<{ printed: string }>(sql, [values] as unknown as readonly string[]),
    );
    return values.map((value, i) => (value === null ? null : (rows[i]?.printed ?? null)));
  } catch {
    // The copy will tell; a connection that is gone fails at the next statement.
    return values.map(() => null);
  }
}

async function refusedByCast(
  client: TargetClient,
  type: string,
  values: readonly (string | null)[],
): Promise<number[]> {
  const sql = `SELECT count(value::${type}) FROM unnest($1::text[]) AS u(value)`;
  const refused: number[] = [];
  const search = async (from: number, to: number): Promise<void> => {
    if (from === to || refused.length >= castRefusalsMax) return;
    const part = values.slice(from, to);
    if (await isTaken(() => withTransaction(client, () => client.query(sql, [part] as unknown as readonly string[]))))
      return;
    if (to - from === 1) {
      refused.push(from);
      return;
    }
    const middle = from + Math.ceil((to - from) / 2);
    await search(from, middle);
    await search(middle, to);
  };
  await search(0, values.length);
  return refused;
}

/** Whether the server takes the values; what has another reason than the data is not for the plan to say. */
async function isTaken(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    return !(error instanceof CopierError && /^2[23]/.test(error.foreignCode ?? ''));
  }
}

function quoteType(type: string): string {
  return `'${type.replaceAll("'", "''")}'`;
}

async function findPositions(client: TargetClient, sql: string, values: ValueLists): Promise<number[]> {
  try {
    const rows = await withTransaction(client, () =>
      client.query<{ pgferry_position: number }>(sql, values as unknown as readonly string[]),
    );
    return rows.map((row) => row.pgferry_position);
  } catch {
    // The copy will tell; a connection that is gone fails at the next statement.
    return [];
  }
}
