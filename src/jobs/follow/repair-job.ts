import { rowsOf } from '../../copy/feed.js';
import { stopSignal, threadData } from '../../copy/session.js';
import type { TableFingerprint } from '../../model/copy.js';
import { CopierError, must } from '../../model/error.js';
import type { RoundChange } from '../../model/follow.js';
import { waiverOf } from '../../plan/schema/compare-objects.js';
import { isSameContent } from '../../pool/tally.js';
import type { PageLayout } from '../../source/pages/layout.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { lockWaitFor, nameLockHolders } from '../../target/connection/lock-holders.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { claimRound } from '../../target/ledger/round.js';
import { addWaivers } from '../../target/ledger/waiver.js';
import { applyRound, checkHeld, keepWritersOut } from '../../target/round/apply-round.js';
import {
  onlyDifferingSql,
  type RoundTablePlan,
  type Stage,
  type StagedTable,
  stagingTable,
} from '../../target/round/round-sql.js';
import { analyzeStaging, makeStaging, planForRounds } from '../../target/round/staging.js';
import { writerSetting } from '../../target/schema/closed-tables.js';
import { type SequenceNeed, setSequences } from '../../target/schema/sequences.js';
import { asSent, findQuarantined } from './quarantined-rows.js';
import { sendRows, type Travel } from './send-rows.js';

/** A table that differs, and what the load and the rounds brought of it. */
export interface TableToRepair {
  readonly table: RoundTablePlan;
  readonly layout: PageLayout | null;
  readonly expected: TableFingerprint;
}

export interface RepairJob extends Travel {
  readonly schema: string;
  /** SHA-256 of the run's own snapshot, and of the one that the target shows. */
  readonly snapshotSha256: string;
  readonly baseSha256: string;
  readonly snapshotPath: string;
  /** Parents first. */
  readonly tables: readonly TableToRepair[];
  /** Target names of the tables whose rows may stay without those that they refer to. */
  readonly mayHoldOrphans: readonly string[];
  readonly sequences: readonly SequenceNeed[];
}

declare module '../../pool/threads.js' {
  interface ThreadJobs {
    repair: [RepairJob, readonly RoundChange[]];
  }
}

/**
 * Makes tables of the target hold what the snapshot says, in one transaction: their rows travel to a staging table, and
 * only those that differ are deleted, updated or inserted. The ledger stays as it is, since it said so before.
 */
export async function runRepairJob(job: RepairJob): Promise<readonly RoundChange[]> {
  const { address, applicationName, stallTimeoutMs: limitMs } = threadData;
  const settings = { lock_timeout: lockWaitFor(limitMs), [writerSetting]: job.runId };
  const connecting = { applicationName, settings, signal: stopSignal };
  return await withTarget(address, connecting, async (client) => {
    try {
      return await withTransaction(client, () => repair(client, job));
    } catch (error) {
      const tables = job.tables.map(({ table }) => table.target);
      throw await nameLockHolders(client, { error, schema: job.schema, tables, wanted: 'table' });
    }
  });
}

async function repair(client: TargetClient, job: RepairJob): Promise<readonly RoundChange[]> {
  await client.query('SET LOCAL synchronous_commit = on');
  await claimRound(client, job, { number: job.number, baseSha256: job.baseSha256 });
  await planForRounds(client);
  await keepWritersOut(
    client,
    job.schema,
    job.tables.map(({ table }) => table),
  );
  const staged: StagedTable[] = [];
  for (const [index, one] of job.tables.entries()) staged.push(await stage(client, job, one, index));
  const differing = staged.filter(({ rows }) => rows.old > 0 || rows.now > 0);
  const applied = await applyRound(client, job.schema, differing, new Set(job.mayHoldOrphans));
  await addWaivers(client, job.runId, applied.leftOpen.map(waiverOf));
  for (const one of differing) await checkHeld(client, one);
  const touched = new Set(differing.map(({ table }) => table.target));
  await setSequences(
    client,
    job.schema,
    job.sequences.filter(({ table }) => touched.has(table)),
  );
  return applied.changes.map((change) => ({ ...change, quarantined: 0, released: 0, way: 'compared by the server' }));
}

async function stage(client: TargetClient, job: RepairJob, one: TableToRepair, index: number): Promise<StagedTable> {
  const { table, layout, expected } = one;
  const chunk = {
    table: table.source,
    index: 0,
    range: { tag: 'whole' as const },
    estimatedRows: 0,
    estimatedBytes: 0,
  };
  const rows = () => rowsOf({ snapshotPath: job.snapshotPath, table, layout, chunk });
  await makeStaging(client, table, index);
  const quarantined = await findQuarantined(client, table, rows, job);
  const sent = await sendRows(client, { table, index, stage: 'now', rows: asSent(rows(), quarantined, table) }, job);
  if (!isSameContent(expected, sent)) throw otherContent(table);
  await analyzeStaging(client, index);
  for (const sql of onlyDifferingSql({ table, index })) await client.run(sql, [], { table: table.target });
  await analyzeStaging(client, index);
  return { table, index, rows: { old: await count(client, index, 'old'), now: await count(client, index, 'now') } };
}

async function count(client: TargetClient, index: number, stage: Stage): Promise<number> {
  const [row] = await client.query<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${stagingTable({ index }, stage)}`,
  );
  return Number(must(row, 'count').rows);
}

function otherContent({ source }: RoundTablePlan): CopierError {
  return new CopierError(
    'data.round_differs',
    `${source}: its rows in the snapshot do not come to what the load and the rounds noted; nothing was changed`,
    { table: source, hint: 'keep the run folder and report it; migrate anew with --truncate-target' },
  );
}
