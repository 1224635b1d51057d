import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnCensus } from '../../src/model/census.js';
import type { PlanRequest } from '../../src/plan/plan-request.js';
import type { TableFit } from '../../src/plan/fit.js';
import { checkSizes } from '../../src/plan/sizes.js';
import {
  columnCensus,
  sourceCatalog,
  sourceColumn,
  sourceTable,
  targetCatalog,
  targetColumn,
  targetTable,
} from './fixtures.js';

const source = sourceTable({ columns: [sourceColumn()] });
const fit: TableFit = {
  source,
  target: targetTable(),
  how: 'exact',
  columns: [{ source: sourceColumn(), target: targetColumn(), how: 'exact' }],
};

function requestOf(census: ColumnCensus, reader: 'rows' | 'pages' | null): PlanRequest {
  return {
    source: sourceCatalog([source]),
    target: targetCatalog([targetTable()]),
    census: [{ table: 't', rows: 1, columns: [census] }],
    chunksOf: () => [],
    violations: [],
    options: {
      tables: null,
      exclude: [],
      keepConstraints: false,
      truncateTarget: false,
      replaceable: new Set(),
      format: 'binary',
      isFormatForced: false,
      ...(reader === null ? {} : { chooseReader: () => ({ reader, reason: 'for the test' }) }),
    },
  };
}

const fieldBytesMax = 1_073_741_819;
const stringBytesMax = 536_870_888;

const cases: readonly (readonly [
  title: string,
  census: Partial<ColumnCensus>,
  reader: 'rows' | 'pages' | null,
  refused: RegExp | null,
])[] = [
  ['the largest blob that a field takes goes', { blobs: 1, bytesMax: fieldBytesMax }, 'rows', null],
  [
    'one byte more is refused',
    { blobs: 1, bytesMax: fieldBytesMax + 1 },
    'pages',
    /1073741820 bytes.* at most 1073741819/,
  ],
  ['the largest text of the row reader goes', { texts: 1, bytesMax: stringBytesMax }, 'rows', null],
  [
    'one byte more is refused for the row reader',
    { texts: 1, bytesMax: stringBytesMax + 1 },
    'rows',
    /row reader takes at most 536870888/,
  ],
  ['and where nothing chooses a reader', { texts: 1, bytesMax: stringBytesMax + 1 }, null, /row reader takes/],
  ['the page reader takes it', { texts: 1, bytesMax: stringBytesMax + 1 }, 'pages', null],
  ['a blob of that size is no string', { blobs: 1, bytesMax: stringBytesMax + 1 }, 'rows', null],
];

for (const [title, parts, reader, refused] of cases) {
  test(`large values: ${title}`, () => {
    const findings = checkSizes([fit], requestOf(columnCensus(parts), reader));
    if (refused === null) return assert.deepEqual(findings, []);
    assert.equal(findings.length, 1);
    const [finding] = findings;
    assert.equal(finding?.code, 'plan.value_too_large');
    assert.equal(finding?.severity, 'error');
    assert.deepEqual([finding?.table, finding?.column], ['t', 'c']);
    assert.match(finding?.message ?? '', refused);
    assert.notEqual(finding?.hint, '');
  });
}

test('a column that was not counted has nothing to say', () => {
  assert.deepEqual(checkSizes([fit], requestOf(columnCensus({ column: 'other', bytesMax: 2 ** 31 }), 'rows')), []);
});
