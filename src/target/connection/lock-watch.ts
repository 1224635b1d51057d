import { CopierError } from '../../model/error.js';
import { interruption } from '../../lib/interruption.js';

/*
 * A statement that waits for a lock of somebody else: who holds it is told, the wait has its bound, and an operator who
 * interrupts us does not wait for it. All of this is seen from another session, since one that waits says nothing.
 */

/** What waits for locks are told to, and what ends them. */
export interface LockWaits {
  /** How long a statement is silent before it is asked whether it waits for a lock; later looks come at growing distances. */
  readonly firstLookMs?: number;
  /** Told in words, once per wait, whose locks are waited for. */
  readonly onWait?: (words: string) => void;
  /** Ends a wait for a lock at once, and nothing else. */
  readonly signal?: AbortSignal;
}

export interface LockPolicy extends LockWaits {
  /** A wait for a lock of another application ends after so long. */
  readonly limitMs: number;
  readonly look: (backendPid: number) => Promise<LockWait | null>;
}

/** What a backend waits for, as another session sees it. */
export interface LockWait {
  readonly waitedMs: number;
  /** Those who hold it, each in words. */
  readonly holders: readonly string[];
  /** Whether one of them is not of the same application as the one who waits. */
  readonly isOfOthers: boolean;
}

const standardFirstLookMs = 2_000;
const lookEveryMsMax = 30_000;
/** Between looks once the operator has interrupted us: a statement that goes on working is left alone. */
const lookAfterSignalMs = 250;

/** How a message about a lock names those who hold it. */
export function heldBy(words: string): string {
  return `the lock is held by ${words}`;
}

/** Watches one statement after the other of a client. */
export class LockWatch {
  readonly #policy: LockPolicy;
  readonly #backendPid: () => number | null;
  /** Ends the wait for good, with what it is to fail with. */
  readonly #giveUp: (error: CopierError) => void;
  readonly #onSignal = () => void this.#look(0);
  #timer: NodeJS.Timeout | undefined;
  /** Counts the waits, so that a look which comes back late is known for one at an earlier. */
  #wait = 0;
  #isWaiting = false;
  #told = '';

  constructor(
    policy: LockPolicy,
    means: { readonly backendPid: () => number | null; readonly giveUp: (error: CopierError) => void },
  ) {
    this.#policy = policy;
    this.#backendPid = means.backendPid;
    this.#giveUp = means.giveUp;
    policy.signal?.addEventListener('abort', this.#onSignal);
  }

  /** Whose lock the statement that ended last was seen to wait for, in words; empty where none. */
  get told(): string {
    return this.#told;
  }

  begin(): void {
    this.#wait += 1;
    this.#isWaiting = true;
    this.#told = '';
    this.#lookIn(Math.min(this.#policy.firstLookMs ?? standardFirstLookMs, this.#policy.limitMs / 2));
  }

  end(): void {
    this.#isWaiting = false;
    clearTimeout(this.#timer);
  }

  close(): void {
    this.end();
    this.#policy.signal?.removeEventListener('abort', this.#onSignal);
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    const pauseMs = this.#policy.signal?.aborted === true ? Math.min(ms, lookAfterSignalMs) : ms;
    this.#timer = setTimeout(() => void this.#look(pauseMs), pauseMs);
    this.#timer.unref();
  }

  async #look(pauseMs: number): Promise<void> {
    const pid = this.#backendPid();
    if (!this.#isWaiting || pid === null) return;
    clearTimeout(this.#timer);
    const wait = this.#wait;
    const { look, limitMs, onWait, signal } = this.#policy;
    const found = await look(pid).catch(() => null);
    if (!this.#isWaiting || wait !== this.#wait) return;
    if (found !== null && found.holders.length > 0) {
      const words = found.holders.join(', ');
      if (this.#told !== words) onWait?.(`postgres waits for a lock that is held by ${words}`);
      this.#told = words;
      if (signal?.aborted === true) return this.#giveUp(interruption(signal));
      if (found.isOfOthers && found.waitedMs >= limitMs) return this.#giveUp(blocked(words, found.waitedMs));
    }
    const leftMs = found === null ? limitMs : limitMs - found.waitedMs;
    this.#lookIn(
      Math.min(Math.max(pauseMs * 2, lookAfterSignalMs), lookEveryMsMax, Math.max(leftMs, lookAfterSignalMs)),
    );
  }
}

function blocked(words: string, waitedMs: number): CopierError {
  return new CopierError(
    'target.blocked',
    `postgres let us wait ${Math.round(waitedMs / 1000)} s for a lock that is held by ${words}`,
    { hint: 'end that session, for example with pg_terminate_backend(pid), then run the same command again' },
  );
}
