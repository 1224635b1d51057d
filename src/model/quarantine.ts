import type { ColumnLoss } from './copy.js';
import type { TableReport } from './result.js';

/**
 * held: the row is not in the target; converted: it is, with changed values; released: it was held, and a retry has since
 * brought it into the target.
 */
export type QuarantineState = 'held' | 'converted' | 'released';

/** Why a row is in the quarantine. */
export interface QuarantineNote {
  /** Position in the chunk, from 0, in the order of the source. */
  readonly rowNumber: number;
  readonly state: QuarantineState;
  /** The key as text, `a=1, b='x'`. */
  readonly key: string;
  /** Source columns, separated by commas, or null where the row as a whole is the reason. */
  readonly column: string | null;
  /** As policies name it; several are separated by commas. */
  readonly hazard: string;
  /** quarantine, or the name of the conversion. */
  readonly rule: string;
  readonly reason: string;
}

/** What the quarantine of a run holds, by table, state, column, hazard and rule. */
export interface QuarantineGroup {
  readonly table: string;
  readonly state: QuarantineState;
  readonly column: string | null;
  readonly hazard: string;
  readonly rule: string;
  readonly rows: number;
  /** Up to three keys. */
  readonly examples: readonly string[];
}

/** A quarantined row as it is listed. */
export interface QuarantinedRowReport extends Omit<QuarantineNote, 'rowNumber'> {
  readonly table: string;
}

/** What the quarantine of the youngest run holds, and after a retry what the retry did. */
export interface QuarantineResult {
  readonly ok: boolean;
  readonly action: 'list' | 'retry';
  readonly runId: string | null;
  readonly runDir: string | null;
  readonly groups: readonly QuarantineGroup[];
  /** What rules took from the values of all rows, by table, column, hazard and rule. */
  readonly losses: readonly ColumnLoss[];
  /** Held and converted rows, at most as many as --list-max says. */
  readonly rows: readonly QuarantinedRowReport[];
  /** Whether `rows` names all of them. */
  readonly isComplete: boolean;
  /** Rows that a retry brought in. */
  readonly released: number;
  /** Of a retry: the tables that it touched, compared anew. */
  readonly tables: readonly TableReport[];
}
