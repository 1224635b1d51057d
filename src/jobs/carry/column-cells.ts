import { CellWriter } from '../../encode/inverse/inverse.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { readSqliteLiteral } from '../../lib/sqlite-literal.js';
import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SqliteValue } from '../../model/value.js';
import type { Database } from '../../source/sqlite.js';

/** How many cells of a column are looked at for its form, the youngest first: they show what the application writes now. */
const evidenceMax = 1000;
/** How many rows are read for that at first. */
const rowsMax = 10_000;
/** So few cells show the form of a column that is rarely filled, for which all rows are read until they are found. */
const rareMax = 20;
/** Longer cells are no evidence that is worth reading. */
const evidenceBytesMax = 65_536;

/** By column of the source: a cell in the form to write, as a literal of SQLite. */
export type CellLikes = Readonly<Record<string, string>>;

type FormTable = Pick<TablePlan, 'source' | 'columns' | 'rowidName' | 'isWithoutRowid'>;

/** The writers of a table's columns, each made when it is first asked for, from the cells that the snapshot holds. */
export class ColumnCells {
  readonly #db: Database;
  readonly #table: FormTable;
  readonly #looksFar: boolean;
  readonly #likes: CellLikes;
  readonly #empty: readonly string[];
  readonly #writers = new Map<number, CellWriter>();

  /** `looksFar`: more rows are read of a column that has no value in its youngest ones. `empty`: columns without any value. */
  constructor(
    db: Database,
    table: FormTable,
    {
      looksFar,
      likes,
      empty,
    }: { readonly looksFar: boolean; readonly likes: CellLikes; readonly empty: readonly string[] },
  ) {
    this.#db = db;
    this.#table = table;
    this.#looksFar = looksFar;
    this.#likes = likes;
    this.#empty = empty;
  }

  writerOf(index: number): CellWriter {
    const known = this.#writers.get(index) ?? this.#learn(index);
    this.#writers.set(index, known);
    return known;
  }

  #learn(index: number): CellWriter {
    const column = must(this.#table.columns[index], 'column');
    const like = this.#likes[column.source];
    const writer = new CellWriter(column, like === undefined ? null : (readSqliteLiteral(like) ?? null));
    if (this.#empty.includes(column.source)) return writer;
    const { source, rowidName, isWithoutRowid } = this.#table;
    const name = quoteIdentifier(column.source);
    const order = isWithoutRowid || rowidName === null ? '' : ` ORDER BY ${quoteIdentifier(rowidName)} DESC`;
    const table = `main.${quoteIdentifier(source)}`;
    const learn = (from: string, cells: number) => {
      const sql = `SELECT ${name} FROM ${from} WHERE ${name} IS NOT NULL AND octet_length(${name}) <= ${evidenceBytesMax} LIMIT ${cells}`;
      for (const cell of this.#db.prepare<[], SqliteValue>(sql).pluck().safeIntegers().iterate()) writer.learn(cell);
    };
    learn(`(SELECT ${name} FROM ${table}${order} LIMIT ${rowsMax})`, evidenceMax);
    if (!writer.hasLearnt && this.#looksFar) learn(`(SELECT ${name} FROM ${table}${order})`, rareMax);
    return writer;
  }
}
