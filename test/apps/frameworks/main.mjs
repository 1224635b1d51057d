import { readFileSync } from 'node:fs';
import pg from 'pg';

/*
 * What the programs of this folder share. Each speaks to its framework alone, and knows three verbs: `make` makes the tables
 * by the framework's own migrations, `seed N` writes the author N of data.json with posts and tags, `read` prints everything.
 */

/** The database that DATABASE_URL names: the path of a SQLite file, or null, and the URL as it stands. */
export function sideOf(url = process.env['DATABASE_URL']) {
  return { url, path: url.startsWith('file:') ? url.slice('file:'.length) : null };
}

/** PostgreSQL's driver makes moments of dates, in the zone of the process; applications of both databases keep the text. */
export function keepDates() {
  pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
}

/** The author N as JavaScript has it. */
function authorOf(number) {
  const all = JSON.parse(readFileSync(new URL('data.json', import.meta.url), 'utf8'));
  const { posts, joinedAt, avatar, ...author } = all[number];
  return {
    author: { ...author, joinedAt: new Date(joinedAt), avatar: avatar === null ? null : Buffer.from(avatar, 'base64') },
    posts: posts.map(({ publishedAt, ...post }) => ({
      ...post,
      publishedAt: publishedAt === null ? null : new Date(publishedAt),
    })),
  };
}

/** Values with their types, which JSON has no words for. */
function typed(value) {
  if (value instanceof Date) return { date: value.toISOString() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.toFixed === 'function') return { decimal: String(value) };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typed(one)]));
}

/** Does what the command line asks for. */
export async function main({ make, seed, read }) {
  const [verb, number] = process.argv.slice(2);
  if (verb === 'make') await make();
  if (verb === 'seed') await seed(authorOf(number));
  if (verb === 'read') console.log(JSON.stringify(typed(await read())));
}
