import { describeUnit, isEpochUnit } from '../../lib/time/epochs.js';
import type { ColumnCensus } from '../../model/census.js';
import type { EpochUnit, TimeUnit } from '../../model/kind.js';
import { describeReading, readingOf, unixUnits } from './time-reading.js';

/** The unit of the numbers in a temporal column, or why it cannot be decided. */
export type UnitChoice =
  | {
      readonly tag: 'decided';
      readonly unit: TimeUnit;
      /** The unit of its reals where that differs: Julian days beside an epoch. */
      readonly realUnit?: TimeUnit;
      readonly reason: string;
      readonly doubt: string | null;
      /** Whether no number is there to be read by it. */
      readonly isMoot?: boolean;
    }
  | {
      readonly tag: 'ambiguous';
      readonly message: string;
      /** Units that may be meant, the likelier first; empty where no unit gives plausible dates. */
      readonly candidates: readonly TimeUnit[];
    };

/** What a column's unit is chosen from. */
export interface UnitQuestion {
  readonly census: ColumnCensus;
  readonly declaredType: string;
  /** Whether only days are held: then numbers must be whole days. */
  readonly isDate: boolean;
  /** An epoch that the database's own tables show, Core Data's for instance. */
  readonly mark?: EpochUnit | null;
}

export function isInCalendar(value: bigint, unit: TimeUnit): boolean {
  return readingOf(Number(value), unit) !== null;
}

interface NumberRange {
  readonly min: bigint | number;
  readonly max: bigint | number;
}

export function rangeOf({ integerMin, integerMax, realMin, realMax }: ColumnCensus): NumberRange | null {
  if (integerMin !== null && integerMax !== null) return { min: BigInt(integerMin), max: BigInt(integerMax) };
  return realMin !== null && realMax !== null ? { min: realMin, max: realMax } : null;
}

/** Three numbers of a range: its ends, and what lies midway. */
function threeOf({ min, max }: NumberRange): (bigint | number)[] {
  const midway =
    typeof min === 'bigint' && typeof max === 'bigint' ? (min + max) / 2n : (Number(min) + Number(max)) / 2;
  return [...new Set([min, midway, max])];
}

export function decided(
  unit: TimeUnit,
  range: NumberRange,
  what: string,
): Extract<UnitChoice, { readonly tag: 'decided' }> {
  return { tag: 'decided', unit, reason: explain(what, unit, range), doubt: null };
}

export function explain(what: string, unit: TimeUnit, range: NumberRange): string {
  // What lies midway between calendar digits is often no date.
  const values = isEpochUnit(unit) || unit === 'julian' ? threeOf(range) : [...new Set([range.min, range.max])];
  const examples = values.map((value) => `${value} is ${describeReading(value, unit)}`);
  const kinds = ['', ' (all equal)', ' (smallest and largest)', ' (smallest, midway and largest)'];
  return `${what} are ${describeUnit(unit)}: ${examples.join(', ')}${examples.length === 1 ? ' (all equal)' : (kinds[examples.length] ?? '')}`;
}

/**
 * Shows what three values mean in each plausible unit; where none is plausible, in all units that give a date at all.
 */
export function ambiguous(
  message: string,
  range: NumberRange,
  candidates: readonly TimeUnit[],
  what = 'integers',
): UnitChoice {
  const unique = [...new Set(candidates)];
  const values = threeOf(range);
  const inCalendar = ([...unixUnits, 'days'] as const).filter((unit) =>
    values.every((value) => readingOf(Number(value), unit) !== null),
  );
  const shown: readonly TimeUnit[] = unique.length > 0 ? unique : inCalendar;
  const lines = shown.map((unit) => {
    const readings = values
      .filter((value, at) => at !== 1 || values.length < 3 || readingOf(Number(value), unit) !== null)
      .map((value) => `${value} is ${describeReading(value, unit)}`);
    return `${JSON.stringify(unit)}: ${readings.join(', ')}`;
  });
  const text = lines.length === 0 ? message : `${message}. As its ${what} could be read: ${lines.join('; ')}`;
  return { tag: 'ambiguous', message: text, candidates: unique };
}
