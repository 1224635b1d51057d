/** One thing that doctor looked at. */
export interface Check {
  readonly name: string;
  /** problem: a run would be refused or would fail; warning: it would work with less; skipped: what it needs is amiss. */
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was found. */
  readonly found: string;
  /** What to do; empty where all is well. */
  readonly hint: string;
  /** The code of the error or finding, where it has one. */
  readonly code: string | null;
}

export interface DoctorResult {
  /** Whether there is no problem. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}
