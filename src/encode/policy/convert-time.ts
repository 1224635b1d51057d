import { type ExactDecimal, addDecimals } from '../../lib/number/exact-decimal.js';
import { epochs, isEpochUnit } from '../../lib/time/epochs.js';
import type { ColumnPlan } from '../../model/plan.js';
import type { EpochUnit } from '../../model/kind.js';
import { Storage } from '../../model/value.js';
import { type Rounding, decimalOf } from './convert-number.js';
import { bytesOf, type RowEdit } from './row-edit.js';

const dayMs = 86_400_000;
/** Milliseconds from 1970 to the start of days that stand for whole milliseconds: Julian ones as in SQLite's date.c. */
const startsMs = { julian: -210_866_760_000_000n, ole: BigInt(epochs.ole.startDays) * 86_400_000n } as const;
const secondsOfDay = 86_400;

/** How many fraction digits of a second a temporal column keeps; null for other kinds. */
function precisionOf({ kind }: ColumnPlan): number | null {
  return kind.tag === 'timestamp' || kind.tag === 'timestamptz' || kind.tag === 'time' ? kind.precision : null;
}

/**
 * Cuts the fraction of a second to what the column keeps. `truncate` drops digits, also before 1970; `round` goes to
 * the nearest, and half a unit goes up. The rest of a text, its offset for instance, stays as it is. Gives by how many
 * seconds the time changed.
 */
export function cutFraction(edit: RowEdit, index: number, column: ColumnPlan, cut: Rounding): ExactDecimal | null {
  const precision = precisionOf(column);
  if (precision === null) return null;
  if (edit.view.storage[index] === Storage.Text) return cutText(edit, index, precision, cut);
  return cutEpoch(edit, index, column, precision, cut);
}

function cutEpoch(
  edit: RowEdit,
  index: number,
  { kind }: ColumnPlan,
  precision: number,
  cut: Rounding,
): ExactDecimal | null {
  if (kind.tag !== 'timestamp' && kind.tag !== 'timestamptz') return null;
  const isReal = edit.view.storage[index] === Storage.Real;
  const unit = isReal ? (kind.realUnit ?? kind.unit) : kind.unit;
  if (unit !== 'julian' && !isEpochUnit(unit)) return null;
  const number =
    unit === 'julian' || unit === 'ole' ? msOfDays(edit, index, unit) : secondsOf(decimalOf(edit, index), unit);
  if (number === null) return null;
  const { digits, scale } = number;
  const short = { digits: cutFloor(digits, Math.max(0, scale - precision), cut), scale: Math.min(scale, precision) };
  const text = stampText(short.digits, short.scale);
  if (text === null) return null;
  // The offset is written out, since texts without one may be local time.
  edit.setBytes(index, Buffer.from(`${text}Z`, 'latin1'), Storage.Text);
  return addDecimals(short, number, -1n);
}

/** A number of an epoch's unit as seconds since 1970, exactly. */
function secondsOf(number: ExactDecimal | null, unit: EpochUnit): ExactDecimal | null {
  if (number === null) return null;
  const { micros, per, startDays } = epochs[unit];
  // Powers of ten both, so that the quotient is a decimal: 10^(6 + places of `per`) parts of a second.
  const scale = number.scale + 6 + (String(per).length - 1);
  return { digits: number.digits * micros + BigInt(startDays * secondsOfDay) * 10n ** BigInt(scale), scale };
}

function msOfDays(edit: RowEdit, index: number, unit: keyof typeof startsMs): ExactDecimal | null {
  const ms = Math.floor((edit.view.number[index] as number) * dayMs + 0.5);
  return Number.isSafeInteger(ms) ? { digits: BigInt(ms) + startsMs[unit], scale: 3 } : null;
}

/** Drops this many decimal digits, rounding down. */
function cutFloor(value: bigint, digits: number, cut: Rounding): bigint {
  const grain = 10n ** BigInt(digits);
  const raised = cut === 'round' ? value + grain / 2n : value;
  const rest = raised % grain;
  return (raised - (rest < 0n ? rest + grain : rest)) / grain;
}

/** `value` counts 10^-scale seconds since 1970. Null outside of the years 1 to 9999. */
function stampText(value: bigint, scale: number): string | null {
  const perSecond = 10n ** BigInt(scale);
  const seconds = cutFloor(value, scale, 'truncate');
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return null;
  const whole = date.toISOString().slice(0, 19).replace('T', ' ');
  return scale === 0 ? whole : `${whole}.${String(value - seconds * perSecond).padStart(scale, '0')}`;
}

const withFraction = /^(?:(\d{4}-\d\d-\d\d)([T ]))?(\d\d:\d\d:\d\d)[.,](\d+)(.*)$/s;

function cutText(edit: RowEdit, index: number, precision: number, cut: Rounding): ExactDecimal | null {
  const match = withFraction.exec(bytesOf(edit.view, index).toString('utf8'));
  if (match === null) return null;
  const [, date, separator = '', clock = '', fraction = '', rest = ''] = match;
  const digits = cutFloor(BigInt(fraction), Math.max(0, fraction.length - precision), cut);
  const scale = Math.min(fraction.length, precision);
  const isCarried = digits === 10n ** BigInt(scale);
  const whole = isCarried ? nextSecond(date, separator, clock) : `${date ?? ''}${separator}${clock}`;
  if (whole === null) return null;
  const shown = scale === 0 ? '' : `.${String(isCarried ? 0n : digits).padStart(scale, '0')}`;
  edit.setBytes(index, Buffer.from(`${whole}${shown}${rest}`), Storage.Text);
  return addDecimals({ digits, scale }, { digits: BigInt(fraction), scale: fraction.length }, -1n);
}

/** The second that follows; a time of day may become 24:00:00. */
function nextSecond(date: string | undefined, separator: string, clock: string): string | null {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  const next = hours * 3600 + minutes * 60 + seconds + 1;
  if (date === undefined) return next > secondsOfDay ? null : clockText(next);
  const ms = Date.parse(`${date}T${clock}Z`);
  if (Number.isNaN(ms)) return null;
  const iso = new Date(ms + 1000).toISOString();
  return `${iso.slice(0, 10)}${separator}${iso.slice(11, 19)}`;
}

function clockText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
