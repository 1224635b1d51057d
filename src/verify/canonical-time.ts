import type { TimeReading, TimeUnit } from '../model/kind.js';
import { type CellBatch, Storage } from '../model/value.js';
import { type Canonize, type ComparedSide, numberOf, putRaw, safeDigits, textOf } from './canonical-cell.js';
import { type CanonicalRow, Tag } from './canonical-row.js';
import {
  type CanonicalMoment,
  hasOffset,
  readEpoch,
  readEpochText,
  readMilliseconds,
  readStamp,
  readStampText,
  readTime,
} from './moment.js';
import { isoOfPattern } from './pattern-text.js';
import { isoOfWritten } from './written-text.js';
import { type OffsetSeconds, utcOfLocal, zoneOffsets } from './zone.js';

export function putTime(pattern?: string): Canonize {
  const moment = { seconds: 0, micros: 0 };
  const rewrite = pattern === undefined ? null : isoOfPattern(pattern);
  return (batch, cell, row) => {
    const clock = rewrite?.(textOf(batch, cell)) ?? null;
    if (clock !== null) {
      if (readTime(clock, moment)) row.putMoment(moment.seconds, moment.micros);
      else putRaw(batch, cell, row);
      return;
    }
    // One digit is as good as two for an hour; blanks, and a day that stands for none, say nothing.
    if (
      readTime(
        textOf(batch, cell)
          .trim()
          .replace(/^(2000-01-01|1970-01-01|1900-01-01|1899-12-30)[ T](?=\d\d:)/, '')
          .replace(/^(?=\d:)/, '0'),
        moment,
      )
    )
      row.putMoment(moment.seconds, moment.micros);
    else putRaw(batch, cell, row);
  };
}

/** What a moment that was read becomes on the target; false where it means nothing. */
interface Clocks {
  readonly ofLocal: (out: CanonicalMoment) => boolean;
  readonly ofInstant: (out: CanonicalMoment) => boolean;
}

/** The target shows UTC, or the time of its own zone; null where the source's moments stand as they are read. */
function clocksOf({ zone, targetZone }: Pick<TimeReading, 'zone' | 'targetZone'>): Clocks | null {
  if (zone === undefined && targetZone === undefined) return null;
  const offsets = zone === undefined ? null : zoneOffsets(zone);
  const ahead = targetZone === undefined ? null : zoneOffsets(targetZone);
  const show = (out: CanonicalMoment): true => {
    if (ahead !== null) out.seconds += ahead(out.seconds);
    return true;
  };
  const isSame = zone !== undefined && zone === targetZone;
  return { ofInstant: show, ofLocal: isSame ? () => true : (out) => shiftToUtc(out, offsets) && show(out) };
}

/** Reads dates and points in time. What the target prints is taken as it stands, whatever the texts of the source are. */
export function stamper({ unit, realUnit = unit, pattern, ...zones }: TimeReading, side: ComparedSide): Canonize {
  const moment: CanonicalMoment = { seconds: 0, micros: 0 };
  const clocks = side === 'target' ? null : clocksOf(zones);
  const rewrite = side === 'target' || pattern === undefined ? null : isoOfPattern(pattern);
  return (batch, cell, row) => {
    const storage = batch.storage[cell];
    const isText = storage === Storage.Text || storage === Storage.Blob;
    const isRead = isText
      ? readTextMoment(batch, cell, moment, { unit, clocks, rewrite })
      : readNumberMoment(batch, cell, moment, storage === Storage.Real ? realUnit : unit) &&
        (clocks === null || (unit.includes('YY') ? clocks.ofLocal(moment) : clocks.ofInstant(moment)));
    if (isRead) row.putMoment(moment.seconds, moment.micros);
    else putEndless(batch, cell, row);
  };
}

