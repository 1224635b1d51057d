import type { Kind } from '../../model/kind.js';
import { boolEncoder } from './bool-column.js';
import { textEncoder, charEncoder, byteaEncoder, jsonEncoder, enumEncoder } from './byte-columns.js';
import type { ColumnEncoder } from './column-encoder.js';
import { dateEncoder, timeEncoder } from './date-columns.js';
import { float4Encoder, float8Encoder } from './float-column.js';
import { smallIntEncoder, int8Encoder } from './integer-column.js';
import { literalEncoder } from './literal-column.js';
import { numericEncoder } from './numeric-column.js';
import { timestampEncoder } from './timestamp-column.js';
import { uuidEncoder } from './uuid-column.js';

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
      return uuidEncoder(kind.bytes);
    case 'json':
      return jsonEncoder(false, kind.refusesNul);
    case 'jsonb':
      return jsonEncoder(true);
    case 'enum':
      return enumEncoder(kind.labels);
    case 'date':
      return dateEncoder(kind);
    case 'time':
      return timeEncoder(kind.precision, kind.pattern);
    case 'timestamp':
    case 'timestamptz':
      return timestampEncoder(kind.precision, kind);
    case 'literal':
      return literalEncoder(kind.form);
  }
}
