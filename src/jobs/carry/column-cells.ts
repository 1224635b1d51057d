import { CellWriter } from '../../encode/inverse/inverse.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SqliteValue } from '../../model/value.js';
import type { Database } from '../../source/sqlite.js';

/** How many cells of a column are looked at for its form, the youngest first: they show what the application writes now. */
const evidenceMax = 1000;
/** Longer cells are no evidence that is worth reading. */
const evidenceBytesMax = 65_536;

type FormTable = Pick<TablePlan, 'source' | 'columns' | 'rowidName' | 'isWithoutRowid'>;

/** The writers of a table's columns, each made when it is first asked for, from the cells that the snapshot holds. */
export class ColumnCells {
  readonly #db: Database;
  readonly #table: FormTable;
  readonly #writers = new Map<number, CellWriter>();

  constructor(db: Database, table: FormTable) {
    this.#db = db;
    this.#table = table;
  }

  writerOf(index: number): CellWriter {
    const known = this.#writers.get(index) ?? this.#learn(index);
    this.#writers.set(index, known);
    return known;
  }

  #learn(index: number): CellWriter {
    const column = must(this.#table.columns[index], 'column');
    const writer = new CellWriter(column);
    const { source, rowidName, isWithoutRowid } = this.#table;
    const name = quoteIdentifier(column.source);
    const order = isWithoutRowid || rowidName === null ? '' : ` ORDER BY ${quoteIdentifier(rowidName)} DESC`;
    const cells = this.#db
      .prepare<[], SqliteValue>(
        `SELECT ${name} FROM main.${quoteIdentifier(source)} WHERE ${name} IS NOT NULL AND octet_length(${name}) <= ${evidenceBytesMax}${order} LIMIT ${evidenceMax}`,
      )
      .pluck()
      .safeIntegers();
    for (const cell of cells.iterate()) writer.learn(cell);
    return writer;
  }
}
