import { assert } from '../errors.js';
import type { DirectField, FieldAside, RowSums, RowView, TableFingerprint, TablePlan } from '../model.js';
import { createBinaryRow, createFieldWriter } from './binary-row.js';
import { Block } from './block.js';
import { directField } from './direct.js';
import { createFingerprint } from './fingerprint.js';
import { Fold, type FoldCode, foldOf, hashField } from './fold.js';
import { createSeed, type Hash64, setSeed } from './hash.js';
import { Misfit } from './misfit.js';
import { createReceipt, type Receipt } from './receipt.js';
import { createRowFields, type RowFields } from './row-fields.js';
import { checkSentinel } from './sentinel.js';
import { createTextRow } from './text-row.js';
import { valueError } from './value-error.js';

/** PostgreSQL documentation, COPY, Binary Format: signature of 11 bytes, int32 flags, int32 length of an extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = -1;
const TAB = Buffer.from('\t', 'latin1');

/** Room for one row in binary form while its text form is made; a bigger row makes it grow for that row. */
const ROW_BYTES = 65_536;

export interface RowEncoderOptions {
  readonly table: Omit<TablePlan, 'chunks'>;
  /** The text that stands for NULL in text format, and that no text value may equal. */
  readonly sentinel: string;
  /** Lets such a value through in binary format, which can carry it. */
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  /** Where the blocks come from, if not from ordinary memory. */
  readonly allocate?: (bytes: number) => Buffer;
}

/**
 * Rows of one chunk → COPY bytes and their fingerprint. The life of one: encodeRow for each row and takeBlock whenever
 * isBlockFull, then finish, then result.
 */
export interface RowEncoder {
  /** Appends a row. A value that does not fit throws a CopierError `data.*`, and that row has then left no trace. */
  readonly encodeRow: (view: RowView) => void;
  readonly isBlockFull: boolean;
  /** Rows and COPY bytes encoded so far. */
  readonly rows: number;
  readonly bytes: number;
  /** The key hash of the row encoded last. */
  readonly lastKey: () => bigint;
  /** Where the next row goes: whoever writes rows there by himself tells what they came to, before `takeBlock`. */
  readonly block: Block;
  /** The rows that were written elsewhere since this was called last: their sums, and their key fields in COPY form. */
  readonly addKeys: (bytes: Buffer) => void;
  readonly addSums: (sums: RowSums) => void;
  /** The filled bytes. They stay untouched until the next takeBlock or finish returns: by then they must be sent. */
  readonly takeBlock: () => Buffer;
  /** The last bytes, with the trailer of the format. No row may follow. */
  readonly finish: () => Buffer;
  /** After finish. */
  readonly result: () => TableFingerprint & { readonly bytes: number; readonly receipt: string };
}

/** An encoder for one chunk. Throws `usage.sentinel` where the sentinel cannot serve. */
export async function createRowEncoder(options: RowEncoderOptions): Promise<RowEncoder> {
  const { table, blockBytes } = options;
  const isBinary = table.format === 'binary';
  assert(
    !isBinary || table.columns.every((column) => column.kind.tag !== 'literal'),
    'a literal column travels as text',
  );
  const fingerprint = createFingerprint(table);
  const receipt = await createReceipt();
  const out = new Block(blockBytes, options.allocate);
  const write = isBinary ? binaryWriter(options, out) : textWriter(options, out);
  let takenBytes = 0;
  let digest: string | null = null;

  const take = (): Buffer => {
    takenBytes += out.length;
    return out.take();
  };

  return {
    encodeRow: (view) => {
      assert(digest === null, 'no row comes after finish');
      const mark = out.length;
      try {
        write.row(view);
      } catch (error) {
        out.length = mark;
        throw named(error, table, view, write.fields.current);
      }
      fingerprint.add(write.block, write.fields);
      for (let i = 0; i < table.key.columns.length; i += 1) write.addReceipt(receipt, table.key.columns[i] as number);
    },
    get isBlockFull() {
      return out.length >= blockBytes;
    },
    get rows() {
      return fingerprint.rows();
    },
    get bytes() {
      return takenBytes + out.length;
    },
    lastKey: fingerprint.lastKey,
    block: out,
    addKeys: (bytes) => receipt.add(bytes, 0, bytes.length),
    addSums: fingerprint.addSums,
    takeBlock: take,
    finish: () => {
      assert(digest === null, 'an encoder finishes once');
      digest = receipt.digest();
      if (isBinary) out.int16(TRAILER);
      return take();
    },
    result: () => {
      assert(digest !== null, 'finish comes before result');
      return { ...fingerprint.result(), bytes: takenBytes + out.length, receipt: digest };
    },
  };
}

