import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CarryOutcome, TableToCarry } from '../../jobs/carry/carry-job.js';
import type { CarriedTable, Uncarried } from '../../model/carry.js';
import { plainProgress } from '../../model/event.js';
import type { TablePlan } from '../../model/plan.js';
import type { TargetAddress } from '../../model/target.js';
import { Meter } from '../../pool/meter.js';
import { foreignKeysOf } from '../../source/carry/foreign-keys.js';
import { hashFile } from '../../source/snapshot/file-hash.js';
import { copyPrivately } from '../../source/snapshot/private-copy.js';
import { checkSpace } from '../../source/snapshot/snapshot-space.js';
import type { TargetClient } from '../../target/connection/client.js';
import { compareSums, metersOf } from '../compare/compare-table.js';
import { findQuarantines } from '../compare/quarantined-rows.js';
import type { Context } from '../context.js';
import { withRunThreads } from '../load/copy-threads.js';
import { readStoredPlan } from '../plan/stored-plan.js';
import { readCatalog } from '../survey/survey.js';
import type { Carrying, CarryRequest, KnownSums } from './carrying.js';
import { findTables } from './differing-tables.js';
import { findGivenNumbers } from './given-numbers.js';
import { isLeftBehind, planCarry } from './plan-carry.js';
import { prove } from './prove-carried.js';

/*
 * The rows that the target took since a snapshot, brought into a copy of that snapshot: both are compared by their sums,
 * then the rows of the buckets that differ by key; what differs is written into the copy in one transaction of SQLite; and
 * then the copy is compared with the target as a whole. Nobody may write to the target meanwhile.
 */

/** What came back; the copy is whole only where nothing is uncarried. */
export interface Carried {
  readonly tables: readonly CarriedTable[];
  readonly uncarried: readonly Uncarried[];
  /** SHA-256 of the copy, lower-case hex; null where nobody has read it whole. */
  readonly sha256: string | null;
}

export async function carryWrites(request: CarryRequest): Promise<Carried> {
  const { context, client, address, snapshotPath, copyPath, signal } = request;
  const stored = await readStoredPlan(client, request.runId);
  const catalog = await readCatalog(snapshotPath, { ...context.settings, ...stored.moved });
  // Nobody brings rows in or out of the quarantine meanwhile: the rollback holds the lock of runs.
  const quarantines = await findQuarantines(client, address.schema, stored.plan);
  const { planned, uncarried } = await planCarry(request, stored, { catalog, quarantines });
  // Who waits under locks shall hear at once that it is refused; who only asks, all reasons.
  if (uncarried.length > 0 && !request.isRehearsal) return { tables: [], uncarried, sha256: null };
  const threads = { settings: context.settings, address, applicationName: 'pgferry rollback', signal };
  return await withRunThreads(threads, async (pool) => {
    const sums = new Map<string, KnownSums>();
    // Where keys were matched, those of tables that did not change are not PostgreSQL's own.
    const numbered =
      request.finish === undefined ? stored.plan.tables.filter((one) => !isLeftBehind(request, one)) : planned;
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
    let sha256: string | null = null;
    if (isWhole && !request.isRehearsal) {
      const proving = metersOf(planned);
      const proof = journal.phase(
        'prove',
        () => prove({ ...carrying, meters: proving }, tables),
        () => proving.progress('prove'),
      );
      // What is finished afterwards is another file then.
      const hash = request.finish === undefined ? hashFile(copyPath, signal) : null;
      [, sha256] = await Promise.all([proof, hash]);
    }
    const left = isWhole ? (request.finish?.(copyPath) ?? []) : outcome.uncarried;
    if (left.length > 0 || request.isRehearsal) rmSync(copyPath, { force: true });
    return { ...outcome, uncarried: [...uncarried, ...left], sha256 };
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
