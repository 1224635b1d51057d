import { QuarantineRows } from '../encode/policy/quarantine-rows.js';
import { createRowEncoder } from '../encode/row/row-encoder.js';
import type { ConvertedCells } from '../model/copy.js';
import { assert } from '../model/error.js';
import type { TargetClient } from '../target/connection/client.js';
import { copyIn } from '../target/copy/copy-in.js';
import type { CarefulChunk } from './careful-chunk.js';
import { ConvertedTally, convertedCells } from './converted-tally.js';
import { changedColumns, quarantineCopy } from './quarantine-copy.js';
import { noteOf } from './row-note.js';

/**
 * Keeps rows whole that the fast way sent with changed values: those that the verifier cannot do without, and of the
 * others as many as asked. The rows are read once more, until the last of them. Gives the cells that only count.
 */
export async function keepConverted(
  client: TargetClient,
  chunk: CarefulChunk,
  converted: readonly ConvertedCells[],
): Promise<readonly ConvertedCells[]> {
  const { table, runId, index } = chunk;
  const tally = new ConvertedTally(table, chunk.keepConverted, converted);
  if (tally.isDone) return converted;
  const encoder = await createRowEncoder({ ...chunk, converts: 'rows' });
  const wholeRows = new QuarantineRows({ runId, table: table.source, chunkIndex: index, step: 0 }, chunk.blockBytes);
  let position = -1;
  const taken = await copyIn(client, quarantineCopy(client), async (write) => {
    for await (const view of chunk.rows()) {
      position += 1;
      encoder.encodeRow(view);
      if (encoder.isBlockFull) {
        encoder.takeBlock();
        await chunk.onProgress({ rows: 0, bytes: 0 });
      }
      const row = encoder.convertedRow();
      if (row === null || !tally.keeps(row.marks)) continue;
      const cells = convertedCells(table, row.marks);
      tally.takeAway(cells);
      const changed = { view: row.view, changed: changedColumns(row.marks), cells };
      wholeRows.add(view, noteOf(table, view, position, row.marks, 'converted'), changed);
      if (wholeRows.isBlockFull) await write(wholeRows.takeBlock());
      if (tally.isDone) break;
    }
    await write(wholeRows.finish());
  });
  assert(taken === wholeRows.rows && tally.isDone, 'the quarantine takes every row that is to be kept');
  return tally.result();
}
