import type { Connection, Submittable } from 'pg';
import { assert } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';

/*
 * What a COPY … TO STDOUT sends, without the messages around it. PostgreSQL sends a message for each row; bringing the
 * rows of one piece of the socket together in its own memory costs a fifth of an object and a buffer for each.
 */

/**
 * Yields the bytes of a copy in pieces of any size, each valid until the next one is asked for. Silence of the server
 * counts while it is waited for. Throws what pg says. A caller that stops early must close the client.
 */
export async function* copyPayload(client: TargetClient, sql: string): AsyncGenerator<Buffer, void, void> {
  const copy = client.raw.query(new CopyOutQuery(sql));
  for (;;) {
    const piece = await client.awaited(copy.next());
    if (piece === null) return;
    if (piece.length > 0) yield piece;
  }
}

const dataCode = 0x64;
/** CopyOutResponse, and what a server may say at any time: a notice, a setting, a notification. */
const passedOver: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]);
/** A message is a letter and a length, which counts itself. */
const headBytes = 5;
/** Shorter pieces are moved byte by byte, which costs less than the call. */
const movedByHandMax = 64;

type Socket = Connection['stream'];

/** The query as pg runs it. While rows come it reads the socket itself; every other message goes to pg. */
export class CopyOutQuery implements Submittable {
  readonly text: string;
  #socket: Socket | null = null;
  #listener: ((bytes: Buffer) => void) | null = null;
  /** The beginning of a message that the last piece ended in. */
  #begun: Buffer = Buffer.alloc(0);
  /** Bytes of the message that goes on, and whether they are rows. */
  #left = 0;
  #isData = false;
  #isOver = false;
  #error: unknown = null;
  #wake: () => void = () => {};

  constructor(text: string) {
    this.text = text;
  }

  /** The next bytes of the copy, perhaps none; null at its end. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      if (this.#error !== null) throw this.#error;
      if (this.#isOver) return null;
      const piece = this.#listener === null ? null : (this.#socket?.read() as Buffer | null);
      if (piece !== null) return this.#takeApart(piece);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    const listeners = stream.listeners('data') as ((bytes: Buffer) => void)[];
    assert(listeners.length === 1, 'pg listens to its socket');
    this.#socket = stream;
    this.#listener = listeners[0] ?? null;
    stream.removeListener('data', this.#listener as () => void);
    stream.pause();
    stream.on('readable', this.#onReadable);
    connection.query(this.text);
  }

  handleError(error: unknown): void {
    this.#error ??= error;
    this.#giveBack(Buffer.alloc(0));
    this.#wake();
  }

  handleReadyForQuery(): void {
    this.#isOver = true;
    this.#wake();
  }

  handleCommandComplete(): void {}

  readonly #onReadable = (): void => this.#wake();

  /** Moves the rows in a piece of the socket to its front and returns them. Ends at a message that pg must have. */
  #takeApart(piece: Buffer): Buffer {
    const bytes = this.#begun.length === 0 ? piece : Buffer.concat([this.#begun, piece]);
    this.#begun = Buffer.alloc(0);
    let at = 0;
    let to = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        const end = wholeRowEnd(bytes, at);
        if (end > 0) {
          to = move(bytes, to, at + headBytes, end);
          at = end;
          continue;
        }
      }
      if (this.#left > 0) {
        const end = Math.min(at + this.#left, bytes.length);
        if (this.#isData) to = move(bytes, to, at, end);
        this.#left -= end - at;
        at = end;
      } else if (bytes.length - at < headBytes) {
        this.#begun = Buffer.from(bytes.subarray(at));
        at = bytes.length;
      } else {
        const code = bytes[at] as number;
        this.#isData = code === dataCode;
        if (!this.#isData && !passedOver.has(code)) {
          this.#giveBack(bytes.subarray(at));
          break;
        }
        this.#left = bytes.readUInt32BE(at + 1) - (headBytes - 1);
        at += headBytes;
      }
    }
    return bytes.subarray(0, to);
  }

  /** Lets pg listen again, from these bytes on. */
  #giveBack(rest: Buffer): void {
    const [socket, listener] = [this.#socket, this.#listener];
    this.#listener = null;
    if (socket === null || listener === null) return;
    socket.removeListener('readable', this.#onReadable);
    socket.addListener('data', listener);
    if (rest.length > 0) listener(Buffer.from(rest));
    setImmediate(() => socket.resume());
  }
}

/** Where the message at an address ends; 0 where it is no row, or not all of it is there. */
function wholeRowEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < headBytes || bytes[at] !== dataCode) return 0;
  const high = ((bytes[at + 1] as number) << 24) | ((bytes[at + 2] as number) << 16);
  const end = at + 1 + (high | ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number));
  return end > bytes.length ? 0 : end;
}

/** Moves bytes [from, end) to an address before them; returns where they end. */
function move(bytes: Buffer, to: number, from: number, end: number): number {
  if (end - from > movedByHandMax) bytes.copyWithin(to, from, end);
  else for (let at = from, out = to; at < end; at += 1, out += 1) bytes[out] = bytes[at] as number;
  return to + end - from;
}
