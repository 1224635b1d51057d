import { foldCase } from '../lib/fold-case.js';
import type { EpochUnit } from '../model/kind.js';
import type { SourceCatalog } from '../model/source.js';
import { epochMarkOf } from '../plan/kinds/epoch-mark.js';
import { recogniseFramework } from '../source/catalog/frameworks.js';

/** What a database shows as a whole about the meaning of its columns. */
export interface SourceMarks {
  /** The epoch that its tables show by their names, or null. */
  readonly epoch: EpochUnit | null;
  /** The name of the framework that made it, or null. */
  readonly framework: string | null;
  /** Columns that foreign keys find whole numbers in: those of integer affinity; see `columnId`. */
  readonly integerKeys: ReadonlySet<string>;
}

/** A column of the database in one text, without case. */
export function columnId(table: string, column: string): string {
  return `${foldCase(table)}\0${foldCase(column)}`;
}

/** Reads the marks off the catalog. */
export function marksOf(source: SourceCatalog): SourceMarks {
  const integers = source.tables.flatMap(({ name, columns }) =>
    columns.filter(({ affinity }) => affinity === 'integer').map((column) => columnId(name, column.name)),
  );
  return {
    epoch: epochMarkOf(source),
    framework: recogniseFramework(source)?.name ?? null,
    integerKeys: new Set(integers),
  };
}
