import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ColumnPlan } from '../../src/model/plan.js';
import { type CellBatch, Storage, type StorageCode } from '../../src/model/value.js';
import type { ComparedSide } from '../../src/verify/canonical-cell.js';
import { cellHeaderBytes, cellSize, Tag } from '../../src/verify/canonical-row.js';
import { hashHex } from '../../src/verify/row-hash.js';
import { type VerifyTable, visitRows } from '../../src/verify/rows.js';
import { hashSide } from '../../src/verify/table.js';
import { runCount } from '../support/run-count.js';
import { columnOf, kinds, type KindName, tableOf } from './sides.js';

interface Cell {
  readonly storage: StorageCode;
  readonly bytes: Buffer;
  readonly number: number;
}

const text = (value: string): Cell => ({ storage: Storage.Text, bytes: Buffer.from(value), number: 0 });
const nothing: Cell = { storage: Storage.Null, bytes: Buffer.alloc(0), number: 0 };

/** The texts that a loop for frequent forms could take for something else. */
const texts = fc.oneof(
  fc.constantFrom(
    ...['', ' ', '0', '-0', '1', 't', 'f', 'T', 'true', 'yes', 'NaN', 'Infinity', '-Infinity', 'inf', '1e5', '1e-7'],
    ...['0.1', '-0.25', '.5', '5.', '1.5e+300', '123456789012345', '1234567890123456', '0.123456789012345', '-.'],
    ...['9007199254740993', '-9223372036854775808', '179769313486231570000', '4.9406564584124654e-324', '1e', '1e+'],
    ...[
      '2024-02-29',
      '2023-02-29',
      '2024-01-31',
      '2024-04-31',
      '1900-02-29',
      '0099-01-01',
      '0100-03-01',
      '10000-01-01',
    ],
    ...[
      '2024-02-29 23:59:59',
      '2024-02-29T23:59:59.5Z',
      '2024-02-29 12:00:00.123456+00',
      '2024-02-29 12:00:00.1234567',
    ],
    ...['2024-02-29 24:00:00', '2024-02-29 12:00:00.', '2024-02-29 12:00:00+02', '2024-02-29 12:00:60', '2024-2-29'],
    ...[
      '1969-12-31 23:59:59.999999',
      '4713-01-01 00:00:00 BC',
      'infinity',
      '-infinity',
      '12:34:56',
      '12:34',
      '24:00:00',
    ],
    ...['\\x', '\\x00ff', '\\xABCD', '01234567-89ab-cdef-0123-456789abcdef', '01234567-89AB-cdef-0123-456789abcdef'],
    ...['0123456789abcdef0123456789abcdef', '01234567-89ab-cdef-0123-456789abcdeg', '{"a": 1}', '[1,2]', 'null'],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double().map(String),
  fc
    .date({ noInvalidDate: true, min: new Date('0101-01-01'), max: new Date('9998-12-31') })
    .map((day) => day.toISOString()),
);
const integers = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -2_000n, max: 2n ** 44n }),
);
const sourceCells: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(nothing),
  texts.map(text),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ storage: Storage.Blob, bytes: Buffer.from(bytes), number: 0 })),
  integers.map((value) => ({ storage: Storage.Integer, bytes: Buffer.from(String(value)), number: 0 })),
  fc.double({ noNaN: true }).map((number) => ({ storage: Storage.Real, bytes: Buffer.from(String(number)), number })),
);

