import type { ValuesJob } from '../jobs/values-job.js';
import { must } from '../model/error.js';
import type { CountedTable, FullCensus } from '../model/census.js';
import type { SourceCatalog, SourceTable } from '../model/source.js';
import { asBookkeeping } from '../lib/bookkeeping.js';
import { chooseTables } from '../plan/fit.js';
import { CountedThreads } from '../pool/counted-threads.js';
import { withThreads, type Threads } from '../pool/threads.js';
import { readRanges } from '../source/census/parts.js';
import { choosePages } from '../source/pages/layout.js';
import { mergeValues } from '../source/census/values.js';
import type { Context } from '../run/context.js';
import { heapMbMax, threadCount } from '../run/load/copy-threads.js';
import { choiceOf } from '../run/choices.js';
import { type Survey, surveySource } from '../run/survey/survey.js';
import { withUnprovenSnapshot } from '../run/survey/temporary-snapshot.js';

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
        const countsPages = settings.reader !== 'rows';
        const { chunkBytes } = settings;
        const request = { snapshotPath: path, catalog, threads: counted, chunkBytes, countsPages };
        const survey = await surveySource(request);
        const tables = catalog.tables.map((table) => countTable(table, { survey, ...request }));
        return { tables: await Promise.all(tables), leftOut: catalog.leftOut };
      };
      return journal.phase('census', count, () => counted.progress('census', 'parts'));
    });
  });
}

interface Counting {
  readonly survey: Survey;
  readonly snapshotPath: string;
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  readonly countsPages: boolean;
}

async function countTable(table: SourceTable, counting: Counting): Promise<CountedTable> {
  const { survey, snapshotPath, catalog, threads, countsPages } = counting;
  const choice = countsPages ? choosePages(table, catalog) : null;
  const layout = choice?.tag === 'pages' ? choice.layout : null;
  const chunks = survey.chunks.get(table.name) ?? [];
  const ranges = readRanges(chunks, layout !== null);
  const parts = ranges.map((range) => {
    const job: ValuesJob = { snapshotPath, table, layout, range };
    return threads.run('values', job);
  });
  const census = must(
    survey.census.find((one) => one.table === table.name),
    `census of ${table.name}`,
  );
  return { table, census, values: mergeValues(await Promise.all(parts)) };
}
