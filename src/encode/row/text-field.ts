import { printedFloat4 } from '../value/float4.js';
import type { Kind } from '../../model/kind.js';
import type { Block } from './block.js';
import { INT32_MAX, INT32_MIN } from '../column/date-columns.js';
import { INT64_MAX, INT64_MIN } from '../column/integer-column.js';
import { writeNumericText } from '../value/numeric-text.js';
import { dateOf, MICROS_PER_DAY } from '../time/temporal.js';

/**
 * Appends the escaped text COPY form of a field to `out`. The field's wire form lies in `row` from `start` to `end`.
 */
export type TextField = (out: Block, row: Block, start: number, end: number) => void;

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const BACKSLASH = 0x5c;

/** By byte, the letter that represents it after a backslash; 0 for a byte that needs no escape. */
const ESCAPES = new Uint8Array(256);
ESCAPES[BACKSLASH] = BACKSLASH;
ESCAPES[0x09] = 0x74;
ESCAPES[0x0a] = 0x6e;
ESCAPES[0x0d] = 0x72;

/**
 * The text form of a kind is made from its wire form, never from the source value. So both formats carry the same
 * values, and what a kind refuses is refused in both.
 */
export function textFieldOf(kind: Kind): TextField {
  switch (kind.tag) {
    case 'bool':
      return (out, row, start) => out.byte(row.bytes[start] === 1 ? 0x74 : 0x66);
    case 'int2':
      return (out, row, start) => out.ascii(String(row.view.getInt16(start)));
    case 'int4':
      return (out, row, start) => out.ascii(String(row.view.getInt32(start)));
    case 'int8':
      return (out, row, start) => out.ascii(String(row.view.getBigInt64(start)));
    case 'float4':
      return (out, row, start) => out.ascii(floatText(printedFloat4(row.view.getFloat32(start))));
    case 'float8':
      return (out, row, start) => out.ascii(floatText(row.view.getFloat64(start)));
    case 'numeric':
      return (out, row, start) => writeNumericText(out, row.view, start, false);
    case 'bytea':
      return writeHexField;
    case 'uuid':
      return (out, row, start, end) => writeHex(out, row.bytes, start, end);
    case 'jsonb':
      return (out, row, start, end) => writeEscaped(out, row.bytes, start + 1, end);
    case 'date':
      return (out, row, start) => out.ascii(dateText(row.view.getInt32(start)));
    case 'time':
      return (out, row, start) => out.ascii(timeText(Number(row.view.getBigInt64(start))));
    case 'timestamp':
      return (out, row, start) => out.ascii(timestampText(row.view.getBigInt64(start), ''));
    case 'timestamptz':
      return (out, row, start) => out.ascii(timestampText(row.view.getBigInt64(start), '+00'));
    default:
      return (out, row, start, end) => writeEscaped(out, row.bytes, start, end);
  }
}

/**
 * PostgreSQL documentation, COPY, text format: backslash, newline, carriage return and the delimiter must be escaped.
 * With every backslash doubled no data can look like `\.`.
 */
function writeEscaped(out: Block, bytes: Buffer, start: number, end: number): void {
  let escapes = 0;
  for (let at = start; at < end; at += 1) if (ESCAPES[bytes[at] as number] !== 0) escapes += 1;
  if (escapes === 0) {
    out.copy(bytes, start, end);
    return;
  }
  out.reserve(end - start + escapes);
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    const letter = ESCAPES[byte] as number;
    if (letter !== 0) out.byte(BACKSLASH);
    out.byte(letter === 0 ? byte : letter);
  }
}

/** `\x…`, its backslash doubled. */
function writeHexField(out: Block, row: Block, start: number, end: number): void {
  out.ascii('\\\\x');
  writeHex(out, row.bytes, start, end);
}

function writeHex(out: Block, bytes: Buffer, start: number, end: number): void {
  out.reserve(2 * (end - start));
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    out.byte(HEX[byte >> 4] as number);
    out.byte(HEX[byte & 15] as number);
  }
}

/** JavaScript prints the shortest digits that read back as the same double, and PostgreSQL reads them back exactly. */
function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function dateText(days: number): string {
  if (days === INT32_MAX) return 'infinity';
  return days === INT32_MIN ? '-infinity' : dayText(days, '');
}

/** `middle` is put between the date and the `BC` of years before 1. */
function dayText(days: number, middle: string): string {
  const { year, month, day } = dateOf(days);
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${shown}-${twoDigits(month)}-${twoDigits(day)}${middle}${year > 0 ? '' : ' BC'}`;
}

function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = micros % 1_000_000;
  const whole = `${twoDigits(Math.floor(seconds / 3600))}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(6, '0')}`;
}

function timestampText(micros: bigint, zone: string): string {
  if (micros === INT64_MAX) return 'infinity';
  if (micros === INT64_MIN) return '-infinity';
  const perDay = BigInt(MICROS_PER_DAY);
  const remainder = micros % perDay;
  const inDay = remainder < 0n ? remainder + perDay : remainder;
  return dayText(Number((micros - inDay) / perDay), ` ${timeText(Number(inDay))}${zone}`);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
