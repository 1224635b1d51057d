import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ColumnCensus } from '../../../src/model/census.js';
import type { Kind } from '../../../src/model/kind.js';
import type { SourceColumn } from '../../../src/model/source.js';
import type { TargetColumn } from '../../../src/model/target.js';
import { chooseKind } from '../../../src/plan/kinds/kinds.js';
import { plausibleReadings } from '../../../src/plan/kinds/time-reading.js';
import { readNumericTypmod } from '../../../src/plan/kinds/typmod.js';
import { columnCensus, counted, integers, sourceColumn, targetColumn } from '../fixtures.js';
import { runCount } from '../../support/run-count.js';

interface Given {
  readonly source?: Partial<SourceColumn>;
  readonly target: Partial<TargetColumn>;
  readonly census?: ColumnCensus;
  readonly isPrimaryKey?: boolean;
}

function choose({ source, target, census, isPrimaryKey }: Given) {
  return chooseKind({
    table: 't',
    source: sourceColumn(source),
    target: targetColumn(target),
    census: census ?? columnCensus(),
    isPrimaryKey: isPrimaryKey ?? false,
  });
}

function codes(given: Given): string[] {
  return choose(given).findings.map((one) => `${one.severity} ${one.code}`);
}

const kinds: readonly (readonly [Partial<TargetColumn>, Kind])[] = [
  [{ baseType: 'bool' }, { tag: 'bool' }],
  [{ baseType: 'int2' }, { tag: 'int2' }],
  [{ baseType: 'int4' }, { tag: 'int4' }],
  [{ baseType: 'int8' }, { tag: 'int8' }],
  [{ baseType: 'float4' }, { tag: 'float4' }],
  [{ baseType: 'float8' }, { tag: 'float8' }],
  [{ baseType: 'numeric' }, { tag: 'numeric', precision: null, scale: null }],
  [
    { baseType: 'numeric', typmod: ((10 << 16) | 2) + 4 },
    { tag: 'numeric', precision: 10, scale: 2 },
  ],
  [
    { baseType: 'numeric', typmod: ((5 << 16) | (-3 & 0x7ff)) + 4 },
    { tag: 'numeric', precision: 5, scale: -3 },
  ],
  [{ baseType: 'text' }, { tag: 'text', maxChars: null }],
  [{ baseType: 'citext' }, { tag: 'text', maxChars: null }],
  [{ baseType: 'name' }, { tag: 'text', maxChars: null, maxBytes: 63 }],
  [{ baseType: 'varchar' }, { tag: 'text', maxChars: null }],
  [
    { baseType: 'varchar', typmod: 14 },
    { tag: 'text', maxChars: 10 },
  ],
  [
    { baseType: 'bpchar', typmod: 9 },
    { tag: 'char', chars: 5 },
  ],
  [{ baseType: 'bpchar' }, { tag: 'text', maxChars: null }],
  [{ baseType: 'bytea' }, { tag: 'bytea' }],
  [{ baseType: 'uuid' }, { tag: 'uuid' }],
  [{ baseType: 'json' }, { tag: 'json' }],
  [{ baseType: 'jsonb' }, { tag: 'jsonb' }],
  [
    { baseType: 'Plan', typeClass: 'e', enumLabels: ['FREE', 'PRO'] },
    { tag: 'enum', labels: ['FREE', 'PRO'] },
  ],
  [{ baseType: 'date' }, { tag: 'date', unit: 's' }],
  [
    { baseType: 'time', typmod: 3 },
    { tag: 'time', precision: 3 },
  ],
  [{ baseType: 'timestamp' }, { tag: 'timestamp', precision: 6, unit: 's' }],
  [
    { baseType: 'timestamptz', typmod: 0 },
    { tag: 'timestamptz', precision: 0, unit: 's' },
  ],
];

test('each target type has its kind, with its limits from the type modifier', () => {
  for (const [target, kind] of kinds) assert.deepEqual(choose({ target }).kind, kind, JSON.stringify(target));
});

test('every other type is a literal', () => {
  const types = [
    'money',
    'interval',
    'timetz',
    'inet',
    'cidr',
    'macaddr',
    '_int4',
    'xml',
    'tsvector',
    'bit',
    'varbit',
    'oid',
    'point',
    'hstore',
  ];
  for (const baseType of types) assert.equal(choose({ target: { baseType } }).kind.tag, 'literal', baseType);
  for (const typeClass of ['c', 'r', 'm'])
    assert.equal(choose({ target: { baseType: 'text', typeClass } }).kind.tag, 'literal');
});

