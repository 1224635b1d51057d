import type { PhaseTime } from './event.js';
import type { Finding, KeyPlan } from './plan.js';
import type { RunResult, Sides, TableReport } from './result.js';
import type { Snapshot } from './source.js';

/** The keys of one table on both sides, as anyone can hash them again with sqlite3, psql and sha256sum. */
export interface KeysetReport {
  readonly table: string;
  /** Source names of the columns that are hashed, in order. */
  readonly columns: readonly string[];
  /** What the key is: the primary key, a unique key, or every column in order where there is neither. */
  readonly origin: KeyPlan['origin'];
  /** Columns of the key that are not in the hash, since plain SQL cannot write their values alike on both sides. */
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
  readonly rows: Sides<number>;
  /** Lower-case hex; '' where no column of the key can be hashed. */
  readonly sha256: Sides<string>;
  /** The statements that print what is hashed: one line per row. */
  readonly sql: Sides<string>;
  /** Whether rows are in quarantine or were converted, so that the two hashes need not be the same. */
  readonly isKept: boolean;
  readonly ok: boolean;
}

/** A read that the operator names in the config file. */
export interface OwnRead {
  readonly name: string;
  /** One statement for both sides, or one for each. `$1` and so on are the parameters. */
  readonly sql: string | Sides<string>;
  readonly params?: readonly OwnParameter[];
}

/** A value as it is, or one sampled from a column of the source, both by the source's names. */
export type OwnParameter = string | number | boolean | null | { readonly table: string; readonly column: string };

export type ShadowVerdict = 'equal' | 'differs' | 'failed';

/** One value, or one row, that a read shows differently. */
export interface ShadowDifference {
  /** Where the row is in the read: its key as text, or its position where the read has no key. */
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'changed' | 'order';
  readonly column: string | null;
  readonly source: string | null;
  readonly target: string | null;
}

/** One read that ran on both sides. */
export interface ShadowReport {
  readonly name: string;
  /** Where the read comes from: the application, a key, an index, a foreign key, the operator. */
  readonly why: string;
  readonly table: string | null;
  readonly sql: Sides<string>;
  readonly rows: Sides<number>;
  /** Median of a few runs. */
  readonly ms: Sides<number>;
  readonly verdict: ShadowVerdict;
  readonly differences: readonly ShadowDifference[];
  /** What lies behind a difference, or behind another order that an application may see, in words. */
  readonly explanations: readonly string[];
}

/** What the shadow command gives. */
export interface ShadowResult {
  readonly ok: boolean;
  readonly command: 'shadow';
  readonly runId: string | null;
  readonly runDir: null;
  readonly durationMs: number;
  readonly tables: readonly TableReport[];
  readonly findings: readonly Finding[];
  readonly phases: readonly PhaseTime[];
  readonly source: string;
  readonly target: string;
  readonly snapshot: Snapshot;
  readonly reads: readonly ShadowReport[];
}

/** What the accept command gives: the proof of verify, the reads of shadow, and the keysets. */
export interface AcceptResult extends RunResult {
  readonly reads: readonly ShadowReport[];
  readonly keysets: readonly KeysetReport[];
}
