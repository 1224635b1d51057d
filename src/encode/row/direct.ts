import { Fold, foldOf } from '../fingerprint/fold.js';
import type { DirectField } from './direct-field.js';
import type { Kind, TimeUnit } from '../../model/kind.js';

const secondsTo2000 = 946_684_800;

/** Units per second. */
const units: Readonly<Partial<Record<TimeUnit, number>>> = { s: 1, ms: 1000, us: 1_000_000 };

/** A value of PostgreSQL, with its own header, stays below 1 GB (MaxAllocSize). */
export const FIELD_BYTES_MAX = 0x3fffffff - 4;

/** A moment that the kernel writes lies at most this many microseconds before or after 2000: up to there a double is exact. */
export const MOMENT_MICROS_MAX = 8_000_000_000_000_000;

/**
 * The kernel's arithmetic for moments of this unit; factor 0 where it has none: a unit that is not of 1970, or one of
 * more digits than the target keeps, of which every value must be checked.
 */
function momentOf(precision: number, unit: TimeUnit): { readonly factor: number; readonly shift: number } {
  const perSecond = units[unit];
  if (perSecond === undefined || 10 ** precision < perSecond) return { factor: 0, shift: 0 };
  return { factor: 1_000_000 / perSecond, shift: -secondsTo2000 * perSecond };
}

/** A text has at least as many bytes as characters, so this many bytes never exceed the limit of characters. */
function sureBytes(maxChars: number | null, maxBytes: number | undefined): number {
  return Math.min(maxChars ?? FIELD_BYTES_MAX, maxBytes ?? FIELD_BYTES_MAX);
}

/**
 * How the kernel writes a column of this kind by itself: the values that nearly all rows have. Every other value goes to
 * the column's encoder, which can say what is wrong with it. A text of `guardBytes` bytes may equal the null sentinel.
 */
export function directField(kind: Kind, guardBytes: number | null): DirectField {
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float8':
    case 'bool':
      return { tag: kind.tag };
    case 'uuid':
      return kind.bytes === undefined ? { tag: 'uuid' } : { tag: 'aside', isHashed: true };
    case 'bytea':
      return { tag: 'blob', bytesMax: FIELD_BYTES_MAX, guardBytes: null };
    case 'text':
      return { tag: 'text', bytesMax: sureBytes(kind.maxChars, kind.maxBytes), guardBytes };
    case 'json':
      if (kind.refusesNul === true) return { tag: 'aside', isHashed: true };
      return { tag: 'text', bytesMax: FIELD_BYTES_MAX, guardBytes };
    case 'jsonb':
      return { tag: 'jsonb', bytesMax: FIELD_BYTES_MAX - 1, guardBytes };
    case 'enum':
      return { tag: 'label', labels: kind.labels, guardBytes };
    case 'date':
      return kind.pattern === undefined ? { tag: 'day' } : { tag: 'aside', isHashed: true };
    case 'timestamp':
    case 'timestamptz':
      if (kind.targetZone !== undefined || kind.pattern !== undefined) return { tag: 'aside', isHashed: true };
      return {
        tag: 'moment',
        ...momentOf(kind.precision, kind.unit),
        grainMicros: 10 ** (6 - kind.precision),
        needsOffset: kind.zone !== undefined,
      };
    default:
      return { tag: 'aside', isHashed: foldOf(kind) !== Fold.None };
  }
}
