import type { TrialJob } from '../../jobs/trial-job.js';
import { mergeTrials } from '../../encode/policy/trial.js';
import type { TableTrial } from '../../model/census.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import { must } from '../../model/error.js';
import type { Doubt } from '../../plan/rules/doubt.js';
import type { Threads } from '../../pool/threads.js';
import { readRanges } from '../../source/census/parts.js';
import { choosePages, type PageLayout } from '../../source/pages/layout.js';

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
      const layout = choice?.tag === 'pages' ? withRowid(choice.layout, source) : null;
      const parts = readRanges(chunks, layout !== null).map((range) => {
        const job: TrialJob = { snapshotPath, table, columns, layout, range };
        return threads.run('trial', job);
      });
      return mergeTrials(await Promise.all(parts));
    }),
  );
}

/** The rowid of a table that gives it no name of its own can be read by the name that SQLite has for it. */
function withRowid({ columns }: PageLayout, { rowidAlias, rowidName }: SourceTable): PageLayout {
  if (rowidAlias !== null || rowidName === null) return { columns };
  const rowid = { name: rowidName, position: null, isReal: false, absent: { tag: 'null' as const } };
  return { columns: [...columns, rowid] };
}

/**
 * Cuts the table down to the columns that are tried and those of its key, or its rowid where it has none, which name the
 * rows. Nothing else is read.
 */
function narrow(
  table: Omit<TablePlan, 'chunks'>,
  doubted: readonly number[],
): { table: Omit<TablePlan, 'chunks'>; columns: number[] } {
  const all = [...table.columns, ...rowidOf(table)];
  const key = table.key.origin === 'none' ? rowidIndexes(table, all) : table.key.columns;
  const tried = [...new Set([...key, ...doubted])];
  const at = (index: number) => tried.indexOf(index);
  const columns = tried.map((index) => must(all[index], 'column'));
  return {
    table: { ...table, columns, key: { origin: table.key.origin, columns: key.map(at) } },
    columns: doubted.map(at),
  };
}

function rowidOf({ rowidAlias, rowidName }: Omit<TablePlan, 'chunks'>): ColumnPlan[] {
  if (rowidAlias !== null || rowidName === null) return [];
  const named = { source: rowidName, target: rowidName, declaredType: 'INTEGER', targetType: 'bigint', reason: '' };
  return [{ ...named, affinity: 'integer', kind: { tag: 'int8' }, isTextual: false }];
}

function rowidIndexes({ rowidAlias, rowidName }: Omit<TablePlan, 'chunks'>, all: readonly ColumnPlan[]): number[] {
  const index = all.findIndex(({ source }) => source === (rowidAlias ?? rowidName));
  return index < 0 ? [] : [index];
}
