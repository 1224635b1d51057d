import { QuarantineRows } from '../encode/policy/quarantine-rows.js';
import { type Mark, Screen } from '../encode/policy/screen.js';
import { type RowEncoder, createRowEncoder } from '../encode/row/row-encoder.js';
import { shorten } from '../lib/printable.js';
import type { ChunkResult } from '../model/copy.js';
import { CopierError, assert } from '../model/error.js';
import type { TablePlan } from '../model/plan.js';
import { type Policy, policyFor } from '../model/rules.js';
import type { RowView } from '../model/value.js';
import type { TargetClient } from '../target/connection/client.js';
import { rejectionOf } from '../target/connection/errors.js';
import { type CopyInOptions, type WriteBlock, copyIn } from '../target/copy/copy-in.js';
import { Batch } from './careful-batch.js';
import { ConvertedTally, convertedCells } from './converted-tally.js';
import { changedColumns, quarantineCopy } from './quarantine-copy.js';
import { noteOf } from './row-note.js';

/*
 * Copies a chunk row by row. This is done where the fast way met a value or row that it could not carry, and the operator
 * has a policy for it. The chunk is read at least twice:
 *   load        every row is screened; rows that fit, after a conversion where a rule says so, go to the server in small
 *               COPYs, each within a savepoint. A row that only the server can refuse is found by the line that its error
 *               names.
 *   sum up      every row is screened again, now with what the server said. Rows that stay behind, or that arrived
 *               changed, go to the quarantine in one COPY; the others are summed up as the fast way does.
 * Both happen in the chunk's one transaction. For each refused row a note with what the server said is held in memory.
 */

export interface CarefulChunk {
  readonly runId: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  readonly index: number;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  /** So many converted rows are kept whole though they can be proven without; null: all. */
  readonly keepConverted: number | null;
  /** Reads the rows of the chunk again from the start. The same view object is filled for each row. */
  readonly rows: () => Iterable<RowView> | AsyncIterable<RowView>;
  /**
   * What the policy `fail` means here: `stop` the run, or, for rows that are in quarantine already, let them `stay`
   * there.
   */
  readonly onFail?: 'stop' | 'stay' | undefined;
  /** Called often: gives a heartbeat, and throws where the run is stopped. */
  readonly onProgress: (added: { readonly rows: number; readonly bytes: number }) => Promise<void>;
}

/** Copies a chunk row by row and puts what cannot arrive into quarantine, all within the caller's transaction. */
export async function copyCarefully(client: TargetClient, chunk: CarefulChunk): Promise<ChunkResult> {
  const startedAtMs = performance.now();
  const { known, rows } = await loadRows(client, chunk);
  const result = await sumAndQuarantine(client, chunk, known);
  assert(rows === result.rows, 'what the server took of a chunk is what is summed up');
  return { ...result, durationMs: Math.round(performance.now() - startedAtMs) };
}

/** What sending the rows of a chunk needs. */
type LoadedChunk = Omit<CarefulChunk, 'index' | 'runId' | 'keepConverted'>;

/** What the server said about rows that it refused, by their position in the chunk. */
export type Known = ReadonlyMap<number, readonly Mark[]>;

/** A row that the server refused and a rule then changed is sent again in a further round. This bounds the rounds. */
const roundsMax = 8;

/** Sends the rows that fit. Gives the number of rows that the server took, and what it said about the others. */
export async function loadRows(client: TargetClient, chunk: LoadedChunk): Promise<{ known: Known; rows: number }> {
  const known = new Map<number, Mark[]>();
  let again: ReadonlySet<number> | null = null;
  let rows = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const converted = new Set<number>();
    const onRefused = (row: number, mark: Mark): void => {
      known.set(row, [...(known.get(row) ?? []), mark]);
      if (mark.rule !== 'quarantine') converted.add(row);
    };
    rows += await loadRound(client, chunk, { known, only: again, onRefused });
    if (converted.size === 0) return { known, rows };
    again = converted;
  }
  throw new CopierError('data.rejected', `table ${chunk.table.source}: its conversions do not come to an end`, {
    hint: 'name quarantine where PostgreSQL refuses what a conversion made',
    table: chunk.table.source,
  });
}

interface Round {
  readonly known: Known;
  /** Positions of the rows to send, or null for all rows. */
  readonly only: ReadonlySet<number> | null;
  readonly onRefused: (row: number, mark: Mark) => void;
}

