import type { Chunk, ForeignKeyViolation, SourceCatalog, TableCensus } from '../model.js';
import type { Threads } from '../pool/threads.js';
import { readSourceCatalog } from '../source/catalog.js';
import { cutTable } from '../source/cuts.js';
import { readDatabaseHeader } from '../source/header.js';
import { withSource } from '../source/open.js';
import { findForeignKeyViolations } from '../source/violations.js';
import { must } from '../errors.js';

/** What there is to know about a snapshot before planning. */
export interface Survey {
  readonly catalog: SourceCatalog;
  readonly census: readonly TableCensus[];
  readonly violations: readonly ForeignKeyViolation[];
  readonly chunks: ReadonlyMap<string, readonly Chunk[]>;
}

/** Reads the catalog of a snapshot. */
export async function readCatalog(snapshotPath: string): Promise<SourceCatalog> {
  const { reservedBytes } = readDatabaseHeader(snapshotPath);
  return await withSource(snapshotPath, (db) => readSourceCatalog(db, reservedBytes));
}

/** Counts every column on the threads while this thread checks the foreign keys; then cuts the tables into chunks. */
export async function surveySource(request: {
  readonly snapshotPath: string;
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  readonly chunkBytes: number;
}): Promise<Survey> {
  const { snapshotPath, catalog, threads, chunkBytes } = request;
  const counting = Promise.all(
    catalog.tables.map((table) => threads.run<TableCensus>('census', { snapshotPath, table })),
  );
  return await withSource(snapshotPath, async (db) => {
    const { violations } = findForeignKeyViolations(db, catalog);
    const census = await counting;
    const chunks = new Map<string, readonly Chunk[]>();
    catalog.tables.forEach((table, index) => {
      const { rows } = must(census[index], 'census');
      chunks.set(table.name, cutTable({ db, snapshotPath, table, rows, chunkBytes }));
    });
    return { catalog, census, violations, chunks };
  });
}
