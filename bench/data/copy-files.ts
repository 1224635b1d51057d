import { quoteIdentifier } from '../../src/lib/quote.js';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { withClient } from '../measure/server.js';

/** One prepared binary COPY file: some pages of one loaded table, with header and trailer of its own. */
export interface CopyFile {
  readonly table: string;
  readonly path: string;
  readonly bytes: number;
}

/** Files are cut near this size, so that all streams end at about the same time. */
const partBytesTarget = 32 * 1024 * 1024;
const pageBytes = 8192;
/** Larger pieces than Node's default of 64 kB: fewer turns of the event loop, fewer writes to the socket. */
const readBytes = 1024 * 1024;

/** Finds the files of an earlier run, or null. */
export function findCopyFiles(folder: string): CopyFile[] | null {
  const list = join(folder, 'parts.json');
  if (!existsSync(list)) return null;
  const parts = JSON.parse(readFileSync(list, 'utf8')) as { table: string; file: string; bytes: number }[];
  return parts.map(({ table, file, bytes }) => ({ table, path: join(folder, file), bytes }));
}

/** Reads a loaded database through the server into client files. Happens before anything is timed. */
export async function prepareCopyFiles(url: string, tables: readonly string[], folder: string): Promise<CopyFile[]> {
  mkdirSync(folder, { recursive: true });
  const parts: { table: string; file: string; bytes: number }[] = [];
  await withClient(url, async (client) => {
    for (const table of tables) {
      for (const [part, range] of (await cutTable(client, table)).entries()) {
        const file = `${table}.${part}.copy`;
        const source = `(SELECT * FROM ${quoteIdentifier(table)} WHERE ${range})`;
        const rows = client.query(copyTo(`COPY ${source} TO STDOUT (FORMAT binary)`));
        await pipeline(rows, createWriteStream(join(folder, file)));
        parts.push({ table, file, bytes: statSync(join(folder, file)).size });
      }
    }
  });
  // Written last: a list that is there names files that are whole.
  writeFileSync(join(folder, 'parts.json'), JSON.stringify(parts, null, 2));
  return parts.map(({ table, file, bytes }) => ({ table, path: join(folder, file), bytes }));
}

/** Conditions on ctid that cover a table once, by its pages. */
async function cutTable(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ size: string }>('SELECT pg_table_size($1::regclass) AS size', [
    quoteIdentifier(table),
  ]);
  const pages = Math.max(1, Math.ceil(Number(rows[0]?.size) / pageBytes));
  const step = Math.ceil(pages / Math.ceil((pages * pageBytes) / partBytesTarget));
  const ranges: string[] = [];
  for (let page = 0; page < pages; page += step) {
    const until = page + step < pages ? ` AND ctid < '(${page + step},0)'::tid` : '';
    ranges.push(`ctid >= '(${page},0)'::tid${until}`);
  }
  return ranges;
}

/** Sends one file down a connection. */
export async function loadCopyFile(client: pg.Client, file: CopyFile): Promise<void> {
  const sink = client.query(copyFrom(`COPY ${quoteIdentifier(file.table)} FROM STDIN (FORMAT binary)`));
  await pipeline(createReadStream(file.path, { highWaterMark: readBytes }), sink);
}
