/*
 * Possible reasons why two values differ, guessed from how verify and shadow show them: texts in single quotes;
 * numbers, points in time and NULL without. They are words for a person; no decision depends on them.
 */

const momentPattern = /^'?\d{4}-\d\d-\d\d([ T]\d\d:\d\d|$|')/;
const numberPattern = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const hourMs = 3_600_000;
const halfHoursMax = 28;

/** Why two shown values may differ, or null where no reason is known. */
export function explainValues(source: string, target: string): string | null {
  return (
    explainEmpty(source, target) ??
    explainMoments(source, target) ??
    explainNumbers(source, target) ??
    explainTexts(source, target)
  );
}

function explainEmpty(source: string, target: string): string | null {
  if (source === 'NULL' && target === "''") return 'NULL has become an empty text';
  if (source === "''" && target === 'NULL') return 'an empty text has become NULL';
  if (source === 'NULL') return 'NULL has become a value';
  return target === 'NULL' ? 'a value has become NULL' : null;
}

function explainMoments(source: string, target: string): string | null {
  if (!momentPattern.test(source) || !momentPattern.test(target)) return null;
  const [a, b] = [momentOf(source), momentOf(target)];
  if (Number.isNaN(a) || Number.isNaN(b)) return null;
  const ms = Math.abs(a - b);
  if (ms === 0) return 'timestamp form: both texts name the same moment, written differently';
  if (ms < 1000) return `timestamp form: they are ${ms} ms apart, as after rounding or cutting of the fraction`;
  const isZone = ms % (hourMs / 2) === 0 && ms / (hourMs / 2) <= halfHoursMax;
  return isZone ? `timestamp form: they are exactly ${ms / hourMs} h apart, as local time read as UTC is` : null;
}

function momentOf(shown: string): number {
  const text = shown.replaceAll("'", '').replace(' ', 'T');
  return Date.parse(
    /(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10))
      ? text.replace(/([+-]\d\d)$/, '$1:00')
      : `${text}${text.includes('T') ? 'Z' : ''}`,
  );
}

function explainNumbers(source: string, target: string): string | null {
  const isBoolean = ['true', 'false', "'t'", "'f'", "'true'", "'false'"].includes(target);
  if (isBoolean && /^'?[01]'?$/.test(source))
    return 'boolean form: SQLite keeps 0 and 1 where PostgreSQL has true and false';
  if (!numberPattern.test(source) || !numberPattern.test(target)) return null;
  const [a, b] = [Number(source), Number(target)];
  if (Object.is(a, -0) !== Object.is(b, -0) && a === b) return 'the sign of zero is lost';
  if (!source.includes('.') && target.includes('.') && Math.trunc(b) === a)
    return 'integer division: SQLite divides integers without a remainder, the target’s type keeps the fraction';
  if (Math.abs(a) >= 2 ** 53 && a === b) return 'beyond 2^53: the integer went through a floating-point number';
  const isClose = a !== b && Math.abs(a - b) <= Math.abs(a) * 4 * Number.EPSILON;
  return isClose ? 'the last bits of a floating-point number differ' : null;
}

function explainTexts(source: string, target: string): string | null {
  if (!source.startsWith("'") || !target.startsWith("'")) return null;
  const [a, b] = [bare(source), bare(target)];
  if (a === b) return 'texts that look alike: compare their lengths and bytes';
  if (a.trimEnd() === b.trimEnd()) return 'white space at the end';
  if (a.normalize('NFC') === b.normalize('NFC'))
    return 'Unicode normal form: composed and decomposed characters look alike';
  if (a.toLowerCase() === b.toLowerCase()) return 'upper and lower case';
  if (isSameJson(a, b)) return 'the same JSON, written differently';
  if (a.startsWith(b)) return `the target’s text is cut off after ${[...b].length} characters`;
  return null;
}

/** The text within the quotes, escapes of characters beyond ASCII resolved. */
function bare(shown: string): string {
  const end = shown.lastIndexOf("'");
  return shown
    .slice(1, end > 0 ? end : undefined)
    .replaceAll(/\\u\{([0-9a-f]{1,6})\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll("''", "'")
    .replace(/…$/, '');
}

function isSameJson(a: string, b: string): boolean {
  if (!/^[[{]/.test(a)) return false;
  try {
    return ordered(JSON.parse(a)) === ordered(JSON.parse(b));
  } catch {
    return false;
  }
}

function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${ordered(item)}`).join(',')}}`;
}
