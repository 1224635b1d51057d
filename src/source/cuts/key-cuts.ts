import { isBuiltInCollation } from '../../lib/collation.js';
import type { Database } from '../sqlite.js';
import type { BoundValue } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { fromBound, keyTuple, toBound } from '../rows/bound.js';
import { quoteIdentifier } from '../../lib/quote.js';

/**
 * Keys that cut a WITHOUT ROWID table into `pieces` of nearly equal row counts, found by skipping along the key order:
 * one ordered scan in all. Empty where cutting would not be exact or not cheap: a boundary that is no plain value
 * (an infinity, text that is not valid), a descending key, a collation of the application's own.
 */
export function findKeyCuts(db: Database, table: SourceTable, rows: number, pieces: number): BoundValue[][] {
  const step = Math.ceil(rows / pieces);
  if (!isCuttable(table) || step < 1) return [];
  const key = keyTuple(table.primaryKey);
  const names = table.primaryKey.map(quoteIdentifier);
  const holes = names.map(() => '?').join(', ');
  const select = (where: string): string =>
    `SELECT ${names.join(', ')} FROM ${quoteIdentifier(table.name)} ${where} ORDER BY ${names.join(', ')} LIMIT 1 OFFSET ${step - 1}`;
  const first = db.prepare<unknown[], unknown[]>(select('')).raw().safeIntegers();
  const next = db
    .prepare<unknown[], unknown[]>(select(`WHERE ${key} > (${holes})`))
    .raw()
    .safeIntegers();
  const cuts: BoundValue[][] = [];
  while (cuts.length < pieces - 1) {
    const last = cuts.at(-1);
    const values = last === undefined ? first.get() : next.get(...last.map(fromBound));
    if (values === undefined) break;
    const bounds = values.map(toBound);
    if (bounds.includes(null)) return [];
    cuts.push(bounds.filter((bound) => bound !== null));
  }
  return cuts;
}

function isCuttable(table: SourceTable): boolean {
  const key = table.indexes.find(({ origin }) => origin === 'pk');
  if (key === undefined) return false;
  return key.columns.every(({ descending, collation }) => !descending && isBuiltInCollation(collation));
}
