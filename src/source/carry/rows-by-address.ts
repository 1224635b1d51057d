import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import type { RowCondition } from '../verify/verify-rows.js';
import { addressOf } from './row-address.js';

/** The rows at these addresses; null where one of them holds a real, which SQL's text may not say exactly, or NULL. */
export function conditionForAddresses(
  table: SourceTable,
  addresses: readonly (readonly SqliteValue[])[],
): RowCondition | null {
  const names = addressOf(table).map((name) => `t.${quoteIdentifier(name)}`);
  if (addresses.some((cells) => cells.some((cell) => cell === null || typeof cell === 'number'))) return null;
  const rows = JSON.stringify(addresses.map((cells) => cells.map(spelled)));
  const cells = names.map((_, i) => {
    const text = `substr(k.value ->> ${i}, 2)`;
    return `CASE substr(k.value ->> ${i}, 1, 1) WHEN 'i' THEN CAST(${text} AS INTEGER) WHEN 'b' THEN unhex(${text}) ELSE ${text} END`;
  });
  const left = names.length === 1 ? names.join('') : `(${names.join(', ')})`;
  return { sql: `${left} IN (SELECT ${cells.join(', ')} FROM json_each(@rows) AS k)`, values: { rows } };
}

/** A cell behind the initial of its storage class. JSON's numbers may be smaller than SQLite's integers. */
function spelled(cell: SqliteValue): string {
  if (Buffer.isBuffer(cell)) return `b${cell.toString('hex')}`;
  return typeof cell === 'string' ? `t${cell}` : `i${String(cell)}`;
}
