import type { ColumnTrial, RefusedValues } from '../model/census.js';
import type { Kind } from '../model/kind.js';
import type { Finding } from '../model/plan.js';
import { type Policies, policyFor } from '../model/rules.js';
import { makeFinding } from '../plan/findings/finding.js';
import { isTaken } from '../plan/kinds/tried-values.js';
import { policyChoices, ruleLine } from '../plan/findings/choices.js';
import { inferType } from './inferred-type.js';
import {
  bigint,
  double,
  numeric,
  plainType,
  type Inference,
  type PgType,
  readDeclared,
  type TypeChoice,
  type TypeQuestion,
} from './pg-type.js';
import { isZonedName, unitOf } from './time-type.js';
import { mapType } from './type-map.js';

/** What a declaration means, and how values would travel into it. */
export interface DeclaredType {
  readonly type: PgType;
  readonly kind: Kind;
}

/** What was found when the values of a column were tried as what it declares. */
export interface TriedColumn {
  readonly trial: ColumnTrial;
  /** What the operator has decided about values that do not fit. */
  readonly policies: Policies;
}

/**
 * The type that a column declares but would not get, since the census alone cannot tell whether its values fit: texts in
 * a BOOLEAN may all be `t` and `f`. Also one that it only shows; see inferred-type.ts. Null where it gets what it declares,
 * or declares nothing that PostgreSQL has.
 */
export function doubtedType(question: TypeQuestion): DeclaredType | null {
  if (question.isIdentity === true) return null;
  const { census } = question;
  if (census.integers + census.reals + census.texts + census.blobs === 0) return null;
  const inferred = inferType(question);
  if (inferred !== null) return inferred;
  const declared = declaredType(question);
  const mapped = mapType(question).type.class;
  // An integer type may be how a framework declares a boolean; that was decided by its values.
  return declared === null || mapped === declared.type.class || mapped === 'bool' ? null : declared;
}

function declaredType(question: TypeQuestion): DeclaredType | null {
  const { column } = question;
  const { words } = readDeclared(column.declaredType);
  if (/^BOOL(EAN)?$/.test(words)) return { type: plainType('boolean', 'bool'), kind: { tag: 'bool' } };
  if (/^(DATETIME|TIMESTAMP)/.test(words) || (words === 'DATE' && question.census.charsMax > 10))
    return timestampType(question, isZonedName(words));
  if (words === 'DATE') return dateType(question);
  if (words === 'TIME') return { type: plainType('time', 'time'), kind: { tag: 'time', precision: 6 } };
  if (/^JSONB?$/.test(words) && !question.isIndexed) {
    const tag = words === 'JSON' ? 'json' : 'jsonb';
    return { type: plainType(tag, 'json'), kind: { tag } };
  }
  if (/^(UUID|GUID)$/.test(words)) return { type: plainType('uuid', 'uuid'), kind: { tag: 'uuid' } };
  if (/^(DECIMAL|NUMERIC|NUMBER|DEC)\b/.test(words))
    return { type: numeric, kind: { tag: 'numeric', precision: null, scale: null } };
  if (column.affinity === 'integer') return { type: bigint, kind: { tag: 'int8' } };
  return column.affinity === 'real' ? { type: double, kind: { tag: 'float8' } } : null;
}

function timestampType(question: TypeQuestion, isZoned: boolean): DeclaredType | null {
  const unit = unitOf(question, false);
  if (unit.tag === 'ambiguous') return null;
  const tag = isZoned ? 'timestamptz' : 'timestamp';
  const kind = { tag, precision: 6, unit: unit.unit } as const;
  return { type: plainType(`${tag}(6)`, 'timestamp'), kind };
}

function dateType(question: TypeQuestion): DeclaredType | null {
  const unit = unitOf(question, true);
  return unit.tag === 'ambiguous' ? null : { type: plainType('date', 'date'), kind: { tag: 'date', unit: unit.unit } };
}

/**
 * The type of a column: what it declares where every value can be read as that, or the operator has decided about those
 * that cannot; else that of `mapType`, with a finding that names what is in the way.
 */
export function chooseType(question: TypeQuestion, tried: TriedColumn | null): TypeChoice & { readonly why: string } {
  const mapped = mapType(question);
  const inferred = inferType(question);
  if (inferred !== null) {
    const { texts, reals } = question.census;
    const isShown = tried === null ? texts + reals === 0 : tried.trial.refused.length === 0;
    if (!isShown) return mapped;
    const inference = { rule: inferred.rule, otherwise: mapped.type.sql };
    return { type: inferred.type, findings: [], inference, why: whyInferred(question, inferred.rule) };
  }
  const declared = tried === null ? null : doubtedType(question);
  if (tried === null || declared === null) return mapped;
  const against = tried.trial.refused.filter(({ code }) => !isTaken(declared.kind, code));
  const refused = against.filter(({ code }) => policyFor(tried.policies, hazardOf(code)) === 'fail');
  const { declaredType: words } = question.column;
  if (refused.length > 0) return { ...mapped, findings: [givenUp(question, declared, { mapped, refused })] };
  const why =
    against.length === 0
      ? `declared ${words}, and every value can be read as that`
      : `declared ${words}; the config file decides about the values that cannot be read as that`;
  return { type: declared.type, findings: [], why };
}

function whyInferred({ column }: TypeQuestion, rule: Inference['rule']): string {
  const shown = rule === 'jsonb' ? 'a CHECK binds it to JSON' : 'every value is one';
  return `declared ${column.declaredType}, and ${shown}`;
}

function givenUp(
  { table, column, census }: TypeQuestion,
  declared: DeclaredType,
  { mapped, refused }: { readonly mapped: TypeChoice; readonly refused: readonly RefusedValues[] },
): Finding {
  const all = census.integers + census.reals + census.texts + census.blobs;
  const kinds = refused.map(({ count, reason, examples }) => {
    const named = examples.map(({ key, value }) => (key === '' ? value : `${value} (${key})`));
    return `${count} of ${all} ${count === 1 ? 'is' : 'are'} ${reason}: ${named.join(', ')}`;
  });
  const isBlocked = mapped.findings.some(({ severity }) => severity === 'error');
  const becomes = isBlocked ? `is no ${declared.type.sql}, and no one type carries it` : `becomes ${mapped.type.sql}`;
  const choices = policyChoices({
    table,
    column: column.name,
    names: [...new Set(refused.map(({ code }) => hazardOf(code)))],
    policies: {},
    notNull: column.notNull,
    hasDefault: false,
    patterns: refused.length === 1 ? (refused[0]?.patterns ?? []) : [],
    rulesOf: (hazard) => refused.find(({ code }) => hazardOf(code) === hazard)?.rules ?? null,
  });
  return makeFinding({
    severity: isBlocked ? 'error' : 'warning',
    code: 'plan.declared_type',
    table,
    column: column.name,
    message: `${column.declaredType} ${becomes}: ${kinds.join('; ')}`,
    hint: `to keep ${declared.type.sql}, correct these values in SQLite, or decide about them in the config file${isBlocked ? '' : `; the last line is for ${mapped.type.sql}`}:`,
    choices: isBlocked ? choices : [...choices, ruleLine(table, column.name, { type: mapped.type.sql })],
  });
}

/** The hazard that a policy names, from the code of the error: `not_a_bool` of `data.not_a_bool`. */
function hazardOf(code: string): string {
  return code.replace(/^data\./, '');
}
