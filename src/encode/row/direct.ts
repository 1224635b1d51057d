import { Fold, foldOf } from '../fingerprint/fold.js';
import type { DirectField } from './direct-field.js';
import type { Kind, TimeUnit } from '../../model/kind.js';
import { Storage, type StorageCode } from '../../model/value.js';

/**
 * Encodings that the row loop writes itself. Nearly all values have one of them, and a call per value costs more than
 * writing its bytes (measured: five numbers took 70 ns by calls, 30 ns without). A value outside of the range that the
 * loop checks goes to the column's encoder, which can say what is wrong with it.
 */
export const Direct = { None: 0, Int2: 1, Int4: 2, Int8: 3, Float8: 4, Bool: 5, Moment: 6, Bytes: 7 } as const;
export type DirectCode = (typeof Direct)[keyof typeof Direct];

/** How the loop writes one column's values of one storage class. */
export interface DirectColumn {
  readonly storage: StorageCode;
  readonly code: DirectCode;
  /** For a moment: microseconds per unit, and the shift from 1970 to 2000. */
  readonly factor: number;
  readonly shift: number;
  /** For bytes: texts of at most this length fit whatever they hold. */
  readonly bytesMax: number;
}

const secondsTo2000 = 946_684_800;

/** Units per second. */
const units: Readonly<Partial<Record<TimeUnit, number>>> = { s: 1, ms: 1000, us: 1_000_000 };

/** A value of PostgreSQL, with its own header, stays below 1 GB (MaxAllocSize). */
export const FIELD_BYTES_MAX = 0x3fffffff - 4;

/** A moment written here lies at most this many microseconds before or after 2000: up to there a double is exact. */
export const MOMENT_MICROS_MAX = 8_000_000_000_000_000;

const none: DirectColumn = { storage: Storage.Null, code: Direct.None, factor: 0, shift: 0, bytesMax: 0 };

/** The storage class whose values the loop writes itself, with the code for it; code None where there is none. */
export function directOf(kind: Kind): DirectColumn {
  const plain = (storage: StorageCode, code: DirectCode): DirectColumn => ({ ...none, storage, code });
  switch (kind.tag) {
    case 'int2':
      return plain(Storage.Integer, Direct.Int2);
    case 'int4':
      return plain(Storage.Integer, Direct.Int4);
    case 'int8':
      return plain(Storage.Integer, Direct.Int8);
    case 'float8':
      return plain(Storage.Real, Direct.Float8);
    case 'bool':
      return plain(Storage.Integer, Direct.Bool);
    case 'bytea':
      return { ...plain(Storage.Blob, Direct.Bytes), bytesMax: FIELD_BYTES_MAX };
    case 'text':
      return { ...plain(Storage.Text, Direct.Bytes), bytesMax: sureBytes(kind.maxChars, kind.maxBytes) };
    case 'json':
      return { ...plain(Storage.Text, Direct.Bytes), bytesMax: FIELD_BYTES_MAX };
    case 'timestamp':
    case 'timestamptz':
      return momentOf(kind.precision, kind.unit);
    default:
      return none;
  }
}

/** Where the target keeps fewer digits than the unit has, the encoder must check every value. */
function momentOf(precision: number, unit: TimeUnit): DirectColumn {
  const perSecond = units[unit];
  if (perSecond === undefined || 10 ** precision < perSecond) return none;
  const factor = 1_000_000 / perSecond;
  return { ...none, storage: Storage.Integer, code: Direct.Moment, factor, shift: -secondsTo2000 * perSecond };
}

/** A text has at least as many bytes as characters, so this many bytes never exceed the limit of characters. */
function sureBytes(maxChars: number | null, maxBytes: number | undefined): number {
  return Math.min(maxChars ?? FIELD_BYTES_MAX, maxBytes ?? FIELD_BYTES_MAX);
}

/**
 * What `directOf` says, and what the kernel needs beyond it. A text of `guardBytes` bytes may equal the null sentinel.
 */
export function directField(kind: Kind, guardBytes: number | null): DirectField {
  const { factor, shift, bytesMax } = directOf(kind);
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float8':
    case 'bool':
    case 'uuid':
      return { tag: kind.tag };
    case 'bytea':
      return { tag: 'blob', bytesMax, guardBytes: null };
    case 'text':
    case 'json':
      return { tag: 'text', bytesMax, guardBytes };
    case 'jsonb':
      return { tag: 'jsonb', bytesMax: FIELD_BYTES_MAX - 1, guardBytes };
    case 'enum':
      return { tag: 'label', labels: kind.labels, guardBytes };
    case 'date':
      return { tag: 'day' };
    case 'timestamp':
    case 'timestamptz':
      return {
        tag: 'moment',
        factor,
        shift,
        grainMicros: 10 ** (6 - kind.precision),
        needsOffset: kind.zone !== undefined,
      };
    default:
      return { tag: 'aside', isHashed: foldOf(kind) !== Fold.None };
  }
}
