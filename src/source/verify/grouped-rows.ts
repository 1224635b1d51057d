import { quoteIdentifier } from '../../lib/quote.js';
import { assert } from '../../model/error.js';
import { type CellBatch, Storage } from '../../model/value.js';
import type { Database, PreparedStatement } from '../sqlite.js';
import { Filling } from './filling.js';
import {
  exactRealsOf,
  isUniformSql,
  likelyUniformOf,
  type Packing,
  packedSql,
  packingOf,
  packingOfAny,
  realSql,
  type SourceTableToVerify,
  selectSql,
  sizeSql,
} from './packed-sql.js';
import { readRefusal } from './read-failure.js';

/**
 * Reads a table by groups of rows in the order of their rowids, each group packed into one value by SQLite: handing a
 * blob over for every row costs more than packing it. A group with a row too large for that is read row by row, so that
 * memory never holds more than one such row. Columns of numbers are packed without class and length, which costs half,
 * and columns of texts without class; a group with another value there is packed anew with both. The exact doubles of a group are asked for only in columns
 * where it has reals, or of which nothing is packed because only the doubles are wanted.
 *
 * A group is a range of rowids where most of them are there, since SQLite then packs each row as it meets it; else it is the
 * next rows, which costs an eighth more.
 */

const rowsPerGroup = 512;
/** A larger row is not packed together with others. */
const groupedRowBytes = 4096;
/** SQLite bounds the depth of an expression (1000), and a sum is as deep as it is long. */
const groupedColumnsMax = 200;
const lowestRowid = -(2n ** 63n);
const highestRowid = 2n ** 63n - 1n;

/** Of so many groups one may have been read in vain as a range. */
const groupsPerVainRange = 8;

interface Group {
  readonly packed: Buffer;
  readonly packing: Packing;
  readonly rows: number;
  readonly from: bigint;
  readonly through: bigint;
}

/** The table's name for its rowid, where it can be read in groups, or null. UTF-16 files pack rows as text, one by one. */
export function groupedBy(table: SourceTableToVerify, isUtf16: boolean): string | null {
  return isUtf16 || table.columns.length > groupedColumnsMax ? null : (table.rowidName ?? null);
}

/** Yields every row of the table; the same batch object is filled again each time. Memory: one batch, or the largest row. */
export function* readGroupedCells(db: Database, table: SourceTableToVerify, rowidName: string): Generator<CellBatch> {
  const reals = exactRealsOf(table);
  const filling = new Filling(table.columns.length, reals, false);
  const next = nextGroups(db, table, rowidName);
  const doubles = doublesReader(db, table, rowidName);
  let single: PreparedStatement<[bigint, bigint], unknown[]> | null = null;
  for (let group = next(lowestRowid); group !== null; ) {
    if ('packed' in group) {
      if (filling.isFullFor(group.rows)) yield filling.take().batch;
      const first = filling.addGroup(group.packed, group.rows, group.packing);
      for (const column of reals) addDoubles(filling.batch, { column, first, group }, doubles);
    } else {
      single ??= singleReader(db, table, { reals, rowidName });
      for (const row of single.iterate(group.from, group.through)) {
        if (filling.isFull()) yield filling.take().batch;
        filling.add(row);
      }
    }
    group = group.through === highestRowid ? null : next(group.through + 1n);
  }
  if (filling.batch.rowCount > 0) yield filling.take().batch;
}

type GreatGroup = Pick<Group, 'from' | 'through'>;

type GroupReader = (from: bigint) => Group | GreatGroup | null;

/** Gives the first group of rows at or after a rowid in the cheapest form that it can be packed in; null at the end. */
function nextGroups(db: Database, table: SourceTableToVerify, rowidName: string): GroupReader {
  const uniform = uniformColumns(db, table, rowidName);
  const packing = packingOf(table, uniform);
  const nextUniform = groupReader(db, table, rowidName, packing);
  const nextOfAny = uniform.length === 0 ? null : groupReader(db, table, rowidName, packingOfAny);
  const next = (from: bigint) => {
    const group = nextUniform(from);
    return group === null || 'packed' in group || nextOfAny === null ? group : nextOfAny(from);
  };
  return preferRanges(rangeReader(db, table, rowidName, packing), next);
}

/** Groups are read as ranges as long as that is hardly ever in vain, and the group before was nearly one. */
function preferRanges(rangeFrom: (from: bigint) => Group | null, next: GroupReader): GroupReader {
  let groups = 0;
  let inVain = 0;
  let isDense = false;
  return (from) => {
    groups += 1;
    if (isDense && inVain * groupsPerVainRange <= groups) {
      const range = rangeFrom(from);
      if (range !== null) return range;
      inVain += 1;
    }
    const group = next(from);
    isDense = group !== null && 'packed' in group && isDenseIn(group.rows, group);
    return group;
  };
}

function isDenseIn(rows: number, { from, through }: GreatGroup): boolean {
  return BigInt(rows) * 2n > through - from;
}

