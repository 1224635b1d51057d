import { to as copyTo } from 'pg-copy-streams';
import type { TargetClient } from '../connection/client.js';

/** Yields what a `COPY … TO STDOUT` statement prints, in pieces of any size. Where the caller stops early, the client is closed. */
export async function* copyLines(client: TargetClient, sql: string, table: string): AsyncGenerator<Buffer> {
  const stream = client.raw.query(copyTo(sql));
  let isOver = false;
  try {
    for await (const piece of stream) yield piece as Buffer;
    isOver = true;
  } catch (error) {
    isOver = true;
    throw client.failure(error, { doing: 'reading the keys', table });
  } finally {
    if (!isOver) await client.close();
  }
}
