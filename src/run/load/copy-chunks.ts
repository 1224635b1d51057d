import type { CopyJob } from '../../copy/copy-job.js';
import { CopierError, must } from '../../model/error.js';
import type { ChunkResult } from '../../model/copy.js';
import type { Chunk } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import { hasPolicies } from '../../plan/rules/rules.js';
import { coordinate, type ServerCapacity } from '../../pool/coordinator.js';
import type { Counters } from '../../pool/counters.js';
import { isThreadGone } from '../../pool/threads.js';
import { choosePages, type PageLayout } from '../../source/pages/layout.js';
import { isRetryable, isTooMany } from '../../target/connection/errors.js';
import type { Journal } from '../journal.js';
import type { LoadRequest } from './load-request.js';
import type { CopyProgress } from './copy-progress.js';
import type { ConnectionSlots } from './connection-slots.js';
import { isSmallTable, togetherMax } from './small-tables.js';

/** After the run is told to stop, chunks in work may take this long to finish. Then they are rolled back. */
const stopGraceMs = 5_000;

export interface CopyListener {
  readonly onChunk: (result: ChunkResult) => void;
  readonly onTable: (table: string, results: readonly ChunkResult[]) => void;
}

export interface CopyResources {
  readonly isBarrier: boolean;
  readonly slots: ConnectionSlots;
  readonly progress: CopyProgress;
}

/** Sends every chunk that the ledger does not hold to the threads, and notes the progress meanwhile. */
export async function copyChunks(
  request: LoadRequest,
  { isBarrier, slots, progress }: CopyResources,
  listener: CopyListener,
): Promise<void> {
  const { plan, context, threads, counters, done, signal } = request;
  const { settings, journal } = context;
  const jobOf = createJobs(request, isBarrier);
  const limitMs = settings.stallTimeoutSeconds * 1000;
  counters.markStart(process.hrtime.bigint());
  const stopInTime = stopWithin(signal, counters);
  try {
    await coordinate({
      layers: plan.layers,
      chunks: new Map(plan.tables.map((table) => [table.source, table.chunks])),
      isBarrier,
      done: groupByTable(done),
      concurrency: () => slots.streams,
      moreMayStart: () => new Promise((resolve) => slots.onLimit(resolve)),
      onDemand: (wanted) => slots.want(wanted),
      isRetryable: (error) => isRetryable(error) || isThreadGone(error),
      capacityAfter: (error) => (isTooMany(error) ? useFewerSlots(slots, journal) : 'enough'),
      mayJoin: createJoin(request),
      runJob: async (chunks) => {
        const slot = slots.take();
        // Of tables that travel together none is long in work.
        const ends = chunks.length > 1 ? [] : chunks.map(({ table }) => progress.begin(table, slot));
        try {
          return await threads.run('copy', { jobs: chunks.map(jobOf), slot }, { counters, slot, limitMs });
        } finally {
          slots.giveBack(slot);
          for (const end of ends) end();
        }
      },
      onChunkDone: (result) => {
        progress.noteChunk(result);
        listener.onChunk(result);
      },
      onRetry: (chunks, tryNumber, error) => {
        const why = error instanceof Error ? error.message : String(error);
        const names = chunks.map(({ index, table }) => `chunk ${index} of ${table}`).join(', ');
        journal.warn(`${names}: ${why}; try ${tryNumber}`);
      },
      onTableDone: (table, results) => {
        progress.noteTable(table);
        listener.onTable(table, results);
      },
      signal,
    });
  } finally {
    stopInTime.close();
  }
}

/** After the signal, lets the chunks in work finish for a limited time; stops them at once where the run is lost. */
function stopWithin(signal: AbortSignal, counters: Counters): { readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => counters.stop(), signal.reason instanceof CopierError ? 0 : stopGraceMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    close: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/** The server has no connection free: continues with one chunk fewer at a time, down to one. */
function useFewerSlots(slots: ConnectionSlots, journal: Journal): ServerCapacity {
  if (!slots.shrink()) return 'none';
  journal.warn(`the server has no connection free: going on with chunks in work: ${slots.streams}`);
  return 'fewer';
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

/**
 * Small tables travel together. One in which a refused row does not stop the run travels alone, since all that travel
 * with such a row are copied twice.
 */
function createJoin({ plan }: LoadRequest): (job: readonly Chunk[], next: Chunk) => boolean {
  const small = new Set(
    plan.tables.filter((table) => isSmallTable(table) && !hasPolicies(table)).map(({ source }) => source),
  );
  return (job, next) => job.length < togetherMax && [...job, next].every(({ table }) => small.has(table));
}

/** Makes the job of a chunk; what is the same for all chunks of a table is made once. */
function createJobs(request: LoadRequest, isBarrier: boolean): (chunk: Chunk) => CopyJob {
  const { plan, context, ticket, snapshot, catalog } = request;
  const { nullSentinel, allowSentinel, blockBytes, keepConverted } = context.settings;
  const tables = new Map(
    plan.tables.map(({ chunks, ...table }) => {
      const layout = table.reader === 'pages' ? layoutOf(table.source, catalog) : null;
      const isSmall = isSmallTable(table);
      const mayFreeze = chunks.length === 1 && !isBarrier && !isSmall;
      const hasIndexes = isSmall && !plan.keepsConstraints;
      const keep = keepMax(keepConverted, chunks.length);
      return [table.source, { table, layout, mayFreeze, hasIndexes, keepConverted: keep }];
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

/** How many converted rows of each of so many parts are kept whole, so that those of all come to the setting; null: all. */
export function keepMax(setting: number | 'all', parts = 1): number | null {
  return setting === 'all' ? null : Math.ceil(setting / Math.max(1, parts));
}

/** The layout of the records of a table that was planned for the page reader. */
export function layoutOf(name: string, catalog: SourceCatalog): PageLayout {
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
