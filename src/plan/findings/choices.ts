import type { Policies, Policy } from '../../model/rules.js';
import { hazards } from './hazards.js';

/** Content of a config file as one line of JSON, without characters that a terminal obeys or nobody sees. */
export function configLine(config: object): string {
  return JSON.stringify(config).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The rules of a column, or of a table where no column is named, as content of a config file. */
export function ruleLine(table: string, column: string | null, rules: object): string {
  return configLine({ tableRules: { [table]: column === null ? rules : { columns: { [column]: rules } } } });
}

/** What policies may be proposed of. */
export interface PolicyQuestion {
  readonly table: string;
  readonly column: string | null;
  /** The hazards of one finding, at least one. */
  readonly names: readonly string[];
  /** Those in force, which are not proposed. */
  readonly policies: Policies;
  /** Whether the target column takes no NULL. */
  readonly notNull: boolean;
  /** Whether the target column has a default that the rule `default` can set. */
  readonly hasDefault: boolean;
  /** The patterns by which all the values, texts of dates or times, can be read. */
  readonly patterns?: readonly string[];
  /** The rules that carry all the values, by hazard, where they were tried. */
  readonly rulesOf: (hazard: string) => readonly string[] | null;
}

/** Units in which a column of intervals may hold numbers. */
export const lengthUnits = ['s', 'ms', 'us'] as const;

/** A config line for each unit or pattern that reads the values, and for each way to decide about the hazards of a finding. Hazards that do not know a rule go into quarantine beside it. */
export function policyChoices(question: PolicyQuestion): string[] {
  const { table, column, names, policies, patterns = [] } = question;
  const known = names.map((name) => [name, usableRules(question, name)] as const);
  const rules = [...new Set(known.flatMap(([, of]) => of))];
  const ways: Policies[] = [
    everywhere(names, 'quarantine'),
    ...rules.map((rule) =>
      Object.fromEntries(
        known.map(([name, of]): [string, Policy] => [name, of.includes(rule) ? { convert: rule } : 'quarantine']),
      ),
    ),
    everywhere(names, 'fail'),
  ];
  const isSo = (way: Policies) =>
    names.every((name) => JSON.stringify(way[name]) === JSON.stringify(policies[name] ?? policies['*'] ?? 'fail'));
  return [
    ...(names.includes('no_unit') ? lengthUnits.map((unit) => ruleLine(table, column, { unit })) : []),
    ...patterns.map((pattern) => ruleLine(table, column, { pattern })),
    ...ways.filter((way) => !isSo(way)).map((way) => ruleLine(table, column, { policies: way })),
  ];
}

function usableRules({ notNull, hasDefault, rulesOf }: PolicyQuestion, name: string): readonly string[] {
  const tried = rulesOf(name);
  return (hazards[name]?.rules ?? []).filter((rule) =>
    tried === null ? (rule !== 'null' || !notNull) && (rule !== 'default' || hasDefault) : tried.includes(rule),
  );
}

function everywhere(names: readonly string[], policy: Policy): Policies {
  return Object.fromEntries(names.map((name) => [name, policy]));
}
