import type { TargetClient } from '../connection/client.js';
import type { PgErrorContext } from '../connection/errors.js';
import { copyPayload } from './copy-payload.js';

/**
 * Yields what a `COPY … TO STDOUT` statement sends, in pieces of any size, each valid until the next one. Where the caller
 * stops early, the client is closed, because a running COPY cannot be ended otherwise.
 */
export async function* copyPieces(client: TargetClient, sql: string, context: PgErrorContext): AsyncGenerator<Buffer> {
  let isOver = false;
  try {
    for await (const piece of copyPayload(client, sql)) yield piece;
    isOver = true;
  } catch (error) {
    isOver = true;
    throw client.failure(error, context);
  } finally {
    if (!isOver) await client.close();
  }
}
