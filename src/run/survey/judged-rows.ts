import type { ColumnPlan, Finding, TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import type { TargetColumn, TargetTable } from '../../model/target.js';
import { must } from '../../model/error.js';
import { duplicateFinding, exclusionFinding } from '../../plan/findings/target-rules.js';
import type { Combination } from '../../source/catalog/equal-rows.js';
import type { ValueLists } from '../../target/judged/checked-values.js';
import { conflictingUnder, type Exclusion } from '../../target/judged/exclusions.js';
import { withGenerated } from '../../target/judged/generated-columns.js';
import { type EqualGroup, equalUnderKey, type JudgedKey } from '../../target/judged/judged-keys.js';
import type { TargetClient } from '../../target/connection/client.js';
import { serverTextOf } from './server-form.js';
import type { Survey } from './survey.js';

/** Above this size a key that the source keeps unique by its own bytes is not looked at once more as the target compares. */
export const formedRowsMax = 200_000;
/** Above this size rows are not compared with each other under an EXCLUDE constraint. */
const comparedRowsMax = 10_000;

/** A planned table with both sides' catalogs of it. */
export interface TablePair {
  readonly plan: TablePlan;
  readonly source: SourceTable;
  readonly target: TargetTable;
}

/** The rows of a table by their values in some columns of the target, generated ones among them. */
interface Rows {
  readonly planned: readonly ColumnPlan[];
  readonly combinations: readonly Combination[];
  /** The same as the server takes them. */
  readonly sent: {
    readonly columns: readonly TargetColumn[];
    readonly generated: readonly TargetColumn[];
    readonly values: ValueLists;
    readonly rows: readonly number[];
  };
}

/** Null where the source does not have all of the columns. */
export async function rowsBy(
  survey: Survey,
  pair: TablePair,
  names: readonly string[],
  max?: number,
): Promise<Rows | null> {
  const { plan, source, target } = pair;
  const { columns: own, generated } = withGenerated(names, target.columns);
  const planned = own.flatMap((name) => plan.columns.find((column) => column.target === name) ?? []);
  const columns = own.flatMap((name) => target.columns.find((column) => column.name === name) ?? []);
  if (planned.length === 0 || planned.length !== own.length) return null;
  const look = {
    table: source,
    columns: planned.map((column) => column.source),
    ...(max === undefined ? {} : { max }),
  };
  const combinations = await survey.listCombinations(look);
  const values = valueLists(planned, combinations);
  return { planned, combinations, sent: { columns, generated, values, rows: combinations.map(({ rows }) => rows) } };
}

/** Rows that are equal under a key by what the server makes of their values. A larger table is judged by the copy. */
export async function tryJudgedKey(
  survey: Survey,
  client: TargetClient,
  pair: TablePair,
  key: JudgedKey,
): Promise<Finding[]> {
  if (pair.plan.rows > formedRowsMax) return [];
  const rows = await rowsBy(survey, pair, key.columns, formedRowsMax);
  if (rows === null) return [];
  const groups = await equalUnderKey(client, { key, ...rows.sent });
  const waiver = `${key.kind}:${key.name}`;
  return groups.length === 0
    ? []
    : [duplicateFinding(pair.plan, rows.planned, { ...examplesOf(groups, rows), waiver, index: key.name })];
}

/** Rows that an EXCLUDE constraint lets stand once. A larger table is judged by the copy. */
export async function tryExclusion(
  survey: Survey,
  client: TargetClient,
  pair: TablePair,
  exclusion: Exclusion,
): Promise<Finding[]> {
  if (pair.plan.rows > comparedRowsMax) return [];
  const rows = await rowsBy(survey, pair, exclusion.columns, comparedRowsMax);
  if (rows === null) return [];
  const groups = await conflictingUnder(client, { exclusion, ...rows.sent });
  return groups.length === 0
    ? []
    : [exclusionFinding(pair.plan, rows.planned, { ...examplesOf(groups, rows), name: exclusion.name })];
}

function examplesOf(groups: readonly EqualGroup[], { combinations }: Rows) {
  const examples = groups.slice(0, 3).map(({ first, last }) => {
    const [one, other] = [must(combinations[first], 'combination'), must(combinations[last], 'combination')];
    const [firstKey = '', lastKey = ''] = [one.key, one === other ? one.lastKey : other.key].sort();
    return { first: firstKey, last: lastKey };
  });
  return { count: groups.reduce((sum, { extra }) => sum + extra, 0), examples };
}

/** The values of each column, as the server reads them. */
export function valueLists(columns: readonly ColumnPlan[], combinations: readonly Combination[]): ValueLists {
  return columns.map((column, at) => {
    const textOf = serverTextOf(column);
    return combinations.map(({ values }) => {
      const text = textOf(values[at] ?? null);
      // No text of PostgreSQL holds a NUL, which is refused elsewhere.
      return text?.includes('\0') === true ? null : text;
    });
  });
}
