import { stopSignal, threadData } from '../../copy/session.js';
import type { CarriedTable, KeyBounds, KeyRanges, Uncarried } from '../../model/carry.js';
import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { Meter } from '../../pool/meter.js';
import { CarriedCopy } from '../../source/carry/carried-copy.js';
import type { CheckedForeignKey } from '../../source/carry/foreign-keys.js';
import { addressOf } from '../../source/carry/row-address.js';
import { conditionForBounds } from '../../source/carry/rows-by-range.js';
import { withSource } from '../../source/open.js';
import type { Database } from '../../source/sqlite.js';
import { readAddressedCells } from '../../source/verify/verify-rows.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { readTargetCells, renderLiterals } from '../../target/copy/verify-rows.js';
import { rowsWithinSql } from '../../target/reverse/noted-rows.js';
import { boundsOf } from '../../verify/carry/key-ranges.js';
import { findRowChanges } from '../../verify/carry/row-changes.js';
import type { VerifyTable } from '../../verify/rows.js';
import { quarantineReader } from '../quarantine-batches.js';
import { TableCarrier } from './carry-table.js';
import { type CellLikes, ColumnCells } from './column-cells.js';
import { differingKeys, type KeysToRead, notedKeys } from './keys-to-read.js';

/** A table whose two sides differ, with what their summaries said. */
export interface TableToCarry {
  readonly table: Omit<TablePlan, 'chunks'> & Pick<VerifyTable, 'rules'>;
  readonly source: SourceTable;
  readonly quarantineRunId: string | null;
  readonly bucketCount: number;
  readonly differingBuckets: readonly number[];
  /** Rows of each bucket on both sides together. */
  readonly rowsOfBucket: Uint32Array;
  /** Where buckets are ranges of keys, and the rows of one can be asked for. */
  readonly ranges: KeyRanges | null;
  /** Forms that the operator named. */
  readonly likes: CellLikes;
  /** Columns of the source that held nothing but NULL at the switch. */
  readonly empty: readonly string[];
  /** Where the journal names the rows that changed: the relations whose notes they are. Null: rows are looked for. */
  readonly noted: readonly number[] | null;
}

export interface CarryJob {
  /** Both sides are compared by it; it is not changed. */
  readonly snapshotPath: string;
  /** A copy of it, which gets the rows. Null: what differs is only counted. */
  readonly copyPath: string | null;
  readonly tables: readonly TableToCarry[];
  /** By table the number, decimal, behind which AUTOINCREMENT goes on. */
  readonly sequences: readonly { readonly table: string; readonly value: string }[];
  /** Of the whole schema; null where SQLite has to check all rows. */
  readonly foreignKeys: readonly CheckedForeignKey[] | null;
  /** Virtual tables whose rows come from the target themselves; left out where there are none. */
  readonly virtualTables?: readonly string[];
  /** Counts the rows that were brought into the copy. */
  readonly meter?: SharedArrayBuffer;
}

export interface CarryOutcome {
  readonly tables: readonly CarriedTable[];
  /** What cannot be brought back. Where there is any, the copy was left without a commit, and is good for nothing. */
  readonly uncarried: readonly Uncarried[];
}

declare module '../../pool/threads.js' {
  interface ThreadJobs {
    carry: [CarryJob, CarryOutcome];
  }
}

/** Brings rows that differ on the target into a copy of the snapshot, in one transaction of SQLite. */
export async function runCarryJob(job: CarryJob): Promise<CarryOutcome> {
  const { applicationName, address } = threadData;
  const connecting = { applicationName, signal: stopSignal };
  return await withSource(job.snapshotPath, (snapshot) =>
    withTarget(address, connecting, (reading) =>
      withTarget(address, connecting, async (client) => {
        const sides = { snapshot, reading, client };
        if (job.copyPath === null) return { tables: await countChanges(job, sides), uncarried: [] };
        const copy = new CarriedCopy(job.copyPath, job.foreignKeys, job.virtualTables);
        try {
          return await carryTables(job, sides, copy);
        } finally {
          copy.abandon();
        }
      }),
    ),
  );
}

