import { contentOf, type PatternPart, readTextPattern } from '../../lib/time/text-pattern.js';
import { shortYearPivot } from '../../lib/time/epochs.js';
import { monthNames } from '../../lib/time/written-moment.js';
import { createPatternReader } from '../time/pattern-text.js';
import { dateOf } from '../time/temporal.js';
import type { CellForm } from './form.js';
import type { Instant } from './moment-text.js';

/** What a pattern leaves open. */
interface PatternStyle {
  /** Whether parts of two digits have a zero before a single one. */
  readonly isPadded: boolean;
  readonly hasFullMonth: boolean;
  readonly isLowerHalf: boolean;
  readonly fractionDigits: number;
  /** As written behind the time, null where the pattern has no offset. */
  readonly offset: string | null;
  readonly offsetMinutes: number | null;
}

/** How texts of a column's pattern are written again. */
export interface PatternForms {
  /** The forms that a text of the pattern's shape may be in; null where it has another shape. */
  readonly like: (text: string) => readonly CellForm[] | null;
  /** What a new text looks like where no other is known. */
  readonly usual: CellForm;
}

/**
 * The forms of texts by a pattern. `toOwn` makes of what PostgreSQL prints the day and time that a text with this offset (in
 * minutes, null where it has none) shows; null where it has none.
 */
export function patternForms(
  pattern: string,
  toOwn: (printed: string, offsetMinutes: number | null) => Instant | null,
): PatternForms {
  const parts = readTextPattern(pattern) ?? [];
  const read = createPatternReader(pattern);
  const formOf = (style: PatternStyle): CellForm => ({
    name: `texts as ${pattern}, ${JSON.stringify(style)}`,
    write: (printed) => {
      const instant = toOwn(printed, style.offsetMinutes);
      return instant === null ? undefined : writeByPattern(instant, parts, style);
    },
  });
  const hasOffset = parts.includes('offset');
  const usual = { isPadded: true, hasFullMonth: false, isLowerHalf: false, fractionDigits: 3 };
  return {
    like: (text) => {
      const written = read(text);
      if (written === null) return null;
      const offset = hasOffset ? (/(?:Z|UTC|GMT|[+-]\d\d(?::?[0-5]\d)?)\s*$/i.exec(text)?.[0] ?? null) : null;
      const { offsetSeconds, fraction } = written;
      const offsetMinutes = offsetSeconds === null ? null : offsetSeconds / 60;
      const own = { ...usual, fractionDigits: fraction.length, offset, offsetMinutes };
      return stylesOf(parts, own).map(formOf);
    },
    usual: formOf({ ...usual, offset: hasOffset ? 'Z' : null, offsetMinutes: hasOffset ? 0 : null }),
  };
}

function stylesOf(parts: readonly PatternPart[], style: PatternStyle): PatternStyle[] {
  const both = <K extends keyof PatternStyle>(styles: readonly PatternStyle[], key: K, isOpen: boolean) =>
    isOpen ? styles.flatMap((one) => [one, { ...one, [key]: one[key] !== true }]) : [...styles];
  const padded = both([style], 'isPadded', true);
  const named = both(padded, 'hasFullMonth', parts.includes('monthName'));
  return both(named, 'isLowerHalf', parts.includes('half'));
}

/** Undefined where the pattern has no room for the instant: a time of day, seconds, further digits, another century. */
function writeByPattern(
  { days, micros }: Instant,
  parts: readonly PatternPart[],
  style: PatternStyle,
): string | undefined {
  const { hasDate, hasTime } = contentOf(parts);
  const digits = parts.includes('fraction') ? style.fractionDigits : 0;
  const grain = parts.includes('second') ? 10 ** Math.max(0, 6 - digits) : 60_000_000;
  if (hasTime ? micros % grain !== 0 : micros !== 0) return undefined;
  const date = hasDate ? dateOf(days) : { year: 2000, month: 1, day: 1 };
  const isShort = parts.includes('shortYear');
  const firstYear = isShort ? 1900 + shortYearPivot : 1;
  if (date.year < firstYear || date.year > (isShort ? 1999 + shortYearPivot : 9999)) return undefined;
  return parts
    .map((part) => (typeof part === 'object' ? part.literal : textOf(part, { date, micros, style })))
    .join('');
}

interface Shown {
  readonly date: { readonly year: number; readonly month: number; readonly day: number };
  readonly micros: number;
  readonly style: PatternStyle;
}

function textOf(part: Exclude<PatternPart, object>, { date, micros, style }: Shown): string {
  const short = (value: number) => String(value).padStart(style.isPadded ? 2 : 1, '0');
  const two = (value: number) => String(value).padStart(2, '0');
  const hour = Math.floor(micros / 3_600_000_000);
  switch (part) {
    case 'year':
      return String(date.year).padStart(4, '0');
    case 'shortYear':
      return two(date.year % 100);
    case 'month':
      return short(date.month);
    case 'monthName': {
      const name = monthNames[date.month - 1] ?? '';
      const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
      return style.hasFullMonth ? title : title.slice(0, 3);
    }
    case 'day':
      return short(date.day);
    case 'hour':
      return short(hour);
    case 'hour12':
      return short(hour % 12 === 0 ? 12 : hour % 12);
    case 'half': {
      const half = hour % 24 < 12 ? 'AM' : 'PM';
      return style.isLowerHalf ? half.toLowerCase() : half;
    }
    case 'minute':
      return two(Math.floor(micros / 60_000_000) % 60);
    case 'second':
      return two(Math.floor(micros / 1_000_000) % 60);
    case 'fraction':
      return String(micros % 1_000_000)
        .padStart(6, '0')
        .padEnd(9, '0')
        .slice(0, style.fractionDigits);
    case 'offset':
      return style.offset ?? '';
  }
}
