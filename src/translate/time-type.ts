import type { TimeUnit } from '../model/kind.js';
import { epochs, isEpochUnit } from '../lib/time/epochs.js';
import { chooseTimeUnit, givenTimeUnit } from '../plan/kinds/time-unit.js';
import { areWholeDays } from '../plan/kinds/time-votes.js';
import type { UnitChoice } from '../plan/kinds/unit-choice.js';
import { unitFinding } from '../plan/kinds/unit-finding.js';
import {
  bigint,
  double,
  only,
  plainType,
  readDeclared,
  textType,
  type TypeChoice,
  type TypeQuestion,
} from './pg-type.js';

/** The longest ISO text with three fraction digits and Z; longer ones may hold microseconds. */
const millisecondChars = 24;

/** Whether a declared time has a zone, by the words of its type. */
export function isZonedName(words: string): boolean {
  return /WITH TIME ZONE|TZ$|OFFSET$/.test(words) && !words.includes('WITHOUT');
}

/** Texts cannot be known from the census: the copy reads each. Numbers must have a unit. */
export function mapTimestamp(question: TypeQuestion, isZoned: boolean): TypeChoice | null {
  const { census } = question;
  if (census.blobs + census.emptyTexts > 0) return null;
  const unit = unitOf(question, false);
  if (unit.tag === 'ambiguous') return withoutUnit(question, unit);
  const digits = isEpochUnit(unit.unit) ? epochs[unit.unit].digits : 0;
  const isFine = digits > 3 || census.reals > 0 || census.charsMax > millisecondChars;
  const precision = isFine ? 6 : timePrecision(question);
  return only(plainType(`${isZoned ? 'timestamptz' : 'timestamp'}(${precision})`, 'timestamp'));
}

/**
 * Fraction digits of a time whose values so far have three at most: PostgreSQL's six, for the next value may need them,
 * unless three are declared or are what the framework has on PostgreSQL.
 */
function timePrecision({ column, framework }: TypeQuestion): 3 | 6 {
  return readDeclared(column.declaredType).length === 3 || framework === 'Prisma' ? 3 : 6;
}

/** The unit of a column's numbers as times: the operator's, or what the values show. */
export function unitOf({ census, column, unit, mark = null }: TypeQuestion, isDate: boolean): UnitChoice {
  if (unit !== null && unit !== undefined) return givenTimeUnit(census, unit);
  return chooseTimeUnit({ census, declaredType: column.declaredType, isDate, mark });
}

/** Numbers whose unit is not known stay numbers. */
function withoutUnit(
  { table, column, census }: TypeQuestion,
  choice: Extract<UnitChoice, { readonly tag: 'ambiguous' }>,
): TypeChoice {
  const type = census.texts > 0 ? textType : census.reals > 0 ? double : bigint;
  const message = `${column.declaredType} becomes ${type.sql}: ${choice.message}`;
  const at = { table, column: column.name, severity: 'warning' as const };
  return { type, findings: [unitFinding(at, { ...choice, message })] };
}

/** A date where every value is one: texts of at most ten characters, and numbers that are midnights in their unit. */
export function mapDate(question: TypeQuestion): TypeChoice | null {
  const { census } = question;
  if (census.blobs + census.emptyTexts > 0) return null;
  if (census.charsMax > 10 || census.reals > 0) return mapTimestamp(question, false);
  if (census.integers === 0) return only(plainType('date', 'date'));
  const unit = unitOf(question, true);
  if (unit.tag === 'ambiguous') return withoutUnit(question, unit);
  return areWholeDays(census, unit.unit) || !isClock(unit.unit)
    ? only(plainType('date', 'date'))
    : mapTimestamp(question, false);
}

/** Whether numbers of a unit may be any time of a day. */
function isClock(unit: TimeUnit): boolean {
  return unit !== 'days' && (isEpochUnit(unit) || unit === 'julian' || unit.includes('HH'));
}
