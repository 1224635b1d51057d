import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainValues } from '../../src/shadow/explain-values.js';

/** Values as verify shows them, and what must come to mind. */
const rows: readonly (readonly [source: string, target: string, why: RegExp | null])[] = [
  ['NULL', `''`, /NULL has become an empty text/],
  [`''`, 'NULL', /an empty text has become NULL/],
  ['NULL', '5', /NULL has become a value/],
  [`'a'`, 'NULL', /a value has become NULL/],
  ['2024-02-29 12:00:00', '2024-02-29 13:00:00', /exactly 1 h apart/],
  ['2024-02-29 12:00:00', '2024-02-29 17:30:00', /exactly 5.5 h apart/],
  ['2024-02-29 12:00:00.123', '2024-02-29 12:00:00', /123 ms apart/],
  [`'2024-02-29T12:00:00Z'`, `'2024-02-29 12:00:00'`, /the same moment/],
  ['2024-02-29 12:00:00', '2025-02-28 12:34:00', null],
  ['1', 'true', /boolean form/],
  ['3', '3.5', /integer division/],
  ['0', '-0', /sign of zero/],
  ['9007199254740993', '9007199254740992', /beyond 2\^53/],
  ['0.1', '0.10000000000000002', /last bits/],
  ['5', '6', null],
  [`'a'`, `'a '`, /white space at the end/],
  [`'caf\\u{e9}'`, `'cafe\\u{301}'`, /Unicode normal form/],
  [`'abc'`, `'ABC'`, /upper and lower case/],
  [`'{"a":1,"b":[2]}'`, `'{"b": [2], "a": 1}'`, /the same JSON/],
  [`'abcdef'`, `'abc'`, /cut off after 3 characters/],
  [`'it''s'`, `'it'`, /cut off after 2 characters/],
  [`'abc'`, `'xyz'`, null],
];

for (const [source, target, why] of rows) {
  test(`${source} against ${target}: ${why === null ? 'nothing comes to mind' : why.source}`, () => {
    const told = explainValues(source, target);
    if (why === null) assert.equal(told, null);
    else assert.match(told ?? '', why);
  });
}
