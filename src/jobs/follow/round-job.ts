import { stopSignal, threadData } from '../../copy/session.js';
import { type BothPaths, withBothFiles } from '../../follow/both-files.js';
import type { BothFiles, ChangedTable } from '../../follow/changed-rows.js';
import type { ChunkResult, TableFingerprint } from '../../model/copy.js';
import { CopierError, must } from '../../model/error.js';
import type { RoundChange } from '../../model/follow.js';
import { waiverOf } from '../../plan/schema/compare-objects.js';
import { addUp, isSameContent, subtract } from '../../pool/tally.js';
import type { TargetClient } from '../../target/connection/client.js';
import { lockWaitFor, nameLockHolders } from '../../target/connection/lock-holders.js';
import { withTarget } from '../../target/connection/connect.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { fingerprintRows } from '../../target/fingerprint/fingerprint.js';
import { recordLoaded } from '../../target/fingerprint/loaded.js';
import { listChunks } from '../../target/ledger/chunk.js';
import { claimRound, recordRound, type Round } from '../../target/ledger/round.js';
import { addWaivers } from '../../target/ledger/waiver.js';
import { type AppliedChange, applyRound, checkHeld, refuseMissing } from '../../target/round/apply-round.js';
import { heldRowsSql, isKeyed, type StagedTable, stagingTable } from '../../target/round/round-sql.js';
import { planForRounds } from '../../target/round/staging.js';
import { writerSetting } from '../../target/schema/closed-tables.js';
import { type SequenceNeed, setSequences } from '../../target/schema/sequences.js';
import { type RoundTravel, type StagedRows, stageTable } from './stage-table.js';

/** What a thread gets for one round. */
export interface RoundJob extends RoundTravel {
  readonly paths: BothPaths;
  readonly schema: string;
  /** SHA-256 of the run's own snapshot: the base of the first round. */
  readonly snapshotSha256: string;
  readonly round: Omit<Round, 'changes' | 'durationMs'>;
  /** In the order of their layers, parents first. */
  readonly tables: readonly ChangedTable[];
  /** Of all tables; none where no page of the source changed. */
  readonly sequences: readonly SequenceNeed[];
  /** Target names of the tables whose rows may stay without those that they refer to. */
  readonly mayHoldOrphans: readonly string[];
  /** Whether the server computes the fingerprints that we do. */
  readonly hasFingerprints: boolean;
  /** Takes all back at the end. */
  readonly isRehearsal: boolean;
}

export interface RoundResult {
  readonly changes: readonly RoundChange[];
  readonly bytes: number;
  /** Foreign keys that rows without their parent stand against since this round, as `--waive` names them. */
  readonly leftOpen: readonly string[];
}

declare module '../../pool/threads.js' {
  interface ThreadJobs {
    round: [RoundJob, RoundResult];
  }
}

/** Brings one round in one transaction, with its row of the ledger; what it gives has been committed. */
export async function runRoundJob(job: RoundJob): Promise<RoundResult> {
  const { address, applicationName, stallTimeoutMs: limitMs } = threadData;
  const settings = { lock_timeout: lockWaitFor(limitMs), [writerSetting]: job.runId };
  const connecting = { applicationName, settings, signal: stopSignal };
  return await withTarget(address, connecting, (client) =>
    withBothFiles(job.paths, async (files) => {
      try {
        return await withTransaction(client, async () => {
          const result = await bringRound(client, files, job);
          if (job.isRehearsal) throw new Rehearsed(result);
          return result;
        });
      } catch (error) {
        if (error instanceof Rehearsed) return error.result;
        const tables = job.tables.map(({ table }) => table.target);
        throw await nameLockHolders(client, { error, schema: job.schema, tables, wanted: 'table' });
      }
    }),
  );
}

/** Ends the transaction of a rehearsal; never leaves this file. */
class Rehearsed extends Error {
  readonly result: RoundResult;

  constructor(result: RoundResult) {
    super('rehearsed');
    this.result = result;
  }
}

interface StagedPair {
  readonly staged: StagedTable;
  readonly rows: StagedRows;
  readonly way: string;
}

