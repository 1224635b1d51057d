import { endOfString } from '../../lib/bytes/json-text.js';

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The keys of an object that is open, and whether a text that follows is one; of an array, none. */
interface Container {
  readonly keys: Set<string> | null;
  isKeyNext: boolean;
}

/** Whether an object of a valid JSON text has a key twice: jsonb keeps the last of them alone. */
export function hasDoubledKeys(bytes: Buffer, start: number, end: number): boolean {
  const open: Container[] = [];
  for (let at = start; at < end; at += 1) {
    const inner = open.at(-1);
    switch (bytes[at]) {
      case openBrace:
        open.push({ keys: new Set(), isKeyNext: true });
        break;
      case openBracket:
        open.push({ keys: null, isKeyNext: false });
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        break;
      case comma:
        if (inner !== undefined) inner.isKeyNext = inner.keys !== null;
        break;
      case quote: {
        const close = endOfString(bytes, at, end);
        if (inner?.isKeyNext === true && inner.keys !== null) {
          const key = keyOf(bytes.toString('utf8', at, close));
          if (inner.keys.has(key)) return true;
          inner.keys.add(key);
          inner.isKeyNext = false;
        }
        at = close - 1;
        break;
      }
      default:
    }
  }
  return false;
}

/** A key without its escapes: `"a"` and `"\u0061"` are one. */
function keyOf(text: string): string {
  return text.includes('\\') ? `"${JSON.parse(text)}"` : text;
}
