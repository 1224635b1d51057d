/** One part of a pattern of texts: a piece of a date or time, or characters that stand there as they are. */
export type PatternPart =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'half'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset'
  | { readonly literal: string };

/** What is written for each, as in PostgreSQL's to_timestamp(); the longer before those that they begin with. */
const words: readonly (readonly [string, Exclude<PatternPart, object>])[] = [
  ['YYYY', 'year'],
  ['YY', 'shortYear'],
  ['MONTH', 'monthName'],
  ['MON', 'monthName'],
  ['MM', 'month'],
  ['MI', 'minute'],
  ['DD', 'day'],
  ['HH24', 'hour'],
  ['HH12', 'hour12'],
  ['SS', 'second'],
  ['FF', 'fraction'],
  ['AM', 'half'],
  ['PM', 'half'],
  ['OF', 'offset'],
];

/**
 * The parts of a pattern such as `DD.MM.YYYY HH24:MI:SS`; null where it is none. Each part may stand once; `"…"` quotes
 * letters, a `T` and what is no letter stands for itself. There must be a whole date, a time of at least hours and minutes, or
 * both; each smaller part only with the larger ones, and `HH12` with `AM` or `PM`.
 */
export function readTextPattern(pattern: string): readonly PatternPart[] | null {
  const parts: PatternPart[] = [];
  for (let rest = pattern; rest !== ''; ) {
    const word = words.find(([letters]) => rest.startsWith(letters));
    const [text = '', quoted] = /^"([^"]*)"|^[^A-Za-z0-9"]|^T/.exec(rest) ?? [];
    if (word === undefined && text === '') return null;
    parts.push(word === undefined ? { literal: quoted ?? text } : word[1]);
    rest = rest.slice(word === undefined ? text.length : word[0].length);
  }
  return isWhole(parts.filter((part) => typeof part === 'string')) ? parts : null;
}

/** Whether a pattern has a day, and whether it has a time of day. */
export function contentOf(parts: readonly PatternPart[]): { readonly hasDate: boolean; readonly hasTime: boolean } {
  return { hasDate: parts.includes('day'), hasTime: parts.includes('minute') };
}

function isWhole(parts: readonly PatternPart[]): boolean {
  const one = (...names: readonly PatternPart[]) => parts.filter((part) => names.includes(part)).length;
  if (new Set(parts).size !== parts.length || one('year', 'shortYear') > 1 || one('month', 'monthName') > 1)
    return false;
  const date = [one('year', 'shortYear'), one('month', 'monthName'), one('day')];
  const hours = one('hour', 'hour12');
  const clock = [hours, one('minute'), one('second'), one('fraction')];
  const isDate = date.every((count) => count === 1);
  if (!isDate && date.some((count) => count > 0)) return false;
  if (hours > 1 || one('hour12') !== one('half') || hours !== one('minute')) return false;
  if (clock.some((count, at) => at > 0 && count > (clock[at - 1] ?? 0))) return false;
  return (isDate || hours === 1) && (one('offset') === 0 || (isDate && hours === 1));
}
