import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ForeignKeyEdge } from '../../../src/model/plan.js';
import { buildGraph } from '../../../src/plan/graph/graph.js';
import { runCount } from '../../support/run-count.js';

const tables = fc.integer({ min: 1, max: 9 }).map((count) => Array.from({ length: count }, (_, i) => `t${i}`));
const graphs = tables.chain((names) => {
  const name = fc.constantFrom(...names);
  return fc.record({
    names: fc.constant(names),
    edges: fc.array(fc.record({ child: name, parent: name }), { maxLength: 20 }),
  });
});

/** Reachability by Floyd and Warshall: two tables are in one component when each reaches the other. */
function sameComponent(names: readonly string[], edges: readonly ForeignKeyEdge[]): (a: string, b: string) => boolean {
  const reaches = new Set(edges.map(({ child, parent }) => `${child} ${parent}`));
  for (const via of names)
    for (const a of names)
      for (const b of names) if (reaches.has(`${a} ${via}`) && reaches.has(`${via} ${b}`)) reaches.add(`${a} ${b}`);
  return (a, b) => a === b || (reaches.has(`${a} ${b}`) && reaches.has(`${b} ${a}`));
}

test('every parent is in an earlier layer than its child, or in the same component', () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const graph = buildGraph(edges, names);
      const isSame = sameComponent(names, edges);
      for (const { child, parent } of edges) {
        const [low, high] = [graph.layerOf.get(parent) ?? -1, graph.layerOf.get(child) ?? -1];
        assert.ok(isSame(child, parent) ? low === high : low < high, `${child} → ${parent}`);
      }
      assert.deepEqual(graph.layers.flat().sort(), [...names].sort());
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

test('the cycles are the components that brute force finds', () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const isSame = sameComponent(names, edges);
      const expected = new Set(
        names.map((a) => names.filter((b) => isSame(a, b)).join(' ')).filter((one) => one.includes(' ')),
      );
      assert.deepEqual(new Set(buildGraph(edges, names).cycles.map((one) => one.join(' '))), expected);
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

test('no layer is empty, and a table stands no higher than it must', () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const { layers, layerOf } = buildGraph(edges, names);
      const isSame = sameComponent(names, edges);
      for (const name of names) {
        const outside = edges.filter(({ child, parent }) => isSame(child, name) && !isSame(parent, name));
        const highest = Math.max(-1, ...outside.map(({ parent }) => layerOf.get(parent) ?? -1));
        assert.equal(layerOf.get(name), highest + 1);
      }
      assert.ok(layers.every((layer) => layer.length > 0));
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

test('the order of the input does not matter', () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const turned = buildGraph([...edges].reverse(), [...names].reverse());
      assert.deepEqual(turned, { ...buildGraph(edges, names), layerOf: turned.layerOf });
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

test('a chain of 20000 tables does not overflow the stack', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `t${i}`);
  const edges = names.slice(1).map((child, i) => ({ child, parent: `t${i}` }));
  assert.equal(buildGraph(edges, names).layerOf.get('t19999'), 19_999);
  assert.equal(buildGraph([...edges, { child: 't0', parent: 't19999' }], names).layers.length, 1);
});

test('a self-reference is no cycle, and an edge to an unknown table is passed over', () => {
  const graph = buildGraph(
    [
      { child: 'a', parent: 'a' },
      { child: 'a', parent: 'gone' },
      { child: 'gone', parent: 'a' },
    ],
    ['a'],
  );
  assert.deepEqual(graph.layers, [['a']]);
  assert.deepEqual(graph.cycles, []);
});
