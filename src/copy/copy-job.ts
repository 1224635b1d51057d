import type { Chunk, TablePlan } from '../model/plan.js';
import type { PageLayout } from '../source/pages/layout.js';

/** What a copy thread gets: chunks that it copies in one transaction. */
export interface CopyBatch {
  readonly jobs: readonly CopyJob[];
  /** The slot of the shared counters that counts the heartbeats of this batch. */
  readonly slot: number;
}

/** What a copy thread needs for one chunk. */
export interface CopyJob {
  readonly snapshotPath: string;
  readonly runId: string;
  /** Fencing token of this attempt: a chunk commits only while the ledger holds the same one. */
  readonly token: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  /** The positions of the columns in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
  readonly chunk: Chunk;
  /** The chunk is the whole table and nothing refers to it: its rows may be frozen as they arrive. */
  readonly mayFreeze: boolean;
  /** The table's indexes were left in force, but may be taken away where rows cannot go in under them. */
  readonly hasIndexes: boolean;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  /** So many converted rows of the chunk are kept whole though they can be proven without; null: all. */
  readonly keepConverted: number | null;
}
