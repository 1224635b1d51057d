import { isUtf8 } from 'node:buffer';
import type { HeldElements, LiteralForm, TimeUnit } from '../../model/kind.js';
import { arrayText } from './array-text.js';
import { textEncoder } from './byte-columns.js';
import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { precisionLoss } from '../time/epoch.js';
import { refuse } from '../value/misfit.js';
import { checkDigits, checkElement, checkElements, checkMoney, checkUnsigned } from './held-elements.js';
import { intervalSince1970, isDatedInterval, isIntervalText } from '../time/interval-text.js';
import { createMoment } from '../time/temporal.js';
import { createTemporalReader } from '../time/temporal-text.js';
import { realText } from '../value/real-text.js';

/** The name that PostgreSQL's interval has for each unit, and how many fraction digits of it make a microsecond. */
const INTERVAL_UNITS: Partial<Record<TimeUnit, { readonly name: string; readonly digits: number }>> = {
  s: { name: 'seconds', digits: 6 },
  ms: { name: 'milliseconds', digits: 3 },
  us: { name: 'microseconds', digits: 0 },
};

/**
 * Any other type, in text format only: sends the text form to PostgreSQL's own input function. Where that function
 * would silently drop something, `form` says so, and the value is refused here.
 */
export function literalEncoder(form: LiteralForm | undefined): ColumnEncoder {
  const plain = textEncoder(null);
  switch (form?.tag) {
    case undefined:
      return plain;
    case 'array': {
      const elements = arrayElements(plain, form.held);
      return {
        ...plain,
        integer: notAnArray,
        real: notAnArray,
        wide: notAnArray,
        text: (out, bytes, start, end) => writeArray(out, elements, bytes, start, end),
      };
    }
    case 'range':
      return checked(plain, (text) => checkElements(text, form.held));
    case 'digits':
      return checked(plain, (text) => checkMoney(text, form));
    case 'clock':
      return checked(plain, (text) => checkElement(text.trim(), { of: 'timetz', digits: form.digits }));
    case 'interval':
      return intervalEncoder(plain, form.digits, form.unit);
    case 'byte':
      return checked(plain, (text) => {
        if (text.length > 1) refuse('data.too_long', `${text.length} bytes do not fit into one`, textHint);
      });
    case 'unsigned':
      return checked(plain, checkUnsigned);
  }
}

/** What array_in (utils/adt/arrayfuncs.c) skips before a brace or a dimension. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function notAnArray(): never {
  refuse(
    'data.not_an_array',
    'not an array: it begins with neither { nor [',
    'write it as a JSON array or as {…} in the source, or make the target column text',
  );
}

const textHint = 'correct the value in the source, or make the target column text';

/** `check` gets the text with one character per byte, and throws a Misfit where it must be refused. */
function checked(plain: ColumnEncoder, check: (text: string) => void): ColumnEncoder {
  return {
    ...plain,
    integer: (out, value) => {
      check(String(value));
      plain.integer(out, value);
    },
    real: (out, value) => {
      check(realText(value));
      plain.real(out, value);
    },
    wide: (out, value) => {
      check(String(value));
      plain.wide(out, value);
    },
    text: (out, bytes, start, end) => {
      check(bytes.toString('latin1', start, end));
      plain.text(out, bytes, start, end);
    },
  };
}

function arrayElements(plain: ColumnEncoder, held: HeldElements | undefined): ColumnEncoder {
  return held === undefined ? plain : checked(plain, (text) => checkElements(text, held));
}

/**
 * Rewrites a JSON array as `{…}`. A text that is not JSON, or not UTF-8, goes to the server unchanged, and the server
 * judges it.
 */
function writeArray(out: Block, plain: ColumnEncoder, bytes: Buffer, start: number, end: number): void {
  let first = start;
  while (first < end && isBlank(bytes[first])) first++;
  const sign = first < end ? String.fromCharCode(bytes[first] ?? 0) : '';
  if (sign !== '{' && sign !== '[') notAnArray();
  const isOpen = sign === '[';
  const given = bytes.subarray(start, end);
  const text = isOpen && isUtf8(given) ? arrayText(given) : null;
  if (text === null) {
    plain.text(out, bytes, start, end);
    return;
  }
  const array = Buffer.from(text, 'utf8');
  plain.text(out, array, 0, array.length);
}

function intervalEncoder(plain: ColumnEncoder, digits: number, unit: TimeUnit | null): ColumnEncoder {
  const reader = createTemporalReader();
  const moment = createMoment();
  const known = unit === null ? undefined : INTERVAL_UNITS[unit];
  const number = (out: Block, text: string): void => {
    if (known === undefined) refuse('data.no_unit', 'a number in a column of intervals', unitHint);
    const [, fraction = ''] =
      /^-?\d+(?:\.(\d+))?$/.exec(text) ?? refuse('data.out_of_range', 'no plain number', textHint);
    if (fraction.length > known.digits - (6 - digits)) precisionLoss();
    out.ascii(`${text} ${known.name}`);
  };
  return {
    ...plain,
    integer: (out, value) => number(out, String(value)),
    wide: (out, value) => number(out, String(value)),
    real: (out, value) => number(out, String(value)),
    text: (out, bytes, start, end) => {
      const text = bytes.toString('latin1', start, end);
      if (isDatedInterval(text)) {
        if (!reader.timestamp(moment, bytes, start, end)) notAnInterval();
        if (moment.micros % 10 ** (6 - digits) !== 0) precisionLoss();
        out.ascii(intervalSince1970(moment));
        return;
      }
      if (!isIntervalText(text)) notAnInterval();
      checkDigits(text, digits);
      plain.text(out, bytes, start, end);
    },
  };
}

function notAnInterval(): never {
  refuse(
    'data.not_an_interval',
    'not an interval',
    'write it as PostgreSQL reads intervals in the source (1 day 02:03:04, or P1DT2H), or make the target column text',
  );
}

const unitHint =
  'set the unit of the column to s, ms or us in the config file, or store intervals as text in the source';
