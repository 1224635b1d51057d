import type { Rules } from '../model/rules.js';
import { excludedSeeds } from '../plan/rules/seeded.js';
import type { RuleSettings, Settings } from '../model/settings.js';

/** The operator's rules in the form in which the plan takes them. */
export function rulesOf({
  policies,
  tableRules,
  columns,
  declared,
  search,
  virtualTables,
  zone,
  targetZone,
}: RuleSettings & Pick<Settings, 'zone' | 'targetZone'>): Rules {
  return { policies, tableRules, columns, declared, search, virtualTables, zone, targetZone };
}

/** The operator's choice of tables in the form in which the plan takes it. */
export function choiceOf({ tables, exclude, tableRules }: Pick<Settings, 'tables' | 'exclude' | 'tableRules'>) {
  return { tables: tables.length === 0 ? null : tables, exclude: [...exclude, ...excludedSeeds(tableRules)] };
}
