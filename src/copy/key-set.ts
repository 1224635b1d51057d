/** Keys that fit before the arrays grow for the first time. */
const firstCapacity = 1024;

/** Key hashes of rows that must be found again, each as often as it was added. Memory: nine bytes per key, and twice that while it grows. */
export class KeySet {
  #keys = new BigInt64Array(firstCapacity);
  #isTaken = new Uint8Array(0);
  size = 0;
  /** How many keys were found again. */
  taken = 0;

  add(key: bigint): void {
    if (this.size === this.#keys.length) {
      const larger = new BigInt64Array(2 * this.size);
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys[this.size] = key;
    this.size += 1;
  }

  /** Sorts the keys. Must be called once, after the last key was added. */
  seal(): void {
    this.#keys = this.#keys.subarray(0, this.size).sort();
    this.#isTaken = new Uint8Array(this.size);
  }

  /** Whether a row with this key is wanted. Each added key matches one row only. */
  take(key: bigint): boolean {
    let low = 0;
    for (let high = this.size; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as bigint) < key) low = middle + 1;
      else high = middle;
    }
    while (low < this.size && this.#keys[low] === key && this.#isTaken[low] === 1) low += 1;
    if (low === this.size || this.#keys[low] !== key) return false;
    this.#isTaken[low] = 1;
    this.taken += 1;
    return true;
  }
}
