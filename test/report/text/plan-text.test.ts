import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnPlan, Plan, TablePlan } from '../../../src/model/plan.js';
import type { Kind } from '../../../src/model/kind.js';
import { describePlan } from '../../../src/report/text/plan-text.js';

function column(source: string, kind: Kind, parts: Partial<ColumnPlan> = {}): ColumnPlan {
  return {
    source,
    target: source,
    declaredType: 'TEXT',
    affinity: 'text',
    targetType: 'text',
    kind,
    reason: 'the target is text',
    isTextual: true,
    ...parts,
  };
}

function table(parts: Partial<TablePlan> = {}): TablePlan {
  return {
    source: 't',
    targetSchema: 'public',
    target: 't',
    columns: [
      column('id', { tag: 'int8' }, { declaredType: '', targetType: 'bigint', reason: 'the target is bigint' }),
    ],
    key: { origin: 'primary', columns: [0] },
    layer: 0,
    rows: 1200,
    estimatedBytes: 34_000,
    rootPage: 2,
    isWithoutRowid: false,
    rowidName: 'rowid',
    rowidAlias: 'id',
    sourceKey: [],
    reader: 'pages',
    readerReason: 'its b-tree layout is known',
    format: 'binary',
    formatReason: 'every column has a binary form',
    chunks: [{ table: 't', index: 0, range: { tag: 'whole' }, estimatedRows: 1200, estimatedBytes: 34_000 }],
    ...parts,
  };
}

function plan(parts: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    hash: '0123456789abcdef',
    tables: [table()],
    layers: [['t']],
    cycles: [],
    edges: [],
    leftOut: [],
    keepsConstraints: false,
    findings: [],
    ...parts,
  };
}

test('a plan tells sizes, layers, ways and columns with their reasons, and that nothing was written', () => {
  assert.deepEqual(describePlan(plan()).split('\n'), [
    '1 table in 1 layer · 1 200 rows · about 34.0 kB · 1 chunk',
    'indexes and constraints are taken away before the copy and made again after it: a layer is only an order',
    '',
    'layer 1',
    '  t → public.t: 1 200 rows, about 34.0 kB, 1 chunk',
    '    primary key (id); pages (its b-tree layout is known), binary (every column has a binary form)',
    '    column  source  target  travels as  because',
    '    id      (none)  bigint  int8        the target is bigint',
    '',
    '✓ nothing stands in the way (plan 0123456789ab); nothing was written',
    '',
  ]);
});

const kinds: readonly (readonly [Kind, string])[] = [
  [{ tag: 'timestamp', precision: 3, unit: 'ms' }, 'timestamp(3), numbers in ms'],
  [{ tag: 'timestamptz', precision: 6, unit: 'julian' }, 'timestamptz(6), numbers in julian'],
  [{ tag: 'time', precision: 0 }, 'time(0)'],
  [{ tag: 'text', maxChars: null }, 'text'],
  [{ tag: 'text', maxChars: 20 }, 'text up to 20'],
  [{ tag: 'char', chars: 2 }, 'char(2)'],
  [{ tag: 'numeric', precision: null, scale: null }, 'numeric'],
  [{ tag: 'numeric', precision: 10, scale: 2 }, 'numeric(10,2)'],
  [{ tag: 'enum', labels: ['a', 'b'] }, 'enum of 2'],
  [{ tag: 'literal' }, 'text, read by PostgreSQL'],
  [{ tag: 'uuid' }, 'uuid'],
];

test('every kind is given in words', () => {
  for (const [kind, words] of kinds) {
    const text = describePlan(plan({ tables: [table({ columns: [column('c', kind)] })] }));
    assert.match(text, new RegExp(`c +TEXT +text +${words.replace(/[()]/g, '\\$&')}  +the target is text`));
  }
});

test('a renamed column, a table without a key, cycles, what is left out and constraints in force are reported', () => {
  const text = describePlan(
    plan({
      keepsConstraints: true,
      tables: [
        table({
          key: { origin: 'none', columns: [0] },
          columns: [column('userId', { tag: 'uuid' }, { target: 'user_id' })],
        }),
      ],
      cycles: [['a', 'b']],
      leftOut: [{ name: 'v', type: 'view', reason: 'views are made by hand', sql: null }],
    }),
  );
  assert.match(text, /stay in force: a layer waits for the one before it/);
  assert.match(text, /foreign-key cycle, loaded as one: a ↔ b/);
  assert.match(text, /no key: rows are told apart by all their columns/);
  assert.match(text, /userId → user_id/);
  assert.match(text, /left out\n {2}v \(view\): views are made by hand/);
});

test('reasons against the plan stand at the end, counted', () => {
  const error = {
    severity: 'error',
    code: 'plan.name',
    table: 't',
    column: null,
    key: null,
    message: 'no',
    hint: 'mend it',
  } as const;
  assert.match(
    describePlan(plan({ findings: [error] })),
    /✗ t: no \[plan\.name\]\n +→ mend it\n\n✗ refused: 1 reason above/,
  );
  assert.match(describePlan(plan({ findings: [error, error] })), /✗ refused: 2 reasons above; nothing was written/);
});

test('no name in a plan can drive the terminal or begin a line', () => {
  const evil = 'x\u001b[2J\nlayer 9';
  const text = describePlan(
    plan({
      tables: [
        table({
          source: evil,
          target: evil,
          targetSchema: evil,
          columns: [
            column(evil, { tag: 'uuid' }, { target: evil, declaredType: evil, targetType: evil, reason: evil }),
          ],
          readerReason: evil,
          formatReason: evil,
        }),
      ],
      layers: [[evil]],
      cycles: [[evil]],
      leftOut: [{ name: evil, type: 'view', reason: evil, sql: evil }],
    }),
  );
  assert.ok(!text.includes('\u001b'));
  assert.doesNotMatch(text, /^layer 9/m);
});
