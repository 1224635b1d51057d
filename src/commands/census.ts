import type { ValuesJob } from '../jobs/values-job.js';
import { must } from '../model/error.js';
import type { CountedTable, FullCensus } from '../model/census.js';
import type { SourceCatalog, SourceTable } from '../model/source.js';
import { asBookkeeping } from '../lib/bookkeeping.js';
import { chooseTables } from '../plan/fit.js';
import { CountedThreads } from '../pool/counted-threads.js';
import { withThreads, type Threads } from '../pool/threads.js';
import { mergeCensus } from '../source/census/merge.js';
import { readRanges } from '../source/census/parts.js';
import { mergeValues } from '../source/census/values.js';
import { type CutOptions, cutTable } from '../source/cuts/cuts.js';
import { withSource } from '../source/open.js';
import { choosePages, type PageLayout } from '../source/pages/layout.js';
import type { Context } from '../run/context.js';
import { heapMbMax, threadCount } from '../run/load/copy-threads.js';
import { choiceOf } from '../run/choices.js';
import { Counting } from '../run/survey/counting.js';
import { checkRows, standardChunkBytes } from '../run/survey/survey.js';
import { withUnprovenSnapshot } from '../run/survey/temporary-snapshot.js';
import { asUnreadable } from '../run/survey/unreadable.js';

/** The census command: every value of the source sorted into its class. No target is needed. */
export async function runCensus(context: Context): Promise<FullCensus> {
  const { settings, journal } = context;
  const isChosen = chooseTables(choiceOf(settings));
  return await withUnprovenSnapshot(context, async ({ context: { signal }, path, catalog: whole }) => {
    const tables = whole.tables.filter(({ name, framework }) => framework === undefined && isChosen(name));
    const own = whole.tables.flatMap((table) =>
      table.framework === undefined ? [] : asBookkeeping(table, table.framework),
    );
    const catalog = { ...whole, tables, leftOut: [...whole.leftOut, ...own] };
    const threads = { threads: threadCount(settings), threadData: null, heapMbMax, signal };
    return await withThreads(threads, (pool) => {
      const counted = new CountedThreads(pool);
      const count = async () => {
        const { reader, chunkBytes } = settings;
        const options = { snapshotPath: path, chunkBytes: chunkBytes ?? standardChunkBytes, threads: counted };
        return { tables: await countTables(layOut(catalog, reader !== 'rows'), options), leftOut: catalog.leftOut };
      };
      return journal.phase('census', count, () => counted.progress('census', 'parts'));
    });
  });
}

interface CountOptions {
  readonly snapshotPath: string;
  readonly chunkBytes: number;
  readonly threads: Threads;
}

interface TableToCount {
  readonly table: SourceTable;
  /** The layout of the table's records, or null where SQLite reads it. */
  readonly layout: PageLayout | null;
}

function layOut(catalog: SourceCatalog, countsPages: boolean): TableToCount[] {
  return catalog.tables.map((table) => {
    const choice = countsPages ? choosePages(table, catalog) : null;
    return { table, layout: choice?.tag === 'pages' ? choice.layout : null };
  });
}

/** Counts the tables, in their order. One that SQLite reads is one job, however large, so such tables begin first. */
async function countTables(tables: readonly TableToCount[], options: CountOptions): Promise<CountedTable[]> {
  const rowCounts = new Counting(options.threads, options.snapshotPath);
  const bySqlite = tables.filter(({ layout }) => layout === null);
  const byPages = tables.filter(({ layout }) => layout !== null);
  const counted = await withSource(options.snapshotPath, (db) =>
    Promise.all(
      [...bySqlite, ...byPages].map((table) =>
        countTable(table, { ...options, db, rowCounts }).catch((error: unknown) => {
          throw asUnreadable(error, table.table);
        }),
      ),
    ),
  );
  const byName = new Map(counted.map((one) => [one.table.name, one]));
  return tables.map(({ table: { name } }) => must(byName.get(name), `census of ${name}`));
}

type TableOptions = CountOptions & { readonly db: CutOptions['db']; readonly rowCounts: Counting };

async function countTable(
  { table, layout }: TableToCount,
  { snapshotPath, chunkBytes, threads, db, rowCounts }: TableOptions,
): Promise<CountedTable> {
  const cuts = layout === null ? [] : cutTable({ db, snapshotPath, table, chunkBytes });
  const bytes = cuts.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
  const jobs = readRanges(cuts, layout !== null).map((range): ValuesJob => ({ snapshotPath, table, layout, range }));
  const [parts, rows] = await Promise.all([
    Promise.all(jobs.map((job) => threads.run('values', job))),
    layout === null ? null : rowCounts.count({ table, count: { tag: 'rows' } }, bytes),
  ]);
  const census = mergeCensus(parts.map((part) => part.census));
  if (rows !== null) checkRows(census, rows.rows);
  return { table, census, values: mergeValues(parts.map((part) => part.values)) };
}
