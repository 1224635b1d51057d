import { setMaxListeners } from 'node:events';

/** What the operator, or the look at the server's load, asked of a run while it works. */
export class Orders {
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<() => void>();
  #isPaused = false;
  #maxMbps: number | 'none' | null = null;
  #workers: number | null = null;
  #adapted: number | null = null;
  #isSwitchPostponed = false;

  constructor() {
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Fires when the run shall end. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** null: as the run began; `none`: no limit any more. */
  get maxMbps(): number | 'none' | null {
    return this.#maxMbps;
  }

  /** Chunks at a time at most, as it was asked for. */
  get workers(): number | null {
    return this.#workers;
  }

  /** The same with what the server's load allows. */
  get workersNow(): number | null {
    const limits = [this.#workers, this.#adapted].filter((limit) => limit !== null);
    return limits.length === 0 ? null : Math.min(...limits);
  }

  get isSwitchPostponed(): boolean {
    return this.#isSwitchPostponed;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#announce();
  }

  throttle(maxMbps: number | null): void {
    this.#maxMbps = maxMbps ?? 'none';
    this.#announce();
  }

  limitWorkers(count: number): void {
    this.#workers = count;
    this.#announce();
  }

  /** As the server's load allows; null: as many as there are. */
  adaptWorkers(count: number | null): void {
    this.#adapted = count;
    this.#announce();
  }

  postponeSwitch(isPostponed: boolean): void {
    this.#isSwitchPostponed = isPostponed;
    this.#announce();
  }

  stop(): void {
    this.#stopping.abort();
    this.#announce();
  }

  /** Calls the listener after each order. Gives what ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves after the next order, or once the signal fires. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        forget();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const forget = this.listen(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Resolves as soon as nothing is paused, or the signal fires. */
  async whileGoing(signal: AbortSignal): Promise<void> {
    while (this.#isPaused && !signal.aborted) await this.next(signal);
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
