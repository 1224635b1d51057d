import { assert } from '../../model/error.js';
import type { ConvertedCells, TableFingerprint } from '../../model/copy.js';
import type { DirectField, FieldAside, RowSums } from './direct-field.js';
import type { TablePlan } from '../../model/plan.js';
import type { RowView } from '../../model/value.js';
import { createBinaryRow, createFieldWriter, type FieldWriter } from './binary-row.js';
import { Block, scratchBlock } from './block.js';
import { directField } from './direct.js';
import { CellConverter, type ConvertedRow } from '../policy/cell-converter.js';
import { createFingerprint } from '../fingerprint/fingerprint.js';
import { Misfit } from '../value/misfit.js';
import { createReceipt, type Receipt } from '../fingerprint/receipt.js';
import { createRowFields, type RowFields } from './row-fields.js';
import { checkSentinel } from '../value/sentinel.js';
import { createTextRow } from './text-row.js';
import { valueError } from '../value/value-error.js';

/** PostgreSQL documentation, COPY, Binary Format: signature of 11 bytes, int32 flags, int32 length of an extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = -1;
const TAB = Buffer.from('\t', 'latin1');

/** Memory for one row in binary form while its text form is made. It grows for a bigger row. */
const ROW_BYTES = 65_536;

export interface RowEncoderOptions {
  readonly table: Omit<TablePlan, 'chunks'>;
  /** The text that stands for NULL in text format, and that no text value may equal. */
  readonly sentinel: string;
  /** Lets a text that equals the sentinel pass in binary format, which can carry it. */
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  /**
   * Values are changed as the policies say; without it each that does not fit is thrown. `rows`: what was made of each
   * row can be had.
   */
  readonly converts?: 'cells' | 'rows';
  /** Allocates the blocks; ordinary memory without it. */
  readonly allocate?: (bytes: number) => Buffer;
}

/**
 * Rows of one chunk → COPY bytes and their fingerprint. Its life: encodeRow for each row and takeBlock whenever
 * isBlockFull, then finish, then result.
 */
export interface RowEncoder {
  /** Appends a row. Throws a CopierError `data.*` for a value that does not fit; the row has then left no trace. */
  readonly encodeRow: (view: RowView) => void;
  readonly isBlockFull: boolean;
  /** Rows and COPY bytes encoded so far. */
  readonly rows: number;
  readonly bytes: number;
  /** The key hash of the row encoded last. */
  readonly lastKey: () => bigint;
  /**
   * The block that the next row goes into. The kernel writes rows into it too, and reports their sums with `addKeys`
   * and `addSums` before `takeBlock`.
   */
  readonly block: Block;
  /** Adds the rows that the kernel wrote since the last call: their sums, and their key fields in COPY form. */
  readonly addKeys: (bytes: Buffer) => void;
  readonly addSums: (sums: RowSums) => void;
  /** In binary format, writes and hashes single values for the kernel: those that the kernel cannot write itself. */
  readonly aside: FieldAside;
  /** With `converts: 'rows'`, what rules made of the row that `encodeRow` took last, or null; valid until the next row. */
  readonly convertedRow: () => ConvertedRow | null;
  /** The filled bytes. They stay untouched until the next takeBlock or finish returns, so they must be sent by then. */
  readonly takeBlock: () => Buffer;
  /** The last bytes, with the trailer of the format. No row may follow. */
  readonly finish: () => Buffer;
  /** May be called after finish. */
  readonly result: () => TableFingerprint & {
    readonly bytes: number;
    readonly receipt: string;
    readonly converted: readonly ConvertedCells[];
  };
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
  const { converter } = write;
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
      converter?.begin();
      try {
        write.row(view);
        converter?.commit(Number.POSITIVE_INFINITY);
      } catch (error) {
        out.length = mark;
        converter?.drop();
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
    addKeys: (bytes) => {
      converter?.commit(out.length);
      receipt.add(bytes, 0, bytes.length);
    },
    addSums: fingerprint.addSums,
    aside: {
      write: (view, column) => {
        converter?.begin();
        try {
          return write.field(write.block, view, column);
        } catch (error) {
          if (error instanceof Misfit) return -1;
          throw error;
        }
      },
      hash: (field, seedHigh, seedLow) => fingerprint.hashOf(write.block, field, seedHigh, seedLow),
    },
    convertedRow: () => converter?.row ?? null,
    takeBlock: take,
    finish: () => {
      assert(digest === null, 'an encoder finishes once');
      digest = receipt.digest();
      if (isBinary) out.int16(TRAILER);
      return take();
    },
    result: () => {
      assert(digest !== null, 'finish comes before result');
      const bytes = takenBytes + out.length;
      return { ...fingerprint.result(), bytes, receipt: digest, converted: converter?.result() ?? [] };
    },
  };
}

