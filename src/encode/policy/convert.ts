import { type ExactDecimal, addDecimals, noDecimal } from '../../lib/number/exact-decimal.js';
import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import { fromDigits, toBlob, toDigits, toText } from './convert-bytes.js';
import { toDefault } from './convert-default.js';
import { cutNumber, decimalOf, roundFloat } from './convert-number.js';
import { cutFraction } from './convert-time.js';
import { chooseOffset } from './convert-zone.js';
import { quarantineCell } from './quarantined-cells.js';
import { bytesOf, type RowEdit } from './row-edit.js';
import { countCodePoints } from '../value/utf8.js';

/**
 * Applies one named rule to one value of a row, and gives by how much it changed the value (see `Losses`). Null where the
 * rule cannot be applied to such a value or column.
 */
export type Convert = (edit: RowEdit, index: number, column: ColumnPlan) => ExactDecimal | null;

const nulEscape = Buffer.from('\\u0000', 'latin1');

/** The conversions by hazard and rule. The rules `default` and `null` do the same for every hazard. */
const conversions: Readonly<Record<string, Convert>> = {
  'nul_byte strip': (edit, index) => replaceNuls(edit, index, Buffer.alloc(0)),
  'nul_byte escape': (edit, index) => replaceNuls(edit, index, nulEscape),
  'json_nul strip': stripJsonNuls,
  'too_long truncate': truncateText,
  'inexact round': (edit, index, column) =>
    column.kind.tag === 'numeric' ? cutNumber(edit, index, column, 'round') : roundFloat(edit, index, column),
  'inexact round-half-even': (edit, index, column) => cutNumber(edit, index, column, 'round-half-even'),
  'inexact truncate': (edit, index, column) => cutNumber(edit, index, column, 'truncate'),
  'precision_loss round': (edit, index, column) => cutFraction(edit, index, column, 'round'),
  'precision_loss truncate': (edit, index, column) => cutFraction(edit, index, column, 'truncate'),
  'not_a_bool nonzero': toNonzero,
  'ambiguous_time earlier': lossless((edit, index, column) => chooseOffset(edit, index, column, 'earlier')),
  'ambiguous_time later': lossless((edit, index, column) => chooseOffset(edit, index, column, 'later')),
  'no_such_time earlier': lossless((edit, index, column) => chooseOffset(edit, index, column, 'earlier')),
  'no_such_time later': lossless((edit, index, column) => chooseOffset(edit, index, column, 'later')),
  'text_in_blob utf8': lossless(toBlob),
  'text_in_blob hex': lossless((edit, index) => fromDigits(edit, index, 'hex')),
  'text_in_blob base64': lossless((edit, index) => fromDigits(edit, index, 'base64')),
  'blob_in_text utf8': lossless(toText),
  'blob_in_text hex': lossless((edit, index) => toDigits(edit, index, 'hex')),
  'blob_in_text base64': lossless((edit, index) => toDigits(edit, index, 'base64')),
  'not_an_array split': lossless(splitAtCommas),
};

/** The names of the rules that may change a value of the hazard. */
export function rulesOfHazard(hazard: string): readonly string[] {
  const own = `${hazard} `;
  const named = Object.keys(conversions).filter((name) => name.startsWith(own));
  return [...named.map((name) => name.slice(own.length)), 'default', 'null'];
}

/** Changes one value by the rule that the operator named for the hazard; gives by how much, and null where it cannot. */
export function convertValue(
  edit: RowEdit,
  index: number,
  column: ColumnPlan,
  how: { readonly hazard: string; readonly rule: string },
): ExactDecimal | null {
  if (how.rule === 'null' || how.rule === 'default') {
    const whole = { digits: -BigInt(quarantineCell(edit.view, index)?.length ?? 0), scale: 0 };
    const isDone = how.rule === 'null' ? toNull(edit, index, column) : toDefault(edit, index, column, how.hazard);
    return isDone ? whole : null;
  }
  return conversions[`${how.hazard} ${how.rule}`]?.(edit, index, column) ?? null;
}

function toNull(edit: RowEdit, index: number, column: ColumnPlan): boolean {
  if (column.notNull === true) return false;
  edit.setNull(index);
  return true;
}

/** A rule that writes the value otherwise, and takes nothing from it. */
function lossless(apply: (edit: RowEdit, index: number, column: ColumnPlan) => boolean): Convert {
  return (edit, index, column) => (apply(edit, index, column) ? noDecimal : null);
}

function replaceNuls(edit: RowEdit, index: number, by: Buffer): ExactDecimal {
  const bytes = bytesOf(edit.view, index);
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    parts.push(bytes.subarray(from, at), by);
    from = at + 1;
  }
  edit.setBytes(index, Buffer.concat([...parts, bytes.subarray(from)]), Storage.Text);
  return by.length > 0 ? noDecimal : characters(parts.length / 2);
}

/** In JSON a backslash only occurs within a string, and always begins an escape. */
function stripJsonNuls(edit: RowEdit, index: number): ExactDecimal {
  const text = bytesOf(edit.view, index).toString('utf8');
  const stripped = text.replace(/\\(?:u[0-9a-f]{4}|.)/gis, (match) => (match === '\\u0000' ? '' : match));
  edit.setBytes(index, Buffer.from(stripped), Storage.Text);
  return characters((text.length - stripped.length) / nulEscape.length);
}

function truncateText(edit: RowEdit, index: number, { kind }: ColumnPlan): ExactDecimal | null {
  const charsMax = kind.tag === 'text' ? kind.maxChars : kind.tag === 'char' ? kind.chars : null;
  if (charsMax === null || edit.view.storage[index] !== Storage.Text) return null;
  const bytes = bytesOf(edit.view, index);
  let end = 0;
  for (let chars = 0; end < bytes.length && chars < charsMax; chars += 1) {
    end += 1;
    while (end < bytes.length && countCodePoints(bytes, end, end + 1) === 0) end += 1;
  }
  const cut = characters(countCodePoints(bytes, end, bytes.length));
  edit.setBytes(index, bytes.subarray(0, end), Storage.Text);
  return cut;
}

/** A list such as `1,2,10`, as ORMs keep it in a text, as a JSON array of texts; an empty text has no elements. */
function splitAtCommas(edit: RowEdit, index: number): boolean {
  const storage = edit.view.storage[index];
  const isNumber = storage === Storage.Integer && Number.isSafeInteger(edit.view.number[index]);
  if (storage !== Storage.Text && !isNumber) return false;
  const text = isNumber ? String(edit.view.number[index]) : bytesOf(edit.view, index).toString('utf8');
  if (/^\s*[{[]/.test(text)) return false;
  edit.setBytes(index, Buffer.from(JSON.stringify(text === '' ? [] : text.split(','))), Storage.Text);
  return true;
}

/** Only numbers are converted: the truth value of any other text would be a guess. */
function toNonzero(edit: RowEdit, index: number): ExactDecimal | null {
  const storage = edit.view.storage[index];
  if (storage !== Storage.Integer && storage !== Storage.Wide && storage !== Storage.Real) return null;
  const before = decimalOf(edit, index) ?? noDecimal;
  const isZero = storage !== Storage.Wide && edit.view.number[index] === 0;
  edit.setNumber(index, isZero ? 0 : 1, Storage.Integer);
  return addDecimals({ digits: isZero ? 0n : 1n, scale: 0 }, before, -1n);
}

/** So many characters less. */
function characters(count: number): ExactDecimal {
  return { digits: -BigInt(count), scale: 0 };
}