/** Packs the rows of a range of rowids that begins at one; null where few are there, or one does not fit. */
function rangeReader(db: Database, table: SourceTableToVerify, rowidName: string, packing: Packing) {
  // No index is asked for, so that the rows come in the order of their rowids.
  const rows = `FROM ${quoteIdentifier(table.source)} AS t NOT INDEXED WHERE t.${quoteIdentifier(rowidName)} BETWEEN ? AND ?`;
  const packed = `CAST(group_concat(${packedSql(table, false, packing)}, '') AS BLOB)`;
  const fitting = db
    .prepare<[bigint, bigint], [Buffer | null, number]>(
      `SELECT ${packed}, count(*) ${rows} AND ${fitsSql(table, packing)}`,
    )
    .raw();
  const all = db.prepare<[bigint, bigint], number>(`SELECT count(*) ${rows}`).pluck();
  return (from: bigint): Group | null => {
    const through = from + BigInt(rowsPerGroup - 1);
    if (through > highestRowid) return null;
    const [bytes = null, count = 0] = fitting.get(from, through) ?? [];
    if (bytes === null || !isDenseIn(count, { from, through })) return null;
    const isWhole = count === rowsPerGroup || count === all.get(from, through);
    return isWhole ? { packed: bytes, packing, rows: count, from, through } : null;
  };
}

/** A condition on a row of t: it is small enough for a group, and has nothing that cannot be packed so. */
function fitsSql(table: SourceTableToVerify, packing: Packing): string {
  const areUniform = [...packing.bare, ...packing.texts].map((index) => isUniformSql(table, index));
  return [`${sizeSql(table, packing)} <= ${groupedRowBytes}`, ...areUniform].join(' AND ');
}

/** The columns that hold nothing but what is likely in the first group. */
function uniformColumns(db: Database, table: SourceTableToVerify, rowidName: string): number[] {
  const likely = likelyUniformOf(table);
  if (likely.length === 0) return [];
  const rowid = `t.${quoteIdentifier(rowidName)}`;
  const tests = likely.map((index, i) => `${isUniformSql(table, index)} AS c${i}`).join(', ');
  const answers = db
    .prepare<[], (number | null)[]>(
      `SELECT ${likely.map((_, i) => `min(c${i})`).join(', ')} FROM (SELECT ${tests} FROM ${quoteIdentifier(table.source)} AS t ORDER BY ${rowid} LIMIT ${rowsPerGroup})`,
    )
    .raw()
    .get();
  return likely.filter((_, i) => answers?.[i] === 1);
}

/** Gives the first group of rows at or after a rowid: packed, or only its range where a row cannot be; null at the end. */
function groupReader(db: Database, table: SourceTableToVerify, rowidName: string, packing: Packing): GroupReader {
  const rowid = `t.${quoteIdentifier(rowidName)}`;
  const statement = db
    .prepare<[bigint], [Buffer | null, bigint | null, bigint, bigint]>(
      `SELECT CAST(group_concat(x, '') AS BLOB), max(r), count(*), count(x) FROM (SELECT CASE WHEN ${fitsSql(table, packing)} THEN ${packedSql(table, false, packing)} END AS x, ${rowid} AS r FROM ${quoteIdentifier(table.source)} AS t WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT ${rowsPerGroup})`,
    )
    .raw()
    .safeIntegers(true);
  return (from) => {
    const [packed = null, through = null, rows = 0n, packedRows = 0n] = statement.get(from) ?? [];
    if (through === null) return null;
    // Only a damaged tree gives rowids out of order; going on from there might never end.
    if (through < from) throw readRefusal(table.source, 'its rowids are out of order');
    return packed === null || packedRows < rows
      ? { from, through }
      : { packed, packing, rows: Number(rows), from, through };
  };
}

/** Gives one column of a group in the order of the rows: reals as doubles, anything else as null. */
function doublesReader(db: Database, table: SourceTableToVerify, rowidName: string) {
  const rowid = `t.${quoteIdentifier(rowidName)}`;
  const statements = new Map<string, PreparedStatement<[bigint, bigint], unknown>>();
  return (column: number, { from, through, packing }: Group): unknown[] => {
    const real = realSql(table, column, packing);
    const statement =
      statements.get(real) ??
      db
        .prepare<[bigint, bigint], unknown>(
          `SELECT ${real} FROM ${quoteIdentifier(table.source)} AS t WHERE ${rowid} BETWEEN ? AND ? ORDER BY ${rowid}`,
        )
        .pluck();
    statements.set(real, statement);
    return statement.all(from, through);
  };
}

function singleReader(
  db: Database,
  table: SourceTableToVerify,
  { reals, rowidName }: { readonly reals: readonly number[]; readonly rowidName: string },
): PreparedStatement<[bigint, bigint], unknown[]> {
  const rowid = `t.${quoteIdentifier(rowidName)}`;
  return db
    .prepare<[bigint, bigint], unknown[]>(
      `${selectSql(table, { reals, isUtf16: false })} WHERE ${rowid} BETWEEN ? AND ? ORDER BY ${rowid}`,
    )
    .raw();
}

/** Puts the doubles of a group into the batch where one of its cells in this column is a real, or nothing is packed of it. */
function addDoubles(
  batch: CellBatch,
  { column, first, group }: { readonly column: number; readonly first: number; readonly group: Group },
  read: ReturnType<typeof doublesReader>,
): void {
  const { packing, rows } = group;
  const isApart = packing.apart.has(column);
  const cellOf = (row: number) => (first + row) * batch.columnCount + column;
  let isWanted = isApart;
  for (let row = 0; row < rows && !isWanted; row += 1) isWanted = batch.storage[cellOf(row)] === Storage.Real;
  if (!isWanted) return;
  const values = read(column, group);
  assert(values.length === rows, 'a group has as many doubles as rows');
  for (let row = 0; row < rows; row += 1) {
    const cell = cellOf(row);
    const value = values[row];
    if (isApart) batch.storage[cell] = value === null ? Storage.Null : Storage.Real;
    const isReal = batch.storage[cell] === Storage.Real;
    assert(isReal ? typeof value === 'number' : value === null, 'a double belongs to each real');
    if (isReal) batch.number[cell] = value as number;
  }
}
