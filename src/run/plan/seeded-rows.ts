import { CopierError } from '../../model/error.js';
import type { TableFingerprint } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import type { Difference } from '../../model/result.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { hasUnplanned, withUnhashed } from '../../target/fingerprint/loaded.js';
import { countTargetRows } from '../../target/schema/table-rows.js';
import type { Survey } from '../survey/survey.js';

/** Above these sizes the rows of a target table are not compared with the source's: then they just stand in the way. */
const targetRowsMax = 100_000;
const sourceRowsMax = 5_000_000;
const namedMax = 3;

/** What the rows are that somebody else put into target tables. */
export interface SeededRows {
  /** By source table, of those that hold nothing but rows of the source: what they held when they were compared. */
  readonly equal: ReadonlyMap<string, TableFingerprint>;
  /** By source table, of the others: which rows differ, in words. */
  readonly differing: ReadonlyMap<string, string>;
}

/**
 * Compares the rows of target tables that no run of ours loaded with the source's, value by value. Rows that are the
 * source's own may be loaded anew: nothing is lost. Reads only.
 */
export async function compareSeeded(
  client: TargetClient,
  survey: Survey,
  tables: readonly TablePlan[],
): Promise<SeededRows> {
  const equal = new Map<string, TableFingerprint>();
  const differing = new Map<string, string>();
  for (const table of tables) {
    if (table.rows > sourceRowsMax) continue;
    const rows = await countTargetRows(client, table.targetSchema, table.target);
    if (rows > targetRowsMax) continue;
    // Before the comparison: rows that change between the two make a later look at this fingerprint fail.
    const now = await withUnhashed(client, table, await fingerprintTable(client, table));
    const words = hasUnplanned(now)
      ? 'values in columns that the source does not have'
      : await describeDifferences(survey, table);
    if (words === '') equal.set(table.source, now);
    else if (words !== null) differing.set(table.source, words);
  }
  return { equal, differing };
}

/** Which rows of the target differ from the source's, in words; '' where none does, null where that cannot be told. */
export async function describeDifferences(survey: Survey, table: TablePlan): Promise<string | null> {
  try {
    const { differences, totals } = await survey.compareRows(table);
    const isAll = totals.every((total) => total.isAll);
    const changed = totals.some(({ kind }) => kind === 'changed');
    const extra = totals.find(({ kind }) => kind === 'extra');
    if (!changed && extra === undefined) return isAll ? '' : null;
    const other = [...new Set(keysOf(differences, 'changed'))];
    const own = keysOf(differences, 'extra');
    const parts = [
      ...(changed
        ? [`${least(isAll)}${countOf(Math.max(other.length, 1), 'row')} with other values${namedKeys(other)}`]
        : []),
      ...(extra === undefined
        ? []
        : [`${least(extra.isAll)}${countOf(extra.count, 'row')} that the source does not have${namedKeys(own)}`]),
    ];
    return parts.join(', ');
  } catch (error) {
    // Values that cannot go into the target are found and told elsewhere.
    if (error instanceof CopierError && error.code.startsWith('data.')) return null;
    throw error;
  }
}

function keysOf(differences: readonly Difference[], wanted: Difference['kind']): string[] {
  return differences.filter(({ kind }) => kind === wanted).map(({ key }) => key);
}

function least(isAll: boolean): string {
  return isAll ? '' : 'at least ';
}

/** The first keys of rows, as an addition in brackets. */
export function namedKeys(keys: readonly string[]): string {
  if (keys.length === 0) return '';
  return ` (${keys.slice(0, namedMax).join('; ')}${keys.length > namedMax ? '; …' : ''})`;
}
