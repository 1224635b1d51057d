import type { ColumnPlan } from '../model/plan.js';
import type { TimeReading, TimeUnit } from '../model/kind.js';
import { type CellBatch, Storage } from '../model/value.js';
import { type CanonicalRow, Tag } from './canonical-row.js';
import { normalizeDecimal, scaleToInteger } from './decimal.js';
import { canonicalJson } from './json.js';
import {
  hasOffset,
  type CanonicalMoment,
  readEpoch,
  readEpochText,
  readMilliseconds,
  readStamp,
  readStampText,
  readTime,
} from './moment.js';
import { isoOfWritten } from './written-text.js';
import { type OffsetSeconds, utcOfLocal, zoneOffsets } from './zone.js';

/**
 * Brings one cell of a batch to canonical form and appends it to a row. Never called for NULL. Nothing here knows how
 * values were sent: each form is read from what SQLite and PostgreSQL print.
 */
export type Canonize = (batch: CellBatch, cell: number, row: CanonicalRow) => void;

export type ComparedSide = 'source' | 'target';

const doublePattern = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const infinityPattern = /^\s*([+-]?)inf(inity)?\s*$/i;
const truths = new Set(['1', 't', 'true', 'y', 'yes', 'on']);
const untruths = new Set(['0', 'f', 'false', 'n', 'no', 'off']);
const safeDigits = 15;
const zero = 48;
const one = 49;
const letterF = 102;
const letterT = 116;

/** How the values of a column are read on one side, by the column's kind. */
export function canonizerOf(column: Pick<ColumnPlan, 'kind'>, side: ComparedSide): Canonize {
  const { kind } = column;
  switch (kind.tag) {
    case 'bool':
      return putBool;
    case 'int2':
    case 'int4':
    case 'int8':
      return side === 'target' ? putAsIs : putInteger;
    case 'float4':
      return putFloat(Math.fround);
    case 'float8':
      return putFloat((value) => value);
    case 'numeric':
      return putNumeric;
    case 'text':
    case 'enum':
    case 'json':
    case 'literal':
      return putAsIs;
    case 'char':
      return putUnpadded;
    case 'bytea':
      return side === 'target' ? putBytea : putAsIs;
    case 'uuid':
      return putUuid;
    case 'jsonb':
      return putJsonb;
    case 'date':
      // A number in a column of dates is a date only if it is a midnight.
      return side === 'source' && kind.zone !== undefined
        ? localDater({ unit: 'ms', ...kind }, kind.zone)
        : stamper({ unit: 'ms', ...kind }, side);
    case 'time':
      return putTime();
    case 'timestamp':
    case 'timestamptz':
      return stamper(kind, side);
  }
}

function textOf(batch: CellBatch, cell: number): string {
  return batch.bytes.toString('utf8', batch.start[cell], batch.end[cell]);
}

function numberOf(batch: CellBatch, cell: number): number {
  return batch.number[cell] as number;
}

function putAsIs(batch: CellBatch, cell: number, row: CanonicalRow): void {
  row.putBytes(Tag.Value, batch.bytes, batch.start[cell] as number, batch.end[cell] as number);
}

/**
 * A value that has no meaning under its kind is appended as it is, with a tag that makes it differ from every other
 * value.
 */
function putRaw(batch: CellBatch, cell: number, row: CanonicalRow): void {
  row.putBytes(Tag.Raw, batch.bytes, batch.start[cell] as number, batch.end[cell] as number);
}

function putInteger(batch: CellBatch, cell: number, row: CanonicalRow): void {
  if (batch.storage[cell] === Storage.Integer) putAsIs(batch, cell, row);
  else putWhole(wholeOf(batch, cell), batch, cell, row);
}

/** A whole real is exactly the integer it stands for, which above 2^53 is not its shortest decimal. */
function wholeOf(batch: CellBatch, cell: number): bigint | null {
  if (batch.storage[cell] === Storage.Real) {
    const value = numberOf(batch, cell);
    return Number.isInteger(value) ? BigInt(value) : null;
  }
  const plain = normalizeDecimal(textOf(batch, cell));
  return plain === null ? null : scaleToInteger(plain, 0);
}

function putWhole(whole: bigint | null, batch: CellBatch, cell: number, row: CanonicalRow): void {
  if (whole === null) putRaw(batch, cell, row);
  else row.putLatin(Tag.Value, whole.toString());
}

/** The one-letter forms, which nearly all values have, need no string. */
function putBool(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  const letter = (batch.end[cell] as number) - start === 1 ? batch.bytes[start] : undefined;
  if (letter === one || letter === letterT) row.putLatin(Tag.Value, '1');
  else if (letter === zero || letter === letterF) row.putLatin(Tag.Value, '0');
  else putWordedBool(batch, cell, row);
}

function putWordedBool(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const text = textOf(batch, cell).trim().toLowerCase();
  const plain = batch.storage[cell] === Storage.Real ? (normalizeDecimal(text) ?? text) : text;
  if (truths.has(plain)) row.putLatin(Tag.Value, '1');
  else if (untruths.has(plain)) row.putLatin(Tag.Value, '0');
  else putRaw(batch, cell, row);
}

/** `narrow` is the rounding of the target's type to its own width; PostgreSQL prints the shortest text that reads back. */
function putFloat(narrow: (value: number) => number): Canonize {
  return (batch, cell, row) => {
    const value = floatOf(batch, cell);
    if (value === null) putRaw(batch, cell, row);
    else row.putDouble(narrow(value));
  };
}

