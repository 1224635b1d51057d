import type { ColumnCensus } from '../../model/census.js';
import type { TimeUnit } from '../../model/kind.js';

/** The unit of the numbers in a temporal column, or why it cannot be told. */
export type UnitChoice =
  | {
      readonly tag: 'decided';
      readonly unit: TimeUnit;
      /** The unit of its reals where it is another: Julian days beside an epoch. */
      readonly realUnit?: TimeUnit;
      readonly reason: string;
      readonly doubt: string | null;
    }
  | { readonly tag: 'ambiguous'; readonly message: string };

type EpochUnit = Exclude<TimeUnit, 'julian'>;

const perSecond: Readonly<Record<EpochUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };
const epochUnits: readonly EpochUnit[] = ['s', 'ms', 'us', 'ns'];
const unitNames: Readonly<Record<TimeUnit, string>> = {
  s: 'seconds since 1970',
  ms: 'milliseconds since 1970',
  us: 'microseconds since 1970',
  ns: 'nanoseconds since 1970',
  julian: 'Julian days',
};

/**
 * A number speaks for a unit when it reads as a time from 1971 to 2100 in it. With 1971 as the lower end the four
 * bands do not meet, so that a number speaks for one unit at most. Smaller numbers, zero and negatives speak for none.
 */
const earliestS = 31_536_000n;
const latestS = 4_102_444_800n;
/** Julian days of 0000-01-01 and 9999-12-31, the range of SQLite's date functions. */
const julianMin = 1_721_059.5;
const julianMax = 5_373_484.5;
const julian1970 = 2_440_587.5;
/** Years 0001 and 9999 in seconds. */
const yearOneS = -62_135_596_800n;
const yearTenThousandS = 253_402_300_800n;

/** The choice of an operator, who names the unit; examples show what it makes of the numbers. */
export function givenTimeUnit(census: ColumnCensus, unit: TimeUnit): UnitChoice {
  const { integerMin, integerMax } = census;
  const shown =
    integerMin === null || integerMax === null || unit === 'julian'
      ? `numbers are ${unitNames[unit]}`
      : decide(unit, { min: BigInt(integerMin), max: BigInt(integerMax), doubt: null }).reason;
  return { tag: 'decided', unit, reason: `${shown}, as the config file says`, doubt: null };
}

/** Decides the unit from the range of the numbers; the declared type breaks a tie: Prisma's DATETIME holds milliseconds. */
export function chooseTimeUnit(census: ColumnCensus, declaredType: string): UnitChoice {
  const isPrismas = declaredType.trim().toUpperCase() === 'DATETIME';
  if (census.reals > 0) return chooseWithReals(census, isPrismas);
  if (census.integerMin === null || census.integerMax === null) {
    return { tag: 'decided', unit: isPrismas ? 'ms' : 's', reason: 'text only, decoded value by value', doubt: null };
  }
  return chooseFromIntegers(BigInt(census.integerMin), BigInt(census.integerMax), isPrismas);
}

/** The time that a number means in a unit, as ISO text. */
export function describeInstant(value: bigint, unit: EpochUnit): string {
  const scale = perSecond[unit];
  const seconds = value / scale - (value % scale < 0n ? 1n : 0n);
  const fraction = value - seconds * scale;
  const milliseconds = Number(seconds) * 1000;
  if (Math.abs(milliseconds) > 8.64e15) return 'outside any calendar';
  const whole = new Date(milliseconds).toISOString().replace('.000Z', '');
  return scale === 1n ? `${whole}Z` : `${whole}.${String(fraction).padStart(String(scale).length - 1, '0')}Z`;
}

function chooseFromIntegers(min: bigint, max: bigint, isPrismas: boolean): UnitChoice {
  const votes = new Set([min, max].map(voteOf).filter((unit) => unit !== null));
  const isOdd = [min, max].some((value) => value >= earliestS && voteOf(value) === null);
  const [only] = votes;
  if (votes.size === 1 && only !== undefined && !isOdd) return decide(only, { min, max, doubt: null });
  if (min === 0n && max === 0n) return decide('ms', { min, max, doubt: null });
  if (isPrismas && (votes.size === 0 || votes.has('ms')) && [min, max].every(isDateInMs)) {
    return decide('ms', { min, max, doubt: `the declared type DATETIME decided; ${readings(min, max)}` });
  }
  return { tag: 'ambiguous', message: `the unit of its integers cannot be told: ${readings(min, max)}` };
}

