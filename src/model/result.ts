import type { PhaseTime } from './event.js';
import type { Finding } from './plan.js';
import type { ObjectCount } from './schema.js';
import type { Snapshot } from './source.js';
import type { SessionSettings } from './target.js';

export interface Sides<T> {
  readonly source: T;
  readonly target: T;
}

export interface ColumnReport {
  readonly column: string;
  readonly nulls: Sides<number>;
  readonly empty: Sides<number>;
  readonly fingerprint: Sides<string>;
}

export interface TableReport {
  readonly table: string;
  readonly sourceRows: number;
  readonly copiedRows: number;
  readonly quarantinedRows: number;
  readonly targetRows: number;
  readonly keyset: Sides<string>;
  readonly columns: readonly ColumnReport[];
  readonly ok: boolean;
}

/** One proven difference between the sides, as `verify` prints it. */
export interface Difference {
  readonly table: string;
  /** The key as text, `a=1, b='x'`. */
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'changed' | 'repeated';
  /** null unless changed. */
  readonly column: string | null;
  readonly source: string | null;
  readonly target: string | null;
}

/** How many differences of one kind a table has, of `changed` ones per column. */
export interface DifferenceTotal {
  readonly table: string;
  readonly kind: Difference['kind'];
  /** null unless changed. */
  readonly column: string | null;
  readonly count: number;
  /** False where more rows differ than were looked at again: "at least". */
  readonly isAll: boolean;
}

/** The result of a command, as printed with --json. Fields are added, never changed. */
export interface RunResult {
  readonly ok: boolean;
  readonly command: string;
  readonly runId: string | null;
  readonly runDir: string | null;
  readonly durationMs: number;
  readonly tables: readonly TableReport[];
  readonly findings: readonly Finding[];
  readonly phases: readonly PhaseTime[];
  readonly source: string;
  /** The target's URL without its password. */
  readonly target: string;
  readonly snapshot: Snapshot | null;
  /** Chunks that an earlier attempt of the same run had committed. */
  readonly chunksResumed: number;
  readonly chunksCopied: number;
  readonly bytesCopied: number;
  /** Time in which the copy threads read and encoded, ms, all together; the rest of the copy they waited for the server. */
  readonly fillMs?: number;
  /** The settings that were chosen for the sessions of the copy, and of proof, indexes and constraints. */
  readonly sessions?: { readonly copy: SessionSettings; readonly finish: SessionSettings };
  readonly differences: readonly Difference[];
  /** All differences, counted; of verify and accept. */
  readonly differenceTotals?: readonly DifferenceTotal[];
  /** Columns, keys, constraints, indexes, triggers and sequences of the compared tables, by kind. */
  readonly objects: readonly ObjectCount[];
}