test('a numeric type modifier gives back the precision and scale that it was made of', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -1000, max: 1000 }), (precision, scale) => {
      assert.deepEqual(readNumericTypmod(((precision << 16) | (scale & 0x7ff)) + 4), { precision, scale });
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

const text = (parts: Partial<ColumnCensus>) => columnCensus({ texts: 3, charsMax: 4, bytesMax: 4, ...parts });
const blobs = columnCensus({ blobs: 2, bytesMax: 9 });
const reals = columnCensus({ reals: 1, realMin: 0.5, realMax: 0.5 });

const findings: readonly (readonly [Given, readonly string[]])[] = [
  [{ target: { baseType: 'int2' }, census: integers(-32768, 32767) }, []],
  [{ target: { baseType: 'int2' }, census: integers(0, 32768) }, ['error plan.out_of_range']],
  [{ target: { baseType: 'int4' }, census: integers(-2147483648, 2147483647) }, []],
  [{ target: { baseType: 'int4' }, census: integers(-2147483649, 0) }, ['error plan.out_of_range']],
  [{ target: { baseType: 'int8' }, census: integers(-(2n ** 63n), 2n ** 63n - 1n) }, []],
  [{ target: { baseType: 'int4' }, census: text({}) }, ['error plan.text_in_other']],
  [{ target: { baseType: 'int4' }, census: blobs }, ['error plan.blob_in_other']],
  [{ target: { baseType: 'int4' }, source: { affinity: 'integer' }, census: reals }, ['error plan.real_in_integer']],
  [{ target: { baseType: 'int4' }, source: { affinity: 'real' }, census: reals }, ['warning plan.real_in_integer']],
  [{ target: { baseType: 'float8' }, census: integers(0, 2n ** 53n + 1n) }, ['error plan.out_of_range']],
  [{ target: { baseType: 'float8' }, census: integers(0, 2n ** 60n) }, []],
  [{ target: { baseType: 'float4' }, census: integers(0, 2 ** 24 + 1) }, ['error plan.out_of_range']],
  [{ target: { baseType: 'float4' }, census: reals }, ['warning plan.real_in_float4']],
  [{ target: { baseType: 'numeric', typmod: ((4 << 16) | 2) + 4 }, census: integers(-99, 99) }, []],
  [
    { target: { baseType: 'numeric', typmod: ((4 << 16) | 2) + 4 }, census: integers(-100, 99) },
    ['error plan.out_of_range'],
  ],
  [{ target: { baseType: 'numeric' }, census: text({}) }, ['warning plan.text_in_number']],
  [{ target: { baseType: 'numeric' }, census: text({ emptyTexts: 1 }) }, ['error plan.text_in_other']],
  [{ target: { baseType: 'bool' }, census: integers(0, 1) }, []],
  [{ target: { baseType: 'bool' }, census: integers(0, 2) }, ['error plan.not_boolean']],
  [{ target: { baseType: 'bool' }, census: integers(-1, 1) }, ['error plan.not_boolean']],
  [{ target: { baseType: 'text' }, census: blobs }, ['error plan.blob_in_other']],
  [{ target: { baseType: 'text' }, census: integers(1, 2) }, []],
  [{ target: { baseType: 'varchar', typmod: 8 }, census: text({}) }, []],
  [{ target: { baseType: 'varchar', typmod: 7 }, census: text({}) }, ['error plan.too_long']],
  [{ target: { baseType: 'varchar', typmod: 7 }, census: integers(1, 1000) }, ['error plan.too_long']],
  [{ target: { baseType: 'bpchar', typmod: 7 }, census: text({}) }, ['error plan.too_long']],
  [{ target: { baseType: 'name' }, census: text({ bytesMax: 64 }) }, ['error plan.too_long']],
  [{ target: { baseType: 'bytea' }, census: text({}) }, ['error plan.text_in_other']],
  [{ target: { baseType: 'bytea' }, census: blobs }, []],
  [{ target: { baseType: 'uuid' }, census: blobs }, ['error plan.not_uuid']],
  [{ target: { baseType: 'uuid' }, census: integers(1, 1) }, ['error plan.integer_in_other']],
  [{ target: { baseType: 'jsonb' }, census: text({ emptyTexts: 1 }) }, ['error plan.empty_text']],
  [
    { target: { baseType: 'E', typeClass: 'e', enumLabels: ['a', 'bb'] }, census: text({}) },
    ['error plan.not_a_label'],
  ],
  [{ target: { baseType: 'E', typeClass: 'e', enumLabels: ['a', 'bbbb'] }, census: text({}) }, []],
  [{ target: { baseType: 'date' }, census: integers(1, 2) }, ['error plan.time_unit']],
  [{ target: { baseType: 'date' }, census: integers(1_600_000_000, 1_700_000_000) }, []],
  [{ target: { baseType: 'interval' }, census: integers(1, 2) }, ['error plan.time_unit']],
  [{ target: { baseType: 'interval' }, census: text({}) }, []],
  [{ target: { baseType: 'char' }, census: text({}) }, ['error plan.too_long']],
  [{ target: { baseType: 'oid' }, census: integers(-1, 2) }, ['error plan.out_of_range']],
  [{ target: { baseType: 'timestamp' }, census: text({}) }, []],
  [{ target: { baseType: 'timestamp' }, census: text({ emptyTexts: 2 }) }, ['error plan.empty_text']],
  [{ target: { baseType: 'timestamp' }, census: blobs }, ['error plan.blob_in_other']],
  [
    { target: { baseType: 'text', notNull: true }, census: columnCensus({ nulls: 1 }) },
    ['error plan.null_in_not_null'],
  ],
  [
    { target: { baseType: 'text' }, census: columnCensus({ nulls: 1 }), isPrimaryKey: true },
    ['error plan.null_in_not_null'],
  ],
  [{ target: { baseType: 'text' }, census: columnCensus({ nulls: 1 }) }, []],
];

test('values that surely do not fit are found in the census, by name', () => {
  for (const [given, expected] of findings) {
    assert.deepEqual(codes(given), expected, JSON.stringify(given));
    for (const one of choose(given).findings)
      assert.deepEqual([one.table, one.column, one.hint === ''], ['t', 'c', false]);
  }
});

const inMs = { source: { declaredType: 'DATETIME' }, target: { baseType: 'timestamp', typmod: 3 } };
const inAny = { source: { declaredType: 'TIMESTAMP' }, target: { baseType: 'timestamp' } };

/** Unit that is chosen, or null where the plan refuses. */
function unitOf(given: Given): string | null {
  const { kind, findings: found } = choose(given);
  if (found.some((one) => one.severity === 'error')) return null;
  return kind.tag === 'timestamp' ? kind.unit : null;
}

const units: readonly (readonly [Given, string | null])[] = [
  [{ ...inAny, census: integers(1_600_000_000, 1_700_000_000) }, 's'],
  [{ ...inAny, census: integers(1_600_000_000_000, 1_700_000_000_000) }, 'ms'],
  [{ ...inAny, census: integers(0, 1_700_000_000_000_000n) }, null],
  [{ ...inAny, census: counted([0, 1_700_000_000_000_000n]) }, 'us'],
  [{ ...inAny, census: counted([-5, 1_700_000_000_000_000_000n]) }, 'ns'],
  [{ ...inMs, census: integers(1_600_000_000, 1_700_000_000) }, 's'],
  [{ ...inAny, census: integers(1_600_000_000, 1_700_000_000_000) }, null],
  [{ ...inMs, census: integers(1_600_000_000, 1_700_000_000_000) }, null],
  [{ ...inMs, census: integers(0, 0) }, 'ms'],
  [{ ...inAny, census: integers(-10, -1) }, null],
  [{ ...inMs, census: integers(-10, 12) }, null],
  [{ ...inAny, census: counted([1_700_000_000_000, 253_402_300_799_999n]) }, 'ms'],
  [{ ...inAny, census: integers(1_700_000_000_000, 253_402_300_799_999n) }, null],
  [{ ...inAny, census: columnCensus({ reals: 2, realMin: 2_440_587.5, realMax: 2_460_000.25 }) }, 'julian'],
  [{ ...inAny, census: columnCensus({ reals: 2, realMin: 1.6e9, realMax: 1.7e9 }) }, 's'],
  [{ ...inAny, census: columnCensus({ reals: 2, realMin: 2_440_587.5, realMax: 1.7e9 }) }, null],
  [{ ...inAny, census: columnCensus({ reals: 2 }) }, null],
  [
    { ...inAny, census: { ...integers(2_440_588, 2_440_590), reals: 1, realMin: 2_440_587.5, realMax: 2_440_587.5 } },
    'julian',
  ],
  [
    {
      ...inAny,
      census: { ...integers(1_600_000_000_000, 1_600_000_000_000), reals: 1, realMin: 1.6e9, realMax: 1.6e9 },
    },
    null,
  ],
];

test('the unit of time comes from the evidence, Prisma breaks the tie, and doubt refuses', () => {
  for (const [given, unit] of units) assert.equal(unitOf(given), unit, JSON.stringify(given));
});

test('the reason of a unit shows examples', () => {
  const inZoned = { ...inMs, target: { ...inMs.target, baseType: 'timestamptz' } };
  const sure = choose({ ...inZoned, census: integers(1_600_000_000_000, 1_700_000_000_000) });
  assert.match(
    sure.reason,
    /1600000000000 is 2020-09-13T12:26:40.000Z, 1650000000000 is .*, 1700000000000 is 2023-11-14T22:13:20.000Z/,
  );
  assert.deepEqual(sure.findings, []);
});

test('instants of any unit since 1970 are distinguished, but where another reading is plausible', () => {
  const scale = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };
  // From where Core Data's seconds would lie in the future, to where those since 1904 are of our years.
  const seconds = fc.bigInt({ min: 1_104_537_600n, max: 2_700_000_000n });
  fc.assert(
    fc.property(
      seconds,
      seconds,
      fc.constantFrom('s' as const, 'ms' as const, 'us' as const, 'ns' as const),
      (a, b, unit) => {
        const [min, max] = a < b ? [a, b] : [b, a];
        const range = { min: min * scale[unit], max: max * scale[unit] };
        // Some read as the digits of a calendar by chance.
        fc.pre(plausibleReadings(Number(range.min), Number(range.max)).length === 0);
        assert.equal(unitOf({ ...inAny, census: integers(range.min, range.max) }), unit);
      },
    ),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});
