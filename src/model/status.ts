import type { CutoverState, CutoverStep, GroupMember } from './cutover.js';

/** The state of the youngest run of a schema. */
export interface RunStatus {
  readonly target: string;
  readonly run: {
    readonly runId: string;
    readonly state: 'copying' | 'finishing' | 'complete' | 'failed' | 'abandoned';
    readonly sourcePath: string;
    readonly snapshotPath: string;
    readonly snapshotSha256: string;
    readonly snapshotTakenAt: string;
    readonly startedAt: string;
    readonly updatedAt: string;
    readonly finishedAt: string | null;
    readonly host: string;
    readonly pid: number;
    readonly toolVersion: string;
    readonly chunksDone: number;
    readonly chunksTotal: number;
    readonly rowsDone: number;
    readonly rowsTotal: number;
    /** Indexes, constraints and triggers that were detached and are not restored yet. */
    readonly objectsMissing: readonly { readonly kind: string; readonly table: string; readonly name: string }[];
    /** How many tables and partitions refuse the writes of others until the run has ended. */
    readonly tablesClosed: number;
    /** What the last verify or accept found since; null where there was none. */
    readonly compared: LastComparison | null;
    /** What the operator gave up by name. */
    readonly waived: readonly string[];
    /** Names of what it was configured with, by which later commands go. */
    readonly configured: readonly string[];
  } | null;
  /** How far the target is behind the source; null where no run is complete. */
  readonly follow: FollowStatus | null;
  /** The youngest cutover of the schema. */
  readonly cutover: CutoverStatus | null;
}

/** What a comparison of both sides found after a run. */
export interface LastComparison {
  readonly command: string;
  readonly ok: boolean;
  /** Rows, values and objects of the schema that differ; of some, where there are very many. */
  readonly differences: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Whether a round or a repair changed the target since. */
  readonly isOutdated: boolean;
}

/** What the target shows, and how old that is. */
export interface FollowStatus {
  /** Rounds that were brought since the load. */
  readonly rounds: number;
  /** When the snapshot was taken that the target shows; ISO 8601, UTC. */
  readonly showsSourceOf: string;
  readonly behindSeconds: number;
  /** Whether the source was written since, by the times of its files; null where it is not on this machine. */
  readonly isSourceChanged: boolean | null;
  /** How many bytes the file has more than the snapshot that the target shows; null where one of them is not on this machine. */
  readonly grownBytes: number | null;
  /** Bytes of the -wal beside the source, which may hold more; 0 where there is none, null where the source is not here. */
  readonly logBytes: number | null;
  /** Rows that the last round changed, and how long it took on the target; null before the first. */
  readonly lastRows: number | null;
  readonly lastMs: number | null;
  readonly snapshotPath: string;
  /** Whether that snapshot, from which the next round goes on, is on this machine. */
  readonly isSnapshotThere: boolean;
}

/** The state of a cutover: what the ledger says, and which database the application uses. */
export interface CutoverStatus {
  readonly cutoverId: string;
  readonly state: CutoverState;
  readonly application: 'sqlite' | 'postgres';
  /** Whether the old SQLite file refuses writes. */
  readonly isClosed: boolean;
  /** Whether no command is left to be run. */
  readonly isSettled: boolean;
  readonly attempt: number;
  readonly folder: string;
  readonly sourcePath: string;
  readonly envPath: string | null;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly host: string;
  readonly pid: number;
  readonly steps: readonly CutoverStep[];
  /** What does not fit to what was left: a closed database that was changed since, for instance. */
  readonly alarms: readonly string[];
  readonly next: string;
  /** The files that went over together, this one too; none where it went by itself. */
  readonly group: readonly (GroupMember & { readonly isClosed: boolean })[];
}
