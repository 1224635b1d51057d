import type { ColumnPlan, TablePlan } from '../../src/model/plan.js';

/** The plan of a table of integers without a key, for tests that only look at its names. */
export function tablePlan(source: string, columns: readonly string[]): TablePlan {
  const column = (name: string): ColumnPlan => ({
    source: name,
    target: name,
    declaredType: 'INT',
    affinity: 'integer',
    targetType: 'bigint',
    kind: { tag: 'int8' },
    reason: '',
    isTextual: false,
  });
  return {
    source,
    targetSchema: 'public',
    target: source,
    columns: columns.map(column),
    key: { origin: 'none', columns: [] },
    layer: 0,
    rows: 1,
    estimatedBytes: 0,
    rootPage: 2,
    isWithoutRowid: false,
    rowidName: 'rowid',
    rowidAlias: null,
    sourceKey: [],
    reader: 'rows',
    readerReason: '',
    format: 'binary',
    formatReason: '',
    chunks: [],
  };
}
