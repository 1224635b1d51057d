import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxhash128 } from 'hash-wasm';
import { createRowEncoder } from '../../../src/encode/row/row-encoder.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { encodeAll, encoderFor, planOf, type SampleColumn, SENTINEL, viewOf } from '../sample.js';

const columns: readonly SampleColumn[] = [
  { name: 'id', type: 'integer', kind: { tag: 'int4' } },
  { name: 'name', type: 'text', kind: { tag: 'text', maxChars: null } },
];
const rows: readonly (readonly SqliteValue[])[] = [
  [7n, 'é\t\\.'],
  [-1n, null],
  [0n, ''],
];

test('binary COPY has its header, its rows and its trailer byte for byte', async () => {
  const { copy, result } = await encodeAll(planOf(columns), rows);
  const header = '5047434f50590aff0d0a00' + '00000000' + '00000000';
  const first = '0002' + '00000004' + '00000007' + '00000005' + 'c3a9095c2e';
  const second = '0002' + '00000004' + 'ffffffff' + 'ffffffff';
  const third = '0002' + '00000004' + '00000000' + '00000000';
  assert.equal(copy.toString('hex'), `${header}${first}${second}${third}ffff`);
  assert.equal(result.bytes, copy.length);
});

test('text COPY escapes tabs and backslashes and writes the sentinel for NULL', async () => {
  const { copy } = await encodeAll(planOf(columns, { format: 'text' }), rows);
  assert.equal(copy.toString(), `7\té\\t\\\\.\n-1\t${SENTINEL}\n0\t\n`);
});

test('no rows at all are a header and a trailer', async () => {
  assert.equal((await encodeAll(planOf(columns), [])).copy.length, 21);
  assert.equal((await encodeAll(planOf(columns, { format: 'text' }), [])).copy.length, 0);
});

test('the receipt is the XXH128 of the key fields as they were sent', async () => {
  const binary = await encodeAll(planOf(columns, { key: [1, 0] }), rows);
  const sent =
    '00000005c3a9095c2e' + '0000000400000007' + 'ffffffff' + '00000004ffffffff' + '00000000' + '0000000400000000';
  assert.equal(binary.result.receipt, await xxhash128(Buffer.from(sent, 'hex')));
  const text = await encodeAll(planOf(columns, { key: [0], format: 'text' }), rows);
  assert.equal(text.result.receipt, await xxhash128('7\t-1\t0\t'));
});

test('a receipt of key fields bigger than the gathering buffer is whole', async () => {
  const names = ['a'.repeat(100_000), 'b', 'c'.repeat(40_000), 'd'.repeat(40_000)];
  const { result } = await encodeAll(
    planOf(columns, { key: [1], format: 'text' }),
    names.map((name) => [1n, name]),
  );
  assert.equal(result.receipt, await xxhash128(names.map((name) => `${name}\t`).join('')));
});

test('a block stays untouched while the next one is filled, and the one after reuses its memory', async () => {
  const encoder = await encoderFor(planOf(columns), 64);
  encoder.encodeRow(viewOf([1n, 'a'.repeat(80)]));
  assert.equal(encoder.isBlockFull, true);
  const first = encoder.takeBlock();
  const copy = Buffer.from(first);
  assert.equal(encoder.isBlockFull, false);
  encoder.encodeRow(viewOf([2n, 'b'.repeat(80)]));
  assert.deepEqual(first, copy);
  const second = encoder.takeBlock();
  assert.notEqual(second.buffer, first.buffer);
  encoder.encodeRow(viewOf([3n, 'c']));
  assert.equal(encoder.finish().buffer, first.buffer);
});

test('a row bigger than a block makes it grow, and the memory is let go afterwards', async () => {
  const encoder = await encoderFor(planOf(columns), 1024);
  const name = 'x'.repeat(5_000_000);
  encoder.encodeRow(viewOf([1n, name]));
  const big = encoder.takeBlock();
  assert.equal(big.subarray(-name.length).toString(), name);
  for (let i = 0; i < 3; i += 1) {
    encoder.encodeRow(viewOf([2n, 'b']));
    assert.ok(encoder.takeBlock().buffer.byteLength < 100_000);
  }
});

test('a row that is refused leaves no trace', async () => {
  for (const format of ['binary', 'text'] as const) {
    const encoder = await encoderFor(planOf(columns, { format }));
    encoder.encodeRow(viewOf([1n, 'a']));
    assert.throws(() => encoder.encodeRow(viewOf([2n, Buffer.from('b')])));
    assert.throws(() => encoder.encodeRow(viewOf([3n, SENTINEL])));
    encoder.encodeRow(viewOf([4n, 'd']));
    const copy = Buffer.from(encoder.finish());
    const wanted = await encodeAll(planOf(columns, { format }), [
      [1n, 'a'],
      [4n, 'd'],
    ]);
    assert.deepEqual(copy, wanted.copy);
    assert.deepEqual(encoder.result(), wanted.result);
  }
});

test('the null sentinel as a value stops the run, unless binary format is allowed to let it through', async () => {
  for (const format of ['binary', 'text'] as const) {
    for (const allowSentinel of [false, true]) {
      const table = planOf(columns, { format, key: [0, 1] });
      const encoder = await createRowEncoder({ table, sentinel: 'nil', allowSentinel, blockBytes: 1024 });
      const encode = (): void => encoder.encodeRow(viewOf([5n, 'nil']));
      if (format === 'binary' && allowSentinel) assert.doesNotThrow(encode);
      else
        assert.throws(encode, {
          code: 'data.sentinel',
          table: 'Sample',
          column: 'name',
          key: "id=5, name='nil'",
          exitCode: 23,
        });
      encoder.encodeRow(viewOf([6n, 'nil ']));
      encoder.encodeRow(viewOf([7n, null]));
    }
  }
});

test('in text format no field of any kind may look like the sentinel on the wire', async () => {
  const encoderOf = (sentinel: string) =>
    createRowEncoder({ table: planOf(columns, { format: 'text' }), sentinel, allowSentinel: true, blockBytes: 1024 });
  const numeric = await encoderOf('12');
  assert.throws(() => numeric.encodeRow(viewOf([12n, 'a'])), { code: 'data.sentinel', column: 'id' });
  const escaped = await encoderOf('\\N');
  assert.throws(() => escaped.encodeRow(viewOf([1n, '\\N'])), { code: 'data.sentinel', column: 'name' });
  escaped.encodeRow(viewOf([1n, 'N']));
});

test('a sentinel that cannot serve is refused', async () => {
  for (const sentinel of ['a\tb', '\\.', 'x\\', 'a\nb']) {
    const options = { table: planOf(columns, { format: 'text' }), sentinel, allowSentinel: false, blockBytes: 1024 };
    await assert.rejects(createRowEncoder(options), { code: 'usage.sentinel', exitCode: 2 });
  }
  const empty = { table: planOf(columns), sentinel: '', allowSentinel: false, blockBytes: 1024 };
  await assert.rejects(createRowEncoder(empty), { code: 'usage.sentinel' });
});
