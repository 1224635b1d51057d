import { createHash } from 'node:crypto';
import type { Plan, TablePlan } from '../model/plan.js';
import { compareNames } from './graph/graph.js';

/** SHA-256, lower-case hex, over every decision of a plan: wording, estimates and findings do not count. */
export function hashPlan(plan: Omit<Plan, 'hash' | 'findings'>): string {
  const decisions = {
    version: plan.version,
    tables: plan.tables.map(decisionsOf),
    layers: plan.layers,
    cycles: plan.cycles,
    edges: plan.edges,
    leftOut: plan.leftOut.map(({ name, type }) => ({ name, type })),
    keepsConstraints: plan.keepsConstraints,
  };
  return createHash('sha256').update(stableJson(decisions)).digest('hex');
}

function decisionsOf(table: TablePlan): unknown {
  const { readerReason: _reader, formatReason: _format, estimatedBytes: _bytes, ...rest } = table;
  return {
    ...rest,
    columns: table.columns.map(({ reason: _reason, isUnitMoot: _isUnitMoot, ...column }) => column),
    chunks: table.chunks.map(({ index, range }) => ({ index, range })),
  };
}

/** JSON with the keys of every object in order, so that equal data gives equal text. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => compareNames(a, b)))
      : part,
  );
}
