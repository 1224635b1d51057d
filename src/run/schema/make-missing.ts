import { foldCase } from '../../lib/fold-case.js';
import { CopierError } from '../../model/error.js';
import type { TableRules } from '../../model/rules.js';
import type { Settings } from '../../model/settings.js';
import type { SourceTable } from '../../model/source.js';
import type { TargetCatalog, TargetTable } from '../../model/target.js';
import { chooseTables, findView } from '../../plan/fit.js';
import { matchNames } from '../../plan/names/match.js';
import { columnRulesOf, tableRulesOf } from '../../plan/rules/rules.js';
import { choiceOf, rulesOf } from '../choices.js';
import type { Survey } from '../survey/survey.js';

/** Source tables that are to be made beside those that the target has, and what is known of the others. */
export interface MissingTables {
  readonly names: readonly string[];
  /** The settings under which the missing tables fit the others: with the names and types that these have. */
  readonly settings: Settings;
}

/** Which chosen tables of the source the target does not have; bookkeeping of frameworks is never missing. */
export function findMissing(
  { catalog }: Pick<Survey, 'catalog'>,
  target: Pick<TargetCatalog, 'tables' | 'views'>,
  settings: Settings,
): MissingTables {
  const { tables } = target;
  const isChosen = chooseTables(choiceOf(settings));
  const wanted = catalog.tables.filter(({ name, framework }) => isChosen(name) && framework === undefined);
  const rules = rulesOf(settings);
  const named = new Map<string, string>();
  for (const { name } of wanted) {
    const target = tableRulesOf(rules, name).target;
    if (target !== undefined) named.set(name, target);
  }
  const matches = matchNames(
    wanted.map(({ name }) => name),
    tables.map(({ name }) => name),
    named,
  );
  const tableRules: Record<string, TableRules> = { ...settings.tableRules };
  for (const source of wanted) {
    const target = tables.find(({ name }) => name === matches.get(source.name)?.target);
    if (target === undefined) continue;
    const given = Object.keys(tableRules).find((name) => foldCase(name) === foldCase(source.name));
    tableRules[given ?? source.name] = asItIs(source, target, settings);
  }
  const isFree = (name: string) => findView(target, name) === undefined;
  const names = wanted.map(({ name }) => name).filter((name) => !matches.has(name) && isFree(named.get(name) ?? name));
  return { names, settings: { ...settings, tableRules } };
}

/** A table that is there, as rules: its name, and the name and type of each of its columns. */
function asItIs(source: SourceTable, target: TargetTable, settings: Settings): TableRules {
  const rules = rulesOf(settings);
  const named = new Map<string, string>();
  for (const { name } of source.columns) {
    const wanted = columnRulesOf(rules, source.name, name).target;
    if (wanted !== undefined) named.set(name, wanted);
  }
  const matches = matchNames(
    source.columns.map(({ name }) => name),
    target.columns.map(({ name }) => name),
    named,
  );
  const columns = source.columns.flatMap(({ name }) => {
    const found = target.columns.find((column) => column.name === matches.get(name)?.target);
    return found === undefined ? [] : [[name, { target: found.name, type: found.type }] as const];
  });
  return { ...tableRulesOf(rules, source.name), target: target.name, columns: Object.fromEntries(columns) };
}

/** `init` that was told which tables to make, and makes none of those that are missing. */
export function notMade(schema: string, names: readonly string[]): CopierError {
  return new CopierError(
    'plan.table_missing',
    `schema ${schema} has tables already, and none for ${names.join(', ')}; none was made`,
    { hint: 'make what is missing beside them: run again with --make-missing' },
  );
}