function chooseWithReals(census: ColumnCensus, isPrismas: boolean): UnitChoice {
  const { realMin, realMax, integerMin, integerMax } = census;
  if (typeof realMin !== 'number' || typeof realMax !== 'number') {
    const message = `the unit of its ${census.reals} reals cannot be told: their range is not known`;
    return { tag: 'ambiguous', message };
  }
  const real = unitOfReals(realMin, realMax);
  if (real === null) {
    const message = `the unit of its reals cannot be told: they go from ${realMin} to ${realMax}`;
    return { tag: 'ambiguous', message };
  }
  const reason = `reals are ${unitNames[real]}: ${realExamples(realMin, realMax, real)}`;
  if (integerMin === null || integerMax === null) return { tag: 'decided', unit: real, reason, doubt: null };
  // SQLite keeps a whole Julian day of a numeric column as an integer.
  if (real === 'julian' && [integerMin, integerMax].map(Number).every(isJulian)) {
    return { tag: 'decided', unit: real, reason, doubt: null };
  }
  const integers = chooseFromIntegers(BigInt(integerMin), BigInt(integerMax), isPrismas);
  if (integers.tag === 'ambiguous') return integers;
  if (integers.unit === real || (integerMin === '0' && integerMax === '0'))
    return { ...integers, unit: real, reason: `${integers.reason}; ${reason}` };
  if (real !== 'julian') {
    const message = `its integers are ${unitNames[integers.unit]}, but its reals ${unitNames[real]}`;
    return { tag: 'ambiguous', message: `the unit of its numbers cannot be told: ${message}` };
  }
  return { ...integers, realUnit: real, reason: `${integers.reason}; ${reason}` };
}

/** Fractions of nanoseconds are not told apart by a double, so that no real speaks for them. */
function unitOfReals(min: number, max: number): Exclude<TimeUnit, 'ns'> | null {
  if (isJulian(min) && isJulian(max)) return 'julian';
  const isWithin = (unit: 's' | 'ms' | 'us') => {
    const scale = Number(perSecond[unit]);
    return min >= Number(earliestS) * scale && max <= Number(latestS) * scale;
  };
  return (['s', 'ms', 'us'] as const).find(isWithin) ?? null;
}

function isJulian(value: number): boolean {
  return value >= julianMin && value <= julianMax;
}

function realExamples(min: number, max: number, unit: Exclude<TimeUnit, 'ns'>): string {
  const msOf = (value: number) => {
    if (unit === 'julian') return Math.round((value - julian1970) * 86_400_000);
    return Math.round(value * (1000 / Number(perSecond[unit])));
  };
  const one = (value: number) => `${value} is ${describeInstant(BigInt(msOf(value)), 'ms')}`;
  return [...new Set([min, (min + max) / 2, max].map(one))].join(', ');
}

function voteOf(value: bigint): EpochUnit | null {
  const fits = (unit: EpochUnit) => value >= earliestS * perSecond[unit] && value <= latestS * perSecond[unit];
  return epochUnits.find(fits) ?? null;
}

function isDateInMs(value: bigint): boolean {
  return value >= yearOneS * 1000n && value < yearTenThousandS * 1000n;
}

function decide(
  unit: EpochUnit,
  range: { min: bigint; max: bigint; doubt: string | null },
): Extract<UnitChoice, { tag: 'decided' }> {
  const { min, max, doubt } = range;
  const values = new Map([min, (min + max) / 2n, max].map((value) => [value, describeInstant(value, unit)]));
  const examples = [...values].map(([value, text]) => `${value} is ${text}`);
  const kind = examples.length > 1 ? 'smallest, midway and largest' : 'all equal';
  return { tag: 'decided', unit, reason: `integers are ${unitNames[unit]}: ${examples.join(', ')} (${kind})`, doubt };
}

function readings(min: bigint, max: bigint): string {
  const one = (unit: EpochUnit) => `as ${unit} ${describeInstant(min, unit)} to ${describeInstant(max, unit)}`;
  return `${min} to ${max} reads ${epochUnits.map(one).join('; ')}`;
}