/** Sends one round and gives the number of rows that the server took. */
async function loadRound(client: TargetClient, chunk: LoadedChunk, round: Round): Promise<number> {
  const encoder = await createRowEncoder(chunk);
  const screen = screenOf(chunk, encoder);
  const batch = new Batch(encoder, chunk.table.format === 'binary');
  let taken = 0;
  const send = async (): Promise<void> => {
    const { rows, bytes } = await batch.send(client, copyOptions(chunk), (row, error) => {
      round.onRefused(row, judge(chunk, error));
    });
    taken += rows;
    await chunk.onProgress({ rows, bytes });
  };
  let position = -1;
  for await (const view of chunk.rows()) {
    position += 1;
    if (round.only !== null && !round.only.has(position)) continue;
    const screened = screen.take(view, round.known.get(position) ?? []);
    if (screened.tag !== 'refused') batch.note(position);
    if (batch.isFull) await send();
  }
  await send();
  return taken;
}

/**
 * The second pass: sums up the rows that are in the target, and puts into quarantine those that are not, or that
 * arrived changed.
 */
async function sumAndQuarantine(client: TargetClient, chunk: CarefulChunk, known: Known): Promise<ChunkResult> {
  const { table, runId, index } = chunk;
  const encoder = await createRowEncoder(chunk);
  const screen = screenOf(chunk, encoder);
  const quarantined = new QuarantineRows({ runId, table: table.source, chunkIndex: index, step: 0 }, chunk.blockBytes);
  const tally = new ConvertedTally(table, chunk.keepConverted);
  let position = -1;
  let refused = 0;
  const feed = async (write: WriteBlock): Promise<void> => {
    for await (const view of chunk.rows()) {
      position += 1;
      const screened = screen.take(view, known.get(position) ?? []);
      if (screened.tag === 'refused') {
        refused += 1;
        quarantined.add(view, noteOf(table, view, position, [screened.mark], 'held'), null);
      } else if (screened.tag === 'converted' && !tally.keeps(screened.marks)) tally.add(screened.marks);
      else if (screened.tag === 'converted') {
        const changed = changedColumns(screened.marks);
        quarantined.add(view, noteOf(table, view, position, screened.marks, 'converted'), {
          view: screened.view,
          changed,
          cells: convertedCells(table, screened.marks),
        });
      }
      if (encoder.isBlockFull) {
        encoder.takeBlock();
        await chunk.onProgress({ rows: 0, bytes: 0 });
      }
      if (quarantined.isBlockFull) await write(quarantined.takeBlock());
    }
    await write(quarantined.finish());
  };
  const taken = await copyIn(client, quarantineCopy(client), feed);
  assert(taken === quarantined.rows, 'the quarantine takes every row');
  encoder.finish();
  return {
    ...encoder.result(),
    table: table.source,
    index,
    quarantined: refused,
    converted: tally.result(),
    durationMs: 0,
  };
}

function copyOptions({ table, sentinel }: Pick<CarefulChunk, 'table' | 'sentinel'>): CopyInOptions {
  return {
    schema: table.targetSchema,
    table: table.target,
    columns: table.columns.map((column) => column.target),
    format: table.format,
    nullText: sentinel,
  };
}

/** The screening of rows as the policies say, into an encoder. */
export function screenOf({ table, onFail }: Pick<CarefulChunk, 'table' | 'onFail'>, encoder: RowEncoder): Screen {
  return new Screen({
    table,
    policyOf: (column, hazard) => policyAt({ table, onFail }, column, hazard),
    encode: (view) => encoder.encodeRow(view),
  });
}

function policyAt(
  { table, onFail }: Pick<CarefulChunk, 'table' | 'onFail'>,
  column: number | null,
  hazard: string,
): Policy {
  const policies = (column === null ? table.policies : table.columns[column]?.policies) ?? {};
  const policy = policyFor(policies, hazard);
  return policy === 'fail' && onFail === 'stay' ? 'quarantine' : policy;
}

/** What the policy says about a row that the server refused. Throws where no policy covers it. */
function judge({ table, onFail }: Pick<CarefulChunk, 'table' | 'onFail'>, error: CopierError): Mark {
  const found = table.columns.findIndex(({ target }) => target === error.column);
  const column = found < 0 ? null : found;
  const hazard = rejectionOf(error)?.hazard ?? 'rejected';
  const policy = policyAt({ table, onFail }, column, hazard);
  // One mark is stored per refused row, so rows that have nothing of their own to say share one object.
  if (onFail === 'stay' && (policy === 'quarantine' || column === null)) return staying;
  const isForColumn = policy === 'quarantine' || column !== null;
  if (policy === 'fail' || !isForColumn) throw error;
  return {
    column,
    hazard,
    rule: policy === 'quarantine' ? policy : policy.convert,
    reason: shorten(error.message, reasonCharsMax),
  };
}

/** For a row that is in quarantine already and still does not fit. */
const staying: Mark = { column: null, hazard: 'rejected', rule: 'quarantine', reason: '' };

/** One note per refused row stays in memory, so its reason is cut to this length. */
const reasonCharsMax = 300;
