import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { convertedCells } from '../../../src/copy/converted-tally.js';
import { changedColumns } from '../../../src/copy/quarantine-copy.js';
import { storageLetters, quarantineCell } from '../../../src/encode/policy/quarantined-cells.js';
import { Screen } from '../../../src/encode/policy/screen.js';
import { createRowEncoder } from '../../../src/encode/row/row-encoder.js';
import { isRecomputed } from '../../../src/lib/recomputed.js';
import type { ConvertedCells } from '../../../src/model/copy.js';
import { CopierError } from '../../../src/model/error.js';
import type { Kind } from '../../../src/model/kind.js';
import type { TablePlan } from '../../../src/model/plan.js';
import type { Policies } from '../../../src/model/rules.js';
import type { RowView, SqliteValue } from '../../../src/model/value.js';
import { textOfReal } from '../../../src/source/verify/real-text.js';
import { quarantinedBatches } from '../../../src/verify/quarantined-batches.js';
import type { AppliedRule } from '../../../src/verify/rules/recompute.js';
import { visitRows } from '../../../src/verify/rows.js';
import { runCount } from '../../support/run-count.js';
import { planOf, SENTINEL, viewOf } from '../sample.js';

const runs = { numRuns: runCount({ usual: 3000, full: 100_000 }) };

const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max });
const twoOf = (max: number) => fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'));
const clock = fc.tuple(twoOf(24), twoOf(59), twoOf(60)).map((parts) => parts.join(':'));
const day = fc
  .tuple(fc.constantFrom('1969', '1970', '2024', '9999', '0001'), twoOf(12), twoOf(31))
  .map((p) => p.join('-'));
const offset = fc.constantFrom('', '', 'Z', '+02:00', ' +0000 UTC', '-07', ' BC');
const stamps = fc
  .tuple(day, fc.constantFrom(' ', 'T'), clock, fc.constantFrom('.', ','), digits(12), offset)
  .map((parts) => parts.join(''));
const times = fc.tuple(clock, digits(9)).map((parts) => parts.join('.'));
const ctime = digits(9).map((fraction) => `Mon Jan  2 15:04:05.${fraction} 2006`);
const numbers = fc
  .tuple(
    fc.constantFrom('', '-', '+', ' '),
    digits(17),
    fc.constantFrom('.', '.', ''),
    digits(17),
    fc.constantFrom('', '', 'e2'),
  )
  .map((parts) => parts.join(''));
const json = fc.constantFrom('{"a":"x\\u0000y"}', '["\\\\u0000"]', '"\\\\\\u0000"', '{', '[1]', '"\\ud800"');
const words = fc.string({ unit: fc.constantFrom('a', 'ä', '€', '😀', '\0', ' ', '1'), maxLength: 9 });
const texts = fc.oneof(
  stamps,
  times,
  ctime,
  numbers,
  json,
  words,
  fc.constantFrom('x41', '\\xCAFE', 'AP8=', 'AP8\n', 'true', SENTINEL),
);
const values: fc.Arbitrary<SqliteValue> = fc.oneof(
  { weight: 4, arbitrary: texts },
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1_800_000_000_000n, max: 1_800_000_000_000n }),
  fc.double({ noNaN: true }),
  fc.double({ min: -3000, max: 3000, noNaN: true }),
  fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 1000),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  words.map((word) => Buffer.from(word)),
  fc.constant(null),
);

const kinds: readonly Kind[] = [
  { tag: 'text', maxChars: 3 },
  { tag: 'text', maxChars: null },
  { tag: 'char', chars: 3 },
  { tag: 'bytea' },
  { tag: 'json', refusesNul: true },
  { tag: 'jsonb' },
  { tag: 'bool' },
  { tag: 'float4' },
  { tag: 'float8' },
  { tag: 'int2' },
  { tag: 'numeric', precision: 6, scale: 2 },
  { tag: 'numeric', precision: 20, scale: 0 },
  { tag: 'numeric', precision: 30, scale: 12 },
  { tag: 'time', precision: 0 },
  { tag: 'time', precision: 3 },
  ...(['s', 'ms', 'us', 'ns', 'days', 'julian', 'ticks', 'cocoa'] as const).flatMap((unit): Kind[] => [
    { tag: 'timestamp', precision: 0, unit },
    { tag: 'timestamptz', precision: 3, unit, realUnit: 's' },
    { tag: 'timestamptz', precision: 6, unit, zone: 'Europe/Berlin' },
  ]),
  { tag: 'uuid' },
  { tag: 'enum', labels: ['a', 'true'] },
  { tag: 'date' },
];

const rule = (...names: string[]) => fc.constantFrom(...names).map((convert) => ({ convert }));
const policies: fc.Arbitrary<Policies> = fc
  .record(
    {
      nul_byte: rule('strip', 'escape'),
      json_nul: rule('strip'),
      too_long: rule('truncate'),
      inexact: rule('round', 'round-half-even', 'truncate'),
      precision_loss: rule('round', 'truncate'),
      not_a_bool: rule('nonzero'),
      text_in_blob: rule('utf8', 'hex', 'base64'),
      blob_in_text: rule('utf8', 'hex', 'base64'),
      no_such_time: rule('earlier', 'later'),
      ambiguous_time: rule('earlier', 'later'),
      numeric_overflow: fc.constant({ convert: 'default', value: '1.5' }),
      '*': fc.constantFrom('fail' as const, { convert: 'null' }),
    },
    { requiredKeys: [] },
  )
  .map((all) => all as Policies);

