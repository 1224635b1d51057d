import type { LiteralForm } from '../model/kind.js';
import { Storage, type StorageCode } from '../model/value.js';
import { arrayOfJson } from './array-text.js';

const intervalUnits = new Map([
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
]);

/** The text of a source value in a literal column, in the form in which PostgreSQL reads it. */
export function literalText(text: string, storage: StorageCode, form: LiteralForm | undefined): string {
  if (form?.tag === 'array') return arrayOfJson(text) ?? text;
  // A word such as now would mean another time at each reading.
  if (form?.tag === 'clock' && !/^\s*\d/.test(text)) return `no time: ${text}`;
  const isNumber = storage === Storage.Integer || storage === Storage.Real;
  if (form?.tag !== 'interval' || !isNumber) return text;
  return `${text} ${intervalUnits.get(form.unit ?? '') ?? ''}`;
}
