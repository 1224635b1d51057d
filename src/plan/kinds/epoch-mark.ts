import { foldCase } from '../../lib/fold-case.js';
import type { EpochUnit } from '../../model/kind.js';
import type { SourceCatalog } from '../../model/source.js';

/** Core Data's own tables: a database that has them counts its times from 2001. */
const cocoaTables = ['Z_METADATA', 'Z_PRIMARYKEY'];

/** The epoch that the tables of a database show by their names, or null. */
export function epochMarkOf({ tables }: Pick<SourceCatalog, 'tables'>): EpochUnit | null {
  const names = new Set(tables.map(({ name }) => foldCase(name)));
  return cocoaTables.some((name) => names.has(foldCase(name))) ? 'cocoa' : null;
}
