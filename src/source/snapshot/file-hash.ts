import { interruption } from '../../lib/interruption.js';
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Bytes read at once, always into the same memory: a stream would allocate a new buffer per read, and keep the garbage
 * collector busy.
 */
const readBytes = 1 << 20;

/** The header of a database. Every commit of SQLite to a file without a log changes its counter. */
const headBytes = 100;

/** The SHA-256 of a file, 64 lower-case hex digits. Other work of this thread can run between the reads. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  return await new FileHash(path, signal).end();
}

/**
 * The SHA-256 of a file that may be begun while the file is still written from its start to its end, so that the one core
 * copies and the other hashes. Holds one descriptor from the first `grownTo` on; `end` or `forget` closes it.
 */
export class FileHash {
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  #file: FileHandle | null = null;
  #hash: Hash = createHash('sha256');
  /** Bytes hashed, and how many there are to hash. */
  #at = 0;
  #limit = 0;
  /** The first bytes as they were hashed. */
  #head: Buffer | null = null;
  #feeding: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(path: string, signal?: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
  }

  /** How many bytes are hashed already. */
  get doneBytes(): number {
    return this.#at;
  }

  /** Says that so many bytes are in the file for good. Never waits; what fails is thrown by `end`. */
  grownTo(bytes: number): void {
    this.#limit = bytes;
    if (this.#feeding !== null || bytes - this.#at < readBytes) return;
    this.#feeding = this.#feed()
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#feeding = null;
      });
  }

  /**
   * Hashes what is left, to the end of the file. Where its header is another than the one that was hashed, SQLite has
   * written to it, and all of it is hashed again. To be called once nobody writes.
   */
  async end(): Promise<string> {
    try {
      await this.#feeding;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#head !== null && !(await this.#isStill(this.#head))) this.#restart();
      this.#limit = Number.POSITIVE_INFINITY;
      await this.#feed();
      return this.#hash.digest('hex');
    } finally {
      await this.forget();
    }
  }

  /** Drops what was hashed, and the descriptor. */
  async forget(): Promise<void> {
    this.#limit = 0;
    await this.#feeding;
    this.#failure = null;
    this.#restart();
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  #restart(): void {
    this.#hash = createHash('sha256');
    this.#at = 0;
    this.#head = null;
  }

  async #feed(): Promise<void> {
    this.#file ??= await open(this.#path, 'r');
    while (this.#at < this.#limit) {
      throwIfAborted(this.#signal);
      const length = Math.min(readBytes, this.#limit - this.#at);
      const { bytesRead } = await this.#file.read(this.#buffer, 0, length, this.#at);
      if (bytesRead === 0) return;
      if (this.#at === 0) this.#head = Buffer.from(this.#buffer.subarray(0, Math.min(headBytes, bytesRead)));
      this.#hash.update(this.#buffer.subarray(0, bytesRead));
      this.#at += bytesRead;
    }
  }

  async #isStill(head: Buffer): Promise<boolean> {
    const now = Buffer.alloc(head.length);
    await this.#file?.read(now, 0, now.length, 0);
    return now.equals(head);
  }
}

/** Throws the CopierError that an aborted signal carries, else interrupted.snapshot. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw interruption(signal, { at: 'snapshot', cause: signal.reason });
}
