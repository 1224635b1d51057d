import type { Finding } from './plan.js';
import type { Difference, TableReport } from './result.js';

/** What a round changed in one table. */
export interface RoundChange {
  /** Name in the source. */
  readonly table: string;
  readonly deleted: number;
  readonly updated: number;
  readonly inserted: number;
  /** Rows that entered and left the quarantine. */
  readonly quarantined: number;
  readonly released: number;
  /** How the changed rows were found, in words. */
  readonly way: string;
}

/** What follow comes to, as printed with --json. Fields are added, never changed. */
export interface FollowResult {
  /** Whether the whole tables that changed were proven equal at the end. */
  readonly ok: boolean;
  readonly command: 'follow';
  readonly runId: string;
  readonly runDir: string;
  readonly source: string;
  readonly target: string;
  readonly durationMs: number;
  readonly isRehearsal: boolean;
  /** Whether nothing had changed in the last round. */
  readonly isQuiet: boolean;
  readonly rounds: readonly RoundReport[];
  /** The tables that changed, wholly compared after the last round; none of a rehearsal. */
  readonly tables: readonly TableReport[];
  readonly differences: readonly Difference[];
  readonly findings: readonly Finding[];
}

/** What repair comes to, as printed with --json. Fields are added, never changed. */
export interface RepairResult {
  /** Whether both sides are equal now. */
  readonly ok: boolean;
  readonly command: 'repair';
  readonly runId: string;
  readonly runDir: string;
  readonly source: string;
  readonly target: string;
  readonly durationMs: number;
  /** When the snapshot was taken that the target shows; ISO 8601, UTC. */
  readonly snapshotTakenAt: string;
  /** Tables in which rows were changed, with what was done to them. */
  readonly changes: readonly RoundChange[];
  /** Differences as they were found before, at most as many per table as --differences-max says. */
  readonly differences: readonly Difference[];
  /** The tables that were looked at, as they are now. */
  readonly tables: readonly TableReport[];
  readonly findings: readonly Finding[];
}

/**
 * Stands in the place of the SHA-256 of a snapshot whose bytes were not read yet: that of the last round of a live
 * cutover, until after the switch.
 */
export const pendingSha256 = 'pending';

/** One round, as it is reported. */
export interface RoundReport {
  readonly number: number;
  /** When the snapshot was taken that the target shows since; ISO 8601, UTC. */
  readonly snapshotTakenAt: string;
  readonly snapshotBytes: number;
  /** Pages whose bytes differ from the snapshot before, and of how many. */
  readonly pagesChanged: number;
  readonly pages: number;
  /** Tables with a change. */
  readonly changes: readonly RoundChange[];
  /** Rows deleted, updated and inserted. */
  readonly rows: number;
  /** COPY bytes sent. */
  readonly bytes: number;
  readonly snapshotMs: number;
  readonly compareMs: number;
  /** The part of it that finds the changed leaves of each table once the changed pages are known. */
  readonly leavesMs: number;
  readonly applyMs: number;
  readonly durationMs: number;
}
