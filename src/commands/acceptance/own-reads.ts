import { isSameName } from '../../lib/fold-case.js';
import { CopierError } from '../../model/error.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { Sides } from '../../model/result.js';
import type { OwnParameter, OwnRead } from '../../model/shadow.js';
import type { SqliteValue } from '../../model/value.js';
import { valueOnBothSides } from '../../shadow/parameter.js';
import type { PairedRead } from '../../shadow/read.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { withSource } from '../../source/open.js';
import { readSourceResult } from '../../source/verify/result.js';

type Database = Parameters<typeof readSourceResult>[0];

/** At most this many rows of a table are skipped to reach its middle. */
const skippedRowsMax = 100_000;

/** The operator's own reads, with values for their parameters taken from the snapshot. */
export async function sampleOwnReads(
  snapshotPath: string,
  tables: readonly TablePlan[],
  reads: readonly OwnRead[],
): Promise<PairedRead[]> {
  if (reads.length === 0) return [];
  return await withSource(snapshotPath, (db) => reads.map((read) => pairedRead(db, tables, read)));
}

function pairedRead(db: Database, tables: readonly TablePlan[], { name, sql, params = [] }: OwnRead): PairedRead {
  const sides = typeof sql === 'string' ? { source: sql, target: sql } : sql;
  const values = params.map((parameter) => parameterOf(db, tables, name, parameter));
  const statement = (side: keyof Sides<string>) => ({
    sql: sides[side].replace(/[\s;]+$/, ''),
    values: values.map((value) => value[side]),
  });
  const plain = { source: statement('source'), target: statement('target') };
  return { name, why: 'a read of the config file', table: null, columns: null, key: [], order: [], plain, total: null };
}

function parameterOf(
  db: Database,
  tables: readonly TablePlan[],
  read: string,
  parameter: OwnParameter,
): Sides<SqliteValue> {
  switch (typeof parameter) {
    case 'string':
      return { source: parameter, target: parameter };
    case 'number':
      return { source: Number.isInteger(parameter) ? BigInt(parameter) : parameter, target: String(parameter) };
    case 'boolean':
      return { source: parameter ? 1n : 0n, target: String(parameter) };
    default:
      return parameter === null ? { source: null, target: null } : sampled(db, tables, read, parameter);
  }
}

/** A value from about the middle of the table, NULLs left out; the first value where too few are left to skip that far. */
function sampled(
  db: Database,
  tables: readonly TablePlan[],
  read: string,
  wanted: { readonly table: string; readonly column: string },
): Sides<SqliteValue> {
  const table = tables.find(({ source }) => isSameName(source, wanted.table));
  const column = table?.columns.find(({ source }) => isSameName(source, wanted.column));
  if (table === undefined || column === undefined)
    throw new CopierError(
      'usage.shadow_read',
      `shadow read "${read}" wants a value of ${wanted.table}.${wanted.column}, which is not there`,
      { hint: 'name a table and a column of the source that are compared', table: wanted.table, column: wanted.column },
    );
  const skipped = Math.min(table.rows >> 1, skippedRowsMax);
  const value = firstValue(db, table, column, skipped) ?? firstValue(db, table, column, 0);
  const both = valueOnBothSides(column.kind, value);
  if (both !== null) return both;
  throw new CopierError(
    'usage.shadow_read',
    `shadow read "${read}" wants a value of ${table.source}.${column.source}: ${value === null ? 'it holds only NULLs' : `its type ${column.targetType} cannot be a parameter`}`,
    { hint: 'name another column, or write the value itself', table: table.source, column: column.source },
  );
}

function firstValue(db: Database, table: TablePlan, { source }: ColumnPlan, skipped: number): SqliteValue {
  const name = quoteIdentifier(source);
  const sql = `SELECT ${name} FROM ${quoteIdentifier(table.source)} WHERE ${name} IS NOT NULL LIMIT 1 OFFSET ${skipped}`;
  return readSourceResult(db, { sql, values: [] }, 1).rows[0]?.[0] ?? null;
}
