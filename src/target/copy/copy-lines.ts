import type { TargetClient } from '../connection/client.js';
import { copyPayload } from './copy-payload.js';

/** Yields what a `COPY … TO STDOUT` statement prints, in pieces of any size. Where the caller stops early, the client is closed. */
export async function* copyLines(client: TargetClient, sql: string, table: string): AsyncGenerator<Buffer> {
  let isOver = false;
  try {
    for await (const piece of copyPayload(client, sql)) yield piece;
    isOver = true;
  } catch (error) {
    isOver = true;
    throw client.failure(error, { doing: 'reading the keys', table });
  } finally {
    if (!isOver) await client.close();
  }
}
