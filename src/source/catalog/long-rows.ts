import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import type { Database } from '../sqlite.js';
import { keyText } from './violations.js';

/** Columns whose values of one row come to more than so many bytes. */
export interface LongRowLook {
  readonly table: SourceTable;
  readonly columns: readonly string[];
  readonly bytesMin: number;
  readonly max: number;
}

export interface LongRow {
  readonly values: readonly SqliteValue[];
  readonly key: string;
}

/** Of a longer value only its beginning is given: no compression makes so much fit into a row of an index. */
const charsMax = 720_000;

/** Rows of the snapshot with such values, the longest first. One pass. */
export function findLongRows(db: Database, { table, columns, bytesMin, max }: LongRowLook): LongRow[] {
  const names = columns.map((name) => `c.${quoteIdentifier(name)}`);
  const size = names.map((name) => `coalesce(length(CAST(${name} AS BLOB)), 0)`).join(' + ');
  const values = names.map(
    (name) => `CASE WHEN length(${name}) > ${charsMax} THEN substr(${name}, 1, ${charsMax}) ELSE ${name} END`,
  );
  const sql = `SELECT ${values.join(', ')}, ${keyText(table)}, ${size} AS size FROM ${quoteIdentifier(table.name)} AS c
    WHERE size > ${bytesMin} ORDER BY size DESC LIMIT ${max}`;
  const rows = db.prepare<[], SqliteValue[]>(sql).safeIntegers(true).raw().all();
  return rows.map((row) => ({ values: row.slice(0, columns.length), key: String(row[columns.length]) }));
}
