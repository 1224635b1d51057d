import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBinaryRow, createFieldWriter } from '../../../src/encode/row/binary-row.js';
import { Block } from '../../../src/encode/row/block.js';
import { encoderOf } from '../../../src/encode/column/encoder-of-kind.js';
import { MOMENT_MICROS_MAX } from '../../../src/encode/row/direct.js';
import { Misfit } from '../../../src/encode/value/misfit.js';
import { createRowFields } from '../../../src/encode/row/row-fields.js';
import type { Kind, TimeUnit } from '../../../src/model/kind.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { planOf, viewOf } from '../sample.js';
import { runCount } from '../../support/run-count.js';

const moments = (['s', 'ms', 'us'] as const).flatMap((unit: TimeUnit): Kind[] => [
  { tag: 'timestamp', precision: 0, unit },
  { tag: 'timestamp', precision: 3, unit },
  { tag: 'timestamptz', precision: 6, unit },
]);
const kinds: readonly Kind[] = [
  ...(['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'bytea'] as const).map((tag): Kind => ({ tag })),
  { tag: 'text', maxChars: null },
  { tag: 'text', maxChars: 5 },
  ...moments,
];

const near = (middle: bigint) => fc.bigInt({ min: middle - 3n, max: middle + 3n });
const micros = BigInt(MOMENT_MICROS_MAX);
const integers = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer().map(BigInt),
  ...[0n, 2n ** 7n, 2n ** 15n, 2n ** 31n, 2n ** 53n, micros, micros / 1000n, micros / 1_000_000n].flatMap((edge) => [
    near(edge),
    near(-edge),
    near(edge + 946_684_800_000n),
  ]),
);
/** Integers of 64 bits alone: a Wide that would fit into a double is not what a reader gives. */
const values: fc.Arbitrary<SqliteValue> = fc.oneof(
  integers.map((value) => BigInt.asIntN(64, value)),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
);

/** The bytes of a field by its column's encoder alone, or the code of its refusal. */
function byEncoder(kind: Kind, value: SqliteValue): string {
  const view = viewOf([value]);
  const block = new Block(64);
  const encoder = encoderOf(kind);
  return writtenOrRefused(() => {
    if (typeof value === 'number') encoder.real(block, value);
    else if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) encoder.integer(block, Number(value));
    else if (typeof value === 'bigint') encoder.wide(block, value);
    else if (typeof value === 'string') encoder.text(block, view.bytes, 0, view.bytes.length);
    else encoder.blob(block, view.bytes, 0, view.bytes.length);
    return block.bytes.toString('hex', 0, block.length);
  });
}

function writtenOrRefused(write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (error instanceof Misfit) return error.code;
    throw error;
  }
}

test('a row is the number of its fields, and of each its length and what the encoder of its column writes or refuses', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...kinds), values), { minLength: 1, maxLength: 6 }), (cells) => {
      const columns = cells.map(([kind], i) => ({ name: `c${i}`, type: '', kind }));
      const fields = createRowFields(cells.length);
      const block = new Block(64);
      const row = writtenOrRefused(() => {
        const writeRow = createBinaryRow(cells.length, createFieldWriter(planOf(columns), null));
        writeRow(block, viewOf(cells.map(([, value]) => value)), fields);
        return 'written';
      });
      const wanted = cells.map(([kind, value]) => byEncoder(kind, value));
      const refused = wanted.find((text) => text.startsWith('data.'));
      assert.equal(row, refused ?? 'written');
      if (refused !== undefined) return assert.equal(fields.current, wanted.indexOf(refused));
      const got = cells.map((_, i) => {
        const start = fields.start[i] ?? -1;
        const length = fields.length[i] ?? -1;
        assert.equal(block.view.getInt32(start - 4), length);
        return block.bytes.toString('hex', start, start + length);
      });
      assert.deepEqual(got, wanted);
      assert.equal(block.length, 2 + wanted.reduce((sum, text) => sum + 4 + text.length / 2, 0));
    }),
    { numRuns: runCount({ usual: 3000, full: 60_000 }) },
  );
});
