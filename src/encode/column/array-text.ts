import { findJsonFault } from '../../lib/bytes/json-text.js';
import { refuse } from '../value/misfit.js';

/** A token of JSON that is known to be valid: a string, a punctuation mark, or a word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;
const LONE_SURROGATE = /\p{Cs}/u;

const hint = 'correct the value in the source, or make the target column jsonb';

/**
 * PostgreSQL's `{…}` of a JSON array; null where the text is not JSON (`[1:2]={3,4}` is not), and the server must judge
 * it. Numbers keep their digits; null becomes NULL, and a text is always quoted, so that "NULL" stays a text.
 */
export function arrayText(bytes: Buffer): string | null {
  if (findJsonFault(bytes, 0, bytes.length) >= 0) return null;
  const json = bytes.toString('utf8');
  let text = '';
  let previous = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') refuse('data.not_an_array', 'an object within an array', hint);
    if (token === ']' && previous === '[' && text.length > 1) {
      refuse('data.not_an_array', 'an empty array within another, which PostgreSQL does not keep', hint);
    }
    text += elementText(token);
    previous = token;
  }
  return text;
}

function elementText(token: string): string {
  if (token === '[') return '{';
  if (token === ']') return '}';
  if (token === 'null') return 'NULL';
  if (!token.startsWith('"')) return token;
  const value = JSON.parse(token) as string;
  if (value.includes('\0'))
    refuse('data.nul_byte', 'U+0000 in a text of the array, which PostgreSQL cannot hold', hint);
  if (LONE_SURROGATE.test(value)) refuse('data.not_json', 'half of a surrogate pair in a text of the array', hint);
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
