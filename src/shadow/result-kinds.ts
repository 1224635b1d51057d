import type { Kind } from '../model.js';

/** How values of a result column are read where no plan says it, by pg_type.typname; numbers that stand for times are milliseconds. */
export function kindOfResult(type: string): Kind {
  switch (type) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'bytea':
    case 'uuid':
    case 'json':
    case 'jsonb':
    case 'date':
      return { tag: type };
    case 'numeric':
      return { tag: 'numeric', precision: null, scale: null };
    case 'time':
      return { tag: 'time', precision: 6 };
    case 'timestamp':
    case 'timestamptz':
      return { tag: type, precision: 6, unit: 'ms' };
    default:
      return { tag: 'text', maxChars: null };
  }
}
