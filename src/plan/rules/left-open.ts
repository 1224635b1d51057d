import type { Plan } from '../../model/plan.js';
import { leavesOrphans } from './rules.js';

/** Foreign keys that may stay unproved, since the policy of their table lets orphans stay, as `--waive` names them. */
export function waiversOf({ tables }: Pick<Plan, 'tables'>): string[] {
  return tables
    .filter(leavesOrphans)
    .flatMap(({ foreignKeys = [] }) => foreignKeys.map(({ name }) => `foreign-key:${name}`));
}
