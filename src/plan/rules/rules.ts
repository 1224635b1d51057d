import type { Finding, TablePlan } from '../../model/plan.js';
import {
  type ColumnRules,
  type Policies,
  type Policy,
  type Rules,
  type TableRules,
  policyFor,
} from '../../model/rules.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import { makeFinding } from '../findings/finding.js';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import { checkPatterns, habitRulesOf, type NamedColumn } from './habits.js';

/** What a plan is built with where the operator decided nothing. */
export const noRules: Rules = { policies: {}, tableRules: {} };

/** The operator's rules for a source table; names are compared as SQLite does. */
export function tableRulesOf(rules: Rules, table: string): TableRules {
  return lookUp(rules.tableRules, table) ?? {};
}

/** The operator's rules for a source column. */
export function columnRulesOf(rules: Rules, table: string, column: string): ColumnRules {
  return lookUp(tableRulesOf(rules, table).columns ?? {}, column) ?? {};
}

/** The type that the operator says for a column: its own, else that of its declaration or name. */
export function typeRuleOf(rules: Rules, table: string, column: NamedColumn): string | undefined {
  return columnRulesOf(rules, table, column.name).type ?? habitRulesOf(rules, column).type;
}

/**
 * The policies in force for a column, or for a table where no column is named: what is said of the column beats what is
 * said of the table, that what is said of columns of such a name or declaration, and that what is said of all; on each level a named
 * hazard beats `*`.
 */
export function policiesOf(rules: Rules, table: string, column?: NamedColumn): Policies {
  const levels = [
    rules.policies,
    column === undefined ? {} : (habitRulesOf(rules, column).policies ?? {}),
    tableRulesOf(rules, table).policies ?? {},
    column === undefined ? {} : (columnRulesOf(rules, table, column.name).policies ?? {}),
  ];
  const first = levels.findLastIndex((level) => '*' in level);
  return Object.assign({}, ...levels.slice(Math.max(0, first)));
}

/** Whether a policy is the conversion by this rule. */
export function isConversion(policy: Policy, rule: string): boolean {
  return typeof policy === 'object' && policy.convert === rule;
}

/** Whether the policy for orphans of a table leaves them, and its foreign keys with them unproved. */
export function leavesOrphans({ policies = {} }: Pick<TablePlan, 'policies'>): boolean {
  return isConversion(policyFor(policies, 'orphan'), 'leave-not-valid');
}

/** Whether the operator has decided anything but to fail: only then is the slow way of a chunk of use. */
export function hasPolicies({ policies = {}, columns }: Pick<TablePlan, 'policies' | 'columns'>): boolean {
  const isOther = (of: Policies) => Object.values(of).some((policy) => policy !== 'fail');
  return isOther(policies) || columns.some((column) => isOther(column.policies ?? {}));
}

/** Rules for what the source does not have: a misspelt name must not silently decide nothing. */
export function checkRuleNames(rules: Rules, source: SourceCatalog): Finding[] {
  const ofTables = Object.entries(rules.tableRules).flatMap(([name, of]) => {
    const table = source.tables.find((one) => isSameName(one.name, name));
    return table === undefined ? [unknownTable(name)] : checkColumnNames(table, of);
  });
  return [...ofTables, ...checkPatterns(rules, source)];
}

function checkColumnNames(table: SourceTable, { columns = {} }: TableRules): Finding[] {
  const known = new Set(table.columns.map(({ name }) => foldCase(name)));
  return Object.keys(columns)
    .filter((name) => !known.has(foldCase(name)))
    .map((column) =>
      makeFinding({
        severity: 'error',
        code: 'plan.unknown_column',
        table: table.name,
        column,
        message: 'the config file has rules for it, but the source has no such column',
        hint: `name one of: ${table.columns.map(({ name }) => name).join(', ')}`,
      }),
    );
}

function unknownTable(table: string): Finding {
  const message = 'the config file has rules for it, but the source has no such table';
  const hint = 'write the name in tableRules as it is in the source';
  return makeFinding({ severity: 'error', code: 'plan.unknown_table', table, message, hint });
}

/** The entry with exactly this name, else one whose name differs in ASCII case only. */
function lookUp<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(entries, name)) return entries[name];
  return Object.entries(entries).find(([key]) => isSameName(key, name))?.[1];
}