function floatOf(batch: CellBatch, cell: number): number | null {
  if (batch.storage[cell] === Storage.Real) return numberOf(batch, cell);
  const text = textOf(batch, cell);
  if (batch.storage[cell] === Storage.Integer) {
    const value = Number(text);
    return text.length <= safeDigits || BigInt(value) === BigInt(text) ? value : null;
  }
  if (doublePattern.test(text)) return Number(text);
  const infinity = infinityPattern.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return text === 'NaN' ? Number.NaN : null;
}

function putNumeric(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const plain = batch.storage[cell] === Storage.Integer ? textOf(batch, cell) : decimalOf(batch, cell);
  if (plain === null) putEndlessNumber(batch, cell, row);
  else row.putLatin(Tag.Value, plain);
}

function putEndlessNumber(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const value = floatOf(batch, cell);
  if (value === null || Number.isFinite(value)) putRaw(batch, cell, row);
  else row.putLatin(Tag.Special, String(value));
}

/** A real is the shortest decimal that reads back as the same double. */
function decimalOf(batch: CellBatch, cell: number): string | null {
  const isReal = batch.storage[cell] === Storage.Real;
  return normalizeDecimal(isReal ? String(numberOf(batch, cell)) : textOf(batch, cell));
}

function putUnpadded(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  let end = batch.end[cell] as number;
  while (end > start && batch.bytes[end - 1] === 32) end -= 1;
  row.putBytes(Tag.Value, batch.bytes, start, end);
}

function putBytea(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  // `\x`: the hex form, which the reader's session asks for.
  row.putHex(batch.bytes, start + 2, batch.end[cell] as number);
}

function putUuid(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  const end = batch.end[cell] as number;
  const isBinary = batch.storage[cell] === Storage.Blob && end - start === 16;
  const text = isBinary ? batch.bytes.toString('hex', start, end) : batch.bytes.toString('latin1', start, end);
  const digits = text
    .toLowerCase()
    .replace(/^urn:uuid:/, '')
    .replaceAll(/[-{}]/g, '');
  if (/^[0-9a-f]{32}$/.test(digits)) row.putLatin(Tag.Value, digits);
  else putRaw(batch, cell, row);
}

function putJsonb(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const canonical = canonicalJson(textOf(batch, cell));
  if (canonical === null) putRaw(batch, cell, row);
  else row.putText(Tag.Value, canonical);
}

function putTime(): Canonize {
  const moment = { seconds: 0, micros: 0 };
  return (batch, cell, row) => {
    // One digit is as good as two for an hour, and blanks say nothing.
    if (
      readTime(
        textOf(batch, cell)
          .trim()
          .replace(/^(?=\d:)/, '0'),
        moment,
      )
    )
      row.putMoment(moment.seconds, moment.micros);
    else putRaw(batch, cell, row);
  };
}

/** Reads dates and points in time. What the target prints is UTC, whatever the texts of the source are. */
function stamper({ unit, realUnit = unit, zone }: TimeReading, side: ComparedSide): Canonize {
  const moment: CanonicalMoment = { seconds: 0, micros: 0 };
  const offsets = zone === undefined || side === 'target' ? null : zoneOffsets(zone);
  return (batch, cell, row) => {
    const storage = batch.storage[cell];
    const isText = storage === Storage.Text || storage === Storage.Blob;
    const isRead = isText
      ? readTextMoment(batch, cell, moment, unit, offsets)
      : readNumberMoment(batch, cell, moment, storage === Storage.Real ? realUnit : unit) &&
        (!unit.includes('YY') || shiftToUtc(moment, offsets));
    if (isRead) row.putMoment(moment.seconds, moment.micros);
    else putEndless(batch, cell, row);
  };
}

/** Days of the source in a zone: what is a moment, by its number or by its offset, is the day that the zone's clocks show. */
function localDater({ unit, realUnit = unit }: TimeReading, zone: string): Canonize {
  const moment: CanonicalMoment = { seconds: 0, micros: 0 };
  const offsets = zoneOffsets(zone);
  return (batch, cell, row) => {
    const storage = batch.storage[cell];
    const isText = storage === Storage.Text || storage === Storage.Blob;
    const numberUnit = storage === Storage.Real ? realUnit : unit;
    const isRead = isText
      ? readTextMoment(batch, cell, moment, unit, null)
      : readNumberMoment(batch, cell, moment, numberUnit);
    if (!isRead) {
      putEndless(batch, cell, row);
      return;
    }
    const isMoment = isText
      ? hasOffset(isoOfWritten(textOf(batch, cell)) ?? '')
      : numberUnit !== 'days' && !numberUnit.includes('YY');
    row.putMoment(moment.seconds + (isMoment ? offsets(moment.seconds) : 0), moment.micros);
  };
}

function readTextMoment(
  batch: CellBatch,
  cell: number,
  out: CanonicalMoment,
  unit: TimeUnit,
  offsets: OffsetSeconds | null,
): boolean {
  const start = batch.start[cell] as number;
  const end = batch.end[cell] as number;
  if (readStamp(batch.bytes, start, end, out)) {
    return offsets === null || hasOffset(textOf(batch, cell)) || shiftToUtc(out, offsets);
  }
  const text = textOf(batch, cell);
  const iso = isoOfWritten(text);
  if (iso === null || !readStampText(iso, out)) return readEpochText(text, unit, out);
  return offsets === null || hasOffset(iso) || shiftToUtc(out, offsets);
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