/** Days of the source in a zone: what is a moment, by its number or by its offset, is the day that the zone's clocks show. */
export function localDater({ unit, realUnit = unit, pattern }: TimeReading, zone: string): Canonize {
  const moment: CanonicalMoment = { seconds: 0, micros: 0 };
  const offsets = zoneOffsets(zone);
  const rewrite = pattern === undefined ? null : isoOfPattern(pattern);
  return (batch, cell, row) => {
    const storage = batch.storage[cell];
    const isText = storage === Storage.Text || storage === Storage.Blob;
    const numberUnit = storage === Storage.Real ? realUnit : unit;
    const isRead = isText
      ? readTextMoment(batch, cell, moment, { unit, clocks: null, rewrite })
      : readNumberMoment(batch, cell, moment, numberUnit);
    if (!isRead) {
      putEndless(batch, cell, row);
      return;
    }
    const isMoment = isText
      ? hasOffset(rewrite?.(textOf(batch, cell)) ?? isoOfWritten(textOf(batch, cell)) ?? '')
      : numberUnit !== 'days' && !numberUnit.includes('YY');
    row.putMoment(moment.seconds + (isMoment ? offsets(moment.seconds) : 0), moment.micros);
  };
}

interface TextReading {
  readonly unit: TimeUnit;
  readonly clocks: Clocks | null;
  /** What a column's pattern makes of a text; null where the text does not have its shape. */
  readonly rewrite: ((text: string) => string | null) | null;
}

function readTextMoment(
  batch: CellBatch,
  cell: number,
  out: CanonicalMoment,
  { unit, clocks, rewrite }: TextReading,
): boolean {
  const patterned = rewrite?.(textOf(batch, cell)) ?? null;
  if (patterned !== null)
    return readStampText(patterned, out) && (clocks === null || shownBy(clocks, hasOffset(patterned), out));
  const start = batch.start[cell] as number;
  const end = batch.end[cell] as number;
  if (readStamp(batch.bytes, start, end, out)) {
    return clocks === null || shownBy(clocks, hasOffset(textOf(batch, cell)), out);
  }
  const text = textOf(batch, cell);
  const iso = isoOfWritten(text);
  if (iso === null || !readStampText(iso, out)) return readEpochText(text, unit, out);
  return clocks === null || shownBy(clocks, hasOffset(iso), out);
}

function shownBy({ ofInstant, ofLocal }: Clocks, isInstant: boolean, out: CanonicalMoment): boolean {
  return isInstant ? ofInstant(out) : ofLocal(out);
}

/** False where a local time means no moment of its zone. */
function shiftToUtc(out: CanonicalMoment, offsets: OffsetSeconds | null): boolean {
  const utc = offsets === null ? out.seconds : utcOfLocal(out.seconds, offsets);
  out.seconds = utc ?? 0;
  return utc !== null;
}

function readNumberMoment(batch: CellBatch, cell: number, out: CanonicalMoment, unit: TimeUnit): boolean {
  const isReal = batch.storage[cell] === Storage.Real;
  const isShort = (batch.end[cell] as number) - (batch.start[cell] as number) <= safeDigits;
  if (!isReal && isShort && unit === 'ms') {
    readMilliseconds(shortInteger(batch, cell), out);
    return true;
  }
  return readEpoch(isReal ? String(numberOf(batch, cell)) : textOf(batch, cell), unit, out);
}

/** At most 15 digits of SQLite's own decimal text, without a detour over a string. */
function shortInteger(batch: CellBatch, cell: number): number {
  const end = batch.end[cell] as number;
  const first = batch.start[cell] as number;
  const isNegative = batch.bytes[first] === 45;
  let value = 0;
  for (let at = isNegative ? first + 1 : first; at < end; at += 1)
    value = value * 10 + (batch.bytes[at] as number) - 48;
  return isNegative ? -value : value;
}

function putEndless(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const text = textOf(batch, cell).toLowerCase();
  if (text === 'infinity' || text === '-infinity') row.putLatin(Tag.Special, text);
  else putRaw(batch, cell, row);
}
