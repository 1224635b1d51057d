/*
 * JSON as RFC 8259 writes it, looked at as bytes: nothing is built of it, so that neither its length nor its depth
 * takes memory. JSON.parse and PostgreSQL's json and jsonb take exactly these texts, as far as syntax goes.
 */

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const letterE = 0x65;
const letterU = 0x75;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const words = ['true', 'false', 'null'].map((word) => Buffer.from(word));
/** What may follow a backslash, but for u: " / \ b f n r t */
const escapes = new Set([...'"/\\bfnrt'].map((character) => character.charCodeAt(0)));

/** Which of the containers that are open are objects, the outermost first; it grows with the deepest text. */
let isObject = new Uint8Array(64);

/**
 * The position of the first byte that no JSON text can have there (`end` where it stops too soon), or −1 where
 * bytes[start, end) is one. They are valid UTF-8 already.
 */
export function findJsonFault(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  let at = skipSpace(bytes, start, end);
  for (;;) {
    const opening = at < end ? (bytes[at] as number) : 0;
    if (opening === openBrace || opening === openBracket) {
      const inner = skipSpace(bytes, at + 1, end);
      const isEmpty = inner < end && bytes[inner] === (opening === openBrace ? closeBrace : closeBracket);
      if (!isEmpty) {
        open(depth++, opening === openBrace);
        at = opening === openBrace ? endOfKey(bytes, inner, end) : inner;
        if (at < 0) return ~at;
        continue;
      }
      at = inner + 1;
    } else at = endOfScalar(bytes, at, end);
    if (at < 0) return ~at;
    // A value has ended, and with it perhaps the containers that it is the last of.
    for (at = skipSpace(bytes, at, end); ; at = skipSpace(bytes, at + 1, end)) {
      if (depth === 0) return at === end ? -1 : at;
      const isInObject = isObject[depth - 1] === 1;
      if (at < end && bytes[at] === comma) {
        at = skipSpace(bytes, at + 1, end);
        if (isInObject) at = endOfKey(bytes, at, end);
        break;
      }
      if (at === end || bytes[at] !== (isInObject ? closeBrace : closeBracket)) return at;
      depth--;
    }
    if (at < 0) return ~at;
  }
}

function open(depth: number, isOne: boolean): void {
  if (depth === isObject.length) {
    const wider = new Uint8Array(2 * depth);
    wider.set(isObject);
    isObject = wider;
  }
  isObject[depth] = isOne ? 1 : 0;
}

/*
 * Each of the next gives the position after what it is named for, or the complement (~) of the one where it is wrong.
 */

/** A key, its colon and the space around it. */
function endOfKey(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || bytes[start] !== quote) return ~start;
  let at = endOfString(bytes, start, end);
  if (at < 0) return at;
  at = skipSpace(bytes, at, end);
  return at < end && bytes[at] === colon ? skipSpace(bytes, at + 1, end) : ~at;
}

function endOfScalar(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return ~start;
  const first = bytes[start] as number;
  if (first === quote) return endOfString(bytes, start, end);
  if (first === 0x2d || isDigit(first)) return endOfNumber(bytes, start, end);
  const word = words.find((one) => one[0] === first);
  if (word === undefined) return ~start;
  for (let i = 1; i < word.length; i++) if (start + i >= end || bytes[start + i] !== word[i]) return ~(start + i);
  return start + word.length;
}

/** `start` is the position of the first quote. */
export function endOfString(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === quote) return at + 1;
    if (byte < space) return ~at;
    at++;
    if (byte !== backslash) continue;
    if (at === end) break;
    const escaped = bytes[at] as number;
    if (escaped === letterU) {
      for (let i = 1; i <= 4; i++)
        if (at + i >= end || !isHexDigit(bytes[at + i] as number)) return ~Math.min(at + i, end);
      at += 5;
    } else if (escapes.has(escaped)) at++;
    else return ~at;
  }
  return ~end;
}

/** `start` is the position of its sign or first digit. */
export function endOfNumber(bytes: Uint8Array, start: number, end: number): number {
  const wholeAt = bytes[start] === 0x2d ? start + 1 : start;
  let at = endOfDigits(bytes, wholeAt, end);
  if (at === wholeAt) return ~at;
  if (bytes[wholeAt] === zero && at > wholeAt + 1) return ~(wholeAt + 1);
  if (at < end && bytes[at] === point) {
    const fractionAt = at + 1;
    at = endOfDigits(bytes, fractionAt, end);
    if (at === fractionAt) return ~at;
  }
  if (at < end && ((bytes[at] as number) | 0x20) === letterE) {
    const hasSign = at + 1 < end && (bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d);
    const exponentAt = at + (hasSign ? 2 : 1);
    at = endOfDigits(bytes, exponentAt, end);
    if (at === exponentAt) return ~at;
  }
  return at;
}

function endOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at;
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== space && byte !== lineFeed && byte !== carriageReturn && byte !== tab) break;
    at++;
  }
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