/**
 * The columns of a table in the form that the kernel needs to write its rows. Null where the kernel cannot write them.
 */
export function directFields(options: RowEncoderOptions): readonly DirectField[] | null {
  const { table } = options;
  // Trailing spaces of char(n) are insignificant, so the kernel cannot tell whether such a value is empty.
  if (table.format !== 'binary' || table.columns.some(({ kind }) => kind.tag === 'char')) return null;
  const guardBytes = guardOf(options)?.length ?? null;
  return table.columns.map((column) => {
    const { kind, isTextual } = column;
    if (options.converts !== undefined && CellConverter.looksAtAll(column))
      return { tag: 'aside', isHashed: kind.tag !== 'jsonb' };
    return directField(kind, isTextual ? guardBytes : null);
  });
}

/** The sentinel that no text may equal. Null in binary format where the operator allows such texts. */
function guardOf({ table, sentinel, allowSentinel }: RowEncoderOptions): Buffer | null {
  const checked = checkSentinel(sentinel, table.format);
  return allowSentinel && table.format === 'binary' ? null : checked;
}

/** The part in which the two formats differ. */
interface RowWriter {
  /** Appends the row to the encoder's block. */
  readonly row: (view: RowView) => void;
  readonly field: FieldWriter;
  /** Changes values while `field` writes them; null where no rule may. */
  readonly converter: CellConverter | null;
  /** The block that holds the row in binary form afterwards, for the fingerprint. */
  readonly block: Block;
  readonly fields: RowFields;
  /** Adds the COPY bytes of one field of the row. */
  readonly addReceipt: (receipt: Receipt, index: number) => void;
}

function binaryWriter(options: RowEncoderOptions, out: Block): RowWriter {
  const { table } = options;
  const guard = guardOf(options);
  const { field, converter } = fieldsOf(options, guard);
  const writeBinary = createBinaryRow(table.columns.length, field);
  const fields = createRowFields(table.columns.length);
  out.copy(HEADER, 0, HEADER.length);
  return {
    row: (view) => writeBinary(out, view, fields),
    field,
    converter,
    block: out,
    fields,
    addReceipt: (receipt, index) => {
      const start = fields.start[index] as number;
      receipt.add(out.bytes, start - 4, start + Math.max(0, fields.length[index] as number));
    },
  };
}

function fieldsOf(
  { table, converts }: RowEncoderOptions,
  guard: Buffer | null,
): Pick<RowWriter, 'field' | 'converter'> {
  const plain = createFieldWriter(table, guard);
  if (converts === undefined || !CellConverter.isOfUse(table)) return { field: plain, converter: null };
  const converter = new CellConverter(table, plain, converts === 'rows');
  return { field: converter.write, converter };
}

/** Text format always checks for the sentinel: a value equal to it would arrive as NULL. */
function textWriter(options: RowEncoderOptions, out: Block): RowWriter {
  const { table, sentinel } = options;
  const checked = checkSentinel(sentinel, 'text');
  const { field, converter } = fieldsOf(options, checked);
  const writeBinary = createBinaryRow(table.columns.length, field);
  const writeText = createTextRow(table, checked);
  const fields = createRowFields(table.columns.length);
  const written = createRowFields(table.columns.length);
  const block = scratchBlock(ROW_BYTES);
  return {
    row: (view) => {
      block.clear();
      writeBinary(block, view, fields);
      writeText(out, block, fields, written);
    },
    field,
    converter,
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
