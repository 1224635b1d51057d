import type { CopyJob } from '../../workers/copy.js';
import { must } from '../errors.js';
import type { Chunk, ChunkResult, Progress, SourceCatalog } from '../model.js';
import { coordinate } from '../pool/coordinator.js';
import { choosePages, type PageLayout } from '../source/pages-layout.js';
import { isRetryable } from '../target/errors.js';
import type { LoadRequest } from './load.js';

const progressEveryMs = 250;

export interface CopyListener {
  readonly onChunk: (result: ChunkResult) => void;
  readonly onTable: (table: string, results: readonly ChunkResult[]) => void;
}

/** Sends every chunk that the ledger does not hold to the threads, and tells the progress meanwhile. */
export async function copyChunks(request: LoadRequest, isBarrier: boolean, listener: CopyListener): Promise<void> {
  const { plan, context, threads, counters, done, signal } = request;
  const { settings, journal } = context;
  const jobOf = createJobs(request);
  const inWork = new Map<string, number>();
  const tablesDone = new Set<string>();
  const rowsBefore = done.reduce((sum, result) => sum + result.rows, 0);
  const ticker = setInterval(() => journal.tell({ tag: 'progress', progress: progressNow() }), progressEveryMs);
  const progressNow = (): Progress => ({
    rows: rowsBefore + counters.total().rows,
    rowsTotal: plan.tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: counters.total().bytes,
    tablesInWork: [...inWork.keys()],
    tablesDone: tablesDone.size,
    tablesTotal: plan.tables.length,
  });
  counters.markStart(process.hrtime.bigint());
  try {
    await coordinate({
      layers: plan.layers,
      chunks: new Map(plan.tables.map((table) => [table.source, table.chunks])),
      isBarrier,
      done: groupByTable(done),
      concurrency: Math.min(settings.connections, settings.workers),
      isRetryable,
      runJob: async (chunk) => {
        inWork.set(chunk.table, (inWork.get(chunk.table) ?? 0) + 1);
        try {
          return await threads.run<ChunkResult>('copy', jobOf(chunk));
        } finally {
          const left = (inWork.get(chunk.table) ?? 1) - 1;
          if (left === 0) inWork.delete(chunk.table);
          else inWork.set(chunk.table, left);
        }
      },
      onChunkDone: listener.onChunk,
      onRetry: (chunk, tryNumber, error) => {
        const why = error instanceof Error ? error.message : String(error);
        journal.warn(`chunk ${chunk.index} of ${chunk.table}: ${why}; try ${tryNumber}`);
      },
      onTableDone: (table, results) => {
        tablesDone.add(table);
        listener.onTable(table, results);
      },
      signal,
    });
    journal.tell({ tag: 'progress', progress: progressNow() });
  } finally {
    clearInterval(ticker);
  }
}

function groupByTable(results: readonly ChunkResult[]): Map<string, ChunkResult[]> {
  const byTable = new Map<string, ChunkResult[]>();
  for (const result of results) {
    const ofTable = byTable.get(result.table) ?? [];
    byTable.set(result.table, ofTable);
    ofTable.push(result);
  }
  return byTable;
}

/** Makes the job of a chunk; what is the same for all chunks of a table is made once. */
function createJobs(request: LoadRequest): (chunk: Chunk) => CopyJob {
  const { plan, context, ticket, snapshot, catalog } = request;
  const { nullSentinel, allowSentinel, blockBytes } = context.settings;
  const tables = new Map(
    plan.tables.map(({ chunks, ...table }) => {
      return [table.source, { table, layout: table.reader === 'pages' ? layoutOf(table.source, catalog) : null }];
    }),
  );
  return (chunk) => ({
    ...must(tables.get(chunk.table), `plan of ${chunk.table}`),
    snapshotPath: snapshot.path,
    runId: ticket.runId,
    token: ticket.token,
    chunk,
    sentinel: nullSentinel,
    allowSentinel,
    blockBytes,
  });
}

function layoutOf(name: string, catalog: SourceCatalog): PageLayout {
  const choice = choosePages(
    must(
      catalog.tables.find((table) => table.name === name),
      `table ${name}`,
    ),
    catalog,
  );
  if (choice.tag === 'pages') return choice.layout;
  throw new Error(`assertion failed: ${name} was planned for the page reader, but ${choice.reason}`);
}
