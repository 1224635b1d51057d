import type { Code } from '../../model/codes/codes.js';
import type { Finding, Severity } from '../../model/plan.js';

/** The content of a finding. Parts of its location that do not apply are left out. */
export interface FindingParts {
  readonly severity: Severity;
  readonly code: Code;
  readonly table?: string;
  readonly column?: string;
  readonly message: string;
  readonly hint: string;
  readonly choices?: readonly string[];
  readonly object?: string;
  readonly waiver?: string;
}

/** A finding of the plan as plain data: parts of its place that were left out become null. */
export function makeFinding(parts: FindingParts): Finding {
  const { severity, code, table = null, column = null, ...rest } = parts;
  return { severity, code, table, column, key: null, ...rest };
}
