import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CarryJob, CarryOutcome, TableToCarry } from '../../jobs/carry/carry-job.js';
import type { CarriedTable, KeyRanges, Uncarried } from '../../model/carry.js';
import { CopierError, must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { plainProgress } from '../../model/event.js';
import { Meter } from '../../pool/meter.js';
import type { TableMeters } from '../../pool/table-meters.js';
import type { Threads } from '../../pool/threads.js';
import { isLeftToSeeds } from '../../plan/rules/seeded.js';
import { foreignKeysOf } from '../../source/carry/foreign-keys.js';
import { copyPrivately } from '../../source/snapshot/private-copy.js';
import { checkSpace } from '../../source/snapshot/snapshot-space.js';
import type { TargetClient } from '../../target/connection/client.js';
import { bucketCountFor, finestBucketCount, type SideSummary } from '../../verify/table.js';
import { compareSums, compareTable, metersOf, type QuarantineRun, withRules } from '../compare/compare-table.js';
import { findQuarantines } from '../compare/quarantined-rows.js';
import type { Context } from '../context.js';
import { withRunThreads } from '../load/copy-threads.js';
import { readStoredPlan, type StoredPlan } from '../plan/stored-plan.js';
import { readCatalog } from '../survey/survey.js';
import { likesOf } from './cell-likes.js';
import { findEmptyColumns } from './empty-columns.js';
import { findRanges } from './find-ranges.js';
import { findGivenNumbers } from './given-numbers.js';
import type { LeftBehind } from './left-behind.js';
import { type WrittenSince, findUnknownColumns, findUnknownTables } from './unknown-parts.js';

/*
 * The rows that the target took since a snapshot, brought into a copy of that snapshot: both are compared by their sums,
 * then the rows of the buckets that differ by key; what differs is written into the copy in one transaction of SQLite; and
 * then the copy is compared with the target as a whole. Nobody may write to the target meanwhile.
 */

export interface CarryRequest {
  readonly context: Context;
  readonly client: TargetClient;
  readonly address: TargetAddress;
  /** The run that filled the target from this snapshot, or from an earlier one and rounds. */
  readonly runId: string;
  readonly snapshotPath: string;
  /** Where the copy is made; what is there goes, but where it `isCopied` already. */
  readonly copyPath: string;
  readonly isCopied: boolean;
  readonly changed: readonly WrittenSince[];
  readonly leftBehind: LeftBehind;
  /** Nobody keeps writers out: what is found is not compared once more. */
  readonly isRehearsal: boolean;
  /** Called with the copy once it is whole and proven; gives what of it has no place in SQLite after all. */
  readonly finish?: (copyPath: string) => readonly Uncarried[];
  readonly signal: AbortSignal;
}

/** What came back; the copy is whole only where nothing is uncarried. */
export interface Carried {
  readonly tables: readonly CarriedTable[];
  readonly uncarried: readonly Uncarried[];
}

export async function carryWrites(request: CarryRequest): Promise<Carried> {
  const { context, client, address, snapshotPath, copyPath, signal } = request;
  const stored = await readStoredPlan(client, request.runId);
  const catalog = await readCatalog(snapshotPath, { ...context.settings, ...stored.moved });
  // Nobody brings rows in or out of the quarantine meanwhile: the rollback holds the lock of runs.
  const quarantines = await findQuarantines(client, address.schema, stored.plan);
  const { planned, uncarried } = await planCarry(request, stored, { catalog, quarantines });
  // Who waits under locks shall hear at once that it is refused; who only asks, all reasons.
  if (uncarried.length > 0 && !request.isRehearsal) return { tables: [], uncarried };
  const threads = { settings: context.settings, address, applicationName: 'pgferry rollback', signal };
  return await withRunThreads(threads, async (pool) => {
    const sums = new Map<string, KnownSums>();
    // Where keys were matched, those of tables that did not change are not PostgreSQL's own.
    const numbered = request.finish === undefined ? stored.plan.tables.filter((one) => !isLeft(request, one)) : planned;
    const meters = metersOf(planned);
    const carrying = { request, threads: pool, catalog, planned, numbered, quarantines, sums, meters };
    const { journal } = context;
    const tables = await journal.watched(
      () => findTables(carrying),
      () => meters.progress('carry'),
    );
    const changes = new Meter();
    const outcome = await journal.watched(
      () => carry(carrying, tables, changes),
      () => plainProgress('carry', 'rows', changes.count, null),
    );
    const isWhole = outcome.uncarried.length === 0;
    if (isWhole && !request.isRehearsal) {
      const proving = metersOf(planned);
      await journal.phase(
        'prove',
        () => prove({ ...carrying, meters: proving }, tables),
        () => proving.progress('prove'),
      );
    }
    const left = isWhole ? (request.finish?.(copyPath) ?? []) : outcome.uncarried;
    if (left.length > 0 || request.isRehearsal) rmSync(copyPath, { force: true });
    return { ...outcome, uncarried: [...uncarried, ...left] };
  });
}

/** Those of these tables that are not what the snapshot holds; both sides are read. */
export async function findDiffering(
  { settings, signal }: Pick<Context, 'settings' | 'signal'>,
  client: TargetClient,
  request: {
    readonly address: TargetAddress;
    readonly snapshotPath: string;
    readonly tables: readonly TablePlan[];
  },
): Promise<readonly TablePlan[]> {
  const { address, snapshotPath, tables } = request;
  const quarantines = await findQuarantines(client, address.schema, { tables });
  return await withRunThreads({ settings, address, applicationName: 'pgferry rollback', signal }, async (threads) => {
    const compared = await Promise.all(
      tables.map(async (table) => {
        const quarantine = quarantines.get(table.source) ?? null;
        const { comparison } = await compareSums(table, { threads, snapshotPath, quarantine });
        return comparison.equal ? [] : [table];
      }),
    );
    return compared.flat();
  });
}

/** The tables that changed and can be read, without what stays behind; and what has no place in SQLite. */
async function planCarry(
  { context, client, address, changed, leftBehind }: CarryRequest,
  stored: StoredPlan,
  { catalog, quarantines }: Pick<Carrying, 'catalog' | 'quarantines'>,
): Promise<{ readonly planned: readonly TablePlan[]; readonly uncarried: readonly Uncarried[] }> {
  const isSeeded = (table: string) => isLeftToSeeds(context.settings.tableRules, table);
  const uncarried = findUnknownTables(changed, stored.plan.tables, isSeeded).filter(
    ({ table }) => !leftBehind.hasTable(table),
  );
  const planned: TablePlan[] = [];
  for (const plan of stored.plan.tables) {
    const isChanged = changed.some(({ table, rowsNow }) => table === plan.target && rowsNow !== null);
    if (!isChanged || isLeft({ leftBehind }, plan)) continue;
    const own = leftBehind.planOf(plan, quarantines.has(plan.source));
    if ('reason' in own) {
      uncarried.push(own);
      continue;
    }
    const table = { plan: own, source: sourceTable(catalog, plan), stored: stored.schema ?? null };
    const unknown = await findUnknownColumns(client, address.schema, table);
    uncarried.push(...unknown.filter(({ column }) => column === null || !leftBehind.hasColumn(plan.source, column)));
    const isReadable = unknown.every(({ column }) =>
      own.columns.every(({ source }) => column !== null && source !== column),
    );
    if (isReadable) planned.push(own);
  }
  return { planned, uncarried };
}

function isLeft({ leftBehind }: Pick<CarryRequest, 'leftBehind'>, { source, target }: TablePlan): boolean {
  return leftBehind.hasTable(source, target);
}

interface KnownSums {
  readonly target: SideSummary;
  readonly ranges: KeyRanges | null;
}

interface Carrying {
  readonly request: CarryRequest;
  readonly threads: Threads;
  readonly catalog: SourceCatalog;
  /** The tables that changed. */
  readonly planned: readonly TablePlan[];
  /** Those whose numbers are taken over, also where all rows that got them are gone again. */
  readonly numbered: readonly TablePlan[];
  readonly quarantines: ReadonlyMap<string, QuarantineRun>;
  /** What the tables of the target summed up to, by source name: nobody writes there until all is proven. */
  readonly sums: Map<string, KnownSums>;
  /** Counts the rows that the comparison of the two sides reads. */
  readonly meters: TableMeters;
}

function sourceTable(catalog: SourceCatalog, { source }: TablePlan): SourceTable {
  return must(
    catalog.tables.find(({ name }) => name === source),
    `table ${source} of the snapshot`,
  );
}

type FoundTable = Omit<TableToCarry, 'empty'>;

/** The tables whose sums differ, and those of which the journal names rows. */
async function findTables(carrying: Carrying): Promise<TableToCarry[]> {
  const { request, catalog, planned, quarantines } = carrying;
  const { client, address, snapshotPath } = request;
  const empty = await findEmptyColumns(client, address.schema, planned);
  const ranges = await readRanges(carrying);
  const found = await Promise.all(
    planned.map(async (plan) => {
      const source = sourceTable(catalog, plan);
      const quarantine = quarantines.get(plan.source) ?? null;
      const noted = notedTable(carrying, plan, source);
      const differing =
        noted === null
          ? await differingTable(carrying, {
              plan,
              source,
              snapshotPath,
              quarantine,
              ranges: ranges.get(plan.source) ?? null,
            })
          : await carrying.meters.during(plan.source, async () => noted);
      return differing === null ? [] : [{ ...differing, empty: empty.get(plan.source) ?? [] }];
    }),
  );
  return found.flat();
}

/** The ranges by which tables are compared, by source name; asked one after the other, on one connection. */
async function readRanges(carrying: Carrying): Promise<ReadonlyMap<string, KeyRanges | null>> {
  const { request, catalog, planned, quarantines } = carrying;
  const ranges = new Map<string, KeyRanges | null>();
  for (const plan of planned) {
    const source = sourceTable(catalog, plan);
    if (quarantines.has(plan.source) || notedTable(carrying, plan, source) !== null) continue;
    const asked = { source, snapshotPath: request.snapshotPath, bucketCount: finestBucketCount(plan.rows) };
    ranges.set(plan.source, await findRanges(request.client, plan, asked));
  }
  return ranges;
}

/** The sums of a table, null where both sides have the same. */
async function differingTable(
  { request, threads, sums, meters }: Carrying,
  one: {
    readonly plan: TablePlan;
    readonly source: SourceTable;
    readonly snapshotPath: string;
    readonly quarantine: QuarantineRun | null;
    readonly ranges: KeyRanges | null;
  },
): Promise<FoundTable | null> {
  const { plan, source, ranges, ...options } = one;
  const known = sums.get(plan.source);
  const bucketCount = finestBucketCount(plan.rows);
  const compared = await meters.during(plan.source, (meter) =>
    compareSums(plan, {
      threads,
      bucketCount,
      ranges,
      meter,
      ...options,
      ...(known !== undefined && { known: known.target }),
    }),
  );
  const { comparison, rowsOfBucket, target } = compared;
  sums.set(plan.source, { target, ranges });
  if (comparison.equal) return null;
  const table = withRules(plan, one.quarantine);
  const { differingBuckets } = comparison;
  const quarantineRunId = one.quarantine?.runId ?? null;
  const likes = likesOf(request.context.settings.tableRules, plan);
  const buckets = { bucketCount, differingBuckets, rowsOfBucket, ranges };
  return { table, source, quarantineRunId, ...buckets, likes, noted: null };
}

/** More notes than this are not worth to be looked up one by one. */
const notesMax = 1_000_000;

/**
 * The table whose changed rows the journal names; null where they must be looked for. Rows in quarantine stand under other
 * keys in the source.
 */
function notedTable(
  { request, quarantines }: Pick<Carrying, 'request' | 'quarantines'>,
  { chunks, ...table }: TablePlan,
  source: SourceTable,
): FoundTable | null {
  const noted = request.changed.find((one) => one.table === table.target)?.noted;
  if (noted === undefined || noted.count > notesMax || quarantines.has(table.source)) return null;
  const bucketCount = bucketCountFor(noted.count);
  const rowsOfBucket = new Uint32Array(bucketCount).fill(Math.ceil((2 * noted.count) / bucketCount));
  const differingBuckets = [...rowsOfBucket.keys()];
  const likes = likesOf(request.context.settings.tableRules, table);
  const { relations } = noted;
  const buckets = { bucketCount, differingBuckets, rowsOfBucket, ranges: null };
  return { table, source, quarantineRunId: null, ...buckets, likes, noted: relations };
}

async function carry(
  { request, threads, catalog, numbered }: Carrying,
  tables: readonly TableToCarry[],
  changes: Meter,
): Promise<CarryOutcome> {
  const { client, address, snapshotPath, copyPath, isCopied } = request;
  const sequences = await findGivenNumbers(client, address.schema, { tables: numbered, catalog });
  if (!isCopied) {
    rmSync(copyPath, { force: true });
    await checkSpace(dirname(copyPath), statSync(snapshotPath).size);
    copyPrivately(snapshotPath, copyPath);
  }
  try {
    const virtualTables = catalog.tables.filter(({ virtual }) => virtual !== undefined).map(({ name }) => name);
    const foreignKeys = foreignKeysOf(catalog.tables);
    const job = { snapshotPath, copyPath, tables, sequences, foreignKeys, virtualTables, meter: changes.shared };
    return await threads.run('carry', job);
  } catch (error) {
    rmSync(copyPath, { force: true });
    throw error;
  }
}

/**
 * The copy against the target, value by value, in every table that changed. Of a table with a journal the rows that it names;
 * of one that was compared by ranges of keys those that differed: the others were just found to be the same, and each statement
 * of the carry changes one row of these.
 */
async function prove(carrying: Carrying, found: readonly TableToCarry[]): Promise<void> {
  const { request, threads, catalog, planned, quarantines, sums } = carrying;
  const { copyPath } = request;
  await Promise.all(
    planned.map(async (plan) => {
      const quarantine = quarantines.get(plan.source) ?? null;
      const source = sourceTable(catalog, plan);
      const differing =
        notedTable(carrying, plan, source) ??
        found.find(({ table, ranges }) => table.source === plan.source && ranges !== null) ??
        (await differingTable(carrying, {
          plan,
          source,
          snapshotPath: copyPath,
          quarantine,
          ranges: sums.get(plan.source)?.ranges ?? null,
        }));
      if (differing === null) return;
      // Sums cannot tell a row in quarantine that was carried from one that was not; its rows can.
      const job: CarryJob = {
        snapshotPath: copyPath,
        copyPath: null,
        tables: [{ ...differing, empty: [] }],
        sequences: [],
        foreignKeys: [],
      };
      const { tables } = await carrying.meters.during(plan.source, () => threads.run('carry', job));
      if (tables.every(({ inserted, updated, deleted }) => inserted + updated + deleted === 0)) return;
      const options = { threads, snapshotPath: copyPath, quarantine, differencesMax: 1 };
      throw unproven(plan, await compareTable(plan, options));
    }),
  );
}

function unproven({ source }: TablePlan, { differences }: Awaited<ReturnType<typeof compareTable>>): CopierError {
  const [first] = differences;
  const where =
    first === undefined ? '' : `, first at ${first.key}${first.column === null ? '' : ` in ${first.column}`}`;
  return new CopierError(
    'rollback.unproven',
    `${source}: the rows that were brought back differ from PostgreSQL${where}`,
    {
      table: source,
      column: first?.column ?? null,
      key: first?.key ?? null,
      hint: 'the application stays on PostgreSQL; keep the folder of the rollback and report it. --target-writes discard goes back without these writes, and saves them to a file',
    },
  );
}
