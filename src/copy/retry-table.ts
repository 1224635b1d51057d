import { convertedCells } from './converted-tally.js';
import { changedColumns, quarantineCopy } from './quarantine-copy.js';
import { QuarantineRows } from '../encode/policy/quarantine-rows.js';
import { RowEdit } from '../encode/policy/row-edit.js';
import { createRowEncoder } from '../encode/row/row-encoder.js';
import { assert } from '../model/error.js';
import type { TablePlan } from '../model/plan.js';
import type { RowView } from '../model/value.js';
import { addUp } from '../pool/tally.js';
import { readChunk, recordChunk } from '../target/ledger/chunk.js';
import type { TargetClient } from '../target/connection/client.js';
import { copyIn } from '../target/copy/copy-in.js';
import { forgetEarlierSteps, listQuarantinedChunks, nextStep, readQuarantine } from '../target/ledger/quarantine.js';
import { type CarefulChunk, type Known, loadRows, screenOf } from './careful-chunk.js';

/*
 * Tries quarantined rows again, with the table and the policies as they are now. Rows that fit, or that a rule makes fit,
 * go into the target; their notes become released or converted, and the sums of their chunks are corrected. The caller's
 * transaction contains all of it. `reading` is a second session, which sees the quarantine as it was before.
 */

export interface RetryRequest {
  readonly runId: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  readonly onProgress: CarefulChunk['onProgress'];
}

export interface RetryResources {
  readonly client: TargetClient;
  readonly reading: TargetClient;
}

/** Gives the number of rows that went into the target. */
export async function retryTable(request: RetryRequest, { client, reading }: RetryResources): Promise<number> {
  const { runId, table } = request;
  const rows = () => heldRows(reading, request);
  const { known, rows: taken } = await loadRows(client, { ...request, rows, onFail: 'stay' });
  if (taken === 0) return 0;
  const step = await nextStep(client, runId, table.source);
  let position = -1;
  let released = 0;
  for (const chunkIndex of await listQuarantinedChunks(client, runId, table.source)) {
    const done = await noteChunk(request, { client, reading }, { chunkIndex, known, step, before: position });
    position += done.seen;
    released += done.released;
  }
  assert(released === taken, 'what the server took of the quarantine is what is noted');
  await forgetEarlierSteps(client, runId, table.source);
  return released;
}

/** The held rows of a table, of one chunk or of all, as the source has them; the same view for each. */
async function* heldRows(
  reading: TargetClient,
  { runId, table }: RetryRequest,
  chunkIndex?: number,
): AsyncGenerator<RowView, void, void> {
  const edit = new RowEdit(table.columns.length);
  for await (const { original } of heldNotes(reading, { runId, table }, chunkIndex)) {
    edit.loadQuarantined(original.storage, original.cells);
    yield edit.view;
  }
}

function heldNotes(
  reading: TargetClient,
  { runId, table }: Pick<RetryRequest, 'runId' | 'table'>,
  chunkIndex?: number,
) {
  const filter = { runId, table: table.source, states: ['held'] as const };
  return readQuarantine(reading, chunkIndex === undefined ? filter : { ...filter, chunkIndex });
}

interface NotedChunk {
  readonly chunkIndex: number;
  /** What the server said about refused rows, by their position among all held rows of the table. */
  readonly known: Known;
  readonly step: number;
  /** Position of the last row of the chunk before this one. */
  readonly before: number;
}

async function noteChunk(
  request: RetryRequest,
  { client, reading }: RetryResources,
  { chunkIndex, known, step, before }: NotedChunk,
): Promise<{ readonly seen: number; readonly released: number }> {
  const { table, runId, blockBytes } = request;
  const encoder = await createRowEncoder(request);
  const screen = screenOf({ table, onFail: 'stay' }, encoder);
  const edit = new RowEdit(table.columns.length);
  const notes = new QuarantineRows({ runId, table: table.source, chunkIndex, step }, blockBytes);
  let seen = 0;
  await copyIn(client, quarantineCopy(client), async (write) => {
    for await (const note of heldNotes(reading, request, chunkIndex)) {
      seen += 1;
      edit.loadQuarantined(note.original.storage, note.original.cells);
      const screened = screen.take(edit.view, known.get(before + seen) ?? []);
      if (encoder.isBlockFull) encoder.takeBlock();
      if (screened.tag === 'fits') notes.add(edit.view, { ...note, state: 'released' }, null);
      else if (screened.tag === 'converted') {
        const changed = changedColumns(screened.marks);
        const { rule } = { rule: screened.marks.map((mark) => mark.rule).join(', ') };
        const cells = convertedCells(table, screened.marks);
        notes.add(edit.view, { ...note, state: 'converted', rule }, { view: screened.view, changed, cells });
      }
      if (notes.isBlockFull) await write(notes.takeBlock());
    }
    await write(notes.finish());
  });
  encoder.finish();
  if (notes.rows > 0) {
    const chunkRef = { runId, table: table.source, index: chunkIndex };
    const chunk = await readChunk(client, chunkRef);
    const names = chunk.columns.map(({ column }) => column);
    const sums = addUp(names, [chunk, encoder.result()]);
    await recordChunk(client, chunkRef, { ...chunk, ...sums, quarantined: chunk.quarantined - notes.rows });
  }
  return { seen, released: notes.rows };
}
