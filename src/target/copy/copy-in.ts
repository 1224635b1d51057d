import copyStreams, { type CopyStreamQuery } from 'pg-copy-streams';
import { assert } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

/*
 * The life of a copy in: open → finished | failed. pg-copy-streams frames the blocks and speaks the protocol; this
 * class makes sure that every wait ends. Its stream reports an error of the server, or a lost connection, by 'error'
 * and may then never call its write callbacks. After that event nothing may be written to it, nor may it be destroyed,
 * because it no longer has its connection.
 */

export interface CopyInOptions {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: 'binary' | 'text';
  /** Text format only: the text that represents NULL; `\N` without it. */
  readonly nullText?: string;
  /** Rows become visible to all and frozen at once; the table must be new or truncated in the same transaction. */
  readonly freeze?: boolean;
}

/** Resolves when the block's bytes are with the kernel and its memory may be used again. One call at a time. */
export type WriteBlock = (block: Buffer) => Promise<void>;

/** How long the server may take to answer our CopyFail before the socket is destroyed. */
const failTimeoutMs = 10_000;
const noBytes = Buffer.alloc(0);

/**
 * COPY … FROM STDIN: `feed` hands over blocks of COPY bytes (header and trailer of the binary format included) of any
 * size, cut anywhere. Gives the server's row count. Where feed throws, the COPY fails on the server, so that the
 * caller's transaction can only roll back, and feed's error is thrown; where the server or the connection fails first,
 * the pending write rejects with the translated error. Either way the client is free again, or broken, on return.
 */
export async function copyIn(
  client: TargetClient,
  options: CopyInOptions,
  feed: (write: WriteBlock) => Promise<void>,
): Promise<number> {
  const copy = new CopyIn(client, options);
  try {
    await feed((block) => copy.write(block));
  } catch (error) {
    await copy.fail();
    throw error;
  }
  return await copy.finish();
}

class CopyIn {
  readonly #client: TargetClient;
  readonly #stream: CopyStreamQuery;
  readonly #ended: Promise<void>;
  #failure: { readonly error: unknown } | null = null;
  #rejectPending: ((error: unknown) => void) | null = null;

  constructor(client: TargetClient, options: CopyInOptions) {
    this.#client = client;
    this.#stream = copyStreams.from(copySql(options));
    this.#ended = new Promise((resolve) => {
      this.#stream.once('finish', resolve);
      this.#stream.on('error', (error) => {
        this.#failure ??= { error: client.failure(error, { table: options.table }) };
        this.#rejectPending?.(this.#failure.error);
        resolve();
      });
    });
    client.raw.query(this.#stream);
  }

  write(block: Buffer): Promise<void> {
    const socketTook = new Promise<void>((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure.error);
      assert(this.#rejectPending === null, 'one block is written at a time');
      this.#rejectPending = reject;
      this.#send(block, () => {
        this.#rejectPending = null;
        resolve();
      });
    });
    const written = this.#client.awaited(socketTook);
    // A feed that died in the middle of a write no longer listens to it.
    written.catch(() => undefined);
    return written;
  }

  async finish(): Promise<number> {
    if (this.#failure === null) this.#stream.end();
    await this.#client.awaited(this.#ended);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#stream.rowCount;
  }

  /**
   * Sends CopyFail and waits for the server's answer. Its message goes into the server's log, so it contains no data.
   */
  async fail(): Promise<void> {
    if (this.#failure !== null) return;
    this.#stream.destroy(new Error('pgferry stopped sending'));
    const timer = setTimeout(() => this.#client.raw.connection.stream.destroy(), failTimeoutMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Errors are reported by the stream's 'error' event, so the callbacks report success only. */
  #send(block: Buffer, done: () => void): void {
    this.#stream.write(block, (error) => {
      if (!error) this.#afterSocket(done);
    });
  }

  /**
   * The stream calls back while the socket still refers to a small block (it waits only when the socket is over its
   * high-water mark). Socket.writableLength counts bytes until the kernel has them; an empty write queues behind them.
   */
  #afterSocket(done: () => void): void {
    const socket = this.#client.raw.connection.stream;
    if (socket.writableLength === 0) done();
    else {
      socket.write(noBytes, (error) => {
        if (!error) done();
      });
    }
  }
}

/** The statement of a copy in. */
export function copySql(options: CopyInOptions): string {
  assert(options.columns.length > 0, 'a copy in names its columns');
  const columns = options.columns.map(quoteName).join(', ');
  return `COPY ${quoteTable(options.schema, options.table)} (${columns}) FROM STDIN WITH (${copyOptions(options)})`;
}

function copyOptions({ format, nullText = '\\N', freeze = false }: CopyInOptions): string {
  const list = [`FORMAT ${format}`, "ENCODING 'UTF8'"];
  if (format === 'text') list.push("DELIMITER E'\\t'", `NULL ${quoteLiteral(nullText)}`);
  if (freeze) list.push('FREEZE true');
  return list.join(', ');
}
