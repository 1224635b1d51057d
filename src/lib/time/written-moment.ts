import type { CalendarParts } from './epochs.js';

/** A date, or a date and time, as a text says it; nothing of it is checked against a calendar but the weekday's letters. */
export interface WrittenMoment extends CalendarParts {
  /** Digits after the point, '' where there is none. */
  readonly fraction: string;
  /** Seconds east of UTC, null where the text says nothing of it. */
  readonly offsetSeconds: number | null;
  /** 0 is Sunday, null where the text names none. */
  readonly weekday: number | null;
  readonly hasTime: boolean;
}

/** English, in lower case. */
export const monthNames: readonly string[] = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const months = monthNames.map((name) => name.slice(0, 3));
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const month = `(?<monthName>${months.join('|')})[a-z]*`;
const weekday = `(?<weekday>${weekdays.join('|')})[a-z]*`;
const clock = '(?<hour>\\d{1,2}):(?<minute>\\d{1,2})(?::(?<second>\\d{1,2})(?:[.,](?<fraction>\\d{1,9}))?)?';
/** A name beside a number only repeats it, as Go and JavaScript write it; alone it is no offset that is sure. */
const repeated = '(?:\\s+(?:[A-Za-z]{2,5}|[+-]\\d{2,4}|\\([^)]*\\)))?';
const offset = `(?:\\s*(?:(?:GMT|UTC)?(?<offset>[+-](?:\\d\\d:?[0-5]\\d(?::?[0-5]\\d)?|\\d:[0-5]\\d|\\d{1,2}))${repeated}|(?<utc>Z|UTC|GMT)(?:\\s+\\([^)]*\\))?))?`;
/** What Go adds for the monotonic clock. */
const monotonic = '(?:\\s+m=[+-]\\d+\\.\\d+)?';

const forms: readonly RegExp[] = [
  // 2024-02-29 12:00:00.5 +0100 CET m=+0.01; 2024/2/9 1:02
  new RegExp(
    `^(?<year>\\d{4})([-/])(?<month>\\d{1,2})\\2(?<day>\\d{1,2})(?:(?:T|\\s+)${clock}${offset}${monotonic})?$`,
    'i',
  ),
  // 20240229T120000Z, 20240229
  new RegExp(
    `^(?<year>\\d{4})(?<month>\\d\\d)(?<day>\\d\\d)(?:T?(?<hour>\\d\\d)(?<minute>\\d\\d)(?:(?<second>\\d\\d)(?:[.,](?<fraction>\\d{1,9}))?)?${offset})?$`,
    'i',
  ),
  // Thu, 29 Feb 2024 12:00:00 GMT
  new RegExp(
    `^(?:${weekday},?\\s+)?(?<day>\\d{1,2})[\\s-]${month}[\\s-](?<year>\\d{4})(?:\\s+${clock}${offset})?$`,
    'i',
  ),
  // Thu Feb 29 12:00:00 2024, with UTC before the year where `date` writes it
  new RegExp(
    `^${weekday}\\s+${month}\\s+(?<day>\\d{1,2})\\s+${clock}(?:\\s+(?<utc>UTC|GMT))?\\s+(?<year>\\d{4})$`,
    'i',
  ),
  // Thu Feb 29 2024 12:00:00 GMT+0100 (Central European Standard Time)
  new RegExp(`^${weekday}\\s+${month}\\s+(?<day>\\d{1,2})\\s+(?<year>\\d{4})\\s+${clock}${offset}$`, 'i'),
];

/** No form is longer: a bound for what is looked at. */
const charsMax = 120;

/**
 * Reads the forms in which applications write a moment beside ISO 8601's own: with blanks around or before the offset, `UTC`
 * or lower-case `t` and `z`, one-digit parts, slashes where the year comes first, ISO's basic form, offsets with seconds, Go's
 * `time.String()`, RFC 1123, C's `ctime` and JavaScript's `toString`. null where a text is none of these: a month and a day
 * whose order is not sure are never read.
 */
export function readWrittenMoment(text: string): WrittenMoment | null {
  if (text.length > charsMax || !/\d/.test(text)) return null;
  const trimmed = text.trim();
  for (const form of forms) {
    const groups = form.exec(trimmed)?.groups;
    if (groups !== undefined) return toMoment(groups);
  }
  return null;
}

/** Whether a text of these bytes may be one of the forms, by the first of them: a digit, the letter of a weekday, or a blank. */
export function mayBeginMoment(byte: number): boolean {
  if (byte <= 0x20 || (byte >= 0x30 && byte <= 0x39)) return true;
  switch (byte | 0x20) {
    case 0x66: // f
    case 0x6d: // m
    case 0x73: // s
    case 0x74: // t
    case 0x77: // w
      return true;
    default:
      return false;
  }
}

function toMoment(groups: Readonly<Record<string, string | undefined>>): WrittenMoment {
  const number = (name: string): number => Number(groups[name] ?? 0);
  const named = groups['monthName'];
  const day = groups['weekday'];
  return {
    year: number('year'),
    month: named === undefined ? number('month') : months.indexOf(named.toLowerCase()) + 1,
    day: number('day'),
    hour: number('hour'),
    minute: number('minute'),
    second: number('second'),
    fraction: groups['fraction'] ?? '',
    offsetSeconds: groups['utc'] === undefined ? secondsOf(groups['offset']) : 0,
    weekday: day === undefined ? null : weekdays.indexOf(day.toLowerCase()),
    hasTime: groups['hour'] !== undefined,
  };
}

/** `±H`, `±HH`, `±HHMM`, `±HH:MM` and the same with seconds. */
function secondsOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, sign = '', hours = '', minutes = '0', seconds = '0'] =
    /^([+-])(\d{1,2}):?(\d\d)?:?(\d\d)?$/.exec(text) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -size : size;
}
