import type { ChunkResult, TableFingerprint } from '../../model/copy.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import type { Plan } from '../../model/plan.js';
import type { Counters } from '../../pool/counters.js';
import type { Threads } from '../../pool/threads.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { RunTicket } from '../../target/ledger/run.js';
import type { Context } from '../context.js';

export interface LoadRequest {
  readonly context: Context;
  /** The coordinator's connection, which holds the run lock. */
  readonly client: TargetClient;
  readonly address: TargetAddress;
  readonly ticket: RunTicket;
  readonly plan: Plan;
  readonly snapshot: Snapshot;
  /** The catalog of the snapshot. */
  readonly catalog: SourceCatalog;
  /** Target tables to be emptied before the first chunk. */
  readonly toEmpty: readonly string[];
  /** By target table: what it held where that was nothing but rows of the source. */
  readonly seeded: Readonly<Record<string, TableFingerprint>>;
  /** Chunks that earlier attempts at this run committed. */
  readonly done: readonly ChunkResult[];
  readonly threads: Threads;
  readonly counters: Counters;
  readonly signal: AbortSignal;
  /** Resolves once the pages of the snapshot are found sound, and that is noted: nothing but the copy may end before. */
  readonly judged: () => Promise<void>;
}
