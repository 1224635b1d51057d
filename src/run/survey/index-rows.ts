import type { Finding, TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import type { TargetTable } from '../../model/target.js';
import { indexRowFinding } from '../../plan/findings/index-rows.js';
import type { TargetClient } from '../../target/connection/client.js';
import { type BtreeIndex, refusedByIndex } from '../../target/judged/index-rows.js';
import { serverTextOf } from './server-form.js';
import type { Survey } from './survey.js';

/** A row of a B-tree takes at most 2704 bytes on pages of 8 kB, after compression; below this no value can be too long. */
const bytesMin = 2600;
/** So many of the longest rows are tried for each index. */
const rowsMax = 20;

/** What is looked at, and how the run treats indexes. */
export interface IndexRowTrial {
  readonly plan: TablePlan;
  readonly source: SourceTable;
  readonly target: TargetTable;
  readonly isTranslated: boolean;
  readonly keepConstraints: boolean;
}

/** Rows of the snapshot that are too long for an index of the target, tried on the server before the copy. */
export async function tryIndexRows(
  survey: Survey,
  client: TargetClient,
  trial: IndexRowTrial,
  indexes: readonly BtreeIndex[],
): Promise<Finding[]> {
  const { plan, source, target } = trial;
  const census = survey.census.find(({ table }) => table === plan.source);
  const findings: Finding[] = [];
  for (const index of indexes) {
    const columns = index.columns.flatMap((name) => plan.columns.find((column) => column.target === name) ?? []);
    const longest = columns.map((column) => census?.columns.find((one) => one.column === column.source)?.bytesMax ?? 0);
    if (columns.length !== index.columns.length || longest.reduce((sum, bytes) => sum + bytes, 0) <= bytesMin) continue;
    const names = columns.map((column) => column.source);
    const rows = await survey.findLongRows({ table: source, columns: names, bytesMin, max: rowsMax });
    const texts = columns.map(serverTextOf);
    const sent = rows.map(({ values }) => values.map((value, at) => texts[at]?.(value) ?? null));
    const refused = await refusedByIndex(client, target, index, sent);
    const keys = refused.flatMap(({ position }) => rows[position]?.key ?? []);
    const [first] = refused;
    if (first !== undefined) findings.push(indexRowFinding({ ...trial, index, keys, reason: first.reason }));
  }
  return findings;
}
