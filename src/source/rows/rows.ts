import type { Database } from '../sqlite.js';
import type { ChunkRange } from '../../model/plan.js';
import type { RowView } from '../../model/value.js';
import { RowFiller } from './row-filler.js';
import { fillTrueRow, plainQuery, type TableToRead, type RowQuery, trueQuery } from './rows-sql.js';
import { readEncoding } from '../catalog/catalog.js';
import { translateSqliteError } from '../source-error.js';

/**
 * Streams the rows of one chunk in b-tree order: rowid order, or key order WITHOUT ROWID. The columns are exactly
 * `table.columns`, in order. The same view is filled again for each row, so nothing may keep it or its buffers.
 *
 * It reads in two ways. The first takes integers as bigint (5 % dearer than doubles, and never wrong: a number is then a
 * REAL) and texts as strings. A string cannot show invalid UTF-8: every bad byte becomes U+FFFD. So at the first U+FFFD
 * the chunk is read on from that row in the second way, with every text as its own bytes, which is slower and always true.
 * Both statements scan the same b-tree of an immutable snapshot in the same order, so the rows already given are skipped.
 *
 * Memory: the largest row, twice. Errors: those of `translateSqliteError`, data.row_too_large.
 */
export function* readRows(db: Database, table: TableToRead, range: ChunkRange): Generator<RowView> {
  const filler = new RowFiller(table.source, table.columns.length);
  try {
    let rowCount = 0;
    let isTrue = true;
    for (const row of iterate(db, plainQuery(table, range))) {
      isTrue = filler.fill(row);
      if (!isTrue) break;
      rowCount++;
      yield filler.view;
    }
    if (isTrue) return;
    const encoding = readEncoding(db);
    for (const row of iterate(db, trueQuery(table, range, rowCount))) {
      fillTrueRow(filler, row, table.columns.length, encoding);
      yield filler.view;
    }
  } catch (error) {
    throw translateSqliteError(error, db.name);
  }
}

function iterate(db: Database, { sql, bounds }: RowQuery): IterableIterator<unknown[]> {
  return db
    .prepare<unknown[], unknown[]>(sql)
    .raw()
    .safeIntegers()
    .iterate(...bounds);
}
