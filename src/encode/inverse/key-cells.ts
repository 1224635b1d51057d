import type { ColumnPlan } from '../../model/plan.js';
import type { SqliteValue } from '../../model/value.js';
import { isInt64, wholeOf } from './form.js';
import { uuidBlobOf } from './text-inverses.js';

/** Where a value of a key may stand in SQLite. */
export interface KeyCells {
  /** Cells that mean the value. */
  readonly cells: readonly SqliteValue[];
  /** The 32 lower digits of a uuid, which texts spell in many ways; null where the cells are all. */
  readonly uuid: string | null;
}

type KeyColumn = Pick<ColumnPlan, 'kind' | 'affinity' | 'policies'>;

/**
 * Gives all cells that may mean a value of a key, from what PostgreSQL prints of it; null for a value that may stand there in
 * forms that are not known. Null where that is so of all values of the column: rows cannot be asked for by key then.
 */
export function keyCellsOf({ kind, affinity, policies }: KeyColumn): ((printed: string) => KeyCells | null) | null {
  // SQLite makes a number of each text in such a column that looks like one.
  const holdsNumbers = affinity === 'integer' || affinity === 'real' || affinity === 'numeric';
  const isExact = Object.keys(policies ?? {}).length === 0;
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
      return affinity === 'integer' || (holdsNumbers && isExact) ? numberCells : null;
    case 'numeric':
    case 'float8':
      return holdsNumbers && isExact ? numberCells : null;
    case 'text':
      return affinity === 'text' ? textCells : null;
    case 'enum':
      return affinity === 'text' && isExact ? textCells : null;
    case 'bytea':
      return isExact ? blobCells : null;
    case 'uuid': {
      const { write } = uuidBlobOf(kind.bytes);
      return isExact
        ? (printed) => ({ cells: [write(printed) ?? null], uuid: printed.toLowerCase().replaceAll('-', '') })
        : null;
    }
    default:
      return null;
  }
}

function numberCells(printed: string): KeyCells | null {
  const whole = wholeOf(printed.replace(/\.0+$/, ''));
  const real = Number(printed);
  if (whole !== undefined && isInt64(whole))
    return { cells: Number.isSafeInteger(real) ? [whole] : [whole, real], uuid: null };
  // A text may say NaN or infinity too.
  return Number.isFinite(real) ? { cells: [real], uuid: null } : null;
}

function textCells(printed: string): KeyCells {
  return { cells: [printed, Buffer.from(printed, 'utf8')], uuid: null };
}

function blobCells(printed: string): KeyCells {
  return { cells: [Buffer.from(printed.slice(2), 'hex')], uuid: null };
}
