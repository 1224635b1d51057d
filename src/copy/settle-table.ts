import { quarantineCopy } from './quarantine-copy.js';
import { describeKey } from '../encode/value/describe.js';
import { QuarantineRows } from '../encode/policy/quarantine-rows.js';
import { quarantineCell } from '../encode/policy/quarantined-cells.js';
import { RowEdit } from '../encode/policy/row-edit.js';
import type { Mark } from '../encode/policy/screen.js';
import { createRowEncoder, type RowEncoder } from '../encode/row/row-encoder.js';
import { CopierError } from '../model/error.js';
import type { ChunkResult, TableFingerprint } from '../model/copy.js';
import type { QuarantineNote } from '../model/quarantine.js';
import type { Chunk, KeyPlan, TablePlan } from '../model/plan.js';
import type { RowView } from '../model/value.js';
import { addConverted, addUp, subtract } from '../pool/tally.js';
import { claimRun, readChunk, recordChunk } from '../target/ledger/chunk.js';
import type { TargetClient } from '../target/connection/client.js';
import { withTransaction } from '../target/connection/transaction.js';
import { copyIn } from '../target/copy/copy-in.js';
import { copyOut } from '../target/copy/copy-out.js';
import { forgetEarlierSteps, nextStep, type QuarantinedRow, readQuarantine } from '../target/ledger/quarantine.js';
import { convertedCells } from './converted-tally.js';
import { KeySet } from './key-set.js';
import { joinOnce } from './row-note.js';

/*
 * Takes rows that are in the target and cannot stay there into the quarantine, or sets their reference to NULL. The target
 * says which rows: a statement removes them and returns their key hashes. The source says what they held: the table is
 * read once more, and the rows with these hashes are put into quarantine whole. The same transaction corrects the sums of
 * their chunks, so that rows and fingerprints still add up. Rows that the copy put into quarantine already are skipped;
 * rows that it converted are taken in the form in which they were sent.
 */

/** One reason why rows cannot stay, and the statement that removes them. */
export interface SettleCause {
  /** Removes the rows and returns the key hash of each. */
  readonly sql: string;
  /**
   * The statement runs again until it finds nothing, since removing rows may leave other rows of the same table without
   * their parent.
   */
  readonly isRepeated: boolean;
  readonly hazard: string;
  /** `quarantine`: the row goes. `set-null`: the row stays, and `columns` became NULL. */
  readonly rule: 'quarantine' | 'set-null';
  /** Indexes of the plan's columns. */
  readonly columns: readonly number[];
  readonly reason: string;
}

export interface SettleRequest {
  readonly runId: string;
  readonly token: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  readonly chunks: readonly Chunk[];
  readonly causes: readonly SettleCause[];
  /** The columns by whose hashes the statements identify rows. */
  readonly identity: KeyPlan;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
}

export interface SettleResources {
  /** Writes everything in one transaction. */
  readonly client: TargetClient;
  /** A second session, which reads the quarantine as it was before that transaction. */
  readonly reading: TargetClient;
  readonly rowsOf: (chunk: Chunk) => Iterable<RowView>;
  readonly heartbeat: () => void;
}

export interface Settled {
  /** Rows that went into the quarantine, and rows whose reference became NULL. */
  readonly removed: number;
  readonly changed: number;
}

export async function settleTable(request: SettleRequest, resources: SettleResources): Promise<Settled> {
  const { client } = resources;
  return await withTransaction(client, async () => {
    await claimRun(client, request);
    const wanted = await removeRows(client, request.causes);
    if (wanted.every(({ keys }) => keys.size === 0)) return { removed: 0, changed: 0 };
    const step = await nextStep(client, request.runId, request.table.source);
    for (const chunk of request.chunks) await settleChunk(request, resources, { chunk, wanted, step });
    const lost = wanted.find(({ keys }) => keys.taken !== keys.size);
    if (lost !== undefined) throw notFound(request.table.source, lost);
    await forgetEarlierSteps(client, request.runId, request.table.source);
    const count = (rule: SettleCause['rule']) =>
      wanted.reduce((sum, { cause, keys }) => sum + (cause.rule === rule ? keys.size : 0), 0);
    return { removed: count('quarantine'), changed: count('set-null') };
  });
}

interface Wanted {
  readonly cause: SettleCause;
  readonly keys: KeySet;
}

async function removeRows(client: TargetClient, causes: readonly SettleCause[]): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const cause of causes) {
    const keys = new KeySet();
    for (let before = -1; before !== keys.size && (before < 0 || cause.isRepeated); ) {
      before = keys.size;
      for await (const [key] of copyOut(client, cause.sql)) if (key !== null) keys.add(key?.readBigInt64BE(0) ?? 0n);
    }
    keys.seal();
    wanted.push({ cause, keys });
  }
  return wanted;
}

function notFound(table: string, { cause, keys }: Wanted): CopierError {
  const message = `table ${table}: of ${keys.size} rows to be taken out (${cause.reason}) only ${keys.taken} were found in the source`;
  return new CopierError('data.unsettled', message, {
    hint: 'somebody else wrote into the target during the run: run again with --fresh --truncate-target',
    table,
  });
}

interface ChunkWork {
  readonly chunk: Chunk;
  readonly wanted: readonly Wanted[];
  readonly step: number;
}

