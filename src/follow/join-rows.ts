import { quoteIdentifier } from '../lib/quote.js';
import type { TablePlan } from '../model/plan.js';
import type { RowView } from '../model/value.js';
import { readEncoding } from '../source/catalog/catalog.js';
import { RowFiller } from '../source/rows/row-filler.js';
import { fillTrueRow, flagsPerColumn } from '../source/rows/rows-sql.js';
import { translateSqliteError } from '../source/source-error.js';
import type { Database } from '../source/sqlite.js';

/** Arguments of a function at once: under SQLITE_MAX_FUNCTION_ARG (1000). */
const termsPerCall = 400;

export interface JoinedSide {
  readonly side: 'old' | 'now';
  /** All rows, whatever the other file holds. */
  readonly isWhole: boolean;
}

/**
 * The rows of one of two files that the other does not hold unchanged, by SQL: `db` is the newer file, with the older one
 * attached as `base`. Rows are matched by rowid, or by key in a table WITHOUT ROWID, and compared cell by cell: by storage
 * class, by bytes, and zero by its sign. Memory: the largest row, twice. Errors: those of `translateSqliteError`.
 */
export function* readByJoin(
  db: Database,
  table: Omit<TablePlan, 'chunks'>,
  joined: JoinedSide,
): Generator<RowView, void, void> {
  const filler = new RowFiller(table.source, table.columns.length);
  try {
    const encoding = readEncoding(db);
    const rows = db.prepare<unknown[], unknown[]>(joinSql(table, joined)).raw().safeIntegers().iterate();
    for (const row of rows) {
      fillTrueRow(filler, row, table.columns.length, encoding);
      yield filler.view;
    }
  } catch (error) {
    throw translateSqliteError(error, db.name);
  }
}

/** Whether the two files' rows can be matched in SQL; where not, all rows are read. */
export function canJoin({ isWithoutRowid, rowidName, sourceKey }: Omit<TablePlan, 'chunks'>): boolean {
  return isWithoutRowid ? sourceKey.length > 0 : rowidName !== null;
}

function joinSql(table: Omit<TablePlan, 'chunks'>, { side, isWhole }: JoinedSide): string {
  const name = quoteIdentifier(table.source);
  const [here, there] = side === 'now' ? ['main', 'base'] : ['base', 'main'];
  const columns = table.columns.map(({ source }) => quoteIdentifier(source));
  const values = columns.map((c) => `CASE typeof(a.${c}) WHEN 'text' THEN CAST(a.${c} AS BLOB) ELSE a.${c} END`);
  const flags = groups(
    columns.map((c) => `typeof(a.${c}) = 'text'`),
    flagsPerColumn,
  ).map((group) => `concat(${group.join(', ')})`);
  const select = `SELECT ${[...values, ...flags].join(', ')} FROM ${here}.${name} AS a NOT INDEXED`;
  if (isWhole) return select;
  const keys = table.isWithoutRowid ? table.sourceKey : [table.rowidName ?? 'rowid'];
  const match = keys.map((key) => `a.${quoteIdentifier(key)} = b.${quoteIdentifier(key)}`).join(' AND ');
  const differs = groups(columns.flatMap(differences), termsPerCall).map((group) => `max(0, ${group.join(', ')})`);
  const any = differs.map((term) => `(${term})`).join(' + ');
  return `${select} LEFT JOIN ${there}.${name} AS b ON ${match}
    WHERE b.${quoteIdentifier(keys[0] ?? 'rowid')} IS NULL OR ${any} > 0`;
}

/** 0 and −0 are equal for SQLite, but not the angle to them. */
function differences(column: string): string[] {
  const [a, b] = [`a.${column}`, `b.${column}`];
  return [
    `typeof(${a}) <> typeof(${b})`,
    `${a} COLLATE BINARY IS NOT ${b} COLLATE BINARY`,
    `(typeof(${a}) = 'real' AND ${a} = 0 AND coalesce(atan2(${a}, -1) <> atan2(${b}, -1), 0))`,
  ];
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
