import { must } from '../../model/error.js';
import type { CellBatch } from '../../model/value.js';
import type { TargetClient } from '../../target/connection/client.js';
import { readTargetCells } from '../../target/copy/verify-rows.js';
import { keyColumns, type NotedRows, notedKeysSql } from '../../target/reverse/noted-rows.js';
import { hashHex } from '../../verify/row-hash.js';
import { visitRows } from '../../verify/rows.js';

/** The keys of a table that the journal names: as hashes of their canonical form, and as the target prints them. */
export interface NotedKeys {
  readonly hashes: ReadonlySet<string>;
  readonly printed: readonly (readonly string[])[];
}

export async function readNotedKeys(client: TargetClient, noted: NotedRows): Promise<NotedKeys> {
  const columns = keyColumns(noted);
  const { targetSchema, target } = noted.table;
  const table = {
    source: target,
    targetSchema,
    target,
    columns,
    key: { origin: 'primary' as const, columns: [...columns.keys()] },
  };
  const hashes = new Set<string>();
  const printed: string[][] = [];
  let batch: CellBatch | null = null;
  let row = 0;
  async function* batches(): AsyncGenerator<CellBatch> {
    for await (const one of readTargetCells(client, table, notedKeysSql(client, noted))) {
      batch = one;
      row = 0;
      yield one;
    }
  }
  await visitRows(batches(), table, { side: 'target' }, ({ keyHash }) => {
    const { bytes, start, end } = must(batch, 'batch');
    const first = row * columns.length;
    hashes.add(hashHex(keyHash.low, keyHash.high));
    printed.push(columns.map((_, i) => bytes.toString('utf8', start[first + i], end[first + i])));
    row += 1;
  });
  return { hashes, printed };
}
