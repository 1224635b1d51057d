import { isSameValue } from '../../encode/inverse/form.js';
import { must } from '../../model/error.js';
import type { CarriedTable, Uncarried } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import { escapeUnprintable, shorten } from '../../lib/printable.js';
import type { CarriedTableWriter } from '../../source/carry/table-writer.js';
import type { PrintedRow, RowChange } from '../../verify/carry/row-changes.js';
import type { ColumnCells } from './column-cells.js';

type CarryPlan = Omit<TablePlan, 'chunks'>;

/** Cells of one row by column, or why there are none. */
type Cells = { readonly columns: readonly string[]; readonly cells: readonly SqliteValue[] };

/** Writes the changes of one table into a copy, and collects what cannot be written. */
export class TableCarrier {
  readonly uncarried: Uncarried[] = [];
  readonly #table: CarryPlan;
  /** Indexes of the columns that are written; SQLite computes generated ones itself. */
  readonly #own: ReadonlySet<number>;
  readonly #writer: CarriedTableWriter;
  readonly #columns: ColumnCells;
  readonly #counts = { inserted: 0, updated: 0, deleted: 0 };

  constructor(table: CarryPlan, source: SourceTable, writer: CarriedTableWriter, columns: ColumnCells) {
    this.#table = table;
    const written = new Set(source.columns.filter(({ generated }) => generated === 'no').map(({ name }) => name));
    this.#own = new Set([...table.columns.keys()].filter((index) => written.has(table.columns[index]?.source ?? '')));
    this.#writer = writer;
    this.#columns = columns;
  }

  /** Deleted rows go first: their keys may be taken again. */
  carry(changes: readonly RowChange[]): void {
    for (const change of changes) if (change.tag === 'deleted') this.#delete(change);
    for (const change of changes) if (change.tag === 'updated') this.#update(change);
    for (const change of changes) {
      if (change.tag === 'inserted') this.#insert(change);
      if (change.tag === 'quarantined') {
        this.#refuse(change.printed, null, 'SQLite holds another row under this key, which stayed in quarantine');
      }
    }
  }

  finish(): CarriedTable {
    for (const { key, reason } of this.#writer.finish()) {
      this.uncarried.push({ table: this.#table.source, column: null, key, reason });
    }
    return { table: this.#table.source, ...this.#counts };
  }

  #delete({ address }: Extract<RowChange, { readonly tag: 'deleted' }>): void {
    this.#writer.delete(address);
    this.#counts.deleted += 1;
  }

  #update({ address, printed, columns }: Extract<RowChange, { readonly tag: 'updated' }>): void {
    const own = columns.filter((index) => this.#own.has(index));
    const [computed] = columns;
    if (own.length === 0 && computed !== undefined) {
      this.#refuse(printed, computed, `SQLite computes it, and not as ${shownText(printed[computed] ?? 'NULL')}`);
      return;
    }
    const row = this.#cellsOf(printed, own);
    if (row === null) return;
    const written = this.#writer.update(address, row.columns, row.cells, this.#keyOf(printed));
    this.#check(written, printed, row, own);
    this.#counts.updated += 1;
  }

  #insert({ printed }: Extract<RowChange, { readonly tag: 'inserted' }>): void {
    const own = [...this.#own];
    const row = this.#cellsOf(printed, own);
    if (row === null) return;
    const written = this.#writer.insert(row.columns, row.cells, this.#keyOf(printed));
    this.#check(written, printed, row, own);
    this.#counts.inserted += 1;
  }

  #cellsOf(printed: PrintedRow, columns: readonly number[]): Cells | null {
    const cells: SqliteValue[] = [];
    for (const index of columns) {
      const text = printed[index] ?? null;
      const writer = text === null ? null : this.#columns.writerOf(index);
      const cell = text === null || writer === null ? null : writer.write(text);
      if (cell === undefined) {
        const { unwritable, forms } = must(writer, 'writer of a cell');
        const why =
          unwritable === null
            ? `${shownText(text ?? '')} has no cell among ${forms.join(' or ')}`
            : `its values have a form that cannot be written, such as ${shownText(String(unwritable))}`;
        this.#refuse(printed, index, why);
        return null;
      }
      cells.push(cell);
    }
    return { columns: columns.map((index) => must(this.#table.columns[index], 'column').source), cells };
  }

  #check(
    written: ReturnType<CarriedTableWriter['insert']>,
    printed: PrintedRow,
    { cells }: Cells,
    columns: readonly number[],
  ): void {
    if ('reason' in written) {
      this.#refuse(printed, null, written.reason);
      return;
    }
    for (const [i, cell] of cells.entries()) {
      const now = written.cells?.[i];
      const index = must(columns[i], 'column');
      if (now === undefined || isSameValue(now, cell) || isSameNumber(now, cell)) continue;
      if (typeof now !== 'string' && this.#columns.writerOf(index).means(now, printed[index] ?? '')) continue;
      this.#refuse(printed, index, `SQLite would keep ${shownText(shownCell(cell))} as ${shownText(shownCell(now))}`);
    }
    this.#checkComputed(written.computed, printed);
  }

  #checkComputed(computed: ReadonlyMap<string, SqliteValue>, printed: PrintedRow): void {
    for (const [index, { source, kind }] of this.#table.columns.entries()) {
      const now = computed.get(source);
      // Only the server knows how it prints a literal; the proof asks it.
      if (now === undefined || kind.tag === 'literal') continue;
      const text = printed[index] ?? null;
      const isSame = text === null || now === null ? text === now : this.#columns.writerOf(index).means(now, text);
      if (isSame) continue;
      const values = `${shownText(shownCell(now))}, where PostgreSQL has ${shownText(text ?? 'NULL')}`;
      this.#refuse(printed, index, `SQLite computes it as ${values}`);
    }
  }

  #refuse(printed: PrintedRow, index: number | null, reason: string): void {
    const column = index === null ? null : must(this.#table.columns[index], 'column').source;
    this.uncarried.push({ table: this.#table.source, column, key: this.#keyOf(printed), reason });
  }

  /** `a=1, b='x'` */
  #keyOf(printed: PrintedRow): string {
    const { key, columns } = this.#table;
    return key.columns
      .map((index) => {
        const text = printed[index] ?? null;
        const isNumber = text !== null && /^-?\d+(\.\d+)?$/.test(text) && columns[index]?.isTextual === false;
        return `${columns[index]?.source}=${text === null ? 'NULL' : isNumber ? text : `'${shownText(text)}'`}`;
      })
      .join(', ');
  }
}

const shownCharsMax = 60;

function shownCell(cell: SqliteValue): string {
  return Object.is(cell, -0) ? '-0' : String(cell);
}

function shownText(text: string): string {
  return shorten(escapeUnprintable(text), shownCharsMax);
}

/** SQLite keeps whole numbers of a REAL column as reals, and whole reals of an INTEGER column as integers. -0 is not 0. */
function isSameNumber(a: SqliteValue, b: SqliteValue): boolean {
  const areNumbers = [a, b].every((one) => typeof one === 'number' || typeof one === 'bigint');
  return areNumbers && Object.is(Number(a), Number(b));
}
