import type { Rules } from '../model/rules.js';
import type { RuleSettings, Settings } from '../model/settings.js';

/** The operator's rules, as the plan asks for them. */
export function rulesOf({ policies, tableRules, search }: RuleSettings): Rules {
  return { policies, tableRules, search };
}

/** Which tables the operator wants, as the plan asks for it. */
export function choiceOf({ tables, exclude }: Pick<Settings, 'tables' | 'exclude'>) {
  return { tables: tables.length === 0 ? null : tables, exclude };
}
