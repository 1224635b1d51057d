import assert from 'node:assert/strict';
import { Database } from '../../src/source/sqlite.js';
import type { ColumnPlan } from '../../src/model/plan.js';
import type { Kind } from '../../src/model/kind.js';
import type { Difference, DifferenceTotal } from '../../src/model/result.js';
import { readSourceCells } from '../../src/source/verify/verify-rows.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { withTarget } from '../../src/target/connection/connect.js';
import { readTargetCells, renderLiterals } from '../../src/target/copy/verify-rows.js';
import { isSentInBinary, readTargetTuples } from '../../src/target/copy/verify-tuples.js';
import { findDifferences } from '../../src/verify/differences.js';
import { UnreadBinary } from '../../src/verify/printed-form.js';
import type { VerifyTable } from '../../src/verify/rows.js';
import { compareSides, hashSide, type SideSummary, type TableComparison } from '../../src/verify/table.js';

/** A table of a test as both readers and the verifier want it. */
export type TestTable = VerifyTable & { readonly targetSchema: string; readonly target: string };

export const kinds = {
  bool: { tag: 'bool' },
  int2: { tag: 'int2' },
  int4: { tag: 'int4' },
  int8: { tag: 'int8' },
  float4: { tag: 'float4' },
  float8: { tag: 'float8' },
  numeric: { tag: 'numeric', precision: null, scale: null },
  text: { tag: 'text', maxChars: null },
  char: { tag: 'char', chars: 5 },
  bytea: { tag: 'bytea' },
  uuid: { tag: 'uuid' },
  json: { tag: 'json' },
  jsonb: { tag: 'jsonb' },
  enum: { tag: 'enum', labels: [] },
  date: { tag: 'date' },
  time: { tag: 'time', precision: 6 },
  timestamp: { tag: 'timestamp', precision: 6, unit: 'ms' },
  timestamptz: { tag: 'timestamptz', precision: 6, unit: 'us' },
  seconds: { tag: 'timestamp', precision: 6, unit: 's' },
  julian: { tag: 'timestamp', precision: 6, unit: 'julian' },
  literal: { tag: 'literal' },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

/** A column of this kind, of the same name on both sides. */
export function columnOf(name: string, kindName: KindName, targetType = ''): ColumnPlan {
  const kind = kinds[kindName];
  return {
    source: name,
    target: name,
    declaredType: '',
    affinity: 'blob',
    targetType,
    kind,
    reason: '',
    isTextual: kind.tag === 'text' || kind.tag === 'char',
  };
}

/** A table t of these columns; the key is the first `keyColumns` of them, or none where that is 0. */
export function tableOf(columns: readonly ColumnPlan[], keyColumns = 1): TestTable {
  const origin = keyColumns === 0 ? 'none' : 'primary';
  const all = [...columns.keys()];
  return {
    source: 't',
    targetSchema: 'public',
    target: 't',
    columns,
    key: { origin, columns: keyColumns === 0 ? all : all.slice(0, keyColumns) },
  };
}

export interface Verdict {
  readonly comparison: TableComparison;
  readonly differences: readonly Difference[];
  readonly isComplete: boolean;
  readonly totals: readonly DifferenceTotal[];
}

/**
 * Verifies a table as `pgferry verify` does: one pass over each side, and a second one where they differ. `rowsTold` is
 * the factor by which buckets are said to have more rows, so that fewer of them are held at once.
 */
export async function verifyTable(
  path: string,
  url: string,
  table: TestTable,
  { differencesMax = 100, bucketCount = 4096, rowsTold = 1 } = {},
): Promise<Verdict> {
  const db = new Database(path, { readonly: true });
  try {
    return await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, async (client) => {
      const render = (type: string, texts: readonly string[]) => renderLiterals(client, type, texts);
      const readSource = () => readSourceCells(db, table);
      const readTarget = () => readTargetCells(client, table);
      const source = await hashSide(readSource(), table, { side: 'source', bucketCount, renderLiterals: render });
      const target = await hashSide(readTarget(), table, { side: 'target', bucketCount });
      await holdBinaryEqual(url, { table, target, bucketCount });
      const comparison = compareSides(table, { source, target });
      const { differingBuckets } = comparison;
      const rowsOfBucket = (bucket: number) => rowsTold * ((source.counts[bucket] ?? 0) + (target.counts[bucket] ?? 0));
      const found = await findDifferences({
        table,
        bucketCount,
        rowsOfBucket,
        differingBuckets,
        readSource,
        readTarget,
        renderLiterals: render,
        differencesMax,
      });
      return { comparison, ...found };
    });
  } finally {
    db.close();
  }
}

/** What the target sends in binary form must come to the same sums as what it prints. */
async function holdBinaryEqual(
  url: string,
  { table, target, bucketCount }: { table: TestTable; target: SideSummary; bucketCount: number },
): Promise<void> {
  if (!isSentInBinary(table)) return;
  const options = { side: 'target', bucketCount, isBinary: true } as const;
  try {
    await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, async (client) => {
      assert.deepEqual(await hashSide(readTargetTuples(client, table), table, options), target);
    });
  } catch (error) {
    if (!(error instanceof UnreadBinary)) throw error;
  }
}
