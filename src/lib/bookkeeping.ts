import type { Framework, LeftOut, SourceTable } from '../model/source.js';

/** A table that a migration framework keeps for itself, as one that is not copied. */
export function asBookkeeping({ name, sql }: Pick<SourceTable, 'name' | 'sql'>, framework: Framework): LeftOut {
  return { name, type: 'bookkeeping', reason: `migration bookkeeping of ${framework.name}`, sql, framework };
}
