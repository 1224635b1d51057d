import { normalizeDecimal } from './decimal.js';

/** Nesting that is followed; deeper text has no canonical form here. */
const depthMax = 2000;

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;

interface Cursor {
  readonly text: string;
  at: number;
}

class NotJson extends Error {}

/**
 * One text for all spellings of the same jsonb value: keys sorted by code unit, only the last of doubled keys, no
 * space, strings with the fewest escapes, numbers as plain decimals (never through a double, so 2^53 + 1 stays itself).
 * Null where the text is not JSON (RFC 8259) or nests deeper than 2000 levels.
 */
export function canonicalJson(text: string): string | null {
  const cursor = { text, at: 0 };
  try {
    const canonical = readValue(cursor, 0);
    skipSpace(cursor);
    return cursor.at === text.length ? canonical : null;
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

function readValue(cursor: Cursor, depth: number): string {
  if (depth > depthMax) throw new NotJson();
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  if (first === '{') return readObject(cursor, depth);
  if (first === '[') return readArray(cursor, depth);
  if (first === '"') return JSON.stringify(readString(cursor));
  for (const word of ['true', 'false', 'null']) if (takeWord(cursor, word)) return word;
  return readNumber(cursor);
}

function readObject(cursor: Cursor, depth: number): string {
  const members = new Map<string, string>();
  cursor.at += 1;
  if (take(cursor, '}')) return '{}';
  do {
    skipSpace(cursor);
    const key = readString(cursor);
    expect(cursor, ':');
    members.set(key, readValue(cursor, depth + 1));
  } while (take(cursor, ','));
  expect(cursor, '}');
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

function readArray(cursor: Cursor, depth: number): string {
  const items: string[] = [];
  cursor.at += 1;
  if (take(cursor, ']')) return '[]';
  do items.push(readValue(cursor, depth + 1));
  while (take(cursor, ','));
  expect(cursor, ']');
  return `[${items.join(',')}]`;
}

/** Finds the closing quote; the platform then resolves the escapes of that one string, and refuses what is not one. */
function readString(cursor: Cursor): string {
  const { text, at } = cursor;
  if (text[at] !== '"') throw new NotJson();
  let end = text.indexOf('"', at + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  if (end === -1) throw new NotJson();
  cursor.at = end + 1;
  try {
    return JSON.parse(text.slice(at, end + 1)) as string;
  } catch {
    throw new NotJson();
  }
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function readNumber(cursor: Cursor): string {
  const plain = normalizeDecimal(match(cursor, numberPattern));
  if (plain === null) throw new NotJson();
  return plain;
}

function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found === undefined) throw new NotJson();
  cursor.at += found.length;
  return found;
}

function takeWord(cursor: Cursor, word: string): boolean {
  if (!cursor.text.startsWith(word, cursor.at)) return false;
  cursor.at += word.length;
  return true;
}

function take(cursor: Cursor, character: string): boolean {
  skipSpace(cursor);
  return takeWord(cursor, character);
}

function expect(cursor: Cursor, character: string): void {
  if (!take(cursor, character)) throw new NotJson();
}

function skipSpace(cursor: Cursor): void {
  match(cursor, spacePattern);
}
