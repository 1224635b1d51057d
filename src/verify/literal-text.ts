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
  if (form?.tag !== 'interval') return text;
  const isNumber = storage === Storage.Integer || storage === Storage.Real;
  if (!isNumber) return sinceEpoch(text) ?? text;
  return `${text} ${intervalUnits.get(form.unit ?? '') ?? ''}`;
}

/** A date and time as the time since 1970 that it stands for, in whole days and microseconds; null for any other text. */
function sinceEpoch(text: string): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (found === null) return null;
  const [, day = '', hours, minutes, seconds, fraction = ''] = found;
  const clock = (BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60n + BigInt(seconds ?? 0);
  const ofDay = BigInt(Date.parse(`${day}T00:00:00Z`)) * 1000n;
  const micros = ofDay + clock * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  const rest = micros % 86_400_000_000n;
  return `${micros / 86_400_000_000n} days ${rest / 1_000_000n} seconds ${rest % 1_000_000n} microseconds`;
}
