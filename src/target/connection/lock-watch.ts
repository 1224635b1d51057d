import { CopierError } from '../../model/error.js';
import { interruption } from '../../lib/interruption.js';

/*
 * Watches statements that wait for a lock of another session: reports who holds it, bounds the wait, and ends it when
 * the operator interrupts us. All of this needs a second session, since one that waits says nothing.
 */

/** Who is told of waits for locks, and what ends them. */
export interface LockWaits {
  /**
   * A statement that is silent for this long is checked for a lock that it waits for; later checks come at growing
   * intervals.
   */
  readonly firstCheckMs?: number;
  /** Called once per wait, with a description of the sessions that hold the lock. */
  readonly onWait?: (words: string) => void;
  /** Ends a wait for a lock at once, and nothing else. */
  readonly signal?: AbortSignal;
  /** The longest wait for a lock of another application; left out: the stall timeout. */
  readonly limitMs?: number;
}

export interface LockPolicy extends LockWaits {
  readonly limitMs: number;
  readonly check: (backendPid: number) => Promise<LockWait | null>;
  /** Cancels the statement of a backend that waits for a lock; its session lives on. */
  readonly cancel: (backendPid: number) => Promise<void>;
}

/** The lock that a backend waits for, as another session sees it. */
export interface LockWait {
  readonly waitedMs: number;
  /** Descriptions of the sessions that hold it. */
  readonly holders: readonly string[];
  /** Whether one of these sessions belongs to another application than the one that waits. */
  readonly isOfOthers: boolean;
}

const standardFirstCheckMs = 2_000;
const checkEveryMsMax = 30_000;
/** The interval of checks once the operator has interrupted us. A statement that is at work is left alone. */
const checkAfterSignalMs = 250;

/** The text with which a message about a lock names the sessions that hold it. */
export function heldBy(words: string): string {
  return `the lock is held by ${words}`;
}

/** Watches one statement after the other of a client. */
export class LockWatch {
  readonly #policy: LockPolicy;
  readonly #backendPid: () => number | null;
  /** Makes the statement fail with this error, which ends its wait. Called again where it still waits at the next check. */
  readonly #fail: (error: CopierError) => void;
  readonly #onSignal = () => void this.#check(0);
  #timer: NodeJS.Timeout | undefined;
  /** Counts the waits, so that the late result of a check is not taken for one of the present wait. */
  #wait = 0;
  #isWaiting = false;
  #holders = '';

  constructor(
    policy: LockPolicy,
    means: { readonly backendPid: () => number | null; readonly fail: (error: CopierError) => void },
  ) {
    this.#policy = policy;
    this.#backendPid = means.backendPid;
    this.#fail = means.fail;
    policy.signal?.addEventListener('abort', this.#onSignal);
  }

  /** The sessions whose lock the last statement waited for, in words; empty where it waited for none. */
  get holders(): string {
    return this.#holders;
  }

  begin(): void {
    this.#wait += 1;
    this.#isWaiting = true;
    this.#holders = '';
    this.#checkIn(Math.min(this.#policy.firstCheckMs ?? standardFirstCheckMs, this.#policy.limitMs / 2));
  }

  end(): void {
    this.#isWaiting = false;
    clearTimeout(this.#timer);
  }

  close(): void {
    this.end();
    this.#policy.signal?.removeEventListener('abort', this.#onSignal);
  }

  #checkIn(ms: number): void {
    clearTimeout(this.#timer);
    const pauseMs = this.#policy.signal?.aborted === true ? Math.min(ms, checkAfterSignalMs) : ms;
    this.#timer = setTimeout(() => void this.#check(pauseMs), pauseMs);
    this.#timer.unref();
  }

  async #check(pauseMs: number): Promise<void> {
    const pid = this.#backendPid();
    if (!this.#isWaiting || pid === null) return;
    clearTimeout(this.#timer);
    const wait = this.#wait;
    const { check, limitMs, onWait, signal } = this.#policy;
    const found = await check(pid).catch(() => null);
    if (!this.#isWaiting || wait !== this.#wait) return;
    if (found !== null && found.holders.length > 0) {
      const words = found.holders.join(', ');
      if (this.#holders !== words) onWait?.(`postgres waits for a lock that is held by ${words}`);
      this.#holders = words;
      if (signal?.aborted === true) this.#fail(interruption(signal));
      else if (found.isOfOthers && found.waitedMs >= limitMs) this.#fail(blocked(words, found.waitedMs));
    }
    const leftMs = found === null ? limitMs : limitMs - found.waitedMs;
    this.#checkIn(
      Math.min(Math.max(pauseMs * 2, checkAfterSignalMs), checkEveryMsMax, Math.max(leftMs, checkAfterSignalMs)),
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
