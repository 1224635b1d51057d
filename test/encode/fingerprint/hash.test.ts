import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createSeed,
  type Hash64,
  hashBytes,
  hashInt64,
  hashOverreadBytes,
  hexOf,
  type Seed,
  setSeed,
} from '../../../src/encode/fingerprint/hash.js';
import { withDatabase } from '../../support/database.js';
import { runCount } from '../../support/run-count.js';

const seeds = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(1n, 2n ** 32n),
);

function halves(value: bigint): { hi: number; lo: number } {
  return { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) };
}

function seedOf(value: bigint): Seed {
  const seed = createSeed();
  setSeed(seed, halves(value).hi, halves(value).lo);
  return seed;
}

function hex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}

test('the hash of bytes is the one that the server computes, whatever their length, position and seed', async () => {
  const samples = fc.sample(
    fc.tuple(fc.uint8Array({ maxLength: 60 }), seeds, fc.nat(7)),
    runCount({ usual: 500, full: 10_000 }),
  );
  await withDatabase(async (_url, client) => {
    const { rows } = await client.query<{ h: string }>(
      'SELECT hash_record_extended(ROW(b), s)::text AS h FROM unnest($1::bytea[], $2::int8[]) WITH ORDINALITY AS t(b, s, n) ORDER BY n',
      [samples.map(([bytes]) => Buffer.from(bytes)), samples.map(([, seed]) => String(seed))],
    );
    samples.forEach(([bytes, seed, offset], index) => {
      const out: Hash64 = { hi: 0, lo: 0 };
      const at = Buffer.concat([Buffer.alloc(offset, 0xee), bytes, Buffer.alloc(hashOverreadBytes, 0xee)]);
      const view = new DataView(at.buffer, at.byteOffset, at.length);
      hashBytes(out, view, offset, bytes.length, seedOf(seed));
      assert.equal(
        hexOf(out.hi, out.lo),
        hex(BigInt(rows[index]?.h ?? '')),
        `${Buffer.from(bytes).toString('hex')} ${seed}`,
      );
    });
  });
});

test('the hash of an integer is hashint8extended', async () => {
  const values = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer().map(BigInt));
  const samples = fc.sample(fc.tuple(values, seeds), runCount({ usual: 500, full: 10_000 }));
  await withDatabase(async (_url, client) => {
    const { rows } = await client.query<{ h: string }>(
      'SELECT hashint8extended(v, s)::text AS h FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS t(v, s, n) ORDER BY n',
      [samples.map(([value]) => String(value)), samples.map(([, seed]) => String(seed))],
    );
    samples.forEach(([value, seed], index) => {
      const out: Hash64 = { hi: 0, lo: 0 };
      hashInt64(out, halves(value).hi, halves(value).lo, seedOf(seed));
      assert.equal(hexOf(out.hi, out.lo), hex(BigInt(rows[index]?.h ?? '')), `${value} ${seed}`);
    });
  });
});
