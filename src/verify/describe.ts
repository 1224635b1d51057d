import { escapeCharacter } from '../lib/printable.js';
import type { ColumnPlan } from '../model/plan.js';
import type { Kind } from '../model/kind.js';
import { must } from '../model/error.js';
import { Tag } from './canonical-row.js';
import { type ShortenedCell, type ShortenedRow, readShortenedCells } from './shortened-row.js';
import { cellOrder, type VerifyTable } from './rows.js';

/** No description of a value or a key is longer, in UTF-16 code units; a cut one ends in `…`. */
const shownCharsMax = 120;
const dateMsMax = 8.64e15;

/** A key as text for a person: `id=5, name='x'`, without control characters, at most 120 characters. */
export function describeShortenedKey(table: VerifyTable, row: ShortenedRow): string {
  const cells = readShortenedCells(row);
  const parts = table.key.columns.map((index, at) => {
    const column = must(table.columns[index], 'key column');
    return `${escapeText(column.source, false)}=${shownCell(column.kind, must(cells[at], 'key cell'), false)}`;
  });
  return cut(parts.join(', '), shownCharsMax);
}

/** The cells of a row in the plan's order of columns. */
export function cellsByColumn(table: VerifyTable, row: ShortenedRow): ShortenedCell[] {
  const cells = readShortenedCells(row);
  const byColumn: ShortenedCell[] = [];
  for (const [at, index] of cellOrder(table).entries()) byColumn[index] = must(cells[at], 'cell');
  return byColumn;
}

/**
 * Two differing cells as text for a person. Where they would look the same (NFC and NFD), everything beyond ASCII is
 * written as escapes; where they differ beyond the part that is shown, length and hash differ.
 */
export function describeCells(
  column: Pick<ColumnPlan, 'kind'>,
  source: ShortenedCell,
  target: ShortenedCell,
): readonly [string, string] {
  const [plainA, plainB] = [shownCell(column.kind, source, false), shownCell(column.kind, target, false)];
  const isLookalike = plainA.normalize('NFKC') === plainB.normalize('NFKC');
  const a = isLookalike ? shownCell(column.kind, source, true) : plainA;
  const b = isLookalike ? shownCell(column.kind, target, true) : plainB;
  return a === b ? [withDetail(a, source), withDetail(b, target)] : [a, b];
}

function withDetail(text: string, cell: ShortenedCell): string {
  const meaning = cell.tag === Tag.Raw ? 'has no meaning as this type, ' : '';
  return `${text} (${meaning}${cell.length} bytes${cell.hash === '' ? `, hex ${cell.head.toString('hex')}` : ''})`;
}

/** One cell as text for a person; `isAscii` writes all that is beyond it as escapes. */
export function shownCell(kind: Kind, cell: ShortenedCell, isAscii: boolean): string {
  if (cell.tag === Tag.Null) return 'NULL';
  if (cell.tag === Tag.Special) return cell.head.toString('latin1');
  if (cell.tag === Tag.Raw) return shownText(cell, isAscii);
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
      return cut(cell.head.toString('latin1'), shownCharsMax);
    case 'bool':
      return cell.head.toString('latin1') === '1' ? 'true' : 'false';
    case 'float4':
    case 'float8':
      return shownDouble(cell.head.readDoubleLE(0));
    case 'bytea':
      return lengthened(`x'${cell.head.toString('hex')}`, "'", cell);
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return shownMoment(kind.tag, cell.head.readDoubleLE(0), cell.head.readUInt32LE(8));
    default:
      return shownText(cell, isAscii);
  }
}

function shownDouble(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function shownText(cell: ShortenedCell, isAscii: boolean): string {
  return lengthened(`'${escapeText(cell.head.toString('utf8'), isAscii)}`, "'", cell);
}

/** Closes what is shown; a value that is not shown whole carries its length and, if long, its hash. */
function lengthened(text: string, quote: string, cell: ShortenedCell): string {
  const suffix = ` (${cell.length} bytes${cell.hash === '' ? '' : `, xxh64 ${cell.hash}`})`;
  const isWhole = cell.hash === '' && text.length + quote.length <= shownCharsMax;
  return isWhole ? text + quote : cut(text, shownCharsMax - suffix.length - quote.length, true) + quote + suffix;
}

function shownMoment(kind: 'date' | 'time' | 'timestamp' | 'timestamptz', seconds: number, micros: number): string {
  if (kind === 'time') return clockOf(seconds) + fractionOf(micros);
  const ms = seconds * 1000;
  if (Math.abs(ms) > dateMsMax) return `${seconds}${fractionOf(micros)} s since 1970`;
  const [day = '', clock = ''] = new Date(ms).toISOString().split('T');
  if (kind === 'date' && clock.startsWith('00:00:00')) return day;
  return `${day} ${clock.slice(0, 8)}${fractionOf(micros)}${kind === 'timestamptz' ? '+00' : ''}`;
}

function clockOf(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

function fractionOf(micros: number): string {
  return micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

/** Control characters, invisible ones and quotes as escapes, so that no value can drive a terminal or forge a field. */
function escapeText(text: string, isAscii: boolean): string {
  const pattern = isAscii ? /[^\u0020-\u007e]|['\\]/gu : /[\p{C}\p{Zl}\p{Zp}'\\]/gu;
  return text.replaceAll(pattern, escapeInQuotes);
}

function escapeInQuotes(character: string): string {
  if (character === "'") return "''";
  if (character === '\\') return '\\\\';
  const known = new Map([
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
  ]).get(character);
  return known ?? escapeCharacter(character);
}

function cut(text: string, charsMax: number, isAlways = false): string {
  if (text.length <= charsMax && !isAlways) return text;
  return text.length < charsMax ? `${text}…` : `${text.slice(0, charsMax - 1)}…`.replace(/[\ud800-\udbff]…$/, '…');
}
