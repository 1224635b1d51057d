import { isSameName } from '../../lib/fold-case.js';
import { CopierError } from '../../model/error.js';
import type { Finding } from '../../model/plan.js';
import type { SeededRule, TableRules } from '../../model/rules.js';
import { makeFinding } from '../findings/finding.js';

/* What becomes of tables that the application fills by itself on PostgreSQL. */

type ByTable = Readonly<Record<string, TableRules>>;

/** Tables whose rows on the target stay, and which are not loaded. */
export function excludedSeeds(tableRules: ByTable): string[] {
  return seededRules(tableRules)
    .filter(({ rule }) => rule !== 'replace' && rule !== 'merge')
    .map(({ table }) => table);
}

/** Whether the rows that the target has of this table may be replaced. */
export function isReplaced(tableRules: ByTable, table: string): boolean {
  return seededRules(tableRules).some((one) => one.rule === 'replace' && isSameName(one.table, table));
}

/** Whether the rows of the source go beside those rows of the target whose keys it does not have. */
export function isMerged(tableRules: ByTable, table: string): boolean {
  return seededRules(tableRules).some((one) => one.rule === 'merge' && isSameName(one.table, table));
}

/** The rules with these tables merged, as the short form says it; a table of which another rule speaks is refused. */
export function withMerged(tableRules: ByTable, tables: readonly string[]): ByTable {
  const rules: Record<string, TableRules> = { ...tableRules };
  for (const table of tables) {
    const name = Object.keys(rules).find((one) => isSameName(one, table)) ?? table;
    const { seeded = 'merge' } = rules[name] ?? {};
    if (seeded !== 'merge')
      throw new CopierError(
        'usage.combination',
        `--keep-target-rows ${table} and seeded of tableRules say two things`,
        {
          hint: `leave one of the two out`,
        },
      );
    rules[name] = { ...rules[name], seeded };
  }
  return rules;
}

/** Tables whose rows stay and are matched by a natural key, so that what refers to them follows their keys. */
export function matchedTables(tableRules: ByTable): { readonly table: string; readonly match: readonly string[] }[] {
  return seededRules(tableRules).flatMap(({ table, rule }) =>
    typeof rule === 'object' ? [{ table, match: rule.match }] : [],
  );
}

/** The same rules for what has the target's keys already. */
export function leaveMatched(tableRules: ByTable): ByTable {
  const leave = (rules: TableRules): TableRules =>
    typeof rules.seeded === 'object' ? { ...rules, seeded: 'keep' } : rules;
  return Object.fromEntries(Object.entries(tableRules).map(([table, rules]) => [table, leave(rules)]));
}

/** Whether the application has rows of its own of this table on the target, beside which those of SQLite are left out. */
export function isLeftToSeeds(tableRules: ByTable, table: string): boolean {
  return excludedSeeds(tableRules).some((one) => isSameName(one, table));
}

/** What the plan says of each. */
export function noteSeeded(tableRules: ByTable): Finding[] {
  return seededRules(tableRules).map(({ table, rule }) =>
    makeFinding({ severity: 'note', code: 'plan.seeded', table, ...wordsFor(rule) }),
  );
}

function wordsFor(rule: SeededRule): Pick<Finding, 'message' | 'hint'> {
  const hint = 'change seeded in tableRules of the config file to decide otherwise';
  if (rule === 'replace') return { message: 'the rows that the target has give way to those of SQLite', hint };
  if (rule === 'keep') return { message: 'the rows that the target has stay; those of SQLite are left out', hint };
  if (rule === 'merge')
    return { message: 'the rows that the target has stay where SQLite does not have their keys', hint };
  const message = `the rows that the target has stay, and what refers to them follows their keys, matched by ${rule.match.join(', ')}`;
  return { message, hint };
}

function seededRules(tableRules: ByTable): { readonly table: string; readonly rule: SeededRule }[] {
  return Object.entries(tableRules).flatMap(([table, { seeded }]) =>
    seeded === undefined ? [] : [{ table, rule: seeded }],
  );
}
