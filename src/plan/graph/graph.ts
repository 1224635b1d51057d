import type { ForeignKeyEdge } from '../../model/plan.js';
import { must } from '../../model/error.js';

/** The foreign-key dependency graph, reduced to what an order of loading needs. */
export interface Graph {
  /** Table names per layer, by name within a layer: every parent is in an earlier layer or in the same component. */
  readonly layers: readonly (readonly string[])[];
  readonly layerOf: ReadonlyMap<string, number>;
  /** Strongly connected components of more than one table, each by name. */
  readonly cycles: readonly (readonly string[])[];
}

/**
 * Layers and cycles of the tables under the edges. A self-reference is no cycle; an edge to a table
 * that is not in the list is passed over. Equal input in any order gives equal output.
 */
export function buildGraph(edges: readonly ForeignKeyEdge[], tables: readonly string[]): Graph {
  const names = [...new Set(tables)].sort(compareNames);
  const parents = parentsByTable(edges, names);
  const components = findComponents(names, parents);
  const layerOf = assignLayers(components, parents);
  const layers: string[][] = [];
  for (const name of names) {
    const layer = must(layerOf.get(name), 'layer');
    while (layers.length <= layer) layers.push([]);
    must(layers[layer], 'layer list').push(name);
  }
  const cycles = components.filter((component) => component.length > 1).map((c) => [...c].sort(compareNames));
  cycles.sort((a, b) => compareNames(a[0] ?? '', b[0] ?? ''));
  return { layers, layerOf, cycles };
}

/** Order by UTF-16 code units: the same on every machine and locale. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function parentsByTable(edges: readonly ForeignKeyEdge[], names: readonly string[]): Map<string, string[]> {
  const sets = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  for (const { child, parent } of edges) {
    if (child !== parent && sets.has(parent)) sets.get(child)?.add(parent);
  }
  return new Map([...sets].map(([name, set]) => [name, [...set].sort(compareNames)]));
}

/** A table on the depth-first path, and how many of its parents have been looked at. */
interface Step {
  readonly name: string;
  nextParent: number;
}

/**
 * Tarjan's algorithm, with its own stack: a chain of thousands of tables must not overflow the call stack.
 * Walking from child to parent, it gives parents' components before those of their children.
 */
function findComponents(names: readonly string[], parents: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const components: string[][] = [];

  const enter = (name: string): Step => {
    low.set(name, order.size);
    order.set(name, order.size);
    open.push(name);
    isOpen.add(name);
    return { name, nextParent: 0 };
  };
  const lower = (name: string, value: number): void => {
    low.set(name, Math.min(must(low.get(name), 'low link'), value));
  };
  const closeComponent = (root: string): void => {
    const members = open.splice(open.lastIndexOf(root));
    for (const member of members) isOpen.delete(member);
    components.push(members);
  };

  for (const start of names) {
    if (order.has(start)) continue;
    const path = [enter(start)];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const parent = must(parents.get(step.name), 'parents')[step.nextParent];
      step.nextParent += 1;
      if (parent === undefined) {
        path.pop();
        if (low.get(step.name) === order.get(step.name)) closeComponent(step.name);
        const below = path.at(-1);
        if (below !== undefined) lower(below.name, must(low.get(step.name), 'low link'));
      } else if (!order.has(parent)) path.push(enter(parent));
      else if (isOpen.has(parent)) lower(step.name, must(order.get(parent), 'order'));
    }
  }
  return components;
}

/** A component's layer is one more than the highest layer of any parent outside it. */
function assignLayers(
  components: readonly (readonly string[])[],
  parents: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const layerOf = new Map<string, number>();
  for (const component of components) {
    let layer = 0;
    for (const member of component) {
      for (const parent of parents.get(member) ?? []) layer = Math.max(layer, (layerOf.get(parent) ?? -1) + 1);
    }
    for (const member of component) layerOf.set(member, layer);
  }
  return layerOf;
}
