import { type PatternPart, readTextPattern } from '../lib/time/text-pattern.js';

const months = 'janfebmaraprmayjunjulaugsepoctnovdec';

/** The digits and letters that a part may have; groups are numbered as the parts that have one. */
const shapes: Readonly<Record<Exclude<PatternPart, object>, string>> = {
  year: '(\\d{4})',
  shortYear: '(\\d{2})',
  month: '(\\d{1,2})',
  monthName: '([a-z]{3,9})',
  day: '(\\d{1,2})',
  hour: '(\\d{1,2})',
  hour12: '(\\d{1,2})',
  half: '([ap]\\.?m\\.?)',
  minute: '(\\d{1,2})',
  second: '(\\d{1,2})',
  fraction: '(\\d{1,9})',
  offset: '(z|utc|gmt|[+-]\\d\\d(?::?[0-5]\\d)?)',
};

/**
 * Rewrites a text of a pattern as ISO text: `YYYY-MM-DD HH:MM:SS.f+HH:MM`, or the time alone. Null where the text does
 * not have the pattern's shape; what is no date or time comes out as one that cannot be read.
 */
export function isoOfPattern(pattern: string): (text: string) => string | null {
  const parts = readTextPattern(pattern) ?? [];
  const named = parts.filter((part): part is Exclude<PatternPart, object> => typeof part === 'string');
  const source = parts.map((part, at) =>
    typeof part === 'string' ? shapeOf(part, parts[at + 1]) : spaced(part.literal),
  );
  const shape = new RegExp(`^\\s*${source.join('')}\\s*$`, 'i');
  return (text) => {
    if (text.length > 120) return null;
    const found = shape.exec(text);
    if (found === null) return null;
    const said = Object.fromEntries(named.map((part, at) => [part, found[at + 1] ?? '']));
    return isMonth(said['monthName']) ? isoOf(said) : null;
  };
}

/** Next to another number a number has all its digits. */
function shapeOf(part: Exclude<PatternPart, object>, next: PatternPart | undefined): string {
  const isTight = typeof next === 'string' && shapes[next].startsWith('(\\d');
  return isTight ? shapes[part].replace('{1,2}', '{2}') : shapes[part];
}

function spaced(literal: string): string {
  return literal.replace(/[^\w\s]/g, '\\$&').replace(/\s+/g, '\\s+');
}

const fullMonths = /^(january|february|march|april|may|june|july|august|september|october|november|december)$/i;

function isMonth(name: string | undefined): boolean {
  return (
    name === undefined || fullMonths.test(name) || (name.length === 3 && months.indexOf(name.toLowerCase()) % 3 === 0)
  );
}

function isoOf(said: Readonly<Record<string, string>>): string {
  const clock = said['minute'] === undefined ? '' : clockOf(said);
  if (said['day'] === undefined) return clock;
  const short = said['shortYear'];
  const year = said['year'] ?? `${Number(short) < 69 ? 20 : 19}${short}`;
  const name = said['monthName'];
  const month = name === undefined ? said['month'] : String(months.indexOf(name.slice(0, 3).toLowerCase()) / 3 + 1);
  const date = `${year}-${two(month)}-${two(said['day'])}`;
  return clock === '' ? date : `${date} ${clock}${offsetOf(said['offset'])}`;
}

function clockOf(said: Readonly<Record<string, string>>): string {
  const { hour, hour12, half = '', minute, second = '00', fraction } = said;
  const hours = hour12 === undefined ? Number(hour) : hourOf(Number(hour12), half);
  return `${two(String(hours))}:${two(minute)}:${two(second)}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** 12 is the first hour of each half; other hours beyond it are none. */
function hourOf(shown: number, half: string): number {
  if (shown < 1 || shown > 12) return 99;
  return (shown === 12 ? 0 : shown) + (half.toLowerCase().startsWith('p') ? 12 : 0);
}

function offsetOf(text = ''): string {
  if (text === '') return '';
  return /^[a-z]/i.test(text) ? 'Z' : text;
}

function two(text = ''): string {
  return text.padStart(2, '0');
}
