import type { Finding } from '../../model/plan.js';
import type { Policies, Rules } from '../../model/rules.js';
import type { SourceCatalog } from '../../model/source.js';
import { isOfPolicies } from '../rules/apply-policies.js';
import { isOfPattern } from '../rules/habits.js';
import { policiesOf } from '../rules/rules.js';
import { configLine } from './choices.js';
import { makeFinding } from './finding.js';

/** One choice of a finding: what it sets (`policies`, `unit` …) for which column. */
interface Setting {
  readonly table: string;
  readonly column: string | null;
  /** The rules of that column, as they stand in the config file. */
  readonly rules: Readonly<Record<string, unknown>>;
}

/**
 * Findings of one kind, two or more, of which each can be settled by the same rules: a warning each with the shortest
 * config lines that settle all of them at once.
 */
export function proposeShared(findings: readonly Finding[], source: SourceCatalog, rules: Rules): Finding[] {
  const groups = new Map<string, { readonly rules: Setting['rules']; readonly of: Setting[] }>();
  for (const { code, choices = [] } of findings.filter(isOpen)) {
    for (const setting of choices.flatMap(readSetting)) {
      const name = JSON.stringify([code, setting.column === null, setting.rules]);
      const group = groups.get(name) ?? { rules: setting.rules, of: [] };
      groups.set(name, { ...group, of: [...group.of, setting] });
    }
  }
  const shared = [...groups.values()].filter(
    (group) => group.of.length > 1 && group.of.every((one) => isReached(one, source, rules)),
  );
  return [...byMembers(shared)].map(([, all]) => noteOf(all, source));
}

/** Whether nothing is decided yet: what a policy has decided is a warning. */
function isOpen(finding: Finding): boolean {
  return finding.severity === 'error' || (finding.severity === 'warning' && !isOfPolicies(finding));
}

/** Whether policies that are said of all reach the column: what its table or its own rules say would go first. */
function isReached({ table, column, rules: wanted }: Setting, source: SourceCatalog, rules: Rules): boolean {
  const policies = (wanted['policies'] ?? {}) as Policies;
  const named = source.tables.find(({ name }) => name === table)?.columns.find(({ name }) => name === column);
  const said = policiesOf({ ...rules, policies: { ...rules.policies, ...policies } }, table, named);
  return Object.entries(policies).every(([hazard, policy]) => said[hazard] === policy);
}

/** Groups of the same columns are choices of one finding. */
function byMembers<T extends { readonly of: readonly Setting[] }>(groups: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const group of groups) {
    const name = JSON.stringify([...new Set(group.of.map(nameOf))].sort());
    found.set(name, [...(found.get(name) ?? []), group]);
  }
  return found;
}

const namedMax = 5;

function noteOf(
  groups: readonly { rules: Setting['rules']; of: readonly Setting[] }[],
  source: SourceCatalog,
): Finding {
  const members = groups[0]?.of ?? [];
  const names = [...new Set(members.map(nameOf))];
  const more = names.length > namedMax ? ` and ${names.length - namedMax} more` : '';
  return makeFinding({
    severity: 'warning',
    code: 'plan.one_line',
    message: `one line of the config file decides about all of ${names.slice(0, namedMax).join(', ')}${more}`,
    hint: 'take one of these, or decide column by column:',
    choices: [...new Set(groups.map(({ rules, of }) => shortest(rules, of, source)))],
  });
}

function nameOf({ table, column }: Setting): string {
  return column === null ? table : `${table}.${column}`;
}

/** Policies hold for values of their hazard alone, so they can be said of all; what else is said must fit no other column. */
function shortest(rules: Setting['rules'], members: readonly Setting[], source: SourceCatalog): string {
  const [only, another] = Object.keys(rules);
  if (only === 'policies' && another === undefined) return configLine(rules);
  const names = [...new Set(members.map(({ column }) => column ?? ''))];
  const isMember = (table: string, column: string) =>
    members.some((one) => one.table === table && one.column === column);
  const others = source.tables.flatMap((table) =>
    table.columns.filter(({ name }) => !isMember(table.name, name)).map(({ name }) => name),
  );
  const patterns = patternsOf(names).filter((pattern) => !others.some((name) => isOfPattern(name, pattern)));
  const each = names.some((name) => others.some((other) => isOfPattern(other, name)))
    ? { tableRules: mergeTables(rules, members) }
    : { columns: Object.fromEntries(names.map((name) => [name, rules])) };
  const lines = [...patterns.map((pattern) => ({ columns: { [pattern]: rules } })), each].map(configLine);
  return lines.reduce((short, line) => (line.length < short.length ? line : short));
}

/** What the names have in common at their ends, as patterns that fit all of them. */
function patternsOf(names: readonly string[]): string[] {
  const [first = ''] = names;
  if (names.length === 1) return [first];
  const head = commonHead(names);
  const tail = [...commonHead(names.map((name) => [...name].reverse().join('')))].reverse().join('');
  const ends = [head.length > 1 ? `${head}*` : null, tail.length > 1 ? `*${tail}` : null, '*'];
  return ends.filter((pattern) => pattern !== null && !pattern.replace(/^\*|\*$/, '').includes('*')) as string[];
}

function commonHead(names: readonly string[]): string {
  const [first = ''] = names;
  const parts = [...first];
  const differs = parts.findIndex((part, at) => names.some((name) => [...name][at] !== part));
  return parts.slice(0, differs < 0 ? parts.length : differs).join('');
}

function mergeTables(rules: Setting['rules'], members: readonly Setting[]): object {
  const tables: Record<string, { columns: Record<string, Setting['rules']> }> = {};
  for (const { table, column } of members) {
    const of = tables[table] ?? { columns: {} };
    tables[table] = { columns: { ...of.columns, [column ?? '']: rules } };
  }
  return tables;
}

/** What a config line of `ruleLine` says. */
function readSetting(line: string): Setting[] {
  const { tableRules } = JSON.parse(line) as { tableRules?: Record<string, Record<string, unknown>> };
  const [entry] = Object.entries(tableRules ?? {});
  if (entry === undefined) return [];
  const [table, of] = entry;
  const [column] = Object.entries((of['columns'] ?? {}) as Record<string, Setting['rules']>);
  return [column === undefined ? { table, column: null, rules: of } : { table, column: column[0], rules: column[1] }];
}
