import { CopierError } from '../model/error.js';
import type { Plan } from '../model/plan.js';
import { policyChoices } from '../plan/findings/choices.js';
import { hazards } from '../plan/findings/hazards.js';
import { rejectionOf } from '../target/connection/errors.js';

/** SQLSTATE check_violation. */
const checkViolation = '23514';

/**
 * The error of a run that met a row which the target refuses, with what else can be done: the line of the config file
 * that sends such rows into quarantine, and that the run's snapshot has the row too, so that correcting the source alone
 * is not enough. Other errors as they are.
 */
export function withWayOut(error: unknown, plan: Pick<Plan, 'tables'>): unknown {
  if (!(error instanceof CopierError) || !error.code.startsWith('data.')) return error;
  const { code, message, table, column, key, foreignCode, findings } = error;
  const line = policyLine(error, plan);
  const parts = [
    error.hint,
    ...(line === null ? [] : [`or let such rows go into quarantine by the config file: ${line}`]),
    ...(foreignCode === checkViolation
      ? ['a constraint that is dropped from the target for good is named with --waive check:NAME']
      : []),
    'then run again with --fresh, for this run keeps to its snapshot and its settings',
  ];
  return new CopierError(code, message, {
    hint: parts.join('; '),
    table,
    column,
    key,
    foreignCode,
    findings,
    cause: error,
  });
}

/** The config line that puts the rows of the error into quarantine; null where they are already, or cannot be. */
function policyLine(error: CopierError, { tables }: Pick<Plan, 'tables'>): string | null {
  const hazard = rejectionOf(error)?.hazard ?? error.code.replace(/^data\./, '');
  const table = tables.find(({ source, target }) => source === error.table || target === error.table);
  if (table === undefined || !(hazard in hazards)) return null;
  const column = table.columns.find(({ source, target }) => source === error.column || target === error.column);
  const isOfTable = column === undefined || ['orphan', 'duplicate_key', 'check_violation'].includes(hazard);
  const policies = (isOfTable ? table.policies : column.policies) ?? {};
  const [line] = policyChoices({
    table: table.source,
    column: isOfTable ? null : column.source,
    names: [hazard],
    policies,
    notNull: true,
    hasDefault: false,
    rulesOf: () => [],
  });
  return line?.includes('"quarantine"') === true ? line : null;
}
