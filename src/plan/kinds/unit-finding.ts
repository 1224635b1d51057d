import { unitNames } from '../../lib/epochs.js';
import type { Finding, Severity } from '../../model/plan.js';
import type { TimeUnit } from '../../model/kind.js';
import { makeFinding } from '../findings/finding.js';

/** A finding on the unit of a column's numbers. The hint is a config file's content for each unit that may be meant. */
export function unitFinding(
  { table, column, severity }: { readonly table: string; readonly column: string; readonly severity: Severity },
  { message, candidates }: { readonly message: string; readonly candidates: readonly TimeUnit[] },
): Finding {
  const lines = (candidates.length > 0 ? candidates : (['ms'] as const)).map((unit) =>
    JSON.stringify({ tableRules: { [table]: { columns: { [column]: { unit } } } } }),
  );
  const others = candidates.length > 0 ? '' : ` (or ${[...unitNames, 'calendar digits such as YYYYMMDD'].join(', ')})`;
  const hint = `name the unit in the config file: ${lines.join(' or ')}${others}`;
  return makeFinding({ severity, code: 'plan.time_unit', table, column, message, hint });
}
