import { assert } from '../../model/error.js';
import type { SourceCatalog, SourceColumn, SourceTable } from '../../model/source.js';
import { type DefaultValue, readDefault } from './column-default.js';

/** The position of one column in the records of its table. */
export interface PageColumn {
  readonly name: string;
  /** Position in the record; null for the rowid alias, whose value is the cell's rowid. */
  readonly position: number | null;
  /** REAL affinity: integers on disk come out as reals (https://www.sqlite.org/fileformat2.html section 2.3). */
  readonly isReal: boolean;
  /** What a record that is too short to have this column holds instead. */
  readonly absent: DefaultValue;
}

/** What the page reader must know about a table beyond its plan. Plain data: it travels in the job. */
export interface PageLayout {
  readonly columns: readonly PageColumn[];
}

export type PageChoice =
  | { readonly tag: 'pages'; readonly layout: PageLayout }
  | { readonly tag: 'rows'; readonly reason: string };

/**
 * Decides whether the page reader can read `table` (https://www.sqlite.org/fileformat2.html sections 2.1 and 2.3).
 * `columns` are the names that will be read; all columns without it. `reason` is for the printed plan.
 */
export function choosePages(
  table: SourceTable,
  catalog: SourceCatalog,
  columns: readonly string[] = table.columns.map((column) => column.name),
): PageChoice {
  const reason = refuse(table, catalog, columns);
  if (reason !== null) return { tag: 'rows', reason };
  const absent = readDefaults(table);
  if (typeof absent === 'string') return { tag: 'rows', reason: absent };
  return { tag: 'pages', layout: { columns: layOutColumns(table, absent) } };
}

function refuse(table: SourceTable, catalog: SourceCatalog, columns: readonly string[]): string | null {
  if (catalog.encoding !== 'UTF-8') return `the database is in ${catalog.encoding}, pages are read in UTF-8 only`;
  if (table.isWithoutRowid) return 'a WITHOUT ROWID table is kept in an index b-tree';
  if (table.rootPage < 1) return 'the table has no b-tree of its own';
  const virtual = table.columns.find((column) => column.generated === 'virtual' && columns.includes(column.name));
  return virtual === undefined ? null : `column "${virtual.name}" is computed when read (VIRTUAL)`;
}

/** Default per column, or why one of them is not known. */
function readDefaults(table: SourceTable): readonly DefaultValue[] | string {
  const values: DefaultValue[] = [];
  for (const { name, affinity, defaultSql } of table.columns) {
    const value = defaultSql === null ? { tag: 'null' as const } : readDefault(affinity, defaultSql);
    if (value === null) return `the default of column "${name}" is not understood: ${defaultSql}`;
    values.push(value);
  }
  return values;
}

/**
 * A record has the columns of the table in order, without the virtual ones. The rowid alias has a position too, which
 * holds NULL.
 */
function layOutColumns(table: SourceTable, absent: readonly DefaultValue[]): PageColumn[] {
  const columns: PageColumn[] = [];
  let position = 0;
  for (const [i, column] of table.columns.entries()) {
    if (column.generated === 'virtual') continue;
    columns.push(layOutColumn(table, column, position, absent[i]));
    position++;
  }
  return columns;
}

function layOutColumn(
  table: SourceTable,
  column: SourceColumn,
  position: number,
  absent: DefaultValue | undefined,
): PageColumn {
  assert(absent !== undefined, `no default for column ${column.name}`);
  const isAlias = column.name === table.rowidAlias;
  return { name: column.name, position: isAlias ? null : position, isReal: column.affinity === 'real', absent };
}