type Outcome =
  | { readonly tag: 'refused' }
  | {
      readonly tag: 'sent';
      readonly copy: string;
      readonly rules: readonly string[];
      readonly losses: readonly unknown[];
    };

/** The row-by-row way: every value is screened, and changed where it does not fit. */
async function slow(table: Omit<TablePlan, 'chunks'>, view: RowView): Promise<[Outcome, RowView]> {
  const encoder = await createRowEncoder({ table, sentinel: SENTINEL, allowSentinel: false, blockBytes: 4096 });
  const policyOf = (column: number | null, hazard: string) => {
    const own = table.columns[column ?? -1]?.policies ?? {};
    return own[hazard] ?? own['*'] ?? 'fail';
  };
  try {
    const screened = new Screen({ table, policyOf, encode: (row) => encoder.encodeRow(row) }).take(view, []);
    if (screened.tag === 'refused') return [{ tag: 'refused' }, view];
    const marks = screened.tag === 'converted' ? screened.marks : [];
    const rules = marks.map(({ hazard, rule: name }) => `${hazard} ${name}`).sort();
    return [
      { tag: 'sent', copy: encoder.finish().toString('hex'), rules, losses: sorted(convertedCells(table, marks)) },
      screened.tag === 'converted' ? screened.view : view,
    ];
  } catch (error) {
    if (!(error instanceof CopierError)) throw error;
    return [{ tag: 'refused' }, view];
  }
}

async function fast(table: Omit<TablePlan, 'chunks'>, view: RowView, converts: 'cells' | 'rows') {
  const encoder = await createRowEncoder({
    table,
    sentinel: SENTINEL,
    allowSentinel: false,
    blockBytes: 4096,
    converts,
  });
  try {
    encoder.encodeRow(view);
  } catch (error) {
    if (!(error instanceof CopierError)) throw error;
    return { outcome: { tag: 'refused' } as const, row: null };
  }
  const row = encoder.convertedRow();
  const copy = encoder.finish().toString('hex');
  const { converted } = encoder.result();
  const counted = converted.flatMap(({ hazard, rule: name, cells }) => Array(cells).fill(`${hazard} ${name}`));
  return { outcome: { tag: 'sent', copy, rules: counted.sort(), losses: sorted(converted) } as const, row };
}

function sorted(converted: readonly ConvertedCells[]): readonly ConvertedCells[] {
  return [...converted].sort((a, b) => (`${a.hazard} ${a.rule}` < `${b.hazard} ${b.rule}` ? -1 : 1));
}

const cellOf = (view: RowView) => ({ storage: storageLetters(view)[1] ?? '', cell: quarantineCell(view, 1) });

async function rowHash(
  table: Omit<TablePlan, 'chunks'>,
  view: RowView,
  rules: readonly AppliedRule[],
): Promise<string> {
  const original = { storage: storageLetters(view), cells: [0, 1].map((index) => quarantineCell(view, index)) };
  const rows = (async function* () {
    yield { original, changed: null };
  })();
  let hash = '';
  const options = { columnCount: 2, form: 'original', textOfReal } as const;
  await visitRows(quarantinedBatches(rows, options), { ...table, rules }, { side: 'source' }, ({ cells }) => {
    hash = cells.bytes.toString('hex', 0, cells.length);
  });
  return hash;
}

test('what rules make of a value on its way is what they make of it row by row, and what the verifier works out', async () => {
  const seen = { refused: 0, plain: 0, converted: 0, proven: 0 };
  const property = fc.asyncProperty(fc.constantFrom(...kinds), values, policies, async (kind, value, own) => {
    const plan = planOf([
      { name: 'id', type: 'integer', kind: { tag: 'int4' } },
      { name: 'v', type: '', kind },
    ]);
    const table = {
      ...plan,
      columns: plan.columns.map((column, i) => (i === 1 ? { ...column, policies: own } : column)),
    };
    const view = viewOf([1n, value]);
    const [reference, sent] = await slow(table, view);
    const cells = await fast(table, view, 'cells');
    const rows = await fast(table, view, 'rows');
    assert.deepEqual(rows.outcome, cells.outcome);
    if (reference.tag === 'refused') {
      // What the server alone refuses goes the fast way up to the server.
      if (cells.outcome.tag === 'sent') assert.deepEqual(cells.outcome.rules, []);
      seen.refused += 1;
      return;
    }
    const isOfServer = reference.rules.some((name) => /^(not_json|invalid_utf8|nul_byte|json_nul)/.test(name));
    const isLeft = cells.outcome.tag === 'refused' || (cells.outcome.rules.length === 0 && isOfServer);
    if (isOfServer && isLeft) return;
    assert.deepEqual(cells.outcome, reference);
    if (reference.rules.length === 0) {
      seen.plain += 1;
      return;
    }
    seen.converted += 1;
    assert.ok(rows.row !== null);
    assert.deepEqual(changedColumns(rows.row.marks), [1]);
    assert.deepEqual(cellOf(rows.row.view), cellOf(sent));
    const applied = reference.rules.map((name) => {
      const [hazard = '', ruleName = ''] = name.split(' ');
      return { column: 'v', hazard, rule: ruleName };
    });
    if (!applied.every(isRecomputed)) return;
    seen.proven += 1;
    const expected = await rowHash(table, sent, []);
    assert.equal(await rowHash(table, view, applied), expected);
    // What was made of a value stays as it is under the same rules.
    assert.equal(await rowHash(table, sent, applied), expected);
  });
  await fc.assert(property, runs);
  assert.ok(
    Object.values(seen).every((count) => count > 20),
    JSON.stringify(seen),
  );
});