async function settleChunk(request: SettleRequest, resources: SettleResources, work: ChunkWork): Promise<void> {
  const { table, runId } = request;
  const { client } = resources;
  const chunkRef = { runId, table: table.source, index: work.chunk.index };
  const before = await createRowEncoder({ ...request, converts: 'cells' });
  const after = await createRowEncoder({ ...request, converts: 'cells' });
  const quarantined = new QuarantineRows(
    { runId, table: table.source, chunkIndex: work.chunk.index, step: work.step },
    request.blockBytes,
  );
  let removed = 0;
  await copyIn(client, quarantineCopy(client), async (write) => {
    for await (const { original, sent, position, cause, known } of findRows(request, resources, work)) {
      before.encodeRow(sent);
      drop(before);
      if (cause.rule === 'quarantine') {
        removed += 1;
        quarantined.add(original, noteOf(table, original, position, cause, 'held'), null);
      } else {
        const edit = new RowEdit(table.columns.length);
        edit.load(sent);
        const emptied = convertedCells(table, marksOf(cause, sent));
        for (const column of cause.columns) edit.setNull(column);
        after.encodeRow(edit.view);
        drop(after);
        const changed = [...new Set([...(known?.changed?.columns ?? []), ...cause.columns])].sort((a, b) => a - b);
        const note = joinNotes(known, noteOf(table, original, position, cause, 'converted'));
        const cells = addConverted([emptied, known?.changed?.losses ?? []]);
        quarantined.add(original, note, { view: edit.view, changed, cells });
      }
      if (quarantined.isBlockFull) await write(quarantined.takeBlock());
    }
    await write(quarantined.finish());
  });
  if (quarantined.rows === 0) return;
  const result = await readChunk(client, chunkRef);
  const [less, more] = [sumsOf(before), sumsOf(after)];
  await recordChunk(client, chunkRef, {
    ...result,
    ...correct(result, less, more),
    converted: addConverted([result.converted, more.converted], less.converted),
    quarantined: result.quarantined + removed,
  });
}

/** The references that become NULL: their bytes go. */
function marksOf({ columns, hazard, rule, reason }: SettleCause, sent: RowView): Mark[] {
  return columns.map((column) => {
    const change = { digits: -BigInt(quarantineCell(sent, column)?.length ?? 0), scale: 0 };
    return { column, hazard, rule, reason, change };
  });
}

/** Empties the encoder's block unsent: here only the encoder's sums are needed. */
function drop(encoder: RowEncoder): void {
  if (encoder.isBlockFull) encoder.takeBlock();
}

function sumsOf(encoder: RowEncoder): TableFingerprint & Pick<ChunkResult, 'converted'> {
  encoder.finish();
  const { rows, keyset, columns, converted } = encoder.result();
  return { rows, keyset, columns, converted };
}

function correct(result: ChunkResult, less: TableFingerprint, more: TableFingerprint): TableFingerprint {
  const names = result.columns.map(({ column }) => column);
  return addUp(names, [subtract(result, less), more]);
}

interface FoundRow {
  /** The row as the source has it, and as it was sent. Both views are valid until the next row. */
  readonly original: RowView;
  readonly sent: RowView;
  readonly position: number;
  readonly cause: SettleCause;
  /** The row's earlier entry in the quarantine, where the copy converted it. */
  readonly known: QuarantinedRow | null;
}

/**
 * The wanted rows of a chunk. The chunk and its rows in quarantine are read side by side, since both come in the same
 * order.
 */
async function* findRows(
  request: SettleRequest,
  { reading, rowsOf, heartbeat }: SettleResources,
  { chunk, wanted }: ChunkWork,
): AsyncGenerator<FoundRow, void, void> {
  const { runId, table, identity } = request;
  const filter = { runId, table: table.source, chunkIndex: chunk.index, states: ['held', 'converted'] as const };
  const earlier = readQuarantine(reading, filter);
  const edit = new RowEdit(table.columns.length);
  const encoder = await createRowEncoder({ ...request, converts: 'cells', table: { ...table, key: identity } });
  let next = await take(earlier);
  let position = -1;
  for (const original of rowsOf(chunk)) {
    position += 1;
    const known = next?.rowNumber === position ? next : null;
    if (known !== null) next = await take(earlier);
    if (known?.state === 'held') continue;
    const sent = known?.changed == null ? original : withChanges(edit, original, known.changed);
    encoder.encodeRow(sent);
    if (encoder.isBlockFull) {
      encoder.takeBlock();
      heartbeat();
    }
    const key = encoder.lastKey();
    const found = wanted.find(({ keys }) => keys.take(key));
    if (found === undefined) continue;
    yield { original, sent, position, cause: found.cause, known };
  }
}

async function take(rows: AsyncGenerator<QuarantinedRow, void, void>): Promise<QuarantinedRow | null> {
  const { value } = await rows.next();
  return value ?? null;
}

function withChanges(edit: RowEdit, original: RowView, changed: NonNullable<QuarantinedRow['changed']>): RowView {
  edit.load(original);
  edit.setQuarantined(changed.columns, changed.storage, changed.cells);
  return edit.view;
}

/** The note of a row that was converted before and now has a second reason. */
function joinNotes(known: QuarantinedRow | null, note: QuarantineNote): QuarantineNote {
  if (known === null) return note;
  const join = (a: string | null, b: string | null) =>
    joinOnce([...(a?.split(', ') ?? []), ...(b === null ? [] : [b])], ', ');
  return {
    ...note,
    column: join(known.column, note.column),
    hazard: join(known.hazard, note.hazard),
    rule: join(known.rule, note.rule),
    reason: `${known.reason}; ${note.reason}`,
  };
}

function noteOf(
  table: Omit<TablePlan, 'chunks'>,
  row: RowView,
  rowNumber: number,
  { columns, hazard, rule, reason }: SettleCause,
  state: QuarantineNote['state'],
): QuarantineNote {
  const column = columns.map((index) => table.columns[index]?.source ?? '').join(', ');
  return {
    rowNumber,
    state,
    key: describeKey(table, row),
    column: column === '' ? null : column,
    hazard,
    rule,
    reason,
  };
}
