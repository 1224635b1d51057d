import type { CalendarDigits, EpochUnit, Kind, TimeReading, TimeUnit } from '../../model/kind.js';
import type { SqliteValue } from '../../model/value.js';
import { describeUnit, epochs, isCalendar, isEpochUnit, isInstant, readCalendarDigits } from '../../lib/time/epochs.js';
import { clockOfDatedTime } from '../time/temporal-text.js';
import { dateOf, MICROS_PER_DAY, UNIX_EPOCH_DAYS } from '../time/temporal.js';
import { createLocalShift, createZoneShift } from '../time/zone.js';
import { Misfit } from '../value/misfit.js';
import type { CellForm, Inverse } from './form.js';
import { patternForms, type PatternForms } from './pattern-form.js';
import {
  describeLayout,
  type Instant,
  layoutOfClock,
  layoutOfStamp,
  microsPerMinute,
  readPrinted,
  shifted,
  type TextLayout,
  writeLaidOut,
} from './moment-text.js';

type TemporalKind = Extract<Kind, { readonly tag: 'date' | 'timestamp' | 'timestamptz' }>;

const plainClock: TextLayout = {
  hasDate: false,
  separator: null,
  hasSeconds: true,
  fractionDigits: 0,
  suffix: '',
  offsetMinutes: null,
};
const plainDate: TextLayout = { ...plainClock, hasDate: true, hasSeconds: false };
/** As JavaScript's toISOString writes it. */
const isoMoment: TextLayout = {
  hasDate: true,
  separator: 'T',
  hasSeconds: true,
  fractionDigits: 3,
  suffix: 'Z',
  offsetMinutes: 0,
};

/** Fraction digits that a form is widened to: what clocks of programs give. */
const widerDigits = [3, 6];

/** time(p): texts alone. */
export function timeInverse(pattern?: string): Inverse {
  const formOf = (layout: TextLayout): CellForm => ({
    name: `texts as ${describeLayout(layout)}`,
    write: (printed) => {
      const instant = readPrinted(printed);
      return instant === null ? undefined : writeLaidOut(instant, layout);
    },
  });
  const plain = afterDay(textForms(layoutOfClock, formOf, plainClock, normalMoment));
  return pattern === undefined ? plain : withPattern(plain, patternForms(pattern, readPrinted));
}

/** A text that has the pattern's shape is of its forms, any other cell of the plain ones. */
function withPattern(plain: Inverse, { like, usual }: PatternForms): Inverse {
  return {
    ...plain,
    formsLike: (cell) => (typeof cell === 'string' ? like(cell) : null) ?? plain.formsLike(cell),
    usual,
  };
}

/** The same, also after a day that stands for none: `2000-01-01 12:30:00`. */
function afterDay(plain: Inverse): Inverse {
  const days = new Map<string, { readonly day: string; readonly inner: CellForm }>();
  const dated = (day: string, inner: CellForm): CellForm => {
    const name = `${inner.name} after ${day}`;
    days.set(name, { day, inner });
    return { name, write: (printed) => afterText(day, inner.write(printed)) };
  };
  return {
    ...plain,
    formsLike: (cell) => {
      const clock = typeof cell === 'string' ? clockOfDatedTime(cell) : null;
      if (typeof cell !== 'string' || clock === null) return plain.formsLike(cell);
      return plain.formsLike(clock).map((form) => dated(cell.slice(0, -clock.length), form));
    },
    wider: (form) => {
      const known = days.get(form.name);
      const wider = plain.wider?.(known?.inner ?? form) ?? null;
      return known === undefined || wider === null ? wider : dated(known.day, wider);
    },
  };
}

function afterText(day: string, clock: SqliteValue | undefined): SqliteValue | undefined {
  return typeof clock === 'string' ? `${day}${clock}` : undefined;
}

/**
 * date and timestamps: numbers in the column's unit, or texts. A time without offset is that of the column's zone; a date
 * is midnight there.
 */
