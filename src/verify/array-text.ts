import { canonicalJson } from './json.js';

const canonicalToken = /"(?:[^"\\]|\\.)*"|[[\],]|[^",[\]]+/g;

/** A JSON array as PostgreSQL writes arrays; null where the text is none, or holds objects. */
export function arrayOfJson(text: string): string | null {
  if (!/^\s*\[/.test(text)) return null;
  const canonical = canonicalJson(text);
  if (canonical === null) return null;
  const parts = canonical.match(canonicalToken) ?? [];
  return parts.some((part) => part.startsWith('{')) ? null : parts.map(partOf).join('');
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
