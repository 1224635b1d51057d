import type { RowEncoder } from '../encode/row/row-encoder.js';
import { CopierError } from '../model/error.js';
import type { TargetClient } from '../target/connection/client.js';
import { rejectionOf } from '../target/connection/errors.js';
import { type CopyInOptions, copyIn } from '../target/copy/copy-in.js';

/** Rows in one COPY at most, so that one refused row makes only few others be sent twice. */
const batchRowsMax = 4096;
const copyTrailer = Buffer.from([0xff, 0xff]);
/** Signature, flags and length of an extension: what binary COPY begins with. */
const copyHeaderBytes = 19;

/** The encoded rows that go to the server next: the encoder's block, and where each row ends in it. */
export class Batch {
  readonly #encoder: RowEncoder;
  readonly #isBinary: boolean;
  #header: Buffer | null = null;
  /** Encoded bytes of all blocks that came before the present one. */
  #base = 0;
  #ends: number[] = [];
  #positions: number[] = [];

  constructor(encoder: RowEncoder, isBinary: boolean) {
    this.#encoder = encoder;
    this.#isBinary = isBinary;
  }

  get isFull(): boolean {
    return this.#encoder.isBlockFull || this.#ends.length >= batchRowsMax;
  }

  /** Notes that the row at this position of the chunk has just been encoded. */
  note(position: number): void {
    this.#ends.push(this.#encoder.bytes - this.#base);
    this.#positions.push(position);
  }

  /**
   * Sends the rows. Those that the server refuses are reported one by one and left out. The number of rows sent at once
   * halves after a refusal and doubles after a success, so that few bytes go twice however many rows are refused.
   */
  async send(
    client: TargetClient,
    options: CopyInOptions,
    onRefused: (position: number, error: CopierError) => void,
  ): Promise<{ readonly rows: number; readonly bytes: number }> {
    const block = this.#encoder.takeBlock();
    const starts = [this.#takeHeader(block), ...this.#ends];
    const count = this.#ends.length;
    let rows = 0;
    let window = count;
    for (let at = 0; at < count; ) {
      const end = Math.min(count, at + window);
      const bytes = block.subarray(starts[at], starts[end]);
      const error = await this.#tryCopy(client, options, bytes);
      if (error === null) {
        rows += end - at;
        at = end;
        window *= 2;
        continue;
      }
      const line = rejectionOf(error)?.line ?? null;
      if (end - at === 1 || line === 1) {
        onRefused(this.#positions[at] as number, error);
        at += 1;
        window = Math.max(1, Math.ceil(window / 2));
      } else window = line !== null && line <= end - at ? line - 1 : (end - at) >> 1;
    }
    this.#base += block.length;
    this.#ends = [];
    this.#positions = [];
    return { rows, bytes: block.length };
  }

  /** Removes the header of the format, which only the first block has. Gives the offset at which the rows begin. */
  #takeHeader(block: Buffer): number {
    if (!this.#isBinary || this.#header !== null) return 0;
    this.#header = Buffer.from(block.subarray(0, copyHeaderBytes));
    return copyHeaderBytes;
  }

  /**
   * Null where the server took the rows; the server's error where it refused one of them. Any other error is thrown.
   */
  async #tryCopy(client: TargetClient, options: CopyInOptions, rows: Buffer): Promise<CopierError | null> {
    await client.run('SAVEPOINT pgferry_rows');
    try {
      await copyIn(client, options, async (write) => {
        if (this.#header !== null) await write(this.#header);
        await write(rows);
        if (this.#isBinary) await write(copyTrailer);
      });
      await client.run('RELEASE pgferry_rows');
      return null;
    } catch (error) {
      if (rejectionOf(error) === null || !(error instanceof CopierError)) throw error;
      await client.run('ROLLBACK TO pgferry_rows');
      await client.run('RELEASE pgferry_rows');
      return error;
    }
  }
}
