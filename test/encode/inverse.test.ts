import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameValue } from '../../src/encode/inverse/form.js';
import { CellWriter } from '../../src/encode/inverse/inverse.js';
import { createPrinter } from '../../src/encode/inverse/printed.js';
import type { Kind } from '../../src/model/kind.js';
import type { Affinity } from '../../src/model/source.js';
import type { SqliteValue } from '../../src/model/value.js';
import { runCount } from '../support/run-count.js';

/*
 * With a server, test/values/property.test.ts brings random values there and back. Here are the forms that applications
 * use, and which of them a new value takes.
 */

interface Case {
  readonly kind: Kind;
  /** Cells that the column holds. */
  readonly cells: readonly SqliteValue[];
  /** What PostgreSQL prints of new values, and the cells for them; undefined where there is none. */
  readonly back: readonly (readonly [printed: string, cell: SqliteValue | undefined])[];
}

const ms = { tag: 'timestamp', precision: 3, unit: 'ms' } as const;
const moment = { tag: 'timestamptz', precision: 6, unit: 'ms' } as const;

const cases: Readonly<Record<string, Case>> = {
  'milliseconds of Prisma': {
    kind: ms,
    cells: [1_735_689_600_123n],
    back: [
      ['2025-01-01 00:00:00.123', 1_735_689_600_123n],
      ['1969-12-31 23:59:59.999', -1n],
      // A microsecond has no cell among milliseconds.
      ['2025-01-01 00:00:00.000001', undefined],
      ['infinity', undefined],
    ],
  },
  'texts with more digits than the target keeps, where the copy rounds': {
    kind: { ...moment, precision: 0 },
    cells: ['2026-11-28 10:57:20.726'],
    back: [['2026-11-28 10:57:21+00', '2026-11-28 10:57:21.000']],
  },
  'numbers with more digits than the target keeps, where the copy rounds': {
    kind: { tag: 'numeric', precision: 6, scale: 1 },
    cells: [1.25],
    back: [['1.5', 1.5]],
  },
  'texts of toISOString': {
    kind: moment,
    cells: ['2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.120Z', 5n],
    back: [
      ['2025-01-01 00:00:00+00', '2025-01-01T00:00:00.000Z'],
      ['2025-01-01 00:00:00.5+00', '2025-01-01T00:00:00.500Z'],
      ['2025-01-01 00:00:00.123456+00', '2025-01-01T00:00:00.123456Z'],
      ['0044-03-15 00:00:00+00 BC', '-000043-03-15T00:00:00.000Z'],
      ['12024-01-01 00:00:00+00', '+012024-01-01T00:00:00.000Z'],
      ['-infinity', '-infinity'],
    ],
  },
  CURRENT_TIMESTAMP: {
    kind: ms,
    cells: ['2024-02-29 12:00:00'],
    back: [
      ['2025-01-01 00:00:00', '2025-01-01 00:00:00'],
      ['2025-01-01 00:00:00.25', '2025-01-01 00:00:00.250'],
    ],
  },
  'texts with an offset': {
    kind: moment,
    cells: ['2024-02-29T12:00:00+02:00'],
    back: [['2024-12-31 23:00:00+00', '2025-01-01T01:00:00+02:00']],
  },
  'local time of a zone': {
    kind: { ...moment, zone: 'Europe/Berlin' },
    cells: ['2024-02-29 12:00:00'],
    back: [
      ['2025-07-01 10:00:00+00', '2025-07-01 12:00:00'],
      // The clocks of Berlin show 02:30 twice on this night.
      ['2024-10-27 00:30:00+00', undefined],
    ],
  },
  'milliseconds that the target shows as local time': {
    kind: { ...ms, targetZone: 'Europe/Berlin' },
    cells: [1_719_828_000_000n],
    back: [
      ['2024-07-01 14:00:00', 1_719_835_200_000n],
      // Drivers read the first of two such hours.
      ['2024-10-27 02:30:00', 1_729_989_000_000n],
      ['2024-03-31 02:30:00', undefined],
    ],
  },
  'texts of UTC that the target shows as local time': {
    kind: { ...ms, targetZone: 'Europe/Berlin' },
    cells: ['2024-02-29 12:00:00'],
    back: [['2024-07-01 14:00:00', '2024-07-01 12:00:00']],
  },
  'local texts of the zone that the target shows': {
    kind: { ...ms, zone: 'Europe/Berlin', targetZone: 'Europe/Berlin' },
    cells: ['2024-02-29 12:00:00', '2024-02-29T12:00:00Z'],
    back: [['2024-10-27 02:30:00', '2024-10-27 02:30:00']],
  },
  'uuids as .NET writes them': {
    kind: { tag: 'uuid', bytes: 'dotnet' },
    cells: [Buffer.from('5bad8f0fcbd99f46a16570867728950e', 'hex')],
    back: [['0f8fad5b-d9cb-469f-a165-70867728950e', Buffer.from('5bad8f0fcbd99f46a16570867728950e', 'hex')]],
  },
  'seconds as reals': {
    kind: { ...moment, unit: 's' },
    cells: [1_700_000_000.25],
    back: [
      ['2023-11-14 22:13:20.5+00', 1_700_000_000.5],
      ['2023-11-14 22:13:20+00', 1_700_000_000],
    ],
  },
  'days of a calendar': {
    kind: { tag: 'date', unit: 'YYYYMMDD' },
    cells: [20_240_229n],
    back: [['2025-01-01', 20_250_101n]],
  },
  dates: { kind: { tag: 'date' }, cells: ['2024-02-29'], back: [['2025-01-01', '2025-01-01']] },
  midnights: {
    kind: { tag: 'date' },
    cells: ['2024-02-29T00:00:00.000Z'],
    back: [['2025-01-01', '2025-01-01T00:00:00.000Z']],
  },
  'times of day': {
    kind: { tag: 'time', precision: 6 },
    cells: ['12:30'],
    back: [
      ['08:15:00', '08:15'],
      ['08:15:30', '08:15:30.000'],
    ],
  },
  'whole numbers': { kind: { tag: 'int8' }, cells: [1n], back: [['9007199254740993', 9_007_199_254_740_993n]] },
  'whole numbers as reals': {
    kind: { tag: 'int8' },
    cells: [1],
    back: [
      ['5', 5],
      ['9007199254740993', undefined],
    ],
  },
  'decimals as reals': {
    kind: { tag: 'numeric', precision: 20, scale: 2 },
    cells: [1.5],
    back: [
      ['19.90', 19.9],
      ['123456789012345678.90', undefined],
    ],
  },
  'decimals as texts': {
    kind: { tag: 'numeric', precision: 20, scale: 2 },
    cells: ['1.50', '2.00'],
    back: [['123456789012345678.90', '123456789012345678.90']],
  },
  'decimals as short texts': {
    kind: { tag: 'numeric', precision: 20, scale: 2 },
    cells: ['1.5', '2'],
    back: [
      ['19.90', '19.9'],
      ['100.00', '100'],
    ],
  },
  truths: {
    kind: { tag: 'bool' },
    cells: [1n],
    back: [
      ['t', 1n],
      ['f', 0n],
    ],
  },
  'truths of Rails': {
    kind: { tag: 'bool' },
    cells: ['f'],
    back: [
      ['t', 't'],
      ['f', 'f'],
    ],
  },
  'truths as words': {
    kind: { tag: 'bool' },
    cells: ['TRUE'],
    back: [
      ['t', 'TRUE'],
      ['f', 'FALSE'],
    ],
  },
  uuids: {
    kind: { tag: 'uuid' },
    cells: ['0F8FAD5B-D9CB-469F-A165-70867728950E'],
    back: [['7c9e6679-7425-40de-944b-e07fc1f90ae7', '7C9E6679-7425-40DE-944B-E07FC1F90AE7']],
  },
  'uuids as bytes': {
    kind: { tag: 'uuid' },
    cells: [Buffer.alloc(16, 1)],
    back: [['7c9e6679-7425-40de-944b-e07fc1f90ae7', Buffer.from('7c9e6679742540de944be07fc1f90ae7', 'hex')]],
  },
  'JSON of JavaScript': {
    kind: { tag: 'jsonb' },
    cells: ['{"a":[1,2]}'],
    back: [['{"b": "x: y, z", "c": [1, {"d": null}]}', '{"b":"x: y, z","c":[1,{"d":null}]}']],
  },
  'JSON of Python': { kind: { tag: 'jsonb' }, cells: ['{"a": [1, 2]}'], back: [['{"b": [1, 2]}', '{"b": [1, 2]}']] },
  'JSON in lines': {
    kind: { tag: 'jsonb' },
    cells: [JSON.stringify({ z: [1, { a: '{,:"[' }], e: {}, f: [] }, null, 2)],
    back: [
      ['{"b": [1, "]:,"], "c": {}, "d": 1e400}', '{\n  "b": [\n    1,\n    "]:,"\n  ],\n  "c": {},\n  "d": 1e400\n}'],
    ],
  },
  'JSON set by hand': {
    kind: { tag: 'jsonb' },
    cells: ['{ "a" :[1,   2] }'],
    back: [['{"b": [1, 2]}', '{"b":[1,2]}']],
  },
  blobs: { kind: { tag: 'bytea' }, cells: [Buffer.from('a')], back: [['\\x00ff', Buffer.from([0, 255])]] },
  'blobs of texts': {
    kind: { tag: 'bytea' },
    cells: ['a'],
    back: [
      ['\\xc3a9', 'é'],
      ['\\x00ff', Buffer.from([0, 255])],
    ],
  },
  char: { kind: { tag: 'char', chars: 4 }, cells: ['ab'], back: [['cd  ', 'cd']] },
  'numbers as texts': {
    kind: { tag: 'text', maxChars: null },
    cells: [12n],
    back: [
      ['13', 13n],
      ['013', '013'],
      ['x', 'x'],
    ],
  },
  'JSON arrays': {
    kind: { tag: 'literal', form: { tag: 'array' } },
    cells: ['["a"]'],
    back: [['{a,"b \\"c\\"",NULL,7,true}', '["a","b \\"c\\"",null,"7","true"]']],
  },
  'JSON arrays of what looks like numbers, in texts': {
    kind: { tag: 'literal', form: { tag: 'array' } },
    cells: ['[1, "1"]', '[]'],
    back: [['{a,7}', '["a",7]']],
  },
  'JSON arrays of decimals as texts': {
    kind: { tag: 'literal', form: { tag: 'array', elements: 'numbers' } },
    cells: ['["1.50"]'],
    back: [['{1.5,NULL}', '["1.5",null]']],
  },
  'JSON arrays without an element': {
    kind: { tag: 'literal', form: { tag: 'array', elements: 'numbers' } },
    cells: ['[]', '[null]'],
    back: [['{{1,2e5},{NaN,-3}}', '[[1,2e5],["NaN",-3]]']],
  },
  'JSON arrays of truths': {
    kind: { tag: 'literal', form: { tag: 'array', elements: 'truths' } },
    cells: ['[true]'],
    back: [['{t,f,NULL}', '[true,false,null]']],
  },
  'JSON arrays of digits for truths': {
    kind: { tag: 'literal', form: { tag: 'array', elements: 'truths' } },
    cells: ['[1,0]'],
    back: [['{t,f,NULL}', '[1,0,null]']],
  },
  'intervals in seconds': {
    kind: { tag: 'literal', form: { tag: 'interval', digits: 6, unit: 's' } },
    cells: [90n],
    back: [
      ['00:02:05', 125n],
      ['-01:00:00', -3600n],
      ['1 mon', undefined],
    ],
  },
  'a form of its own': {
    kind: ms,
    cells: ['Thu, 29 Feb 2024 12:00:00 GMT'],
    back: [['2025-01-01 00:00:00', undefined]],
  },
  'an empty column': { kind: ms, cells: [null], back: [['2025-01-01 00:00:00', '2025-01-01T00:00:00.000Z']] },
};