const targetForms: Partial<Record<KindName, fc.Arbitrary<string>>> = {
  bytea: fc.uint8Array({ maxLength: 40 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
};

function targetCells(kind: KindName): fc.Arbitrary<Cell> {
  return fc.oneof(fc.constant(nothing), (targetForms[kind] ?? texts).map(text));
}

/** The rows as one batch; the bytes of cells are apart, since a reader may leave gaps between them. */
function batchOf(rows: readonly (readonly Cell[])[]): CellBatch {
  const cells = rows.flat();
  const batch: CellBatch = {
    rowCount: rows.length,
    columnCount: rows[0]?.length ?? 0,
    bytes: Buffer.concat(cells.map(({ bytes }) => Buffer.concat([bytes, Buffer.from('#')]))),
    start: new Int32Array(cells.length),
    end: new Int32Array(cells.length),
    storage: Uint8Array.from(cells.map(({ storage }) => storage)),
    number: Float64Array.from(cells.map(({ number }) => number)),
  };
  let at = 0;
  for (const [i, { bytes }] of cells.entries()) {
    batch.start[i] = at;
    batch.end[i] = at + bytes.length;
    at += bytes.length + 1;
  }
  return batch;
}

const bucketCount = 4096;

/** What `hashSide` must give, out of the rows that the search for differences sees. */
async function plainSums(batch: CellBatch, table: VerifyTable, side: ComparedSide) {
  const counts = new Uint32Array(bucketCount);
  const sums = new BigUint64Array(bucketCount);
  const emptiness = table.columns.map(() => ({ nulls: 0, empties: 0 }));
  let keyset = 0n;
  await visitRows([batch], table, { side }, ({ cells, keyHash, rowHash }) => {
    const word = ({ low, high }: typeof keyHash) => (BigInt(high) << 32n) | BigInt(low);
    const bucket = keyHash.low % bucketCount;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    sums[bucket] = (sums[bucket] ?? 0n) + word(rowHash);
    keyset = BigInt.asUintN(64, keyset + word(keyHash));
    for (let at = 0, i = 0; at < cells.length; i += 1) {
      const counted = emptiness[i];
      const size = cellSize(cells.bytes, at);
      if (counted !== undefined && cells.bytes[at] === Tag.Null) counted.nulls += 1;
      else if (counted !== undefined && size === 0 && table.columns[i]?.isTextual === true) counted.empties += 1;
      at += cellHeaderBytes + size;
    }
  });
  return {
    rows: batch.rowCount,
    keyset: hashHex(Number(keyset & 0xffff_ffffn), Number(keyset >> 32n)),
    counts,
    sums,
    columns: emptiness,
  };
}

async function holdEqual(rows: readonly (readonly Cell[])[], columns: readonly ColumnPlan[], side: ComparedSide) {
  const table = tableOf(columns);
  const batch = batchOf(rows);
  const plain = await plainSums(batch, table, side);
  assert.deepEqual(await hashSide([batch], table, { side, bucketCount }), plain, side);
}

test('the sums of a side are those of its rows in the plain form, whatever is in a column', async () => {
  for (const kind of Object.keys(kinds) as KindName[]) {
    const columns = [columnOf('id', 'int8'), columnOf('x', kind)];
    for (const [side, cells] of [
      ['source', sourceCells],
      ['target', targetCells(kind)],
    ] as const) {
      const rows = fc.array(cells, { minLength: 1, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(rows, (made) =>
          holdEqual(
            made.map((cell, i) => [text(String(i)), cell]),
            columns,
            side,
          ),
        ),
        { numRuns: runCount({ usual: 40, full: 1000 }) },
      );
    }
  }
});

test('rows too long for the loop, and rows of very many columns, are summed like any other', async () => {
  const great = text('x'.repeat(700_000));
  const greater = text('y'.repeat(1_200_000));
  const three = [columnOf('id', 'int8'), columnOf('a', 'text'), columnOf('b', 'jsonb')];
  const json = text(JSON.stringify('z'.repeat(1_100_000)));
  const rows = [
    [text('1'), great, nothing],
    [text('2'), great, text('"'.padEnd(500_000).concat('"'))],
    [text('3'), greater, nothing],
    [text('4'), nothing, json],
    [text('5'), text(''), text('7')],
  ];
  for (const side of ['source', 'target'] as const) await holdEqual(rows, three, side);
  const many = Array.from({ length: 1600 }, (_, i) => columnOf(`c${i}`, 'int4'));
  const wide = Array.from({ length: 100 }, (_, row) => many.map((_, i) => text(String(row * i))));
  await holdEqual(wide, many, 'target');
});
