import type { ColumnCensus, ColumnRules, Finding, Kind, SourceColumn, TargetColumn } from '../model.js';
import { makeFinding } from './finding.js';
import { chooseTimeUnit } from './time-unit.js';
import { readCharsTypmod, readNumericTypmod, readTimeTypmod } from './typmod.js';
import { checkValues } from './values.js';

/** One source column, the target column it goes into, and what it really holds. */
export interface ColumnPair {
  readonly table: string;
  readonly source: SourceColumn;
  readonly target: TargetColumn;
  readonly census: ColumnCensus;
  /** Whether the target column is in the primary key. */
  readonly isPrimaryKey: boolean;
  /** What the operator decided about the column. */
  readonly rules?: ColumnRules;
}

export interface KindChoice {
  readonly kind: Kind;
  /** Why this kind, in words. */
  readonly reason: string;
  readonly findings: readonly Finding[];
}

/**
 * Decides how a column travels. The target's type decides the kind; for numbers in a temporal column the census
 * decides their unit. A value that surely cannot be carried exactly is an error finding, one that must be looked at
 * value by value is left to the copy.
 */
export function chooseKind(pair: ColumnPair): KindChoice {
  const { baseType } = pair.target;
  const choice =
    baseType === 'timestamp' || baseType === 'timestamptz' ? chooseTimestamp(pair, baseType) : choosePlain(pair);
  return { ...choice, findings: [...choice.findings, ...checkValues(pair, choice.kind)] };
}

function choosePlain({ target }: ColumnPair): KindChoice {
  const kind = kindOfType(target);
  const reason =
    kind.tag === 'literal'
      ? `${target.type} is read by PostgreSQL's own input function`
      : `the target is ${target.type}`;
  return { kind, reason, findings: [] };
}

function chooseTimestamp(pair: ColumnPair, tag: 'timestamp' | 'timestamptz'): KindChoice {
  const precision = readTimeTypmod(pair.target.typmod);
  const choice = chooseTimeUnit(pair.census, pair.source.declaredType);
  if (choice.tag === 'ambiguous') {
    return {
      kind: { tag, precision, unit: 'ms' },
      reason: choice.message,
      findings: [unitFinding(pair, 'error', choice.message)],
    };
  }
  const findings = choice.doubt === null ? [] : [unitFinding(pair, 'warning', choice.doubt)];
  return {
    kind: { tag, precision, unit: choice.unit },
    reason: `the target is ${pair.target.type}; ${choice.reason}`,
    findings,
  };
}

function unitFinding({ table, source }: ColumnPair, severity: 'error' | 'warning', message: string): Finding {
  const hint = 'bring the numbers of this column to one unit, milliseconds for instance, or store them as ISO text';
  return makeFinding({ severity, code: 'plan.time_unit', table, column: source.name, message, hint });
}

/** The kind of every base type but the timestamps; what has none of its own is a literal. */
function kindOfType(target: TargetColumn): Kind {
  const { baseType, typmod } = target;
  if (target.typeClass === 'e') return { tag: 'enum', labels: target.enumLabels ?? [] };
  if (target.typeClass !== 'b') return { tag: 'literal' };
  switch (baseType) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'bytea':
    case 'uuid':
    case 'json':
    case 'jsonb':
    case 'date':
      return { tag: baseType };
    case 'numeric':
      return { tag: 'numeric', ...readNumericTypmod(typmod) };
    case 'text':
    case 'citext':
    case 'name':
      return { tag: 'text', maxChars: null };
    case 'varchar':
      return { tag: 'text', maxChars: readCharsTypmod(typmod) };
    case 'bpchar':
      return kindOfChar(readCharsTypmod(typmod));
    case 'time':
      return { tag: 'time', precision: readTimeTypmod(typmod) };
    default:
      return { tag: 'literal' };
  }
}

function kindOfChar(chars: number | null): Kind {
  return chars === null ? { tag: 'text', maxChars: null } : { tag: 'char', chars };
}
