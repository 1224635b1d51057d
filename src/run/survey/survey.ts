import { findLongRows, type LongRow, type LongRowLook } from '../../source/catalog/long-rows.js';
import {
  type Combination,
  type CombinationLook,
  type EqualRows,
  eachRow,
  findEqualRows,
  listCombinations,
  type RowUse,
  type UniqueLook,
} from '../../source/catalog/equal-rows.js';
import type { Count } from '../../jobs/census-job.js';
import { CopierError, must } from '../../model/error.js';
import type { TableCensus, TableTrial } from '../../model/census.js';
import type { Chunk, Finding, TablePlan } from '../../model/plan.js';
import type { ForeignKeyViolation, SourceCatalog, SourceForeignKey, SourceTable } from '../../model/source.js';
import type { Rules } from '../../model/rules.js';
import type { Doubt } from '../../plan/rules/doubt.js';
import { virtualFormOf } from '../../plan/rules/habits.js';
import type { Threads } from '../../pool/threads.js';
import { readSourceCatalog } from '../../source/catalog/catalog.js';
import { mergeCensus } from '../../source/census/merge.js';
import { joinCuts } from '../../source/census/parts.js';
import { type Cut, type CutOptions, cutTable, spreadRows } from '../../source/cuts/cuts.js';
import { readDatabaseHeader } from '../../source/pages/header.js';
import { withSource } from '../../source/open.js';
import { choosePages, type PageLayout } from '../../source/pages/layout.js';
import {
  findForeignKeyViolations,
  findHalfReferences,
  findOrphans,
  judgeReferences,
  type ReferenceLook,
} from '../../source/catalog/violations.js';
import { type ComparedTable, compareTable } from '../compare/compare-table.js';
import { Counting } from './counting.js';
import { addTimeCounts, recountTimes, type WantedTimes } from './time-counts.js';
import { tryValues } from './trial.js';
import { asUnreadable, needsApplication, noteUnreadable, setAside } from './unreadable.js';

/** Bytes of pages per chunk, unless the operator names another number. */
export const standardChunkBytes = 16 * 1024 * 1024;

/** How many differing rows are named at most where rows are compared before the load. */
const comparedMax = 1000;

/** What is known about a snapshot before planning. */
export interface Survey {
  readonly catalog: SourceCatalog;
  readonly census: readonly TableCensus[];
  readonly violations: readonly ForeignKeyViolation[];
  /** Tables that SQLite alone cannot read, each a reason against a plan; the catalog counts them as left out. */
  readonly unreadable: readonly Finding[];
  readonly chunks: ReadonlyMap<string, readonly Chunk[]>;
  /** Tries values of the snapshot on the threads that surveyed it. Usable only while those threads live. */
  readonly tryValues: (doubts: readonly Doubt[]) => Promise<readonly TableTrial[]>;
  /** Compares every value of a table with what the target holds now, as the verifier does. */
  readonly compareRows: (table: TablePlan) => Promise<ComparedTable>;
  /** The violations after some foreign keys were looked at again, as the target compares their values. */
  readonly judgeReferences: (looks: readonly ReferenceLook[]) => Promise<readonly ForeignKeyViolation[]>;
  /** Rows of the snapshot that are equal under a key. */
  readonly findEqualRows: (look: UniqueLook) => Promise<EqualRows>;
  /** Rows with the longest values of some columns. */
  readonly findLongRows: (look: LongRowLook) => Promise<readonly LongRow[]>;
  /** Orphans of a foreign key that only the target has. */
  readonly findOrphans: (table: SourceTable, of: OrphanLook) => Promise<ForeignKeyViolation | null>;
  /** Rows that refer by some columns of a foreign key and have NULL in others. */
  readonly findHalfReferences: (table: SourceTable, key: SourceForeignKey) => Promise<ForeignKeyViolation | null>;
  /** Gives the values of some columns, row by row, until `use` wants no more. */
  readonly eachRow: (table: string, columns: readonly string[], use: RowUse) => Promise<void>;
  /** Values of some columns that rows of the snapshot have together. */
  readonly listCombinations: (look: CombinationLook) => Promise<readonly Combination[]>;
  /**
   * The census with the integers of columns of times counted by unit, where their extremes leave it open; for a proof all
   * of it is counted by SQL.
   */
  readonly countTimes: (wanted: WantedTimes) => Promise<readonly TableCensus[]>;
}

