import { MICROS_PER_DAY, type Moment, UNIX_EPOCH_DAYS } from './temporal.js';

/** Units that PostgreSQL's interval_in knows (deltatktbl in utils/adt/datetime.c). */
const units =
  'microsec(?:ond)?s?|usec(?:ond)?s?|us|millisec(?:ond)?s?|m(?:sec(?:ond)?s?|s)|sec(?:ond)?s?|s|min(?:ute)?s?|m|hours?|hrs?|h|days?|d|weeks?|w|mon(?:th)?s?|quarters?|qtr|years?|yrs?|y|dec(?:ade)?s?|cent(?:ury|uries)?|c|mil(?:lennium|lennia|s)?';
const plainInterval = new RegExp(
  `^[\\s@]*(?:(?:[+-]?\\d+-\\d+|[+-]?\\d*:\\d+(?::\\d+(?:\\.\\d*)?)?|[+-]?(?:\\d+\\.?\\d*|\\.\\d+)\\s*(?:(?:${units})(?![a-z]))?)[\\s,]*)+(?:ago\\s*)?$`,
  'i',
);
const isoInterval = /^\s*P[\dYMWDTHS.,:+-]+\s*$/;
const endless = /^\s*[+-]?infinity\s*$/i;

/** Whether a text has a form that PostgreSQL's input function takes for an interval; it may still be out of its range. */
export function isIntervalText(text: string): boolean {
  return plainInterval.test(text) || isoInterval.test(text) || endless.test(text);
}

/** Whether a text is a date and time without a zone: how SQLAlchemy keeps an interval in SQLite, counted from 1970. */
export function isDatedInterval(text: string): boolean {
  return /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?$/.test(text);
}

/** The time from 1970-01-01 to a moment, as days and seconds of one sign. */
export function intervalSince1970({ days, micros }: Pick<Moment, 'days' | 'micros'>): string {
  const sinceDays = days + UNIX_EPOCH_DAYS;
  const isBefore = sinceDays < 0 && micros > 0;
  const whole = isBefore ? sinceDays + 1 : sinceDays;
  const rest = isBefore ? MICROS_PER_DAY - micros : micros;
  const seconds = `${Math.floor(rest / 1_000_000)}.${String(rest % 1_000_000).padStart(6, '0')}`;
  return `${whole} days ${isBefore ? '-' : ''}${seconds} seconds`;
}
