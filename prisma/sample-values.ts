/** Deterministic draws and the awkward values that every table of the sample database is seeded with. */

const dayMs = 86_400_000;

/** The sample's clock: it stands still at the last second of a leap day. */
export const sampleNowMs = Date.UTC(2024, 1, 29, 23, 59, 59, 123);

/** Texts that some format, quoting rule or encoding between SQLite and PostgreSQL gets wrong. */
export const awkwardTexts: readonly string[] = [
  'rocket 🚀 and family 👩‍👩‍👧‍👦 and flag 🇬🇷',
  `it's "quoted" and \`ticked\``,
  'line one\nline two\n',
  'carriage return and newline\r\nsecond line\r\n',
  'tab\tseparated\tcells',
  'C:\\temp\\new\\',
  '\\N',
  '\\.',
  'before\n\\.\nafter',
  'decomposed e\u0301 and composed \u00e9',
  'שלום עולם \u200f(right to left)\u200e مرحبا',
  '{"a":null,"b":[1,2.5,"\\u0041"],"c":{"quote":"\\""}}',
  '𝒳 𠜎 \u{10ffff}',
  'NULL',
  ' leading and trailing ',
  'comma,semicolon;pipe|"a,""b"""',
  `'; DROP TABLE "User"; --`,
  '%s %d %% $1 :name ?',
  '\u0001 control \u007f and \u2028 separator',
  '\ufeffbyte order mark',
  'İstanbul straße ǅ',
  'holds __PGFERRY_NULL__ but is not equal to it',
];

/** Moments at the edges of seconds, months, years, eras and 32-bit clocks, epoch milliseconds. */
export const edgeMomentsMs: readonly number[] = [
  sampleNowMs,
  Date.UTC(2024, 1, 29, 0, 0, 0, 0),
  Date.UTC(2024, 1, 29, 12, 30, 15, 1),
  Date.UTC(2024, 2, 1, 0, 0, 0, 0),
  Date.UTC(2023, 11, 31, 23, 59, 59, 999),
  Date.UTC(2024, 0, 1, 0, 0, 0, 0),
  Date.UTC(2000, 1, 29, 23, 59, 59, 999),
  Date.UTC(1999, 11, 31, 23, 59, 59, 999),
  Date.UTC(2038, 0, 19, 3, 14, 8, 0),
  Date.UTC(2099, 11, 31, 23, 59, 59, 999),
];

/** A source of numbers that gives the same ones for the same seed, on every machine. */
export interface Draw {
  /** A whole number from 0 to below − 1. */
  int(below: number): number;
  /** Twelve characters out of 0-9 and a-z. */
  letters(): string;
}

/** Marsaglia's xorshift with 32 bits of state (Xorshift RNGs, 2003, triple 13, 17, 5); seed must not be 0. */
export function createDraw(seed: number): Draw {
  let state = seed >>> 0;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const six = (): string => (next() % 2_176_782_336).toString(36).padStart(6, '0');
  return {
    int: (below) => Math.floor((next() / 2 ** 32) * below),
    letters: () => six() + six(),
  };
}

/** A cuid as Prisma makes it, 25 characters: `c`, time, counter, randomness; later rows sort later. */
export function makeCuid(draw: Draw, row: number): string {
  const time = (sampleNowMs + row).toString(36).padStart(8, '0');
  return `c${time}${(row % 36 ** 4).toString(36).padStart(4, '0')}${draw.letters()}`;
}

/** The element at a position that may run past the end of the list. */
export function cycle<T>(list: readonly T[], position: number): T {
  return list[position % list.length] as T;
}

/**
 * One DateTime as real Prisma clients leave it in SQLite, a third of the rows each: integer epoch milliseconds
 * (native engine), ISO text with offset (driver adapter), and the text of CURRENT_TIMESTAMP (column default).
 */
export function makeDateTime(draw: Draw, row: number, column: number): number | string {
  const at = row + column;
  const moment = at % 11 < 3 ? cycle(edgeMomentsMs, Math.floor(at / 11)) : sampleNowMs - draw.int(90 * dayMs);
  if (at % 3 === 0) return moment;
  const iso = new Date(moment).toISOString();
  if (at % 3 === 1) return `${iso.slice(0, -1)}+00:00`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** The same, NULL in every seventh row. */
export function makeNullableDateTime(draw: Draw, row: number, column: number): number | string | null {
  return (row + column) % 7 === 0 ? null : makeDateTime(draw, row, column);
}

/** A required text: every seventh one is awkward. */
export function makeText(plain: string, row: number, column: number): string {
  return (row + column) % 7 === 2 ? cycle(awkwardTexts, Math.floor(row / 7) + column) : plain;
}

/** A nullable text: in each seven rows one is NULL, one empty, one awkward and four plain. */
export function makeNullableText(plain: string, row: number, column: number): string | null {
  const at = (row + column) % 7;
  if (at === 0) return null;
  return at === 1 ? '' : makeText(plain, row, column);
}

/** A text that must be unique where it is neither NULL nor empty: NULL in every seventh row, empty in one. */
export function makeUniqueText(plain: string, row: number): string | null {
  if (row % 7 === 0) return null;
  return row === 1 ? '' : `${plain}${row % 7 === 2 ? cycle(awkwardTexts, Math.floor(row / 7)) : ''}`;
}
