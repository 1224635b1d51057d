import { shorten } from '../../lib/printable.js';
import { quotePath } from '../../lib/quote.js';
import type { Finding, TablePlan } from '../../model/plan.js';
import { policyFor } from '../../model/rules.js';
import { configLine } from './choices.js';
import { makeFinding } from './finding.js';
import { indexWaiver } from './waive.js';

const examplesMax = 3;
const keyCharsMax = 80;

interface IndexRows {
  readonly plan: TablePlan;
  readonly index: {
    readonly name: string;
    readonly kind: 'primary-key' | 'unique' | 'index';
    readonly columns: readonly string[];
  };
  /** Of rows that were tried and refused. */
  readonly keys: readonly string[];
  readonly reason: string;
  readonly isTranslated: boolean;
  readonly keepConstraints: boolean;
}

/** Rows that the server has no room for in an index: it would refuse to build it, after the copy. */
export function indexRowFinding({ plan, index, keys, reason, isTranslated, keepConstraints }: IndexRows): Finding {
  const isHeld = keepConstraints && policyFor(plan.policies ?? {}, 'rejected') === 'quarantine';
  const count = keys.length === 1 ? '1 row is' : `${keys.length} rows or more are`;
  const named = keys.slice(0, examplesMax).map((key) => shorten(key, keyCharsMax));
  const line = configLine({ tableRules: { [plan.source]: { policies: { rejected: 'quarantine' } } } });
  const without =
    index.kind !== 'index'
      ? ''
      : isTranslated
        ? `do without the index: --waive '${indexWaiver(index.name)}'; or `
        : `drop the index on the target: DROP INDEX ${quotePath(plan.targetSchema, index.name)}; or `;
  const finding = makeFinding({
    severity: isHeld ? 'warning' : 'error',
    code: 'plan.index_row_too_large',
    table: plan.source,
    object: index.name,
    message: `${count} too long for ${index.name} (${index.columns.join(', ')}) of the target, for example ${named.join('; ')}: ${reason}`,
    hint: isHeld
      ? 'such rows go into quarantine, as the policy says'
      : `shorten these values in the source; or ${without}let such rows stay behind: --keep-constraints, and in the config file ${line}`,
    ...(isTranslated && index.kind === 'index' ? { waiver: indexWaiver(index.name) } : {}),
  });
  return { ...finding, key: named[0] ?? null };
}
