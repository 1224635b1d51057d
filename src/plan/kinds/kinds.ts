import type { Finding } from '../../model/plan.js';
import type { HeldDigits, HeldElements, Kind, TimeReading, TimeUnit } from '../../model/kind.js';
import type { TargetColumn } from '../../model/target.js';
import { isUnit, unitNames } from '../../lib/time/epochs.js';
import { zonedElements } from '../../lib/time/zoned-elements.js';
import type { ColumnPair } from './column-pair.js';
import { lengthUnits } from '../findings/choices.js';
import { makeFinding } from '../findings/finding.js';
import { chooseTimeUnit, givenTimeUnit } from './time-unit.js';
import type { UnitQuestion } from './unit-choice.js';
import { unitFinding } from './unit-finding.js';
import { readCharsTypmod, readIntervalTypmod, readNumericTypmod, readTimeTypmod } from './typmod.js';
import { remarkFindings } from './remark-findings.js';
import { checkValues } from './values.js';
import { nameBytesMax } from '../names/names.js';
import { checkClocks, checkZone, takesZone, zonesOf } from './zone-findings.js';
import { checkPattern, patternOf } from './text-patterns.js';
import { isZoneName } from './zone-name.js';

export interface KindChoice {
  readonly kind: Kind;
  /** Why this kind, in words. */
  readonly reason: string;
  /** Whether the unit of a temporal kind means nothing, since no number is there. */
  readonly isUnitMoot?: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Decides how a column travels. The target's type decides the kind; for numbers in a temporal column the census
 * decides their unit. A value that surely cannot be carried exactly is an error finding, one that must be looked at
 * value by value is left to the copy.
 */
export function chooseKind(pair: ColumnPair): KindChoice {
  const choice = isTemporal(pair.target) ? chooseTemporal(pair) : choosePlain(pair);
  // As long as the unit is unknown, nothing can be said about the values in it.
  if (choice.findings.some(({ severity }) => severity === 'error')) {
    return { ...choice, findings: [...choice.findings, ...checkReading(pair, choice.kind)] };
  }
  const examples = pair.trial?.converted.map(({ value, becomes }) => `${value} becomes ${becomes}`) ?? [];
  return {
    ...choice,
    reason: [choice.reason, ...examples].join('; '),
    findings: [
      ...choice.findings,
      ...checkReading(pair, choice.kind),
      ...checkZone(pair, choice.kind),
      ...checkClocks(pair, choice.kind),
      ...remarkFindings(pair, choice.kind),
      ...checkValues(pair, choice.kind),
    ],
  };
}

/** A unit or a zone in the config file that means nothing for the column, or that is none. */
function checkReading({ table, source, target, rules = {}, habits }: ColumnPair, kind: Kind): Finding[] {
  const location = { severity: 'error', code: 'plan.rule', table, column: source.name } as const;
  const isInterval = kind.tag === 'literal' && kind.form?.tag === 'interval';
  const findings: Finding[] = [];
  const pattern = rules.pattern ?? habits?.pattern;
  const zones = [rules.zone ?? habits?.zone, rules.targetZone ?? habits?.targetZone];
  if (rules.unit !== undefined && !isTemporal(target) && !isInterval) {
    const message = `the config file sets a unit, but ${target.type} is no point in time`;
    findings.push(makeFinding({ ...location, message, hint: 'take the unit of this column out of the config file' }));
  }
  if (rules.uuidBytes !== undefined && kind.tag !== 'uuid') {
    const message = `the config file sets a byte order of uuids, but ${target.type} is no uuid`;
    findings.push(makeFinding({ ...location, message, hint: 'take uuidBytes of this column out of the config file' }));
  }
  if (rules.unit !== undefined && !isUnit(rules.unit)) {
    const message = `the unit ${rules.unit} is not known`;
    const hint = `write one of ${unitNames.join(', ')}, or calendar digits such as YYYYMMDD or YYMMDDHHMISS`;
    findings.push(makeFinding({ ...location, message, hint }));
  }
  findings.push(
    ...checkPattern({ ...location, type: target.type }, kind, { pattern, isOwn: rules.pattern !== undefined }),
  );
  if (rules.zone !== undefined && !takesZone(kind, rules.zone)) {
    const why =
      zonedElements(kind) !== null
        ? `texts of ${target.type} are not turned from one to another: only UTC can be said`
        : `${target.type} is no date and time`;
    const message = `the config file sets a time zone, but ${why}`;
    findings.push(makeFinding({ ...location, message, hint: 'take the zone of this column out of the config file' }));
  }
  for (const zone of isTemporal(target) ? zones : []) {
    if (zone === undefined || isZoneName(zone)) continue;
    const message = `the time zone ${zone} is not known`;
    findings.push(makeFinding({ ...location, message, hint: 'write it as Europe/Athens, UTC or +02:00' }));
  }
  if (rules.targetZone !== undefined && kind.tag !== 'timestamp') {
    const message = `the config file sets a time zone of the target, but ${target.type} is no timestamp without time zone`;
    findings.push(
      makeFinding({ ...location, message, hint: 'take the targetZone of this column out of the config file' }),
    );
  }
  return findings;
}

/** Whether a column's numbers need a unit: dates and timestamps. */
export function isTemporal({ baseType, typeClass }: TargetColumn): boolean {
  return typeClass === 'b' && ['date', 'timestamp', 'timestamptz'].includes(baseType);
}

/** Django keeps its intervals as microseconds. */
function choosePlain(pair: ColumnPair): KindChoice {
  const { target, rules, habits, framework } = pair;
  const habit = lengthUnits.find((unit) => unit === habits?.unit);
  const plain = kindOfType(target, rules?.unit ?? habit ?? (framework === 'Django' ? 'us' : null));
  const isTurned = plain.tag === 'uuid' && (rules?.uuidBytes ?? habits?.uuidBytes) === 'dotnet';
  const kind: Kind = isTurned
    ? { tag: 'uuid', bytes: 'dotnet' }
    : plain.tag === 'time'
      ? { ...plain, ...patternOf(pair, 'time') }
      : plain;
  const reason =
    kind.tag === 'literal'
      ? `${target.type} is read by PostgreSQL's own input function`
      : `the target is ${target.type}`;
  return { kind, reason, findings: [] };
}

function chooseTemporal(pair: ColumnPair): KindChoice {
  const given = pair.rules?.unit ?? pair.habits?.unit;
  const choice = given === undefined ? chooseTimeUnit(questionOf(pair)) : givenTimeUnit(pair.census, given);
  if (choice.tag === 'ambiguous') {
    return {
      kind: temporalKind(pair.target, { unit: 'ms' }),
      reason: choice.message,
      findings: [unitFinding({ ...locationOf(pair), severity: 'error' }, choice)],
    };
  }
  const { unit, realUnit } = choice;
  return {
    kind: temporalKind(pair.target, {
      unit,
      ...(realUnit === undefined ? {} : { realUnit }),
      ...patternOf(pair, pair.target.baseType),
      ...zonesOf(pair),
    }),
    reason: `the target is ${pair.target.type}; ${choice.reason}`,
    ...(choice.isMoot === true ? { isUnitMoot: true } : {}),
    findings:
      choice.doubt === null
        ? []
        : [
            unitFinding(
              { ...locationOf(pair), severity: 'warning' },
              { message: choice.doubt, candidates: [choice.unit] },
            ),
          ],
  };
}

function temporalKind({ baseType, typmod }: TargetColumn, reading: TimeReading): Kind {
  if (baseType === 'date') return { tag: 'date', ...reading };
  const tag = baseType === 'timestamptz' ? 'timestamptz' : 'timestamp';
  return { tag, precision: readTimeTypmod(typmod), ...reading };
}

function locationOf({ table, source }: ColumnPair): { readonly table: string; readonly column: string } {
  return { table, column: source.name };
}

function questionOf({ census, source, target, mark = null }: ColumnPair): UnitQuestion {
  return { census, declaredType: source.declaredType, isDate: target.baseType === 'date', mark };
}

/** The kind of every base type but dates and timestamps; what has none of its own is a literal. */
function kindOfType(target: TargetColumn, unit: TimeUnit | null): Kind {
  const { baseType, typmod } = target;
  if (target.typeClass === 'e') return { tag: 'enum', labels: target.enumLabels ?? [] };
  if (target.typeClass !== 'b') return rangeOf(target);
  if (isArray(target)) return { tag: 'literal', form: { tag: 'array', ...elementsOf(target), ...heldBy(target) } };
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
      return { tag: baseType };
    case 'numeric':
      return { tag: 'numeric', ...readNumericTypmod(typmod) };
    case 'text':
    case 'citext':
      return { tag: 'text', maxChars: null };
    case 'name':
      return { tag: 'text', maxChars: null, maxBytes: nameBytesMax };
    case 'varchar':
      return { tag: 'text', maxChars: readCharsTypmod(typmod) };
    case 'bpchar':
      return kindOfChar(readCharsTypmod(typmod));
    case 'time':
      return { tag: 'time', precision: readTimeTypmod(typmod) };
    default:
      return literalOf(target, unit);
  }
}

