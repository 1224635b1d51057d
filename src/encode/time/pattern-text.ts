import { fullYear } from '../../lib/time/epochs.js';
import { monthNames, type WrittenMoment } from '../../lib/time/written-moment.js';
import { type PatternPart, readTextPattern } from '../../lib/time/text-pattern.js';

/**
 * Reads texts by a pattern. Null where a text does not have its shape; what it says is not checked against the calendar.
 * Parts of two digits may have one where no digit follows; names of months are English, whole or three letters, in any case.
 */
export function createPatternReader(pattern: string): (text: string) => WrittenMoment | null {
  const parts = readTextPattern(pattern);
  if (parts === null) throw new Error(`${pattern} is no pattern`);
  const shape = new RegExp(`^\\s*${parts.map((part, at) => shapeOf(part, parts[at + 1])).join('')}\\s*$`, 'i');
  return (text) => {
    const groups = shape.exec(text)?.groups;
    return groups === undefined ? null : readGroups(groups);
  };
}

function shapeOf(part: PatternPart, next: PatternPart | undefined): string {
  if (typeof part === 'object') return part.literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/\s+/g, '\\s+');
  switch (part) {
    case 'year':
      return '(?<year>\\d{4})';
    case 'monthName':
      return `(?<monthName>${monthNames.map((name) => `${name}|${name.slice(0, 3)}`).join('|')})`;
    case 'fraction':
      return '(?<fraction>\\d{1,9})';
    case 'half':
      return '(?<half>[ap]\\.?m\\.?)';
    case 'offset':
      return '(?:(?<utc>Z|UTC|GMT)|(?<sign>[+-])(?<offsetHours>\\d\\d):?(?<offsetMinutes>[0-5]\\d)?)';
    case 'shortYear':
      return '(?<shortYear>\\d\\d)';
    default:
      return `(?<${part}>\\d${isNumber(next) ? '{2}' : '{1,2}'})`;
  }
}

function isNumber(part: PatternPart | undefined): boolean {
  return typeof part === 'string' && !['monthName', 'half', 'offset'].includes(part);
}

function readGroups(groups: Readonly<Record<string, string | undefined>>): WrittenMoment {
  const number = (name: string, none: number) => (groups[name] === undefined ? none : Number(groups[name]));
  const month = groups['monthName']?.slice(0, 3).toLowerCase();
  return {
    year: number('year', fullYear(number('shortYear', 0))),
    month: month === undefined ? number('month', 1) : monthNames.findIndex((name) => name.startsWith(month)) + 1,
    day: number('day', 1),
    hour: hourOf(groups),
    minute: number('minute', 0),
    second: number('second', 0),
    fraction: groups['fraction'] ?? '',
    offsetSeconds: offsetOf(groups),
    weekday: null,
    hasTime: groups['minute'] !== undefined,
  };
}

/** Of a clock of twelve hours 12 is the first; an hour that it does not have is none of any clock. */
function hourOf({ hour = '0', hour12, half = '' }: Readonly<Record<string, string | undefined>>): number {
  if (hour12 === undefined) return Number(hour);
  const shown = Number(hour12);
  if (shown < 1 || shown > 12) return Number.NaN;
  return (shown % 12) + (/^p/i.test(half) ? 12 : 0);
}

function offsetOf(groups: Readonly<Record<string, string | undefined>>): number | null {
  const { utc, sign, offsetHours, offsetMinutes = '0' } = groups;
  if (utc !== undefined) return 0;
  if (sign === undefined) return null;
  return (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60 : 60);
}
