import {
  type ExactDecimal,
  absolute,
  addDecimals,
  decimalText,
  greaterOf,
  noDecimal,
} from '../../lib/number/exact-decimal.js';
import type { Losses } from '../../model/copy.js';

/** Sums of one number of fraction digits, as doubles: they stay below 2^53, so that they are exact. */
interface Pending {
  net: number;
  lost: number;
  greatest: number;
}

/** What a rule took from values, added up exactly. A plain addition of numbers for nearly all of them. */
export class LossSum {
  #net: ExactDecimal = noDecimal;
  #lost: ExactDecimal = noDecimal;
  #greatest: ExactDecimal = noDecimal;
  readonly #pending: (Pending | undefined)[] = [];

  /** Adds a change of `change` × 10^-scale; `change` is a safe integer. */
  add(change: number, scale: number): void {
    const size = Math.abs(change);
    const pending = this.#pending[scale] ?? this.#begin(scale);
    if (pending.lost > Number.MAX_SAFE_INTEGER - size) this.#flush(pending, scale);
    pending.net += change;
    pending.lost += size;
    if (size > pending.greatest) pending.greatest = size;
  }

  addExact(change: ExactDecimal): void {
    if (change.digits === 0n) return;
    const number = Number(change.digits);
    if (Number.isSafeInteger(number)) {
      this.add(number, change.scale);
      return;
    }
    const size = absolute(change);
    this.#net = addDecimals(this.#net, change);
    this.#lost = addDecimals(this.#lost, size);
    this.#greatest = greaterOf(this.#greatest, size);
  }

  result(): Losses {
    this.#pending.forEach((pending, scale) => {
      if (pending !== undefined) this.#flush(pending, scale);
    });
    return { net: decimalText(this.#net), lost: decimalText(this.#lost), greatest: decimalText(this.#greatest) };
  }

  #begin(scale: number): Pending {
    const pending = { net: 0, lost: 0, greatest: 0 };
    this.#pending[scale] = pending;
    return pending;
  }

  #flush(pending: Pending, scale: number): void {
    const exact = (digits: number): ExactDecimal => ({ digits: BigInt(digits), scale });
    this.#net = addDecimals(this.#net, exact(pending.net));
    this.#lost = addDecimals(this.#lost, exact(pending.lost));
    this.#greatest = greaterOf(this.#greatest, exact(pending.greatest));
    pending.net = 0;
    pending.lost = 0;
    pending.greatest = 0;
  }
}
