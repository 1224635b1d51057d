import type { Kind } from '../../model/plan.js';
import type { Block } from '../row/block.js';
import { boolEncoder } from './bool-column.js';
import { byteaEncoder, charEncoder, enumEncoder, jsonEncoder, textEncoder } from './byte-columns.js';
import { literalEncoder } from './literal-column.js';
import { float4Encoder, float8Encoder } from './float-column.js';
import { int8Encoder, smallIntEncoder } from './integer-column.js';
import { numericEncoder } from './numeric-column.js';
import { dateEncoder, timeEncoder } from './date-columns.js';
import { timestampEncoder } from './timestamp-column.js';
import { uuidEncoder } from './uuid-column.js';

/**
 * Appends one value that is not NULL to the block, in the type's binary wire form without its length word, or
 * throws a Misfit and leaves the block to the caller to cut back. All encoders are object literals of this one shape,
 * so that the row loop stays monomorphic.
 */
export interface ColumnEncoder {
  /** An integer within ±(2^53 − 1). */
  readonly integer: (out: Block, value: number) => void;
  /** An integer beyond that. */
  readonly wide: (out: Block, value: bigint) => void;
  readonly real: (out: Block, value: number) => void;
  readonly text: (out: Block, bytes: Buffer, start: number, end: number) => void;
  readonly blob: (out: Block, bytes: Buffer, start: number, end: number) => void;
}

/** The encoder of one column, chosen once per chunk. */
export function encoderOf(kind: Kind): ColumnEncoder {
  switch (kind.tag) {
    case 'bool':
      return boolEncoder();
    case 'int2':
      return smallIntEncoder(16);
    case 'int4':
      return smallIntEncoder(32);
    case 'int8':
      return int8Encoder();
    case 'float4':
      return float4Encoder();
    case 'float8':
      return float8Encoder();
    case 'numeric':
      return numericEncoder(kind.precision, kind.scale);
    case 'text':
      return textEncoder(kind.maxChars, kind.maxBytes);
    case 'char':
      return charEncoder(kind.chars);
    case 'bytea':
      return byteaEncoder();
    case 'uuid':
      return uuidEncoder();
    case 'json':
      return jsonEncoder(false);
    case 'jsonb':
      return jsonEncoder(true);
    case 'enum':
      return enumEncoder(kind.labels);
    case 'date':
      return dateEncoder(kind);
    case 'time':
      return timeEncoder(kind.precision);
    case 'timestamp':
    case 'timestamptz':
      return timestampEncoder(kind.precision, kind);
    case 'literal':
      return literalEncoder(kind.form);
  }
}
