import type { TargetClient } from '../target/connection/client.js';

/** An idle connection is closed after this time, so that others can have it on a server that has few. */
const idleMs = 2000;

/**
 * A connection that a thread keeps from one job to the next. It is lent to one job at a time, which is all that a thread
 * runs. One that failed is closed, so that the next job begins with a new one.
 */
export class ThreadClient {
  readonly #connect: () => Promise<TargetClient>;
  #client: TargetClient | null = null;
  #idle: NodeJS.Timeout | undefined;

  /** `connect` makes the connection when a job needs one and there is none, or it broke while it was idle. */
  constructor(connect: () => Promise<TargetClient>) {
    this.#connect = connect;
  }

  /** Lends the connection. After an error of `use` it is closed, since nothing is known of its session any more. */
  async lend<T>(use: (client: TargetClient) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    if (this.#client?.isBroken === true) await this.#close();
    this.#client ??= await this.#connect();
    try {
      return await use(this.#client);
    } catch (error) {
      await this.#close();
      throw error;
    } finally {
      this.#idle = setTimeout(() => void this.#close(), idleMs).unref();
    }
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.close();
  }
}