function writerOf(kind: Kind, affinity: Affinity = 'numeric', declaredType = ''): CellWriter {
  return new CellWriter({ kind, affinity, declaredType });
}

for (const [name, { kind, cells, back }] of Object.entries(cases)) {
  test(`comes back in the form of its column: ${name}`, () => {
    const writer = writerOf(kind);
    for (const cell of cells) writer.learn(cell);
    for (const [printed, cell] of back) assert.deepEqual(writer.write(printed), cell, printed);
  });
}

test('the form that most cells have is taken', () => {
  const writer = writerOf(ms);
  for (const cell of [1n, '2024-02-29 12:00:00', '2024-02-29 12:00:01', 2n, '2024-02-29 12:00:02']) writer.learn(cell);
  assert.equal(writer.write('2025-01-01 00:00:00'), '2025-01-01 00:00:00');
  assert.deepEqual(writer.forms, ['texts as YYYY-MM-DD HH:MM:SS', 'integers: milliseconds since 1970']);
});

test('a column without values takes the form of its declaration', () => {
  assert.equal(writerOf(ms, 'integer', 'BIGINT').write('2025-01-01 00:00:00'), 1_735_689_600_000n);
  assert.equal(writerOf(ms, 'text', 'TEXT').write('2025-01-01 00:00:00'), '2025-01-01T00:00:00.000Z');
  const id = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
  assert.equal(writerOf({ tag: 'uuid' }).write(id), id);
  assert.ok(Buffer.isBuffer(writerOf({ tag: 'uuid' }, 'blob', 'BLOB').write(id)));
});

