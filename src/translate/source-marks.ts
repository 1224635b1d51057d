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
}

/** Reads the marks off the catalog. */
export function marksOf(source: SourceCatalog): SourceMarks {
  return { epoch: epochMarkOf(source), framework: recogniseFramework(source)?.name ?? null };
}
