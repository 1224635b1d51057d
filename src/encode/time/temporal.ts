/*
 * Proleptic Gregorian day arithmetic in whole numbers. Days count from 2000-01-01, as PostgreSQL's do; years are
 * astronomical: year 0 is 1 BC. (Method: count in eras of 400 years that begin on 1 March, so that 29 February is last.)
 */
export const MICROS_PER_DAY = 86_400_000_000;

/** Days from 1970-01-01 to 2000-01-01. */
export const UNIX_EPOCH_DAYS = 10_957;

/** Julian day 0 in days; the first day of date and timestamp (4714-11-24 BC). */
export const FIRST_DAY = -2_451_545;

/** 294277-01-01, the day after the last one of a timestamp. */
export const TIMESTAMP_END_DAY = 106_751_983;

const DAYS_PER_ERA = 146_097;

/** Days from 0000-03-01 to 2000-01-01. */
const ERA_TO_2000_DAYS = 730_425;

const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A day and a time within it, filled again for each value. */
export interface Moment {
  /** 0 an ordinary moment, ±1 infinity. */
  infinite: number;
  days: number;
  /** 0 to 86 400 000 000 inclusive: 24:00:00 is the end of the day. */
  micros: number;
  /** Whether digits beyond the microsecond were other than 0. */
  isCut: boolean;
  /** UTC offset in minutes, with a fraction where it has seconds, that has been subtracted already; null where the text gave none. */
  offsetMinutes: number | null;
}

export function createMoment(): Moment {
  return { infinite: 0, days: 0, micros: 0, isCut: false, offsetMinutes: null };
}

/** Days since 2000-01-01; the date must be a valid one. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - ERA_TO_2000_DAYS;
}

/** The date of a day since 2000-01-01. */
export function dateOf(days: number): { year: number; month: number; day: number } {
  const sinceEra = days + ERA_TO_2000_DAYS;
  const era = Math.floor(sinceEra / DAYS_PER_ERA);
  const dayOfEra = sinceEra - era * DAYS_PER_ERA;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = ((monthFromMarch + 2) % 12) + 1;
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

/** Whether the calendar has this day: no 30 February. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] as number));
}

/** Brings micros back into one day, carrying into days. */
export function normalise(moment: Moment): void {
  const carry = Math.floor(moment.micros / MICROS_PER_DAY);
  moment.days += carry;
  moment.micros -= carry * MICROS_PER_DAY;
}
