import type { SqliteValue } from '../../model/value.js';
import type { Samples } from '../../shadow/derive-reads.js';
import type { ShadowColumn, ShadowTable } from '../../shadow/read.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { withSource } from '../../source/open.js';
import { readSourceResult } from '../../source/verify/result.js';

type Database = Parameters<typeof readSourceResult>[0];

/** At most this many rows of a table are skipped to reach its middle. */
const skippedRowsMax = 100_000;
const lookedAtRows = 5000;
const groupsMax = 20;
const groupCandidatesMax = 20;

/** Finds values in the snapshot that reads can ask for, and columns that have few distinct values. */
export async function takeSamples(snapshotPath: string, tables: readonly ShadowTable[]): Promise<Samples> {
  return await withSource(snapshotPath, (db) => {
    const rows = new Map(tables.map((table) => [table.source, sampleRow(db, table)]));
    const groups = new Map(tables.map((table) => [table.source, groupColumn(db, table)]));
    return {
      rowOf: (table) => rows.get(table) ?? new Map(),
      groupedBy: (table) => groups.get(table) ?? null,
    };
  });
}

/** A row from about the middle of the table; of some there, one with as few NULLs as possible. */
function sampleRow(db: Database, table: ShadowTable): ReadonlyMap<string, SqliteValue> {
  const children = table.foreignKeys.flatMap(({ pairs }) => pairs.map(([child]) => child));
  const columns = [...new Set([...table.key, ...children])];
  if (columns.length === 0) return new Map();
  const names = columns.map(({ source }) => quoteIdentifier(source));
  const nulls = names.map((name) => `(${name} IS NULL)`).join(' + ');
  const skipped = Math.min(table.rows >> 1, skippedRowsMax);
  const looked = `SELECT ${names.join(', ')} FROM ${quoteIdentifier(table.source)} LIMIT ${lookedAtRows} OFFSET ${skipped}`;
  const sql = `SELECT * FROM (${looked}) ORDER BY ${nulls} LIMIT 1`;
  const [row] = readSourceResult(db, { sql, values: [] }, 1).rows;
  return new Map(columns.map(({ source }, i) => [source, row?.[i] ?? null]));
}

/** Booleans and enums first, then other columns in which few values are found. */
function groupColumn(db: Database, table: ShadowTable): ShadowColumn | null {
  const ranks = ['bool', 'enum', 'text', 'char', 'int2', 'int4', 'int8'];
  const candidates = table.columns
    .filter((column) => column.order !== null && ranks.includes(column.kind.tag) && !table.key.includes(column))
    .sort((a, b) => ranks.indexOf(a.kind.tag) - ranks.indexOf(b.kind.tag))
    .slice(0, groupCandidatesMax);
  return candidates.find((column) => hasFewValues(db, table, column)) ?? null;
}

function hasFewValues(db: Database, table: ShadowTable, { source }: ShadowColumn): boolean {
  const name = quoteIdentifier(source);
  const looked = `SELECT ${name} FROM ${quoteIdentifier(table.source)} LIMIT ${lookedAtRows}`;
  const sql = `SELECT count(*) FROM (SELECT DISTINCT ${name} FROM (${looked}) LIMIT ${groupsMax + 1})`;
  const [row] = readSourceResult(db, { sql, values: [] }, 1).rows;
  const count = Number(row?.[0] ?? 0);
  return count >= 2 && count <= groupsMax;
}
