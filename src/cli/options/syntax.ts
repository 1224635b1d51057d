import { holdsSecret, maskSecrets, refuseSecret } from '../../lib/mask-secrets.js';
import { CopierError } from '../../model/error.js';

/** How the value of an option is written, and how it is read; `T` is what comes out. */
export interface Syntax<T> {
  /** `flag`: no value follows. `switch`: turned on or off by its value; for options that are on by default. */
  readonly tag: 'text' | 'flag' | 'switch' | 'count' | 'bytes' | 'rate' | 'list' | 'choice';
  /** What a value is, for hints. */
  readonly words: string;
  /** The only words that are understood; null where others are. */
  readonly choices: readonly string[] | null;
  /** JSON Schema of the value in a config file, null included. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** A value as a flag or a variable writes it. Throws `usage.*` naming `origin`. */
  readonly parse: (text: string, origin: string) => T;
  /** A value that needs no parsing, as a config file or the library may give it; null where it is none. */
  readonly accept: (value: unknown) => T | null;
}

const MiB = 1024 * 1024;

/**
 * Any text but an empty one. One that holds a password or a token is refused: it would be printed with the path or name
 * that it is meant to be, and stand in the ledger.
 */
export function text(emptyHint?: string): Syntax<string> {
  const parse = (given: string, origin: string) => {
    refuseSecret(given, origin);
    if (given !== '') return given;
    const hint = emptyHint ?? `give ${origin} a value, or leave it out`;
    throw new CopierError('usage.empty_value', `${origin} is empty`, { hint });
  };
  return plain({ tag: 'text', words: 'a text', schema: { type: ['string', 'null'] }, parse });
}

/** Off unless it is given. */
export function flag(): Syntax<boolean> {
  return { ...plain({ tag: 'flag', words: 'true or false', schema: onOrOff, parse: parseSwitch }), accept: asBoolean };
}