const days = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const known: readonly (readonly [Kind, fc.Arbitrary<SqliteValue>])[] = [
  [ms, days.map((day) => BigInt(day.getTime()))],
  [moment, days.map((day) => day.toISOString())],
  [
    moment,
    days.map((day) =>
      day
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ''),
    ),
  ],
  [{ ...moment, unit: 's' }, days.map((day) => day.getTime() / 1000)],
  [{ ...moment, unit: 'julian' }, days.map((day) => (day.getTime() + 210_866_760_000_000) / 86_400_000)],
  [{ ...moment, unit: 'YYYYMMDDHHMISS' }, days.map((day) => BigInt(day.toISOString().replaceAll(/[-T:]|\..*/g, '')))],
  [{ tag: 'int8' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [{ tag: 'float8' }, fc.double({ noNaN: true })],
  [{ tag: 'float4' }, fc.float({ noNaN: true })],
  [
    { tag: 'numeric', precision: null, scale: null },
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }).filter((one) => one !== 0),
  ],
  [{ tag: 'text', maxChars: null }, fc.string({ unit: 'grapheme' })],
  [{ tag: 'uuid' }, fc.uuid()],
  [{ tag: 'bytea' }, fc.uint8Array().map((bytes) => Buffer.from(bytes))],
  [{ tag: 'jsonb' }, fc.json().map((text) => JSON.stringify(JSON.parse(text)))],
];

test('every value of a known form is written back as the same cell', () => {
  for (const [kind, cells] of known) {
    const printedAs = createPrinter(kind);
    fc.assert(
      fc.property(cells, (cell) => {
        const writer = writerOf(kind);
        writer.learn(cell);
        const printed = printedAs(cell);
        assert.ok(printed !== null && writer.unwritable === null, `${kind.tag}: ${String(cell)}`);
        const again = writer.write(printed);
        assert.ok(again !== undefined && isSameValue(again, cell), `${kind.tag}: ${String(cell)} is ${String(again)}`);
      }),
      { numRuns: runCount({ usual: 300, full: 20_000 }) },
    );
  }
});
