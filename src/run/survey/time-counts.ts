import type { TimesJob } from '../../jobs/times-job.js';
import type { ColumnCensus, TableCensus, TimeCounts } from '../../model/census.js';
import { must } from '../../model/error.js';
import type { Chunk } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import { needsTimeCounts } from '../../plan/kinds/time-votes.js';
import type { Threads } from '../../pool/threads.js';
import { readRanges } from '../../source/census/parts.js';
import { mergeTimes } from '../../source/census/times.js';
import { choosePages } from '../../source/pages/layout.js';
import { Counting } from './counting.js';

export interface TimeCountRequest {
  readonly snapshotPath: string;
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  readonly countsPages: boolean;
  readonly census: readonly TableCensus[];
  readonly chunks: ReadonlyMap<string, readonly Chunk[]>;
}

/** Which columns hold times: `open` where they are counted only if their extremes leave the unit open. */
export type WantedTimes = (table: SourceTable, column: string) => 'no' | 'open' | 'always';

function mustBeCounted(column: ColumnCensus, wanted: ReturnType<WantedTimes>): boolean {
  if (wanted === 'no' || column.times !== undefined || column.integers === 0) return false;
  return wanted === 'always' || needsTimeCounts(column);
}

/** The census again, with the integers counted by unit in those columns of times whose extremes leave their unit open. */
export async function addTimeCounts(request: TimeCountRequest, wanted: WantedTimes): Promise<TableCensus[]> {
  return await Promise.all(
    request.census.map(async (census) => {
      const table = tableOf(request, census);
      const open = census.columns
        .filter((column) => mustBeCounted(column, wanted(table, column.column)))
        .map(({ column }) => column);
      if (open.length === 0) return census;
      const counts = await countColumns(request, table, open);
      const columns = census.columns.map((column) => {
        const at = open.indexOf(column.column);
        return at === -1 ? column : { ...column, times: must(counts[at], 'counts of a column') };
      });
      return { ...census, columns };
    }),
  );
}

/**
 * The census again, with the columns of times counted by SQL where they were counted from pages. A proof must not rest on
 * the page reader, which the copy uses; and of all columns only these are read by what their values are.
 */
export async function recountTimes(request: TimeCountRequest, wanted: WantedTimes): Promise<TableCensus[]> {
  const { snapshotPath, catalog, threads } = request;
  const counting = new Counting(threads, snapshotPath);
  return await Promise.all(
    request.census.map(async (census) => {
      const table = tableOf(request, census);
      const columns = table.columns.filter(({ name }) => wanted(table, name) !== 'no');
      if (columns.length === 0 || choosePages(table, catalog).tag === 'rows') return census;
      const bytes = (request.chunks.get(table.name) ?? []).reduce((sum, chunk) => sum + chunk.estimatedBytes, 0);
      const again = await counting.count({ table: { ...table, columns }, count: { tag: 'columns' } }, bytes);
      const counted = new Map(again.columns.map((column) => [column.column, column]));
      return { ...census, columns: census.columns.map((column) => counted.get(column.column) ?? column) };
    }),
  );
}

function tableOf({ catalog }: TimeCountRequest, { table }: TableCensus): SourceTable {
  return must(
    catalog.tables.find(({ name }) => name === table),
    `table ${table}`,
  );
}

async function countColumns(
  { snapshotPath, catalog, threads, countsPages, chunks }: TimeCountRequest,
  table: SourceTable,
  columns: readonly string[],
): Promise<TimeCounts[]> {
  const choice = countsPages ? choosePages(table, catalog) : null;
  const layout = choice?.tag === 'pages' ? choice.layout : null;
  const ranges = readRanges(chunks.get(table.name) ?? [], layout !== null);
  const parts = await Promise.all(
    ranges.map((range) => {
      const job: TimesJob = { snapshotPath, table, columns, layout, range };
      return threads.run('times', job);
    }),
  );
  return columns.map((_, at) => mergeTimes(parts.map((part) => must(part[at], 'counts of a column'))));
}
