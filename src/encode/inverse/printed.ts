import type { Kind } from '../../model/kind.js';
import type { SqliteValue } from '../../model/value.js';
import { encoderOf } from '../column/encoder-of-kind.js';
import type { ColumnEncoder } from '../column/column-encoder.js';
import { type Block, scratchBlock } from '../row/block.js';
import { textFieldOf } from '../row/text-field.js';
import { Misfit } from '../value/misfit.js';

const scratchBytes = 4096;

/** What the copy sends for a cell, as a text; null where it refuses the cell. */
export type PrintedAs = (cell: SqliteValue) => string | null;

/** Encodes single cells of a column as the copy does. Memory: the largest cell, twice. */
export function createPrinter(kind: Kind): PrintedAs {
  const encoder = encoderOf(kind);
  const field = scratchBlock(scratchBytes);
  const text = scratchBlock(scratchBytes);
  const write = textFieldOf(kind);
  return (cell) => {
    // By the rule `utf8`, which lets texts into a column of bytes.
    if (kind.tag === 'bytea' && typeof cell === 'string') return `\\x${Buffer.from(cell, 'utf8').toString('hex')}`;
    field.clear();
    text.clear();
    try {
      encodeCell(encoder, field, cell);
    } catch (error) {
      if (error instanceof Misfit) return null;
      throw error;
    }
    const bytes = field.bytes.subarray(0, field.length);
    switch (kind.tag) {
      case 'char':
        return padded(bytes.toString('utf8'), kind.chars);
      case 'text':
      case 'enum':
      case 'json':
      case 'literal':
        return bytes.toString('utf8');
      case 'jsonb':
        return bytes.toString('utf8', 1);
      case 'bytea':
        return `\\x${bytes.toString('hex')}`;
      default:
        write(text, field, 0, field.length);
        return text.bytes.toString('latin1', 0, text.length);
    }
  };
}

function padded(text: string, chars: number): string {
  return text + ' '.repeat(Math.max(0, chars - [...text].length));
}

function encodeCell(encoder: ColumnEncoder, out: Block, cell: SqliteValue): void {
  if (typeof cell === 'number') encoder.real(out, cell);
  else if (typeof cell === 'bigint') {
    const near = Number(cell);
    if (Number.isSafeInteger(near)) encoder.integer(out, near);
    else encoder.wide(out, cell);
  } else if (typeof cell === 'string') {
    const bytes = Buffer.from(cell, 'utf8');
    encoder.text(out, bytes, 0, bytes.length);
  } else if (cell !== null) encoder.blob(out, cell, 0, cell.length);
}