interface Sides {
  readonly snapshot: Database;
  readonly reading: TargetClient;
  readonly client: TargetClient;
}

async function countChanges({ tables }: CarryJob, sides: Sides): Promise<CarriedTable[]> {
  const counted: CarriedTable[] = [];
  for (const one of tables) {
    const counts = { inserted: 0, updated: 0, deleted: 0, quarantined: 0 };
    for await (const changes of await changesOf(one, sides)) for (const { tag } of changes) counts[tag] += 1;
    const { quarantined, ...rest } = counts;
    counted.push({ table: one.table.source, ...rest, inserted: rest.inserted + quarantined });
  }
  return counted;
}

async function carryTables(
  { tables, sequences, meter }: CarryJob,
  sides: Sides,
  copy: CarriedCopy,
): Promise<CarryOutcome> {
  const brought = new Meter(meter);
  const carried: CarriedTable[] = [];
  const uncarried: Uncarried[] = [];
  for (const one of tables) {
    const carrier = new TableCarrier(
      one.table,
      one.source,
      copy.table(one.source),
      new ColumnCells(sides.snapshot, one.table, { looksFar: true, likes: one.likes, empty: one.empty }),
    );
    for await (const changes of await changesOf(one, sides)) {
      carrier.carry(changes);
      brought.add(changes.length);
    }
    carried.push(carrier.finish());
    uncarried.push(...carrier.uncarried);
  }
  for (const { table, value } of sequences) copy.raiseSequence(table, value);
  const orphans = copy.orphans(sides.snapshot);
  uncarried.push(
    ...orphans.map(({ table, key, parent }) => ({
      ...{ table, column: null, key },
      reason: `its row of ${parent} is not there`,
    })),
  );
  if (uncarried.length === 0) copy.finish();
  return { tables: carried, uncarried };
}

async function changesOf(one: TableToCarry, { snapshot, reading, client }: Sides) {
  const { table, source, bucketCount, differingBuckets, rowsOfBucket, quarantineRunId, ranges } = one;
  const keys = await keysToRead(one, { snapshot, reading });
  const boundsIn = (buckets: readonly number[]) => (ranges === null ? null : boundsOf(buckets, ranges, bucketCount));
  const ofSource = (bounds: readonly KeyBounds[] | null) =>
    bounds === null ? keys?.ofSource : conditionForBounds(must(source.rowidAlias, 'name of the rowid'), bounds);
  const ofTarget = (bounds: readonly KeyBounds[] | null) =>
    bounds === null ? keys?.ofTarget : rowsWithinSql(table, bounds);
  return findRowChanges({
    table,
    bucketCount,
    differingBuckets,
    rowsOfBucket: (bucket) => rowsOfBucket[bucket] ?? 0,
    ranges,
    readSource: (buckets) => readAddressedCells(snapshot, table, addressOf(source), ofSource(boundsIn(buckets))),
    readTarget: (buckets) => readTargetCells(reading, table, ofTarget(boundsIn(buckets))),
    quarantined: quarantineRunId === null ? null : quarantineOf(reading, table, quarantineRunId),
    renderLiterals: (type, texts) => renderLiterals(client, type, texts),
    onlyKeys: keys?.hashes ?? null,
  });
}

async function keysToRead(one: TableToCarry, sides: Omit<Sides, 'client'>): Promise<KeysToRead | null> {
  const { table, source, noted, ranges } = one;
  if (noted !== null) return await notedKeys(sides, { relations: noted, table, source });
  return ranges === null ? await differingKeys(sides, one) : null;
}

function quarantineOf(client: TargetClient, table: TableToCarry['table'], runId: string) {
  const read = quarantineReader(client, table, runId);
  return {
    held: () => read(['held'], 'original'),
    originals: () => read(['converted'], 'original'),
    converted: () => read(['converted'], 'changed'),
  };
}
