import { turnDigits } from '../lib/bytes/uuid-bytes.js';
import type { Kind } from '../model/kind.js';
import type { Sides } from '../model/result.js';
import type { SqliteValue } from '../model/value.js';

/** A value of the source as a parameter for both sides; null where it is NULL, or has no plain form on the target. */
export function valueOnBothSides(kind: Kind, value: SqliteValue): Sides<SqliteValue> | null {
  if (value === null) return null;
  const target = onTarget(kind, value);
  return target === null ? null : { source: value, target };
}

function onTarget(kind: Kind, value: NonNullable<SqliteValue>): string | null {
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
      return typeof value === 'bigint' ? String(value) : null;
    case 'text':
    case 'char':
    case 'enum':
      return typeof value === 'string' ? value : null;
    case 'uuid':
      if (Buffer.isBuffer(value)) {
        const digits = value.toString('hex');
        return kind.bytes === undefined ? digits : turnDigits(digits);
      }
      return typeof value === 'string' ? value : null;
    case 'bytea':
      return Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : null;
    case 'bool':
      return value === 1n ? 'true' : value === 0n ? 'false' : null;
    default:
      return null;
  }
}
