import { createRequire } from 'node:module';
import type HashWasm from 'hash-wasm';
import { scratchBlock } from '../row/block.js';

/** Only this algorithm of the package is loaded: all of them would take 25 ms of CPU in every thread. */
const { createXXHash128 } = createRequire(import.meta.url)('hash-wasm/dist/xxhash128.umd.min.js') as Pick<
  typeof HashWasm,
  'createXXHash128'
>;

/** A call of the hasher costs as much as hashing hundreds of bytes (measured: 0.4 µs), so small fields are gathered. */
const GATHER_BYTES = 16_384;

/** The XXH128 of a run of bytes given in pieces. */
export interface Receipt {
  readonly add: (bytes: Buffer, start: number, end: number) => void;
  /** Lower-case hex. May be called once, at the end. */
  readonly digest: () => string;
}

export async function createReceipt(): Promise<Receipt> {
  const hasher = (await createXXHash128()).init();
  const gathered = scratchBlock(GATHER_BYTES);
  const flush = (): void => {
    if (gathered.length > 0) hasher.update(gathered.bytes.subarray(0, gathered.length));
    gathered.length = 0;
  };
  return {
    add: (bytes, start, end) => {
      if (gathered.length + end - start > GATHER_BYTES) flush();
      if (end - start > GATHER_BYTES) hasher.update(bytes.subarray(start, end));
      else gathered.copy(bytes, start, end);
    },
    digest: () => {
      flush();
      return hasher.digest('hex');
    },
  };
}
