import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainRow } from '../../../src/encode/value/explain.js';
import type { Kind } from '../../../src/model/kind.js';
import type { RowView } from '../../../src/model/value.js';
import { withDatabase } from '../../support/database.js';
import { planOf, viewOf } from '../sample.js';
import { runCount } from '../../support/run-count.js';

function planFor(kind: Kind) {
  return planOf([
    { name: 'id', type: 'integer', kind: { tag: 'int4' } },
    { name: 'v', type: '', kind },
  ]);
}

/** A row whose second value is TEXT of these bytes, valid or not. */
function textView(bytes: Buffer): RowView {
  const view = viewOf([5n, bytes]);
  view.storage[1] = 4;
  return view;
}

const text: Kind = { tag: 'text', maxChars: null };

const rows: readonly [Kind, Buffer | string, string, RegExp][] = [
  [text, Buffer.from('6162ff63', 'hex'), 'data.invalid_utf8', /invalid UTF-8 at byte 2 \(hex ff63\)/],
  [text, Buffer.from('61c0af', 'hex'), 'data.invalid_utf8', /byte 1 /],
  [text, Buffer.from('eda080', 'hex'), 'data.invalid_utf8', /byte 0 /],
  [text, 'ab\0c', 'data.nul_byte', /NUL byte at byte 2/],
  [{ tag: 'json' }, "{'a': 1}", 'data.not_json', /not JSON/],
  [{ tag: 'jsonb' }, '', 'data.not_json', /not JSON: ''/],
  [{ tag: 'jsonb' }, '[1', 'data.not_json', /not JSON \(it ends too soon\): '\[1'/],
  [{ tag: 'jsonb' }, '{"é": [1, 2}', 'data.not_json', /not JSON at byte 12/],
  [{ tag: 'jsonb' }, '{"é": [1e9, 1e200000]}', 'data.out_of_range', /a number at byte 13 that numeric/],
  [{ tag: 'jsonb' }, '{"é": "x\\u0000"}', 'data.json_nul', /\\u0000 at byte 9/],
  [{ tag: 'jsonb' }, '"\\ud800x"', 'data.not_json', /surrogate/],
  [{ tag: 'text', maxChars: 2 }, 'éàè', 'data.too_long', /3 characters do not fit into 2/],
];

for (const [kind, value, code, message] of rows) {
  test(`${JSON.stringify(value.toString('latin1' as never))} in ${JSON.stringify(kind)} is explained as ${code}`, () => {
    const error = explainRow(planFor(kind), textView(Buffer.from(value as string)));
    assert.equal(error?.code, code);
    assert.match(error?.message ?? '', message);
    assert.deepEqual([error?.table, error?.column, error?.key], ['Sample', 'v', 'id=5']);
  });
}

test('what PostgreSQL takes is not complained of', () => {
  assert.equal(explainRow(planFor({ tag: 'json' }), textView(Buffer.from('"\\u0000\\ud800"'))), null);
  assert.equal(explainRow(planFor({ tag: 'jsonb' }), textView(Buffer.from('"\\\\u0000 \\ud83d\\ude00"'))), null);
  assert.equal(explainRow(planFor({ tag: 'bytea' }), viewOf([5n, Buffer.from([0xff, 0])])), null);
});

test('bytes are invalid for us exactly where they are for the server', async () => {
  const piece = fc.constantFrom(
    '41',
    'c3a9',
    'e6bca2',
    'f09f9880',
    '80',
    'c0',
    'c1',
    'c2',
    'e0',
    'ed',
    'a0',
    '9f',
    '8f',
    '90',
    'f0',
    'f4',
    'f5',
    'ff',
    'bf',
  );
  const samples = fc
    .sample(fc.array(piece, { maxLength: 5 }), runCount({ usual: 1_000, full: 20_000 }))
    .map((parts) => Buffer.from(parts.join(''), 'hex'));
  await withDatabase(async (_url, client) => {
    const accepts = async (sql: string, value: unknown): Promise<boolean> =>
      await client.query(sql, [value]).then(
        () => true,
        () => false,
      );
    for (const bytes of samples) {
      const isTaken = await accepts("SELECT convert_from($1::bytea, 'UTF8')", bytes);
      assert.equal(explainRow(planFor(text), textView(bytes)) === null, isTaken, bytes.toString('hex'));
    }
  });
});

test('text is JSON for us exactly where it is for the server', async () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '1',
    '-',
    '.',
    'e5',
    '0',
    'true',
    'nul',
    'l',
    ' ',
    '\n',
    '\\',
    'u0041',
    'u0000',
    'ud83d',
    'ude00',
    'n',
    'x',
    '\t',
    '"a":',
  );
  const strings = fc.array(
    fc.constantFrom('\\u0041', '\\u0000', '\\ud83d', '\\ude00', '\\n', '\\\\', '\\x', 'u0000', '\t', 'é'),
    { maxLength: 4 },
  );
  const numbers = fc
    .tuple(
      fc.constantFrom('', '-', '["1e999999", ', '[1, '),
      fc.constantFrom('0', '1', '-0.00', '0.001', '12.5', `1${'0'.repeat(16_383)}`, `0.${'0'.repeat(16_383)}`),
      fc.constantFrom(
        '',
        '0',
        'e131070',
        'E+131071',
        'e131072',
        'e-16382',
        'e-16383',
        'e-16384',
        'e200000',
        'e-200000',
      ),
      fc.constantFrom('', '', '', '0', '9999', '99999'),
      fc.constantFrom('', ']', ', "1e5"]'),
    )
    .map((parts) => parts.join(''));
  const texts = fc.oneof(
    numbers,
    fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
    strings.map((parts) => `"${parts.join('')}"`),
    fc.json(),
  );
  const samples = fc.sample(texts, runCount({ usual: 500, full: 10_000 }));
  await withDatabase(async (_url, client) => {
    for (const tag of ['json', 'jsonb'] as const) {
      for (const sample of samples) {
        const isTaken = await client.query(`SELECT $1::text::${tag}`, [sample]).then(
          () => true,
          () => false,
        );
        assert.equal(explainRow(planFor({ tag }), textView(Buffer.from(sample))) === null, isTaken, `${tag} ${sample}`);
      }
    }
  });
});
