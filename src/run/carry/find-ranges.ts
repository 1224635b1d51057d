import type { KeyRanges } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { isIntegerKind, readRowidBounds } from '../../source/carry/rows-by-range.js';
import { withSource } from '../../source/open.js';
import type { TargetClient } from '../../target/connection/client.js';
import { readBounds } from '../../target/schema/key-bounds.js';
import { rangesFor } from '../../verify/carry/key-ranges.js';

/**
 * The ranges of keys by which both sides of a table are compared, so that the rows of those that differ can be asked for; null
 * where its key is not the rowid, or where its keys lie too far apart. The caller's table has no rows in quarantine.
 */
export async function findRanges(
  client: TargetClient,
  plan: TablePlan,
  {
    source,
    snapshotPath,
    bucketCount,
  }: { readonly source: SourceTable; readonly snapshotPath: string; readonly bucketCount: number },
): Promise<KeyRanges | null> {
  const [index] = plan.key.columns;
  const column = index === undefined ? undefined : plan.columns[index];
  const { rowidAlias } = source;
  const isRowid = plan.key.origin !== 'none' && plan.key.columns.length === 1 && column?.source === rowidAlias;
  if (!isRowid || column === undefined || rowidAlias === null || !isIntegerKind(column.kind)) return null;
  const sides = [
    await withSource(snapshotPath, (db) => readRowidBounds(db, source.name, rowidAlias)),
    await readBounds(client, plan, column.target),
  ];
  const keys = sides.flatMap((side) => (side === null ? [] : [Number(side.first), Number(side.last)]));
  if (keys.length === 0) return null;
  return rangesFor({ first: Math.min(...keys), last: Math.max(...keys) }, { rows: plan.rows, bucketCount });
}
