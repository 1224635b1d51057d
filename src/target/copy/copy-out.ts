import { assert } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { copyPayload } from './copy-payload.js';

/** Signature of eleven bytes, flags, and the length of an extension, which is empty. */
const headerBytes = 19;

/**
 * The rows of a query, each field in its type's binary form (its send function), null for NULL. The fields are valid
 * until the next row. Memory: what the socket delivers at once, and the largest field. `sql` takes no parameters. Where
 * the caller stops early, the client is closed, because a running COPY cannot be ended otherwise.
 */
export async function* copyOut(client: TargetClient, sql: string): AsyncGenerator<(Buffer | null)[], void, void> {
  const feed = new ByteFeed(copyPayload(client, `COPY (${sql}) TO STDOUT (FORMAT binary)`));
  let isOver = false;
  try {
    await feed.take(headerBytes);
    for (;;) {
      const count = (feed.now(2) ?? (await feed.take(2))).readInt16BE(0);
      if (count < 0) break;
      const fields: (Buffer | null)[] = [];
      for (let i = 0; i < count; i += 1) {
        const length = (feed.now(4) ?? (await feed.take(4))).readInt32BE(0);
        fields.push(length < 0 ? null : (feed.now(length) ?? (await feed.take(length))));
      }
      yield fields;
    }
    isOver = await feed.isEmpty();
  } catch (error) {
    isOver = true;
    throw client.failure(error, { doing: 'read from the target' });
  } finally {
    if (!isOver) await client.close();
  }
}

/** A stream of bytes that is taken in pieces of any size; a piece is copied only where it spans chunks. */
class ByteFeed {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** The next bytes where they have arrived already, else null. */
  now(count: number): Buffer | null {
    if (this.#chunk.length - this.#at < count) return null;
    this.#at += count;
    return this.#chunk.subarray(this.#at - count, this.#at);
  }

  async take(count: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(count);
    for (let filled = 0; filled < count; ) {
      if (this.#at === this.#chunk.length && !(await this.#advance())) assert(false, 'the stream ends where it says');
      const copied = this.#chunk.copy(piece, filled, this.#at);
      filled += copied;
      this.#at += copied;
    }
    return piece;
  }

  /** Whether nothing follows. */
  async isEmpty(): Promise<boolean> {
    return this.#at === this.#chunk.length && !(await this.#advance());
  }

  async #advance(): Promise<boolean> {
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      if (value.length === 0) continue;
      this.#chunk = value;
      this.#at = 0;
      return true;
    }
  }
}
