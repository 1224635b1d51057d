import { type FileHandle, open } from 'node:fs/promises';
import { appendedFile } from '../../platform/file-flags.js';
import { to as copyTo } from 'pg-copy-streams';
import type { TargetClient } from '../connection/client.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

/** A table and, where it has one, the key that identifies its rows, as target column names. */
export interface TableToSave {
  readonly name: string;
  readonly key: readonly string[];
  /** The schema that holds the table as it was, or null where that is not known. */
  readonly beforeSchema: string | null;
}

/**
 * Appends every row of the table that differs from what it was to the file, one JSON object per line: table, change
 * (inserted, changed, deleted; present where it is not known what was there), before, after. Returns the number of
 * lines. Makes the file where there is none (0600, never through a planted link), and fsyncs it.
 */
export async function saveChangedRows(
  client: TargetClient,
  { schema, table, path }: { readonly schema: string; readonly table: TableToSave; readonly path: string },
): Promise<number> {
  const file = await open(path, appendedFile, 0o600);
  try {
    const stream = client.raw.query(copyTo(`COPY (${changesSql(schema, table)}) TO STDOUT`));
    let lines = 0;
    const undo = createUnescaper();
    for await (const piece of stream) {
      const bytes = undo(piece as Buffer);
      for (const byte of bytes) if (byte === 0x0a) lines += 1;
      await writeAll(file, bytes);
    }
    await file.sync();
    return lines;
  } catch (error) {
    throw client.failure(error, { doing: 'save the rows of the table', table: table.name });
  } finally {
    await file.close();
  }
}

function changesSql(schema: string, { name, key, beforeSchema }: TableToSave): string {
  const now = quoteTable(schema, name);
  const line = (change: string, before: string, after: string) =>
    `json_build_object('table', ${quoteLiteral(name)}::text, 'change', ${change}, 'before', ${before}, 'after', ${after})::text`;
  if (beforeSchema === null) return `SELECT ${line(`'present'`, 'NULL::json', 'to_json(t.*)')} FROM ${now} AS t`;
  const before = quoteTable(beforeSchema, name);
  if (key.length === 0) {
    const rest = (from: string, but: string) =>
      `SELECT r FROM (SELECT to_json(t.*)::text AS r FROM ${from} AS t EXCEPT ALL SELECT to_json(t.*)::text FROM ${but} AS t) AS x`;
    return `SELECT ${line(`'inserted'`, 'NULL::json', 'r::json')} FROM (${rest(now, before)}) AS y
      UNION ALL SELECT ${line(`'deleted'`, 'r::json', 'NULL::json')} FROM (${rest(before, now)}) AS y`;
  }
  const columns = key.map((column, i) => `t.${quoteName(column)} AS k${i}`).join(', ');
  const side = (from: string) => `(SELECT to_json(t.*) AS r, ${columns} FROM ${from} AS t)`;
  const on = key.map((_, i) => `n.k${i} = b.k${i}`).join(' AND ');
  const change = `CASE WHEN b.r IS NULL THEN 'inserted' WHEN n.r IS NULL THEN 'deleted' ELSE 'changed' END`;
  return `SELECT ${line(change, 'b.r', 'n.r')} FROM ${side(now)} AS n FULL JOIN ${side(before)} AS b ON ${on}
    WHERE n.r::text IS DISTINCT FROM b.r::text`;
}

/**
 * n, r and t: escaped line ends and tabs. A column of type json may contain them between the parts of its text, where
 * they are white space.
 */
const blanks: ReadonlySet<number> = new Set([0x6e, 0x72, 0x74]);

/** Undoes COPY's escapes, over the edges of pieces too: two backslashes are one, and what would break the line is a blank. */
function createUnescaper(): (piece: Buffer) => Buffer {
  let isPending = false;
  return (piece) => {
    const bytes = Buffer.alloc(piece.length);
    let length = 0;
    for (const byte of piece) {
      if (byte === 0x5c && !isPending) {
        isPending = true;
        continue;
      }
      bytes[length++] = isPending && blanks.has(byte) ? 0x20 : byte;
      isPending = false;
    }
    return bytes.subarray(0, length);
  };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}
