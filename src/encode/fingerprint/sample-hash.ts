import type { Kind } from '../../model/kind.js';
import { scratchBlock } from '../row/block.js';
import { encoderOf } from '../column/encoder-of-kind.js';
import { foldOf, hashField } from './fold.js';
import { createSeed, type Hash64, hexOf, setSeed } from './hash.js';

const SAMPLE_BYTES = 256;

export interface HashSample {
  readonly kind: Kind;
  /** The value as PostgreSQL prints it: t or f, `\x` hex for bytea, `-Infinity`. */
  readonly text: string;
  /** Unsigned 64-bit number as a decimal string. */
  readonly seed: string;
}

/**
 * The hash of one value as the fingerprint takes it, 16 lower-case hex digits: for the self-test that compares this
 * implementation with the server's before a run.
 */
export function hashSample({ kind, text, seed }: HashSample): string {
  const block = scratchBlock(SAMPLE_BYTES);
  const encoder = encoderOf(kind);
  const bytes = kind.tag === 'bytea' ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8');
  if (kind.tag === 'float4' || kind.tag === 'float8') encoder.real(block, Number(text));
  else if (kind.tag === 'bytea') encoder.blob(block, bytes, 0, bytes.length);
  else encoder.text(block, bytes, 0, bytes.length);
  const out: Hash64 = { hi: 0, lo: 0 };
  const wide = BigInt.asIntN(64, BigInt(seed));
  const mixed = createSeed();
  setSeed(mixed, Number(wide >> 32n), Number(BigInt.asIntN(32, wide)));
  hashField(out, foldOf(kind), block, 0, block.length, mixed, scratchBlock(SAMPLE_BYTES));
  return hexOf(out.hi, out.lo);
}
