import { canonicalJson } from './json.js';

/** Marks, texts and bare words of JSON; the space between them is left out. */
const parts = /"(?:[^"\\]|\\.)*"|[[\]{},]|[^\s",[\]{}]+/g;

/** A JSON array as PostgreSQL writes arrays, its numbers as they stand; null where the text is none, or holds objects. */
export function arrayOfJson(text: string): string | null {
  if (!/^\s*\[/.test(text) || canonicalJson(text) === null) return null;
  const found: readonly string[] = text.match(parts) ?? [];
  return found.includes('{') ? null : found.map(partOf).join('');
}

function partOf(part: string): string {
  switch (part[0]) {
    case '[':
      return '{';
    case ']':
      return '}';
    case '"':
      return `"${(JSON.parse(part) as string).split('\\').join('\\\\').split('"').join('\\"')}"`;
    default:
      return part === 'null' ? 'NULL' : part;
  }
}
