import type { TrialJob } from '../../jobs/trial-job.js';
import { mergeTrials } from '../../encode/policy/trial.js';
import type { TableTrial } from '../../model/census.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import { must } from '../../model/error.js';
import type { Doubt } from '../../plan/rules/doubt.js';
import type { Threads } from '../../pool/threads.js';
import { readRanges } from '../../source/census/parts.js';
import { choosePages } from '../../source/pages/layout.js';

/** Tries the values in doubt on the threads: one job per part of a table. */
export async function tryValues(
  doubts: readonly Doubt[],
  { snapshotPath, catalog, threads }: { snapshotPath: string; catalog: SourceCatalog; threads: Threads },
): Promise<TableTrial[]> {
  return await Promise.all(
    doubts.map(async ({ table: planned, columns: doubted }) => {
      const { chunks, ...whole } = planned;
      const { table, columns } = narrow(whole, doubted);
      const source = must(
        catalog.tables.find(({ name }) => name === table.source),
        'planned source table',
      );
      const choice = table.reader === 'pages' ? choosePages(source, catalog) : null;
      const layout = choice?.tag === 'pages' ? choice.layout : null;
      const parts = readRanges(chunks, layout !== null).map((range) => {
        const job: TrialJob = { snapshotPath, table, columns, layout, range };
        return threads.run<TableTrial>('trial', job);
      });
      return mergeTrials(await Promise.all(parts));
    }),
  );
}

/**
 * Cuts the table down to the columns that are tried and those of its key, which name the rows. Nothing else is read.
 */
function narrow(
  table: Omit<TablePlan, 'chunks'>,
  doubted: readonly number[],
): { table: Omit<TablePlan, 'chunks'>; columns: number[] } {
  const key = table.key.origin === 'none' ? [] : table.key.columns;
  const tried = [...new Set([...key, ...doubted])];
  const at = (index: number) => tried.indexOf(index);
  const columns = tried.map((index) => must(table.columns[index], 'column'));
  return {
    table: { ...table, columns, key: { origin: table.key.origin, columns: key.map(at) } },
    columns: doubted.map(at),
  };
}
