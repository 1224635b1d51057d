import { unitNames } from '../../lib/time/epochs.js';
import type { Finding, Severity } from '../../model/plan.js';
import type { TimeUnit } from '../../model/kind.js';
import { ruleLine } from '../findings/choices.js';
import { makeFinding } from '../findings/finding.js';

/** A finding on the unit of a column's numbers. Its choices are a line for each unit that may be meant. */
export function unitFinding(
  { table, column, severity }: { readonly table: string; readonly column: string; readonly severity: Severity },
  { message, candidates }: { readonly message: string; readonly candidates: readonly TimeUnit[] },
): Finding {
  const choices = candidates.map((unit) => ruleLine(table, column, { unit }));
  const units = `${unitNames.join(', ')}, or calendar digits such as YYYYMMDD`;
  const hint = `name the unit in the config file${choices.length > 0 ? ':' : `, as "unit" of the column: ${units}`}`;
  return makeFinding({ severity, code: 'plan.time_unit', table, column, message, hint, choices });
}
