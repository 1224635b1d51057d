import { createRequire } from 'node:module';
import type HashWasm from 'hash-wasm';

/** Only this algorithm of the package is loaded: all of them would take 25 ms of CPU in every thread. */
const { createXXHash64 } = createRequire(import.meta.url)('hash-wasm/dist/xxhash64.umd.min.js') as Pick<
  typeof HashWasm,
  'createXXHash64'
>;

/** A 64-bit hash as two unsigned halves: BigInt would cost an allocation for each row. */
export interface RowHash {
  low: number;
  high: number;
}

/** Writes XXH64 (hash-wasm) of bytes [0, length) into `out`. */
export type HashBytes = (bytes: Buffer, length: number, out: RowHash) => void;

/** Loads the WebAssembly hasher of this thread. */
export async function createHashBytes(): Promise<HashBytes> {
  const hasher = await createXXHash64();
  return (bytes, length, out) => {
    const digest = hasher.init().update(bytes.subarray(0, length)).digest('binary');
    out.high = word(digest, 0);
    out.low = word(digest, 4);
  };
}

/** The `index`-th sum or a hash's two words as 16 lower-case hex digits. */
export function hashHex(low: number, high: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function word(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}
