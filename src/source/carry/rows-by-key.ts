import { quoteIdentifier } from '../../lib/quote.js';
import type { Kind } from '../../model/kind.js';
import type { ColumnPlan } from '../../model/plan.js';
import type { Database } from '../sqlite.js';
import type { RowCondition } from '../verify/verify-rows.js';

/** More texts in a key than this would be too many combinations. */
const textColumnsMax = 3;

const integers: ReadonlySet<Kind['tag']> = new Set(['int2', 'int4', 'int8']);

/** Whether keys of this kind are integers on both sides. */
export function isIntegerKind({ tag }: Kind): boolean {
  return integers.has(tag);
}

/**
 * The condition for the rows under these keys, as PostgreSQL prints them, and perhaps some more rows. Null where a key may
 * stand in SQLite in a form that is not known, or where no index finds it: then all rows must be read.
 */
export function conditionForKeys(
  db: Database,
  table: string,
  columns: readonly Pick<ColumnPlan, 'source' | 'kind' | 'affinity'>[],
  keys: readonly (readonly string[])[],
): RowCondition | null {
  const isInteger = columns.map(({ kind }) => isIntegerKind(kind));
  const texts = columns.filter(({ kind }) => kind.tag === 'text');
  const isKnown = columns.every(
    ({ affinity }, i) =>
      (isInteger[i] === true && affinity === 'integer') || (columns[i]?.kind.tag === 'text' && affinity === 'text'),
  );
  const isUtf8 = db.pragma('encoding', { simple: true }) === 'UTF-8';
  if (!isKnown || !isUtf8 || texts.length > textColumnsMax) return null;
  // Integers are cast by SQLite: they may be larger than JavaScript's numbers.
  const values = JSON.stringify(keys);
  const forms = columns.map((_, i) =>
    isInteger[i] === true
      ? [`CAST(k.value ->> ${i} AS INTEGER)`]
      : [`k.value ->> ${i}`, `CAST(k.value ->> ${i} AS BLOB)`],
  );
  const selects = combine(forms).map((one) => `SELECT ${one.join(', ')} FROM json_each(@keys) AS k`);
  const names = columns.map(({ source }) => `t.${quoteIdentifier(source)}`);
  const left = names.length === 1 ? names.join('') : `(${names.join(', ')})`;
  const sql = `${left} IN (${selects.join(' UNION ALL ')})`;
  const plan = db
    .prepare<[{ keys: string }], { detail: string }>(
      `EXPLAIN QUERY PLAN SELECT 1 FROM main.${quoteIdentifier(table)} AS t WHERE ${sql}`,
    )
    .all({ keys: '[]' });
  return plan.some(({ detail }) => detail.startsWith('SEARCH t ')) ? { sql, values: { keys: values } } : null;
}

function combine(forms: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return forms.reduce<readonly (readonly string[])[]>(
    (made, next) => made.flatMap((one) => next.map((form) => [...one, form])),
    [[]],
  );
}