export function temporalInverse(kind: TemporalKind): Inverse {
  const reading: TimeReading = { unit: 'ms', ...kind };
  const formOf = (layout: TextLayout): CellForm => textForm(layout, kind);
  const texts = textForms(layoutOfStamp, formOf, kind.tag === 'date' ? plainDate : isoMoment, normalMoment);
  const { unit, realUnit = unit } = reading;
  const integers = numberForm(unit, kind, 'integers');
  const reals = numberForm(realUnit, kind, 'reals');
  const numberTexts = numberForm(unit, kind, 'texts');
  const endless: CellForm = {
    name: 'infinity as text',
    write: (printed) => (/^-?infinity$/.test(printed) ? printed : undefined),
  };
  const plain: Inverse = {
    ...texts,
    formsLike: (cell) => {
      if (typeof cell === 'bigint') return [integers];
      if (typeof cell === 'number') return [reals];
      if (typeof cell !== 'string') return [];
      return /^[+-]?\d+$/.test(cell) ? [numberTexts] : [endless, ...texts.formsLike(cell)];
    },
  };
  if (reading.pattern === undefined) return plain;
  const toOwn = (printed: string, offsetMinutes: number | null): Instant | null => {
    const instant = readPrinted(printed);
    const shift = offsetMinutes === null ? localShift(kind) : offsetShift(kind, offsetMinutes);
    return instant === null ? null : shift(instant);
  };
  return withPattern(plain, patternForms(reading.pattern, toOwn));
}

/** The form that stands for a column of which nothing is known but its unit. */
export function unitForm(kind: TemporalKind): CellForm {
  const { unit } = { unit: 'ms' as const, ...kind };
  return numberForm(unit, kind, 'integers');
}

function textForms(
  layoutOf: (text: string) => TextLayout | null,
  formOf: (layout: TextLayout) => CellForm,
  usual: TextLayout,
  normal: (printed: string) => string,
): Inverse {
  const layouts = new Map<string, TextLayout>();
  const remember = (layout: TextLayout): CellForm => {
    const form = formOf(layout);
    layouts.set(form.name, layout);
    return form;
  };
  const known = (text: string): CellForm[] => {
    const layout = layoutOf(text);
    return layout === null ? [] : [remember(layout)];
  };
  return {
    formsLike: (cell) => (typeof cell === 'string' ? known(cell) : []),
    usual: remember(usual),
    wider: ({ name }) => {
      const layout = layouts.get(name);
      const digits = widerDigits.find((one) => one > (layout?.fractionDigits ?? 9));
      if (layout === undefined || digits === undefined || (layout.hasDate && layout.separator === null)) return null;
      return remember({ ...layout, hasSeconds: true, fractionDigits: digits });
    },
    normal,
  };
}

function textForm(layout: TextLayout, kind: TemporalKind): CellForm {
  const toOwn = layout.offsetMinutes === null ? localShift(kind) : offsetShift(kind, layout.offsetMinutes);
  return {
    name: `texts as ${describeLayout(layout)}`,
    write: (printed) => {
      if (/^-?infinity$/.test(printed)) return printed;
      const instant = readPrinted(printed);
      const own = instant === null ? null : toOwn(instant);
      return own === null ? undefined : writeLaidOut(own, layout);
    },
  };
}

type Shift = (instant: Instant) => Instant | null;

/** Of a date the day itself; of a moment what the clocks of the column's zone show. */
function localShift({ tag, zone, targetZone }: TemporalKind): Shift {
  if (tag === 'date' || zone === targetZone) return (instant) => instant;
  const toUtc = targetZone === undefined ? null : zoned(createZoneShift(targetZone, 'earlier'));
  const toLocal = zone === undefined ? null : zoned(createLocalShift(zone));
  return (instant) => {
    const utc = toUtc === null ? instant : toUtc(instant);
    return utc === null || toLocal === null ? utc : toLocal(utc);
  };
}

function offsetShift(kind: TemporalKind, offsetMinutes: number): Shift {
  const toUtc = utcShift(kind);
  return (instant) => {
    const utc = toUtc(instant);
    return utc === null ? null : shifted(utc, offsetMinutes * microsPerMinute);
  };
}

