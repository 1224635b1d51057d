import type { ChangesJob, KnownPages } from '../../jobs/follow/changes-job.js';
import type { BothPaths } from '../../follow/both-files.js';
import type { ChangedTable, ChangeWay } from '../../follow/changed-rows.js';
import { canJoin } from '../../follow/join-rows.js';
import { must } from '../../model/error.js';
import type { Plan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import type { Threads } from '../../pool/threads.js';
import { createOwners } from '../../source/changes/overflow-owners.js';
import { PageChanges } from '../../source/changes/page-changes.js';
import { choosePages, type PageLayout } from '../../source/pages/layout.js';

export interface ChangesRequest {
  readonly threads: Threads;
  /** How many parts of the files are compared at once. */
  readonly parts: number;
  readonly paths: BothPaths;
  readonly catalogs: { readonly old: SourceCatalog; readonly now: SourceCatalog };
  readonly plan: Plan;
  /** Where it is known which pages can differ, so that the files need not be compared as a whole. */
  readonly known?: KnownPages;
}

export interface FoundChanges {
  /** Every table of the plan, parents first. */
  readonly tables: readonly ChangedTable[];
  /** Pages whose bytes differ, of all pages; 0 of 0 where pages cannot be compared. */
  readonly pagesChanged: number;
  readonly pages: number;
  /** How long it took to find the leaves once the changed pages were known. */
  readonly leavesMs: number;
}

/**
 * Compares two snapshots on the threads: finds which pages differ, and for each table the way in which its changed rows
 * are found.
 */
export async function findChanges(request: ChangesRequest): Promise<FoundChanges> {
  const { threads, paths, parts, plan, known } = request;
  const run = <Job extends ChangesJob>(job: Job) => threads.run('changes', job);
  const { spans, isComparable, pages } = await run({ tag: 'begin', paths, parts });
  const compared =
    known === undefined
      ? await Promise.all(spans.map((span) => run({ tag: 'pages', paths, span })))
      : [await run({ tag: 'listed', paths, ...known })];
  const bits = isComparable ? Buffer.concat(compared) : null;
  const comparedAtMs = performance.now();
  const isMarked = known !== undefined;
  const pagesChanged = bits === null ? pages : new PageChanges(bits).count;
  const byLayer = [...plan.tables].sort((a, b) => a.layer - b.layer);
  const tables = await Promise.all(
    byLayer.map(async ({ chunks, ...table }): Promise<ChangedTable> => {
      const roots = { old: rootOf(request.catalogs.old, table), now: rootOf(request.catalogs.now, table) };
      if (bits !== null && pagesChanged === 0) return { table, roots, way: { tag: 'same' } };
      const layout = layoutFor(table, request.catalogs.now);
      if (typeof layout === 'string') return { table, roots, way: sqlWay(table, layout) };
      const leaves = await run({ tag: 'leaves', paths, table: table.source, roots, bits, isMarked });
      const isSame = leaves.old.length === 0 && leaves.now.length === 0;
      return { table, roots, way: isSame ? { tag: 'same' } : { tag: 'leaves', leaves, layout } };
    }),
  );
  return { tables, pagesChanged, pages, leavesMs: performance.now() - comparedAtMs };
}

function sqlWay(table: Omit<TablePlan, 'chunks'>, reason: string): ChangeWay {
  return canJoin(table) ? { tag: 'join', reason } : { tag: 'whole', reason: 'none of its rowid names can be reached' };
}

function rootOf(catalog: SourceCatalog, { source }: Pick<TablePlan, 'source'>): number {
  return must(
    catalog.tables.find(({ name }) => name === source),
    `table ${source}`,
  ).rootPage;
}

/** The positions of the columns in a record, or the reason why the pages are not read. */
function layoutFor(table: Omit<TablePlan, 'chunks'>, catalog: SourceCatalog): PageLayout | string {
  if (table.reader === 'rows') return table.readerReason;
  const found = must(
    catalog.tables.find(({ name }) => name === table.source),
    `table ${table.source}`,
  );
  const choice = choosePages(found, catalog);
  return choice.tag === 'pages' ? choice.layout : choice.reason;
}

/**
 * Makes the file of owners of a snapshot: to which leaf each overflow page belongs. Only of tables whose pages are read;
 * costs a reading of these. Error: `data.damaged_page`.
 */
export async function findOwners(request: {
  readonly threads: Threads;
  readonly snapshotPath: string;
  readonly pageCount: number;
  readonly ownersPath: string;
  readonly catalog: SourceCatalog;
  readonly plan: Plan;
}): Promise<void> {
  const { threads, snapshotPath, pageCount, ownersPath, catalog, plan } = request;
  createOwners(ownersPath, pageCount);
  const paths = { old: snapshotPath, now: snapshotPath };
  const tables = plan.tables.filter((table) => typeof layoutFor(table, catalog) !== 'string');
  await Promise.all(
    tables.map((table) => {
      const job = { tag: 'owners', paths, ownersPath, table: table.source, rootPage: rootOf(catalog, table) } as const;
      return threads.run('changes', job);
    }),
  );
}
