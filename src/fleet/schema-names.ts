import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/** PostgreSQL cuts longer names, in silence. */
const nameBytesMax = 63;
const hashDigits = 8;
/** Schemas of the server, of the ledger, and of applications that are there already. */
const reserved: ReadonlySet<string> = new Set(['public', 'information_schema', 'pgferry', 'pgferry_queue']);

/**
 * A name of a schema for each source: of its file name, in small letters, digits and underscores. Sources whose names
 * would be the same, or whose name is in `taken`, all get some digits of a hash of the source behind it, so that a
 * name does not depend on the order, nor on which other files are there.
 */
export function nameSchemas(sources: readonly string[], taken: ReadonlySet<string>): Map<string, string> {
  const plain = new Map(sources.map((source) => [source, plainName(source)]));
  const counts = new Map<string, number>();
  for (const name of plain.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isFree = (name: string) => counts.get(name) === 1 && !taken.has(name) && !reserved.has(name);
  return new Map([...plain].map(([source, name]) => [source, isFree(name) ? name : freeWithHash(name, source, taken)]));
}

/** Why a name that the operator chose cannot be that of a schema; null where it can. */
export function schemaNameFault(name: string): string | null {
  if (Buffer.byteLength(name) > nameBytesMax) return `is longer than ${nameBytesMax} bytes`;
  if (name === '' || name.includes('\0')) return 'is empty or holds a NUL';
  if (name !== name.trim()) return 'begins or ends with a space';
  if (name.startsWith('pg_')) return 'begins with pg_, which PostgreSQL keeps for itself';
  return reserved.has(name) && name !== 'public' ? 'is in use by PostgreSQL or by pgferry' : null;
}

function plainName(source: string): string {
  const stem = basename(source).replace(/(\.(db|db3|sqlite|sqlite3|s3db))+$/i, '');
  const safe = stem
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const name = safe === '' || /^\d/.test(safe) || safe.startsWith('pg_') ? `t_${safe}` : safe;
  return name.length <= nameBytesMax && safe !== '' ? name : withHash(name, source);
}

/** With another hash where a fleet has the file under the first one already. */
function freeWithHash(name: string, source: string, taken: ReadonlySet<string>): string {
  let hashed = withHash(name, source);
  for (let count = 2; taken.has(hashed); count++) hashed = withHash(name, `${source}\n${count}`);
  return hashed;
}

function withHash(name: string, source: string): string {
  const hash = createHash('sha256').update(source).digest('hex').slice(0, hashDigits);
  return `${name.slice(0, nameBytesMax - hashDigits - 1).replace(/_+$/, '')}_${hash}`;
}