/** A moment is printed in UTC, or as the clocks of the target's zone show it; the midnight of a date is one of the column's zone. */
function utcShift({ tag, zone, targetZone }: TemporalKind): Shift {
  if (tag !== 'date' && targetZone !== undefined) return zoned(createZoneShift(targetZone, 'earlier'));
  return tag === 'date' && zone !== undefined ? zoned(createZoneShift(zone)) : (instant) => instant;
}

/** A time that the clocks skip or show twice, or a year without rules, has no form. */
function zoned(shift: ReturnType<typeof createZoneShift>): Shift {
  return ({ days, micros }) => {
    const moment = { days, micros, infinite: 0, isCut: false, offsetMinutes: null };
    try {
      shift(moment);
    } catch (error) {
      if (error instanceof Misfit) return null;
      throw error;
    }
    return { days: moment.days, micros: moment.micros };
  };
}

function numberForm(unit: TimeUnit, kind: TemporalKind, storage: 'integers' | 'reals' | 'texts'): CellForm {
  const isOfClocks = isCalendar(unit) || !isInstant(unit);
  const shift = isOfClocks ? localShift(kind) : utcShift(kind);
  return {
    name: `${storage}: ${describeUnit(unit)}`,
    write: (printed) => {
      const instant = readPrinted(printed);
      const own = instant === null ? null : shift(instant);
      return own === null ? undefined : numberOf(own, unit, storage);
    },
  };
}

function numberOf(instant: Instant, unit: TimeUnit, storage: 'integers' | 'reals' | 'texts'): SqliteValue | undefined {
  if (unit === 'julian') return julianOf(instant, storage);
  const whole = isEpochUnit(unit) ? unitsOf(instant, unit) : digitsOf(instant, unit);
  if (whole === null) return undefined;
  const { count, per } = whole;
  if (storage === 'reals') return quotientOf(whole);
  if (count % per !== 0n) return undefined;
  return storage === 'texts' ? String(count / per) : count / per;
}

interface Fraction {
  readonly count: bigint;
  readonly per: bigint;
}

function unitsOf({ days, micros }: Instant, unit: EpochUnit): Fraction {
  const { micros: microsPerUnit, per, startDays } = epochs[unit];
  const sum = BigInt(days + UNIX_EPOCH_DAYS - startDays) * BigInt(MICROS_PER_DAY) + BigInt(micros);
  return { count: sum * per, per: microsPerUnit };
}

/** The double nearest to a fraction of digits; a day's microseconds are no power of ten, and doubles must do. */
function quotientOf({ count, per }: Fraction): number {
  if (!/^10*$/.test(String(per))) return Number(count) / Number(per);
  const digits = String(per).length - 1;
  const text = String(count < 0n ? -count : count).padStart(digits + 1, '0');
  const cut = text.length - digits;
  return Number(`${count < 0n ? '-' : ''}${text.slice(0, cut)}.${text.slice(cut)}`);
}

const julian2000Ms = 2_451_544.5 * 86_400_000;
const dayMs = 86_400_000;

function julianOf({ days, micros }: Instant, storage: string): SqliteValue | undefined {
  const value = (julian2000Ms + days * dayMs + Math.floor(micros / 1000)) / dayMs;
  if (micros % 1000 !== 0 || storage === 'texts') return undefined;
  if (storage === 'reals') return value;
  return Number.isInteger(value) ? BigInt(value) : undefined;
}

function digitsOf({ days, micros }: Instant, pattern: CalendarDigits): Fraction | null {
  const seconds = Math.floor(micros / 1_000_000);
  const { year, month, day } = dateOf(days);
  const parts = {
    year,
    shortYear: year % 100,
    month,
    day,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  };
  const runs = readCalendarDigits(pattern);
  if (runs === null || year < 0) return null;
  const digits = runs.map(({ part, length }) => String(parts[part]).padStart(length, '0')).join('');
  return { count: BigInt(digits), per: 1n };
}

/** Days and microseconds; words as they are. */
function normalMoment(printed: string): string {
  const instant = readPrinted(printed);
  return instant === null ? printed : `${instant.days} ${instant.micros}`;
}