/** Arrays of JSON stay as they are: a JSON array could be one of their elements as well as all of them. */
function isArray({ baseType }: TargetColumn): boolean {
  return baseType.startsWith('_') && baseType !== '_json' && baseType !== '_jsonb';
}

const numberArrays = ['_int2', '_int4', '_int8', '_float4', '_float8', '_numeric', '_oid'];

function elementsOf({ baseType }: TargetColumn): { readonly elements?: 'numbers' | 'truths' } {
  if (baseType === '_bool') return { elements: 'truths' };
  return numberArrays.includes(baseType) ? { elements: 'numbers' } : {};
}

/** What the elements of an array keep of their texts, where that may be less than the texts say. */
function heldBy({ baseType, typmod, moneyDigits = null }: TargetColumn): { readonly held?: HeldElements } {
  const of = baseType.slice(1);
  switch (of) {
    case 'money':
      return { held: { of, digits: moneyDigits } };
    case 'oid':
    case 'xid':
    case 'xid8':
    case 'cid':
      return { held: { of: 'unsigned' } };
    case 'name':
      return { held: { of: 'bytes', max: nameBytesMax } };
    case 'char':
      return { held: { of: 'bytes', max: 1 } };
    case 'varchar':
    case 'bpchar': {
      const max = readCharsTypmod(typmod);
      return max === null ? {} : { held: { of: 'characters', max } };
    }
    case 'date':
    case 'float4':
    case 'float8':
      return { held: { of, digits: 0 } };
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return { held: { of, digits: readTimeTypmod(typmod) } };
    case 'interval':
      return { held: { of, digits: readIntervalTypmod(typmod) } };
    case 'numeric': {
      const { scale } = readNumericTypmod(typmod);
      return scale === null ? {} : { held: { of, digits: scale } };
    }
    default:
      return {};
  }
}

