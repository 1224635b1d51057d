import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeginMoment, readWrittenMoment } from '../../../src/lib/time/written-moment.js';

test('whatever is read as a written moment begins as one may, and a JSON text does not', () => {
  const days = ['Sun', 'Monday', 'TUE', 'wed', 'Thu', 'FRIDAY', 'sat'];
  const forms = [
    '2024-02-29 12:00:00.5 +0100 CET',
    '2024/2/9 1:02',
    '20240229T120000Z',
    '29 Feb 2024',
    ...days.flatMap((day) => [
      `${day}, 29 Feb 2024 12:00:00 GMT`,
      `${day} Feb 29 12:00:00 2024`,
      `${day} Feb 29 2024 12:00:00 GMT+0100`,
    ]),
  ];
  let read = 0;
  // Every byte that may stand before a form or as its first character.
  for (const form of forms)
    for (let byte = 0; byte < 256; byte += 1)
      for (const text of [String.fromCharCode(byte) + form, String.fromCharCode(byte) + form.slice(1)]) {
        // A byte of more than seven bits begins a character of UTF-8, which no form has.
        if (byte > 0x7f || readWrittenMoment(text) === null) continue;
        read += 1;
        assert.ok(mayBeginMoment(byte), JSON.stringify(text));
      }
  assert.ok(read > 2 * forms.length);
  for (const other of ['{', '[', '"', 'a', '-', 'é']) assert.ok(!mayBeginMoment(Buffer.from(other)[0] ?? 0), other);
});
