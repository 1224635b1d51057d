import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CellBatch } from '../../src/model/value.js';
import { Storage } from '../../src/model/value.js';
import { boundsOf, rangesFor } from '../../src/verify/carry/key-ranges.js';
import { hashSide } from '../../src/verify/table.js';
import { visitRows } from '../../src/verify/rows.js';
import { bucketIn } from '../../src/verify/table.js';

const columns = ['id', 'x'].map((source, i) => ({
  source,
  target: source,
  kind: { tag: i === 0 ? 'int8' : 'text' } as const,
  targetType: i === 0 ? 'bigint' : 'text',
  isTextual: i === 1,
}));
const table = {
  source: 't',
  columns: columns as unknown as Parameters<typeof hashSide>[1]['columns'],
  key: { origin: 'primary', columns: [0] } as const,
};

function batchOf(ids: readonly bigint[]): CellBatch {
  const texts = ids.flatMap((id) => [Buffer.from(String(id)), Buffer.from(`row ${id}`)]);
  let at = 0;
  const ends = texts.map((bytes) => (at += bytes.length));
  return {
    rowCount: ids.length,
    columnCount: 2,
    bytes: Buffer.concat(texts),
    start: Int32Array.from(ends.map((end, i) => end - (texts[i]?.length ?? 0))),
    end: Int32Array.from(ends),
    storage: Uint8Array.from(texts.map((_, i) => (i % 2 === 0 ? Storage.Integer : Storage.Text))),
    number: new Float64Array(texts.length),
  };
}

const bucketCount = 4096;
const near = fc.bigInt({ min: -40_000n, max: 40_000n });
const ids = fc.uniqueArray(fc.oneof(near, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), { maxLength: 60 });

test('a row is in the bucket whose bounds hold its key, in the loop and in the plain way', async () => {
  await fc.assert(
    fc.asyncProperty(ids, near, fc.integer({ min: 1, max: 30_000 }), async (keys, first, length) => {
      const ranges = rangesFor({ first: Number(first), last: Number(first) + length - 1 }, { rows: 1, bucketCount });
      assert.ok(ranges !== null);
      const batch = batchOf(keys);
      const { counts } = await hashSide([batch], table, { side: 'source', bucketCount, ranges });
      const expected = new Uint32Array(bucketCount);
      let row = 0;
      await visitRows([batch], table, { side: 'source' }, ({ cells, keyHash }) => {
        const bucket = bucketIn({ bucketCount, ranges }, cells.bytes, keyHash.low);
        const [[from, to] = ['', '']] = boundsOf([bucket], ranges, bucketCount);
        const key = keys[row++] ?? 0n;
        assert.ok(BigInt(from) <= key && key <= BigInt(to), `${key} within ${from} and ${to}`);
        expected[bucket] = (expected[bucket] ?? 0) + 1;
      });
      assert.deepEqual(counts, expected);
    }),
  );
});

test('neighbouring buckets are one range, the outer ones are open, and keys that lie far apart have none', () => {
  const ranges = { first: 1, width: 10 };
  assert.deepEqual(boundsOf([7, 2, 3], ranges, bucketCount), [
    ['21', '40'],
    ['71', '80'],
  ]);
  assert.deepEqual(boundsOf([0], ranges, bucketCount), [['-9223372036854775808', '10']]);
  assert.deepEqual(boundsOf([4095], ranges, bucketCount), [['40951', '9223372036854775807']]);
  assert.equal(rangesFor({ first: 1, last: 1_000_000 }, { rows: 10, bucketCount }), null);
  assert.equal(rangesFor({ first: 2 ** 60, last: 2 ** 60 + 5 }, { rows: 10, bucketCount }), null);
});