/** Ranges of PostgreSQL's own; one that was made with CREATE TYPE does not say here of what it is. */
const boundsOf: Readonly<Record<string, HeldDigits>> = {
  date: { of: 'date', digits: 0 },
  ts: { of: 'timestamp', digits: 6 },
  tstz: { of: 'timestamptz', digits: 6 },
};

function rangeOf({ baseType, typeClass }: TargetColumn): Kind {
  const [, name = ''] = (typeClass === 'r' || typeClass === 'm' ? /^(.+?)(?:multi)?range$/.exec(baseType) : null) ?? [];
  const held = boundsOf[name];
  return held === undefined ? { tag: 'literal' } : { tag: 'literal', form: { tag: 'range', held } };
}

/** Other types, with what their input function would do in silence. */
function literalOf({ baseType, typmod, moneyDigits = null }: TargetColumn, unit: TimeUnit | null): Kind {
  switch (baseType) {
    case 'timetz':
      return { tag: 'literal', form: { tag: 'clock', digits: readTimeTypmod(typmod) } };
    case 'money':
      return { tag: 'literal', form: { tag: 'digits', digits: moneyDigits } };
    case 'interval':
      return { tag: 'literal', form: { tag: 'interval', digits: readIntervalTypmod(typmod), unit } };
    case 'char':
      return { tag: 'literal', form: { tag: 'byte' } };
    case 'oid':
    case 'xid':
    case 'xid8':
    case 'cid':
      return { tag: 'literal', form: { tag: 'unsigned' } };
    default:
      return { tag: 'literal' };
  }
}

function kindOfChar(chars: number | null): Kind {
  return chars === null ? { tag: 'text', maxChars: null } : { tag: 'char', chars };
}