/** The columns of a table whose rows can be written elsewhere, into an encoder's block; null where they cannot. */
export function directFields({ table, sentinel, allowSentinel }: RowEncoderOptions): readonly DirectField[] | null {
  // Trailing spaces of char(n) do not count, so whether one is empty takes a look of its own.
  if (table.format !== 'binary' || table.columns.some(({ kind }) => kind.tag === 'char')) return null;
  const guardBytes = allowSentinel ? null : Buffer.byteLength(sentinel);
  return table.columns.map(({ kind, isTextual }) => directField(kind, isTextual ? guardBytes : null));
}

/** Room for the text of a number while it is hashed. */
const SCRATCH_BYTES = 4096;

/** What serves the columns that are not written directly, in the block of this encoder. */
export function createAside({ table, sentinel, allowSentinel }: RowEncoderOptions, { block }: RowEncoder): FieldAside {
  const writeField = createFieldWriter(table, allowSentinel ? null : checkSentinel(sentinel, 'binary'));
  const folds = table.columns.map(({ kind }) => foldOf(kind));
  const hash: Hash64 = { hi: 0, lo: 0 };
  const seed = createSeed();
  const scratch = new Block(SCRATCH_BYTES);
  return {
    write: (view, column) => {
      try {
        return writeField(block, view, column);
      } catch (error) {
        if (error instanceof Misfit) return -1;
        throw error;
      }
    },
    hash: ({ column, start, length, isKey }, seedHigh, seedLow) => {
      const fold = folds[column] as FoldCode;
      if (seed.hi !== seedHigh || seed.lo !== seedLow) setSeed(seed, seedHigh, seedLow);
      hashField(hash, isKey && fold === Fold.Double ? Fold.Bytes : fold, block, start, length, seed, scratch);
      return hash;
    },
  };
}

/** What the two formats do differently. */
interface RowWriter {
  /** Appends the row to the encoder's block. */
  readonly row: (view: RowView) => void;
  /** Where the row stands in binary form afterwards, for the fingerprint. */
  readonly block: Block;
  readonly fields: RowFields;
  /** Adds the COPY bytes of one field of the row. */
  readonly addReceipt: (receipt: Receipt, index: number) => void;
}

function binaryWriter({ table, sentinel, allowSentinel }: RowEncoderOptions, out: Block): RowWriter {
  const checked = checkSentinel(sentinel, 'binary');
  const writeBinary = createBinaryRow(table, allowSentinel ? null : checked);
  const fields = createRowFields(table.columns.length);
  out.copy(HEADER, 0, HEADER.length);
  return {
    row: (view) => writeBinary(out, view, fields),
    block: out,
    fields,
    addReceipt: (receipt, index) => {
      const start = fields.start[index] as number;
      receipt.add(out.bytes, start - 4, start + Math.max(0, fields.length[index] as number));
    },
  };
}

/** In text format the guard always stands: a value equal to the sentinel would arrive as NULL. */
function textWriter({ table, sentinel }: RowEncoderOptions, out: Block): RowWriter {
  const checked = checkSentinel(sentinel, 'text');
  const writeBinary = createBinaryRow(table, checked);
  const writeText = createTextRow(table, checked);
  const fields = createRowFields(table.columns.length);
  const written = createRowFields(table.columns.length);
  const block = new Block(ROW_BYTES);
  return {
    row: (view) => {
      block.clear();
      writeBinary(block, view, fields);
      writeText(out, block, fields, written);
    },
    block,
    fields,
    addReceipt: (receipt, index) => {
      const start = written.start[index] as number;
      receipt.add(out.bytes, start, start + (written.length[index] as number));
      receipt.add(TAB, 0, TAB.length);
    },
  };
}

function named(error: unknown, table: Omit<TablePlan, 'chunks'>, view: RowView, index: number): unknown {
  if (!(error instanceof Misfit)) return error;
  const { code, message, hint } = error;
  return valueError(table, view, index, { code, reason: message, hint, cause: error });
}
