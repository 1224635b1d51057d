import type { AcceptResult } from '../../model/shadow.js';
import type { LeftOut } from '../../model/source.js';

/** One chunk of the load, as the ledger times it. */
export interface ChunkTime {
  readonly table: string;
  readonly index: number;
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** The run that loaded the target. */
export interface LoadRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly host: string;
  readonly toolVersion: string;
  readonly chunks: readonly ChunkTime[];
}

/** Everything that the report shows. */
export interface AcceptancePage {
  readonly result: AcceptResult;
  readonly createdAt: Date;
  /** The run that loaded the target, or null where none of ours did. */
  readonly run: LoadRun | null;
  readonly leftOut: readonly LeftOut[];
  /** Names and versions of what took part, in order. */
  readonly environment: readonly (readonly [string, string])[];
  readonly shadowLimit: number;
  /** What a difference may come from, in words. */
  readonly explain: (source: string, target: string) => string | null;
}
