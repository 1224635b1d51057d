import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chunk, TablePlan } from '../../../src/model/plan.js';
import type { TargetForeignKey, TargetTable } from '../../../src/model/target.js';
import { buildPlan } from '../../../src/plan/build.js';
import type { TableFit } from '../../../src/plan/fit.js';
import { canDetachForeignKeys, checkCycles, joinSelfReferences } from '../../../src/plan/graph/in-force.js';
import { emptyCensus, sourceCatalog, sourceTable, targetCatalog, targetTable } from '../fixtures.js';

function refersTo(parentTable: string, parentSchema = 'public'): TargetForeignKey {
  return { name: `to_${parentTable}`, columns: ['c'], parentSchema, parentTable, parentColumns: ['c'] };
}

function fit(name: string, parents: readonly string[], parts: Partial<TargetTable> = {}): TableFit {
  const foreignKeys = parents.map((parent) => refersTo(parent));
  return {
    source: sourceTable({ name }),
    target: targetTable({ name, foreignKeys, ...parts }),
    how: 'exact',
    columns: [],
  };
}

const halves: readonly Chunk[] = [
  {
    table: 't',
    index: 0,
    range: { tag: 'rowid', after: null, through: '10' },
    estimatedRows: 10,
    estimatedBytes: 100,
  },
  {
    table: 't',
    index: 1,
    range: { tag: 'rowid', after: '10', through: null },
    estimatedRows: 5,
    estimatedBytes: 50,
  },
];

/** What buildPlan makes of tables whose source and target are alike, each cut into two chunks. */
function plan(fits: readonly TableFit[], keepConstraints: boolean, canCreateInSchema = true) {
  const sources = fits.map(({ source }) => source);
  return buildPlan({
    source: sourceCatalog(sources),
    target: targetCatalog(
      fits.map(({ target }) => target),
      { canCreateInSchema },
    ),
    census: emptyCensus(sources, 15),
    chunksOf: (table) => halves.map((chunk) => ({ ...chunk, table })),
    violations: [],
    options: {
      tables: null,
      exclude: [],
      keepConstraints,
      truncateTarget: false,
      replaceable: new Set(),
      format: 'binary',
      isFormatForced: false,
    },
  });
}

function chunkCounts({ tables }: { readonly tables: readonly TablePlan[] }): Record<string, number> {
  return Object.fromEntries(tables.map(({ source, chunks }) => [source, chunks.length]));
}

test('a table that refers to itself becomes one whole chunk, the others stay as they were cut', () => {
  const planned = plan([fit('tree', ['tree']), fit('plain', ['tree'])], false).tables;
  const joined = joinSelfReferences(planned, [fit('tree', ['tree']), fit('plain', ['tree'])]);
  const tree = joined.find(({ source }) => source === 'tree');
  const size = { estimatedRows: 15, estimatedBytes: 150 };
  assert.deepEqual(tree?.chunks, [{ table: 'tree', index: 0, range: { tag: 'whole' }, ...size }]);
  assert.equal(joined.find(({ source }) => source === 'plain')?.chunks.length, 2);
});

test('a table of the same name in another schema is no self-reference', () => {
  const planned = plan([fit('tree', [])], false).tables;
  const foreignKeys = [refersTo('tree', 'other')];
  assert.deepEqual(joinSelfReferences(planned, [fit('tree', [], { foreignKeys })]), planned);
});

test('the plan joins a self-reference only while its foreign key stays in force', () => {
  const fits = [fit('tree', ['tree']), fit('plain', [])];
  assert.deepEqual(chunkCounts(plan(fits, false)), { plain: 2, tree: 2 });
  assert.deepEqual(chunkCounts(plan(fits, true)), { plain: 2, tree: 1 });
});

test('a foreign key also stays in force where our role cannot make it again', () => {
  const target = targetCatalog([]);
  assert.equal(canDetachForeignKeys(fit('t', []), target), true);
  assert.equal(canDetachForeignKeys(fit('t', [], { isOwned: false }), target), false);
  assert.equal(canDetachForeignKeys(fit('t', [], { kind: 'p' }), target), false);
  assert.equal(canDetachForeignKeys(fit('t', []), targetCatalog([], { canCreateInSchema: false })), false);
  assert.deepEqual(chunkCounts(plan([fit('tree', ['tree'])], false, false)), { tree: 1 });
  const partitioned = [fit('tree', ['tree'], { kind: 'p' }), fit('other', ['other'])];
  assert.deepEqual(chunkCounts(plan(partitioned, false)), { other: 2, tree: 1 });
});

test('a circle of foreign keys that stay in force is refused, with its tables and a way out', () => {
  const fits = [fit('a', ['b']), fit('b', ['c']), fit('c', ['a']), fit('d', ['a']), fit('e', ['e'])];
  const findings = checkCycles(fits);
  assert.equal(findings.length, 1);
  const [finding] = findings;
  assert.equal(finding?.code, 'plan.cycle_in_force');
  assert.equal(finding?.severity, 'error');
  assert.match(finding?.message ?? '', /of a, b, c run in a circle/);
  assert.match(finding?.hint ?? '', /without --keep-constraints/);
});

test('without a circle there is nothing to say', () => {
  assert.deepEqual(checkCycles([fit('a', []), fit('b', ['a']), fit('c', ['a', 'b', 'c'])]), []);
  assert.deepEqual(checkCycles([]), []);
});

test('the plan refuses a circle with --keep-constraints, and loads it as one without', () => {
  const fits = [fit('a', ['b']), fit('b', ['a'])];
  const codes = (keeps: boolean) => plan(fits, keeps).findings.map(({ code }) => code);
  assert.deepEqual(codes(true), ['plan.cycle_in_force']);
  assert.deepEqual(codes(false), []);
  assert.deepEqual(plan(fits, false).cycles, [['a', 'b']]);
});
