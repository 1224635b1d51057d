import { createHash } from 'node:crypto';

/** PostgreSQL cuts identifiers, and refuses values of type name, after 63 bytes (NAMEDATALEN - 1). */
export const nameBytesMax = 63;

/** The name itself where it fits; else its start, cut on a character boundary, and 8 hex digits of its SHA-256. */
export function shortName(name: string): string {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const suffix = `_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
  let start = '';
  let bytes = suffix.length;
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > nameBytesMax) break;
    start += character;
  }
  return start + suffix;
}

/** Names already used in one namespace. PostgreSQL has one for the tables, indexes and sequences of a schema. */
export class NameBook {
  readonly #taken = new Set<string>();

  /** Takes a name of the source as it is, shortened; false where it is taken. */
  claim(name: string): boolean {
    const short = shortName(name);
    if (this.#taken.has(short)) return false;
    this.#taken.add(short);
    return true;
  }

  /** Takes the first free one of name, name1, name2 … and gives it back. */
  invent(name: string): string {
    let free = shortName(name);
    for (let count = 1; this.#taken.has(free); count += 1) free = shortName(`${name}${count}`);
    this.#taken.add(free);
    return free;
  }
}