async function bringRound(client: TargetClient, files: BothFiles, job: RoundJob): Promise<RoundResult> {
  const beganAtMs = performance.now();
  await client.query('SET LOCAL synchronous_commit = on');
  await claimRound(client, job, job.round);
  await planForRounds(client);
  const pairs: StagedPair[] = [];
  for (const [index, changed] of job.tables.entries()) {
    if (changed.way.tag === 'same') continue;
    const rows = await stageTable(client, files, { changed, index }, job);
    if (rows === null) continue;
    const staged = { table: changed.table, index, rows: { old: rows.old.rows, now: rows.now.rows } };
    pairs.push({ staged, rows, way: describeWay(changed) });
  }
  const applied = await applyRound(
    client,
    job.schema,
    pairs.map(({ staged }) => staged).filter(({ rows }) => rows.old > 0 || rows.now > 0),
    new Set(job.mayHoldOrphans),
  );
  for (const pair of pairs) await (job.hasFingerprints ? prove(client, pair) : checkHeld(client, pair.staged));
  const durationMs = performance.now() - beganAtMs;
  const changes = pairs.map((pair) => changeOf(pair, applied.changes));
  await recordRound(
    client,
    job.runId,
    { ...job.round, changes, durationMs },
    pairs.map((pair) => resultOf(pair, durationMs)),
  );
  await noteLoaded(client, job, pairs);
  // Numbers may have been handed out and their rows be gone again, so this is not for changed tables alone.
  await setSequences(client, job.schema, job.sequences);
  const leftOpen = await addWaivers(client, job.runId, applied.leftOpen.map(waiverOf));
  return { changes, bytes: pairs.reduce((sum, { rows }) => sum + rows.bytes, 0), leftOpen };
}

function describeWay({ way }: ChangedTable): string {
  if (way.tag === 'same') return '';
  if (way.tag === 'leaves') return `${way.leaves.old.length} and ${way.leaves.now.length} leaves`;
  return way.tag === 'join' ? `joined by SQL (${way.reason})` : `all rows (${way.reason})`;
}

/** The rows that the target holds as staged: their count, and the server's own sums against those of the threads. */
async function prove(client: TargetClient, { staged, rows }: StagedPair): Promise<void> {
  if (rows.now.rows === 0) return;
  const { table } = staged;
  const from = isKeyed(table) ? heldRowsSql(staged) : `${stagingTable(staged, 'now')} AS t`;
  const held = await fingerprintRows(client, table, from);
  refuseMissing(staged, held.rows);
  if (isSameContent(rows.now, held)) return;
  throw new CopierError(
    'data.round_differs',
    `${table.source}: the rows that the round brought do not come to the same sums on both sides; the round was rolled back`,
    { table: table.source, hint: 'run again; where it stays so, keep the run folder and report it' },
  );
}

function changeOf({ staged, rows, way }: StagedPair, applied: readonly AppliedChange[]): RoundChange {
  const table = staged.table.source;
  const done = applied.find((change) => change.table === table) ?? { table, deleted: 0, updated: 0, inserted: 0 };
  return { ...done, quarantined: rows.quarantined, released: rows.released, way };
}

/** What the round adds to what the table holds; it may be less than nothing. */
function resultOf({ staged, rows }: StagedPair, durationMs: number): ChunkResult {
  const { now, old, bytes, receipt, converted, quarantined, released } = rows;
  const location = { table: staged.table.source, index: 0 };
  return {
    ...subtract(now, old),
    ...location,
    bytes,
    receipt,
    converted,
    quarantined: quarantined - released,
    durationMs,
  };
}

/** What each changed table holds now; columns without a fingerprint are summed up by `proveTables`, which reads the table. */
async function noteLoaded(
  client: TargetClient,
  { schema, runId }: RoundJob,
  pairs: readonly StagedPair[],
): Promise<void> {
  if (pairs.length === 0) return;
  const chunks = await listChunks(client, runId);
  for (const { staged } of pairs) {
    const { source, target, columns } = staged.table;
    const names = must(
      chunks.find(({ table }) => table === source),
      `chunk of ${source}`,
    ).columns.map(({ column }) => column);
    if (columns.some(({ kind }) => kind.tag === 'jsonb' || kind.tag === 'literal')) continue;
    const sums: TableFingerprint = addUp(
      names,
      chunks.filter(({ table }) => table === source),
    );
    await recordLoaded(client, [{ ...sums, schema, table: target, runId }]);
  }
}
