import { CopierError } from '../model/error.js';
import type { OptionRow, OptionSyntax } from './option-row.js';

const MiB = 1024 * 1024;

/** A value as a flag or a variable gives it. Throws `usage.*` naming `origin`. */
export function parseValue(row: OptionRow, value: string | boolean, origin: string): unknown {
  const { syntax } = row;
  if (syntax.tag === 'flag') return typeof value === 'boolean' ? value : parseSwitch(value, origin);
  const text = String(value);
  switch (syntax.tag) {
    case 'switch':
      return parseSwitch(text, origin);
    case 'text':
      return parseText(row, text, origin);
    case 'count':
      return parseCount(text, syntax, origin, 1);
    case 'bytes':
      return parseCount(text, syntax, origin, byteSuffix(text));
    case 'rate':
      return parseRate(text, origin);
    case 'list':
      return parseList(text, origin);
    case 'choice':
      if (syntax.choices.includes(text)) return text;
      throw badValue(origin, text, `use one of: ${syntax.choices.join(', ')}`);
  }
}

/** A list of nothing would mean all tables, which nobody asks for by naming none. */
function parseList(text: string, origin: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0) return names;
  throw new CopierError('usage.empty_value', `${origin} names no table`, {
    hint: `give ${origin} the names of tables, separated by commas, or leave it out`,
  });
}

function parseText(row: OptionRow, text: string, origin: string): string {
  if (text !== '') return text;
  throw new CopierError('usage.empty_value', `${origin} is empty`, {
    hint:
      row.setting === 'nullSentinel'
        ? 'give NULL_SENTINEL a text that occurs nowhere in the data: an empty one would make NULL and the empty string equal'
        : `give ${origin} a value, or leave it out`,
  });
}

function parseSwitch(text: string, origin: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true;
  if (['0', 'false', 'no', 'off'].includes(text.toLowerCase())) return false;
  throw badValue(origin, text, 'use 1 or 0');
}

const suffixes: Readonly<Record<string, number>> = { k: 1024, m: MiB, g: 1024 * MiB };

function byteSuffix(text: string): number {
  return suffixes[text.slice(-1).toLowerCase()] ?? 1;
}

function parseCount(
  text: string,
  range: { readonly min: number; readonly max: number },
  origin: string,
  factor: number,
): number {
  const digits = factor === 1 ? text : text.slice(0, -1);
  const count = Number(digits) * factor;
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(count) || count < range.min || count > range.max) {
    throw badValue(origin, text, `use a whole number from ${range.min} to ${range.max}`);
  }
  return count;
}

function parseRate(text: string, origin: string): number {
  const rate = Number(text);
  if (text.trim() === '' || !Number.isFinite(rate) || rate <= 0) throw badValue(origin, text, 'use a number above 0');
  return rate;
}

function badValue(origin: string, text: string, hint: string): CopierError {
  return new CopierError('usage.bad_value', `${origin} cannot be ${JSON.stringify(text)}`, { hint });
}

/** A value as a config file or the options of the library give it. */
export function parseConfigValue(row: OptionRow, value: unknown): unknown {
  const origin = `config key ${row.setting}`;
  if (row.syntax.tag === 'list' && Array.isArray(value) && value.every((name) => typeof name === 'string'))
    return value;
  if (typeof value === 'string' || (typeof value === 'boolean' && ['flag', 'switch'].includes(row.syntax.tag)))
    return parseValue(row, value, origin);
  if (typeof value === 'number') return parseValue(row, String(value), origin);
  // What was given is not repeated: it may hold a password.
  const kind = Array.isArray(value) ? 'a list' : typeof value === 'boolean' ? 'true or false' : 'an object';
  throw new CopierError('usage.bad_value', `${origin} cannot be ${kind}`, {
    hint: `give it ${wordsFor[row.syntax.tag]}`,
  });
}

const wordsFor: Readonly<Record<OptionSyntax['tag'], string>> = {
  text: 'a text',
  flag: 'true or false',
  switch: 'true or false',
  count: 'a whole number',
  bytes: 'a number of bytes, such as "16M"',
  rate: 'a number above 0',
  list: 'a list of names',
  choice: 'one of its words, which help names',
};