/** A foreign key in the source's names, with the forms in which its values are compared. */
export interface OrphanLook {
  readonly key: SourceForeignKey;
  readonly forms: ReferenceLook['forms'];
}

export interface SurveyRequest {
  readonly snapshotPath: string;
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  /** Bytes of pages per chunk, or null for `standardChunkBytes`. */
  readonly chunkBytes: number | null;
  /** Which tables are counted; all of them where it is left out. What is not copied need not be readable. */
  readonly isChosen?: (table: string) => boolean;
  /** Whether columns may be counted from the pages of the file, which is many times faster than by SQL. */
  readonly countsPages: boolean;
  /**
   * What was counted before in the pages of these very bytes. Tables that SQL counts, and those with other columns, are
   * counted again.
   */
  readonly counted?: readonly TableCensus[];
  /** Whether a proof follows, which must not rest on the page reader: the copy uses it. */
  readonly isForProof?: boolean;
  /** Whether a plan follows, which names what cannot be read among its other reasons; else the first one is thrown. */
  readonly isForPlan?: boolean;
}

/** Reads the catalog of a snapshot, with the virtual tables that are carried among its tables. */
export async function readCatalog(
  snapshotPath: string,
  { virtualTables }: { readonly virtualTables?: Rules['virtualTables'] } = {},
): Promise<SourceCatalog> {
  const { reservedBytes } = readDatabaseHeader(snapshotPath);
  const formOf = (name: string) => virtualFormOf(virtualTables, name);
  return await withSource(snapshotPath, (db) => readSourceCatalog(db, reservedBytes, formOf));
}

/** What a catalog was read with: the virtual tables among its tables, and what they become. */
export function carriedIn({ tables }: SourceCatalog): NonNullable<Rules['virtualTables']> {
  return Object.fromEntries(
    tables.flatMap(({ name, virtual }) => (virtual === undefined ? [] : [[name, virtual.form]])),
  );
}

/** Cuts the tables into chunks and counts every column on the threads, while this thread checks the foreign keys. */
export async function surveySource(request: SurveyRequest): Promise<Survey> {
  const { snapshotPath, chunkBytes: named, isChosen = () => true } = request;
  const chunkBytes = named ?? standardChunkBytes;
  return await withSource(snapshotPath, async (db) => {
    const check = async () => findForeignKeyViolations(db, request.catalog, isChosen);
    // Where a table that cannot be read has the key itself, the others are looked at once it is known.
    const checkLater = (error: unknown) => {
      if (request.isForPlan === true && needsApplication(error)) return null;
      throw error;
    };
    const unreadable: Finding[] = [];
    const counting = new Counting(request.threads, snapshotPath);
    const knownOf = knownCensus(request);
    // All work is awaited together, so that a failure in one part leaves no unhandled rejection in another.
    const [surveyed, checked] = await Promise.all([
      Promise.all(
        orderTables(request).map((table) =>
          surveyTable(counting, { ...table, known: knownOf(table) }, { db, snapshotPath, chunkBytes }).catch(
            (error: unknown) => {
              const refused = asUnreadable(error, table.table);
              const finding = request.isForPlan === true ? noteUnreadable(refused) : null;
              if (finding === null) throw refused;
              unreadable.push(finding);
              return null;
            },
          ),
        ),
      ),
      check().catch(checkLater),
    ]);
    const catalog = setAside(request.catalog, unreadable);
    const { violations } = checked ?? findForeignKeyViolations(db, catalog, isChosen);
    const read = surveyed.filter((table) => table !== null);
    const byName = new Map(read.map((table) => [table.census.table, table]));
    const counted = catalog.tables.filter(({ name }) => isChosen(name));
    const census = counted.map(({ name }) => must(byName.get(name), `census of ${name}`).census);
    const chunks = new Map(read.map((table) => [table.census.table, table.chunks]));
    return {
      catalog,
      census,
      violations,
      unreadable,
      chunks,
      tryValues: (doubts) => tryValues(doubts, request),
      compareRows: (table) =>
        compareTable(table, { threads: request.threads, snapshotPath, quarantine: null, differencesMax: comparedMax }),
      judgeReferences: async (looks) =>
        looks.length === 0
          ? violations
          : await withSource(snapshotPath, (again) => judgeReferences(again, catalog, { violations, looks })),
      findEqualRows: async (look) => await withSource(snapshotPath, (again) => findEqualRows(again, look)),
      findLongRows: async (look) => await withSource(snapshotPath, (again) => findLongRows(again, look)),
      findOrphans: async (table, of) => await withSource(snapshotPath, (again) => findOrphans(again, table, of)),
      findHalfReferences: async (table, key) =>
        await withSource(snapshotPath, (again) => findHalfReferences(again, table, key)),
      eachRow: async (table, columns, use) =>
        await withSource(snapshotPath, (again) => eachRow(again, table, columns, use)),
      listCombinations: async (look) => await withSource(snapshotPath, (again) => listCombinations(again, look)),
      countTimes: async (wanted) => {
        if (request.isForProof !== true) return await addTimeCounts({ ...request, census, chunks }, wanted);
        const bySql = { ...request, countsPages: false, chunks };
        return await addTimeCounts({ ...bySql, census: await recountTimes({ ...bySql, census }, wanted) }, wanted);
      },
    };
  });
}

