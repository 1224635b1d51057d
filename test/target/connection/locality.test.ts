import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalAddress } from '../../../src/target/connection/locality.js';

for (const [address, expected] of [
  [undefined, true],
  ['127.0.0.1', true],
  ['127.3.0.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['10.0.0.1', false],
  ['1127.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['fe80::1', false],
  ['2001:db8::1', false],
] as const) {
  test(`${address ?? 'a unix socket'} is ${expected ? '' : 'not '}on this machine`, () => {
    assert.equal(isLocalAddress(address), expected);
  });
}
