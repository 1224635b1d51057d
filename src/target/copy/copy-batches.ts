import type { CellBatch } from '../../model/value.js';
import type { TargetClient } from '../connection/client.js';
import type { BatchParser } from './batch-parser.js';
import { copyPieces } from './copy-pieces.js';

/** Yields the rows that a COPY sends to be verified, a batch at a time; each is valid until the next one. */
export async function* copyBatches(
  client: TargetClient,
  { sql, table, parser }: { readonly sql: string; readonly table: string; readonly parser: BatchParser },
): AsyncGenerator<CellBatch> {
  for await (const piece of copyPieces(client, sql, { doing: 'reading the table for verification', table })) {
    parser.append(piece);
    for (let batch = parser.takeFull(); batch !== null; batch = parser.takeFull()) yield batch;
  }
  const rest = parser.takeRest();
  if (rest.rowCount > 0) yield rest;
}