/** On or off by the value that follows. */
export function switched(): Syntax<boolean> {
  return { ...flag(), tag: 'switch' };
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number. */
export function count(range: Range): Syntax<number> {
  const schema = { type: ['integer', 'string', 'null'], minimum: range.min, maximum: range.max, pattern: '^\\d+$' };
  const parse = (given: string, origin: string) => parseCount({ given, digits: given, factor: 1 }, range, origin);
  return plain({ tag: 'count', words: 'a whole number', schema, parse });
}

/** A whole number, or the word `all`. */
export function countOrAll(range: Range): Syntax<number | 'all'> {
  const schema = {
    type: ['integer', 'string', 'null'],
    minimum: range.min,
    maximum: range.max,
    pattern: '^(?:\\d+|all)$',
  };
  const parse = (given: string, origin: string): number | 'all' =>
    given === 'all' ? given : parseCount({ given, digits: given, factor: 1 }, range, origin, ', or all');
  return plain({ tag: 'count', words: 'a whole number, or "all"', schema, parse });
}

/** A time in seconds, with its unit or without. */
export function seconds(range: Range): Syntax<number> {
  const schema = {
    type: ['integer', 'string', 'null'],
    minimum: range.min,
    maximum: range.max,
    pattern: '^\\d+[sm]?$',
  };
  const parse = (given: string, origin: string) => {
    const [, digits, unit] = /^(\d+)([sm]?)$/.exec(given) ?? [];
    const value = Number(digits) * (unit === 'm' ? 60 : 1);
    if (digits !== undefined && value >= range.min && value <= range.max) return value;
    throw badValue(origin, given, `use a time from ${range.min}s to ${range.max}s, such as 10s or 5m`);
  };
  return plain({ tag: 'count', words: 'a time, such as "10s" or "5m"', schema, parse });
}

/** A number of bytes with a unit or without: `16M`, `16MB` and `16MiB` are all 16 · 1024 · 1024. */
export function bytes(range: Range): Syntax<number> {
  const schema = {
    type: ['integer', 'string', 'null'],
    minimum: range.min,
    maximum: range.max,
    pattern: '^\\d+ ?(?:[kKmMgG](?:[iI]?[bB])?|[bB])?$',
  };
  const parse = (given: string, origin: string) => {
    const [, digits = given, unit = ''] = /^(\d+) ?(?:([kmg])(?:i?b)?|b)?$/i.exec(given) ?? [];
    const factor = byteFactors[unit.toLowerCase()] ?? 1;
    return parseCount({ given, digits, factor }, range, origin, ', with K, M or G for 1024, 1024² or 1024³ bytes');
  };
  return plain({ tag: 'bytes', words: 'a number of bytes, such as "16M"', schema, parse });
}

/** Any number above 0. */
export function rate(): Syntax<number> {
  const schema = { type: ['number', 'string', 'null'], exclusiveMinimum: 0 };
  const parse = (given: string, origin: string) => {
    const value = Number(given);
    if (given.trim() !== '' && Number.isFinite(value) && value > 0) return value;
    throw badValue(origin, given, 'use a number above 0');
  };
  return plain({ tag: 'rate', words: 'a number above 0', schema, parse });
}

/** Names separated by commas. An empty list is refused, since it would mean all tables. */
export function list(): Syntax<readonly string[]> {
  const schema = { type: ['array', 'string', 'null'], items: { type: 'string' } };
  const parse = (given: string, origin: string) => {
    const names = given
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    refuseUrls(names, origin);
    if (names.length > 0) return names;
    throw new CopierError('usage.empty_value', `${origin} names no table`, {
      hint: `give ${origin} the names of tables, separated by commas, or leave it out`,
    });
  };
  return { ...plain({ tag: 'list', words: 'a list of names', schema, parse }), accept: asNames };
}

/** One of a few words. */
export function choice<const W extends string>(...choices: readonly W[]): Syntax<W> {
  const parse = (given: string, origin: string) => {
    const found = choices.find((word) => word === given);
    if (found !== undefined) return found;
    throw badValue(origin, given, `use one of: ${choices.join(', ')}`);
  };
  const schema = { enum: [...choices, null] };
  return { ...plain({ tag: 'choice', words: `one of: ${choices.join(', ')}`, schema, parse }), choices };
}

/** Findings are named `index:by_title`, with any sign in the second part: the first is no user whose password follows. */
function refuseUrls(names: readonly string[], origin: string): void {
  for (const name of names) if (holdsSecret(name.replace(/^\w+:(?!\/)/, ''))) refuseSecret(name, origin);
}

const onWords = ['1', 'true', 'yes', 'on'];
const offWords = ['0', 'false', 'no', 'off'];

/** A pattern of JSON Schema has no way to say that case does not matter. */
const inAnyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const onOrOff = {
  type: ['boolean', 'string', 'null'],
  pattern: `^(?:${[...onWords, ...offWords].map(inAnyCase).join('|')})$`,
};

/** A syntax whose values are always written as a text or a number. */
function plain<T>(parts: Pick<Syntax<T>, 'tag' | 'words' | 'schema' | 'parse'>): Syntax<T> {
  return { ...parts, choices: null, accept: () => null };
}

function asBoolean(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

function asNames(value: unknown): string[] | null {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) return null;
  refuseUrls(value, 'a list of names');
  return value;
}

function parseSwitch(given: string, origin: string): boolean {
  if (onWords.includes(given.toLowerCase())) return true;
  if (offWords.includes(given.toLowerCase())) return false;
  throw badValue(origin, given, 'use 1 or 0');
}

const byteFactors: Readonly<Record<string, number>> = { k: 1024, m: MiB, g: 1024 * MiB };

interface Counted {
  readonly given: string;
  readonly digits: string;
  readonly factor: number;
}

function parseCount({ given, digits, factor }: Counted, range: Range, origin: string, more = ''): number {
  const value = Number(digits) * factor;
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(value) || value < range.min || value > range.max) {
    throw badValue(origin, given, `use a whole number from ${range.min} to ${range.max}${more}`);
  }
  return value;
}

function badValue(origin: string, given: string, hint: string): CopierError {
  return new CopierError('usage.bad_value', `${origin} cannot be ${JSON.stringify(maskSecrets(given))}`, { hint });
}
