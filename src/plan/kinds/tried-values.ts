import type { ColumnTrial } from '../../model/census.js';
import type { Kind } from '../../model/kind.js';
import type { Finding } from '../../model/plan.js';
import type { ColumnPair } from './column-pair.js';

/** Whether PostgreSQL takes values of a hazard as they are: json keeps \u0000 as it is written, and fails when it is read. */
export function isTaken(kind: Kind, code: string): boolean {
  return kind.tag === 'json' && code === 'data.json_nul';
}

/** What a trial found. Values that were tried are known one by one: no rule over ranges and classes says more. */
export function trialFindings(
  { table, source, target }: ColumnPair,
  kind: Kind,
  { refused, isWhole }: ColumnTrial,
): Finding[] {
  return refused.map(({ code, reason, hint, count, examples }) => {
    const found = `${isWhole ? '' : 'at least '}${count} ${count === 1 ? 'value' : 'values'}`;
    const shown = examples.map(({ key, value }) => `${value} at ${key}`).join(', ');
    const takes = isTaken(kind, code);
    const message = `${found} ${takes ? 'cannot be read from' : 'cannot go into'} ${target.type}: ${reason}: ${shown}`;
    const [first] = examples;
    const location = { table, column: source.name, key: first?.key ?? null };
    return { severity: takes ? 'warning' : 'error', code, ...location, message, hint };
  });
}
