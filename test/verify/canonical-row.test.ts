import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanonicalRow, Tag } from '../../src/verify/canonical-row.js';

const bytes = Buffer.from('some text');

/** Each way to append a cell. */
const cells: readonly [name: string, put: (row: CanonicalRow) => void][] = [
  ['a NULL', (row) => row.putNull()],
  ['bytes', (row) => row.putBytes(Tag.Value, bytes, 0, bytes.length)],
  ['a text', (row) => row.putText(Tag.Value, 'é and more')],
  ['Latin-1', (row) => row.putLatin(Tag.Value, 'é and more')],
  ['a double', (row) => row.putDouble(-1.5)],
  ['a moment', (row) => row.putMoment(1_700_000_000, 999_999)],
  ['hexadecimal digits', (row) => row.putHex(Buffer.from('00ff7a'), 0, 6)],
];

for (const [name, put] of cells) {
  test(`${name} stands whole wherever the row has to grow for it`, () => {
    const alone = new CanonicalRow();
    put(alone);
    const cell = alone.bytes.subarray(0, alone.length);
    // The first buffer holds 4096 bytes: every place around its end is tried.
    for (let before = 4096 - 40; before <= 4096; before++) {
      const row = new CanonicalRow();
      const filler = Buffer.alloc(before - 5, 0x78);
      row.putBytes(Tag.Value, filler, 0, filler.length);
      put(row);
      assert.equal(row.length, before + cell.length);
      assert.deepEqual(row.bytes.subarray(before, row.length), cell, `behind ${before} bytes`);
    }
  });
}