interface TableToSurvey {
  readonly table: SourceTable;
  /** The layout of the table's records, or null where only SQL can count its values. */
  readonly layout: PageLayout | null;
}

/** What is known of the values of a table, where they are counted from the pages and its columns are those of then. */
function knownCensus({ counted = [], countsPages }: SurveyRequest): (of: TableToSurvey) => TableCensus | null {
  const byName = new Map(counted.map((census) => [census.table, census]));
  return ({ table, layout }) => {
    const known = countsPages && layout !== null ? byName.get(table.name) : undefined;
    const isSame =
      known?.columns.length === table.columns.length &&
      table.columns.every(({ name }, at) => known.columns[at]?.column === name);
    return known !== undefined && isSame ? known : null;
  };
}

/** A table that SQL must count is one job, however large, so such tables begin first. */
function orderTables({ catalog, countsPages, isChosen = () => true }: SurveyRequest): TableToSurvey[] {
  const tables = catalog.tables
    .filter(({ name }) => isChosen(name))
    .map((table) => {
      const choice = countsPages ? choosePages(table, catalog) : null;
      return { table, layout: choice?.tag === 'pages' ? choice.layout : null };
    });
  return [...tables.filter(({ layout }) => layout === null), ...tables.filter(({ layout }) => layout !== null)];
}

async function surveyTable(
  counting: Counting,
  { table, layout, known }: TableToSurvey & { readonly known: TableCensus | null },
  cutting: Omit<CutOptions, 'table'>,
): Promise<{ readonly census: TableCensus; readonly chunks: readonly Chunk[] }> {
  const run = (count: Count, bytes: number | null) => counting.count({ table, count }, bytes);
  const cut = (): Cut[] => cutTable({ ...cutting, table });
  if (layout === null) {
    const counted = run({ tag: 'columns' }, null);
    const [census, cuts] = await Promise.all([counted, Promise.resolve().then(cut)]);
    return { census, chunks: spreadRows(table.name, cuts, census.rows) };
  }
  const cuts = cut();
  if (known !== null) return { census: known, chunks: spreadRows(table.name, cuts, known.rows) };
  const bytes = cuts.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
  const parts = joinCuts(cuts).map((range) => run({ tag: 'pages', layout, range }, bytes));
  const [counted, ...counts] = await Promise.all([run({ tag: 'rows' }, bytes), ...parts]);
  const census = mergeCensus(counts);
  checkRows(census, counted.rows);
  return { census, chunks: spreadRows(table.name, cuts, census.rows) };
}

/**
 * Every later count is compared with this number of rows. So it must not rest on our page reader alone: SQLite's own
 * count(*), which adds up the cell counts of the leaves, must agree.
 */
export function checkRows({ table, rows }: TableCensus, sqliteRows: number): void {
  if (rows === sqliteRows) return;
  throw new CopierError(
    'data.row_count',
    `table "${table}": its pages hold ${rows} rows, SQLite counts ${sqliteRows}`,
    {
      hint: 'run PRAGMA integrity_check on the source; if it is sound, run again with --reader rows and report this',
      table,
    },
  );
}
