import type { Finding, TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { type Policy, policyFor } from '../../model/rules.js';
import type { TableTrial } from '../../model/census.js';
import { type PolicyQuestion, policyChoices } from '../findings/choices.js';
import { hazards } from '../findings/hazards.js';
import { isConversion } from './rules.js';

/** The hazards that the copy would meet in the values behind a finding of the plan, by kind where the kind decides. */
const hazardsOfFinding: Readonly<Record<string, (kind: Kind) => readonly string[]>> = {
  'plan.null_in_not_null': () => ['null_in_not_null'],
  'plan.out_of_range': (kind) => outOfRange(kind),
  'plan.real_in_integer': (kind) => [wrongValue(kind)],
  'plan.real_in_float4': () => ['inexact'],
  'plan.text_in_other': (kind) => [kind.tag === 'bytea' ? 'text_in_blob' : wrongValue(kind)],
  'plan.text_in_number': (kind) => [wrongValue(kind)],
  'plan.integer_in_other': (kind) => [kind.tag === 'bytea' ? 'number_in_blob' : wrongValue(kind)],
  'plan.real_in_other': (kind) => [kind.tag === 'bytea' ? 'number_in_blob' : wrongValue(kind)],
  'plan.blob_in_other': (kind) => [blobIn(kind)],
  'plan.not_boolean': () => ['not_a_bool'],
  'plan.too_long': () => ['too_long'],
  'plan.empty_text': (kind) => [wrongValue(kind)],
  'plan.not_uuid': () => ['not_a_uuid'],
  'plan.not_a_label': () => ['enum_label'],
  'plan.orphans': () => ['orphan'],
};

/** Hazards that a policy of a table decides about, even where a finding names a column. */
const hazardsOfTables: readonly string[] = ['orphan', 'duplicate_key', 'check_violation'];

/** Whether a finding is about values or rows that a policy can decide about. */
export function isOfPolicies({ code }: Finding): boolean {
  return hazardsOf(code) !== undefined;
}

/** The findings about values that were tried have the code of the error that the copy would meet. */
function hazardsOf(code: string): ((kind: Kind) => readonly string[]) | undefined {
  const [, name = ''] = /^data\.(.+)$/.exec(code) ?? [];
  return name in hazards ? () => [name] : hazardsOfFinding[code];
}

/**
 * Findings about values and rows, with the policy for each: what `fail` refuses stays an error and says which lines of the
 * config file would change it; what another policy decides is a warning that says so, unless its rule cannot carry every
 * value that was tried.
 */
export function applyPolicies(
  findings: readonly Finding[],
  tables: readonly TablePlan[],
  trials: readonly TableTrial[] = [],
): Finding[] {
  return findings.map((finding) => {
    const table = tables.find(({ source }) => source === finding.table);
    const namesOf = hazardsOf(finding.code);
    if (table === undefined || namesOf === undefined || finding.severity === 'note') return finding;
    const column = table.columns.find(({ source }) => source === finding.column) ?? null;
    const names = namesOf(column?.kind ?? { tag: 'literal' });
    const isOfTable = names.some((name) => hazardsOfTables.includes(name));
    const tried = trials
      .find((one) => one.table === table.source)
      ?.columns.find((one) => one.column === finding.column);
    return decide(finding, {
      table: table.source,
      column: isOfTable ? null : (column?.source ?? null),
      names,
      policies: (isOfTable ? table.policies : column?.policies) ?? {},
      notNull: !isOfTable && column?.notNull === true,
      hasDefault: column?.defaultValue !== undefined,
      patterns: tried?.refused.find(({ code }) => code === finding.code)?.patterns ?? [],
      rulesOf: (hazard) => tried?.refused.find(({ code }) => code === `data.${hazard}`)?.rules ?? null,
    });
  });
}

function decide(finding: Finding, question: PolicyQuestion): Finding {
  const { names, policies, notNull, hasDefault, rulesOf } = question;
  const choices = [...(finding.choices ?? []), ...policyChoices(question)];
  const isFailing = names.some((name) => policyFor(policies, name) === 'fail');
  if (isFailing) return { ...finding, hint: `${finding.hint}; or decide otherwise in the config file:`, choices };
  const decided = names.map((name) => `${name}: ${describePolicy(policyFor(policies, name))}`).join(', ');
  const unable = names.filter((name) => {
    const policy = policyFor(policies, name);
    if (typeof policy !== 'object') return false;
    const isNothing = policy.convert === 'default' && policy.value === undefined && !hasDefault;
    return isNothing || rulesOf(name)?.includes(policy.convert) === false;
  });
  const isNullRefused = notNull && names.some((name) => isConversion(policyFor(policies, name), 'null'));
  if (isNullRefused || unable.length > 0) {
    const why = isNullRefused ? 'but the target column takes no NULL' : 'which cannot be applied to each of them';
    const message = `${finding.message} (policy ${decided}, ${why})`;
    const others = choices.filter((line) => !line.includes('"fail"'));
    return { ...finding, severity: 'error', message, hint: 'name another policy in the config file:', choices: others };
  }
  const message = `${finding.message} (policy ${decided})`;
  return { ...finding, severity: 'warning', message, hint: 'what would change it in the config file:', choices };
}

function describePolicy(policy: Policy): string {
  if (typeof policy === 'string') return policy;
  const value = policy.value === undefined ? '' : ` ${JSON.stringify(policy.value)}`;
  return `convert by ${policy.convert}${value}`;
}

function outOfRange({ tag }: Kind): readonly string[] {
  if (tag === 'numeric') return ['numeric_overflow'];
  return tag === 'float4' || tag === 'float8' ? ['inexact'] : ['out_of_range'];
}

/** The hazard of a value that has no form in the kind. */
function wrongValue({ tag }: Kind): string {
  switch (tag) {
    case 'bool':
      return 'not_a_bool';
    case 'int2':
    case 'int4':
    case 'int8':
      return 'not_an_integer';
    case 'float4':
    case 'float8':
    case 'numeric':
      return 'not_a_number';
    case 'date':
      return 'not_a_date';
    case 'time':
      return 'not_a_time';
    case 'timestamp':
    case 'timestamptz':
      return 'not_a_timestamp';
    case 'uuid':
      return 'not_a_uuid';
    case 'json':
    case 'jsonb':
      return 'not_json';
    case 'enum':
      return 'enum_label';
    default:
      return 'rejected';
  }
}

function blobIn({ tag }: Kind): string {
  if (tag === 'uuid') return 'not_a_uuid';
  return ['text', 'char', 'json', 'jsonb', 'enum', 'literal'].includes(tag) ? 'blob_in_text' : 'blob';
}
