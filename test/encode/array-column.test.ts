import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalEncoder } from '../../src/encode/column/literal-column.js';
import { Block } from '../../src/encode/row/block.js';

const encoder = literalEncoder({ tag: 'array' });

function written(text: string): string {
  const out = new Block(64);
  const bytes = Buffer.from(text, 'utf8');
  encoder.text(out, bytes, 0, bytes.length);
  return out.bytes.toString('utf8', 0, out.length);
}

test('what array_in would not begin to read is refused before it is sent', () => {
  for (const text of ['1,2,10', 'a,b', '', '  ', 'x{1}', '\u00a0{1}'])
    assert.throws(() => written(text), { code: 'data.not_an_array' }, JSON.stringify(text));
  for (const write of [
    () => encoder.integer(new Block(64), 5),
    () => encoder.real(new Block(64), 1.5),
    () => encoder.wide(new Block(64), 5n),
  ])
    assert.throws(write, { code: 'data.not_an_array' });
});

test('arrays go to the server as they are, JSON arrays in its own form', () => {
  assert.equal(written('{1,2}'), '{1,2}');
  assert.equal(written(' \n\t{a}'), ' \n\t{a}');
  assert.equal(written('[0:1]={1,2}'), '[0:1]={1,2}');
  assert.equal(written('[1, "a b"]'), '{1,"a b"}');
});
