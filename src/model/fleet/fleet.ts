import type { FileOptions } from './file-options.js';
import type { FleetForm } from './form.js';

/** A fleet as the ledger has it. */
export interface FleetShape {
  readonly form: FleetForm;
  /** Of tenant-column: the schema of the partitioned tables, and their column. */
  readonly parents: { readonly schema: string; readonly column: string } | null;
}

/** What the command `fleet` can do. */
export const fleetActions = ['plan', 'enqueue', 'work', 'status', 'retry', 'verify', 'report'] as const;
export type FleetAction = (typeof fleetActions)[number];

/**
 * waiting: in the queue; taken: a worker is at it; done: loaded and proven; failed: in the dead letters, with its
 * reason; refused: its reason was found before it was entered into the queue.
 */
export const fleetStates = ['waiting', 'taken', 'done', 'failed', 'refused'] as const;
export type FleetFileState = (typeof fleetStates)[number];

/** Why a file was refused or failed. */
export interface FleetReason {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** One line of a manifest. */
export interface FleetLine {
  /** As it was named; a relative one starts at the current folder of whoever reads it. */
  readonly source: string;
  /** null where the name is to be made from that of the file. */
  readonly schema: string | null;
  /** What is to be otherwise for this file, by the keys of the config file; null for nothing. */
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** What the census of a plan found out about one file. */
export interface FleetEntry {
  readonly source: string;
  readonly schema: string;
  /** The id of its schema version; null where the file was not read. */
  readonly version: string | null;
  readonly bytes: number | null;
  /** What its line of the manifest sets otherwise; null for nothing. */
  readonly options: FileOptions | null;
  readonly reason: FleetReason | null;
}

/** Files whose tables, columns, keys, indexes, views and triggers are the same. */
export interface FleetVersion {
  /** The first digits of a hash over all of them. */
  readonly id: string;
  readonly files: number;
  readonly tables: number;
  /** The first file that has it. */
  readonly example: string;
  /** What is other than in the version that most files have; empty for that one. */
  readonly differences: readonly string[];
}

/** One file of a fleet as the ledger has it. */
export interface FleetFile extends FleetEntry {
  readonly state: FleetFileState;
  /** Loads that were begun. */
  readonly attempts: number;
  /** `pid 4711 on host`, of the worker that took it last. */
  readonly worker: string | null;
  readonly runId: string | null;
  readonly rows: number | null;
  /** What the run warned of, the first few. */
  readonly remarks: readonly string[];
  /** ISO 8601, UTC. */
  readonly beganAt: string | null;
  readonly endedAt: string | null;
  /** What the last `fleet verify` found. */
  readonly verified: FleetVerdict | null;
}

export interface FleetVerdict {
  readonly ok: boolean;
  readonly differences: number;
  readonly at: string;
}

/** How fast a fleet goes, over what was done in the last minute. */
export interface FleetPace {
  readonly rowsPerSecond: number;
  readonly filesPerSecond: number;
  /** Seconds until the last file is done at this pace; null while nothing waits, or nobody works. */
  readonly etaSeconds: number | null;
}

/** What `fleet` gives, whatever its action. */
export interface FleetResult {
  readonly action: FleetAction;
  /** Whether no file was refused, failed, or differs. */
  readonly ok: boolean;
  readonly fleet: string;
  readonly form: FleetForm;
  /** Of plan and enqueue, the most frequent first. */
  readonly versions: readonly FleetVersion[];
  readonly files: readonly FleetFile[];
  readonly counts: Readonly<Record<FleetFileState, number>>;
  /** Files that this call entered, loaded, put back into the queue, or verified. */
  readonly handled: number;
  /** Files that count as taken though their worker is gone; the next one that asks for work gives them back. */
  readonly lost: number;
  /** Files that wait and are not on this machine; null where the action does not look. */
  readonly notHere: number | null;
  readonly pace: FleetPace | null;
  /** Files that this call has written: the manifest, or the report. */
  readonly written: readonly string[];
}
