import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Storage } from '../../../src/model/value.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { CopyTupleParser } from '../../../src/target/copy/copy-tuples.js';
import { readTargetCells } from '../../../src/target/copy/verify-rows.js';
import { isSentInBinary, readTargetTuples, sampleOfForms } from '../../../src/target/copy/verify-tuples.js';
import { UnreadBinary } from '../../../src/verify/printed-form.js';
import { hashSide } from '../../../src/verify/table.js';
import { withDatabase } from '../../support/database.js';
import { runCount } from '../../support/run-count.js';

type Field = Buffer | null;

function bigEndian(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
}

function copyOf(rows: readonly (readonly Field[])[]): Buffer {
  const header = Buffer.concat([Buffer.from('PGCOPY\n'), Buffer.from([0xff, 13, 10, 0]), Buffer.alloc(8)]);
  const fieldOf = (field: Field) =>
    field === null ? bigEndian(-1, 4) : Buffer.concat([bigEndian(field.length, 4), field]);
  const tuples = rows.map((row) => Buffer.concat([bigEndian(row.length, 2), ...row.map(fieldOf)]));
  return Buffer.concat([header, ...tuples, bigEndian(-1, 2)]);
}

function readCut(sent: Buffer, places: readonly number[], columnCount: number): Field[][] {
  const parser = new CopyTupleParser(columnCount);
  const rows: Field[][] = [];
  const take = (batch: ReturnType<CopyTupleParser['takeRest']>) => {
    for (let row = 0; row < batch.rowCount; row += 1) {
      rows.push(
        Array.from({ length: columnCount }, (_, i) => {
          const cell = row * columnCount + i;
          const bytes = Buffer.from(batch.bytes.subarray(batch.start[cell], batch.end[cell]));
          return batch.storage[cell] === Storage.Null ? null : bytes;
        }),
      );
    }
  };
  const edges = [0, ...places.map((place) => place % sent.length).sort((a, b) => a - b), sent.length];
  for (const [i, edge] of edges.slice(1).entries()) {
    parser.append(sent.subarray(edges[i], edge));
    for (let batch = parser.takeFull(); batch !== null; batch = parser.takeFull()) take(batch);
  }
  take(parser.takeRest());
  return rows;
}

test('rows in binary form are read wherever they are cut, of many rows and with great values too', () => {
  const field = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
  const rows = fc.array(fc.tuple(field, field, field), { maxLength: 20 });
  const cuts = fc.array(fc.nat(), { maxLength: 10 });
  fc.assert(
    fc.property(rows, cuts, (sent, places) => assert.deepEqual(readCut(copyOf(sent), places, 3), sent)),
    { numRuns: runCount({ usual: 200, full: 3000 }) },
  );
  const many = Array.from({ length: 3000 }, (_, i) => [
    Buffer.from(String(i)),
    i % 3 === 0 ? null : Buffer.alloc(i % 5 === 0 ? 700 : 0, i),
    Buffer.alloc(i === 1500 ? 3_000_000 : 1, i),
  ]);
  const sent = copyOf(many);
  const places = Array.from({ length: 150 }, (_, i) => i * 65_536 + 7);
  assert.deepEqual(readCut(sent, places, 3), many);
});

const onTarget = (use: (client: TargetClient) => Promise<void>) =>
  withDatabase((url) => withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, use));

test('the sample of every kind comes to the same in binary form as in what the server prints', async () => {
  await onTarget(async (client) => {
    const { table: sample, from } = sampleOfForms();
    assert.ok(isSentInBinary(sample));
    const table = { ...sample, source: 's', key: { origin: 'none' as const, columns: [0] } };
    const options = { side: 'target', bucketCount: 2 } as const;
    const sumOf = (rows: string) =>
      hashSide(readTargetTuples(client, sample, rows), table, { ...options, isBinary: true });
    const printed = await hashSide(readTargetCells(client, sample, from), table, options);
    assert.deepEqual(await sumOf(from), printed);
    const other = from.replace('23:59:59.999999', '23:59:59.999998');
    assert.notDeepEqual((await sumOf(other)).sums, printed.sums);
    // A year that PostgreSQL does not print as ISO does: such a table is read as text.
    await assert.rejects(sumOf(from.replace(`'9999-12-31'::date`, `'10001-01-01'::date`)), UnreadBinary);
  });
});
