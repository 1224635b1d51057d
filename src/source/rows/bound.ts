import type { BoundValue } from '../../model/plan.js';
import { quoteIdentifier } from '../../lib/quote.js';

/** A value of safe-integer mode as a bound that survives JSON exactly, null where it would not. */
export function toBound(value: unknown): BoundValue | null {
  if (typeof value === 'bigint') return { tag: 'integer', value: value.toString() };
  if (typeof value === 'number') return Number.isFinite(value) ? { tag: 'real', value } : null;
  if (typeof value === 'string') return value.includes('\ufffd') ? null : { tag: 'text', value };
  return Buffer.isBuffer(value) ? { tag: 'blob', hex: value.toString('hex') } : null;
}

/** The bound as better-sqlite3 binds it: bigint as INTEGER, number as REAL. */
export function fromBound(bound: BoundValue): bigint | number | string | Buffer {
  if (bound.tag === 'integer') return BigInt(bound.value);
  return bound.tag === 'blob' ? Buffer.from(bound.hex, 'hex') : bound.value;
}

/** Key columns as a SQL row value, `("a", "b")`: SQLite compares it by the columns' collations and searches the key's b-tree. */
export function keyTuple(names: readonly string[]): string {
  return `(${names.map(quoteIdentifier).join(', ')})`;
}
