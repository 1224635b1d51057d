import { refuse } from '../value/misfit.js';
import { type Moment, normalise, UNIX_EPOCH_DAYS } from './temporal.js';

const DAY_MS = 86_400_000;
/** Years 1 to 9999. Before them no zone has rules, and after them the rules are unknown. */
const FIRST_MS = Date.UTC(2000, 0, 1) - 1999 * 365.2425 * DAY_MS;
const END_MS = Date.UTC(9999, 11, 30);
/** How many days' offsets are cached; a column rarely spans as many. */
const cachedDaysMax = 20_000;

const hint = 'correct the value in the source, write it with its offset, or set another zone for the column';

/** Converts a moment that was read as local time to UTC, or the other way. */
export type ZoneShift = (moment: Moment) => void;

/** What a local time means that the clocks show twice: nothing, or the first of its two moments, as drivers read it. */
type Twice = 'refuse' | 'earlier';

/**
 * Local time of an IANA zone, or at an offset such as `+05:30`, → UTC, exact to the second by the rules of this Node. A
 * time that the clocks skip does not exist, and a time that they show twice is ambiguous: both are a Misfit, unless of
 * the latter the earlier moment is taken; so are years outside of 1 to 9999.
 */
export function createZoneShift(zone: string, twice: Twice = 'refuse'): ZoneShift {
  const fixed = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  return fixed === null
    ? createNamedShift(zone, twice)
    : createFixedShift(fixed[1] === '-', Number(fixed[2]), Number(fixed[3] ?? 0));
}

/**
 * UTC → the local time that the clocks of a zone show, exact to the second; every moment has one. A Misfit outside of the
 * years 1 to 9999.
 */
export function createLocalShift(zone: string): ZoneShift {
  const fixed = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (fixed !== null) return createFixedShift(fixed[1] !== '-', Number(fixed[2]), Number(fixed[3] ?? 0));
  const offsetAt = createOffsets(zone);
  return (moment) => {
    const utcMs = (moment.days + UNIX_EPOCH_DAYS) * DAY_MS + Math.floor(moment.micros / 1_000_000) * 1000;
    if (utcMs < FIRST_MS + DAY_MS || utcMs >= END_MS) {
      refuse('data.out_of_range', `no time zone has rules for this year in ${zone}`, hint);
    }
    moment.micros += offsetAt(utcMs) * 1000;
    normalise(moment);
  };
}

/**
 * UTC → the local time under which a timestamp without time zone is stored for drivers that read it as that of `zone`.
 * They take the first of the two moments of a time that the clocks show twice, so the second is a Misfit.
 */
export function createStoredShift(zone: string): ZoneShift {
  const toLocal = createLocalShift(zone);
  if (/^[+-]/.test(zone)) return toLocal;
  const offsetAt = createOffsets(zone);
  const dayOffset = createDayOffsets(offsetAt);
  return (moment) => {
    const day = moment.days + UNIX_EPOCH_DAYS;
    const utcMs = day * DAY_MS + Math.floor(moment.micros / 1_000_000) * 1000;
    const isKnown = utcMs >= FIRST_MS + DAY_MS && utcMs < END_MS;
    const offset = isKnown ? dayOffset(day) : null;
    if (offset !== null) {
      moment.micros += offset * 1000;
      normalise(moment);
      return;
    }
    if (isKnown && skipBack(offsetAt, utcMs) > 0) refuseSecond(zone);
    toLocal(moment);
  };
}

/** How long before this moment the clocks showed the same time already, in milliseconds; 0 where they did not. */
export function skipBack(offsetAt: OffsetAt, utcMs: number): number {
  const offset = offsetAt(utcMs);
  const back = offsetAt(utcMs - DAY_MS) - offset;
  return back > 0 && offsetAt(utcMs - back) === offset + back ? back : 0;
}

function refuseSecond(zone: string): never {
  refuse(
    'data.ambiguous_time',
    `the clocks of ${zone} show this time for the second time, which no timestamp without time zone can say`,
    'make the target column timestamptz, which has no such hour, or correct the value in the source',
  );
}

function createFixedShift(isWest: boolean, hours: number, minutes: number): ZoneShift {
  const micros = (hours * 60 + minutes) * 60_000_000 * (isWest ? 1 : -1);
  return (moment) => {
    moment.micros += micros;
    normalise(moment);
  };
}

function createNamedShift(zone: string, twice: Twice): ZoneShift {
  const offsetAt = createOffsets(zone);
  const dayOffset = createDayOffsets(offsetAt);
  return (moment) => {
    const day = moment.days + UNIX_EPOCH_DAYS;
    const localMs = day * DAY_MS + Math.floor(moment.micros / 1_000_000) * 1000;
    if (localMs < FIRST_MS + DAY_MS || localMs >= END_MS) {
      refuse('data.out_of_range', `no time zone has rules for this year in ${zone}`, hint);
    }
    const offsetMs = dayOffset(day) ?? changingOffset(offsetAt, { day, localMs, zone, twice });
    moment.micros -= offsetMs * 1000;
    normalise(moment);
  };
}

/** The offset of a whole day, whether of UTC or of local time; null near a change of the clocks. */
function createDayOffsets(offsetAt: OffsetAt): (day: number) => number | null {
  const offsetOfDay = new Map<number, number | null>();
  return (day) => {
    const known = offsetOfDay.get(day);
    if (known !== undefined) return known;
    if (offsetOfDay.size >= cachedDaysMax) offsetOfDay.clear();
    const [before, after] = [offsetAt((day - 1) * DAY_MS), offsetAt((day + 2) * DAY_MS)];
    const offset = before === after ? before : null;
    offsetOfDay.set(day, offset);
    return offset;
  };
}

interface LocalSecond {
  readonly day: number;
  readonly localMs: number;
  readonly zone: string;
  readonly twice: Twice;
}

/** The offset at a local time near a change of the clocks. */
function changingOffset(offsetAt: OffsetAt, { day, localMs, zone, twice }: LocalSecond): number {
  const around = new Set([offsetAt((day - 1) * DAY_MS), offsetAt((day + 2) * DAY_MS)]);
  const [offset, other] = [...around].filter((one) => offsetAt(localMs - one) === one);
  if (offset === undefined) refuse('data.no_such_time', `the clocks of ${zone} skip this time`, hint);
  if (other === undefined) return offset;
  if (twice === 'refuse') refuse('data.ambiguous_time', `the clocks of ${zone} show this time twice`, hint);
  return Math.max(offset, other);
}

type OffsetAt = (utcMs: number) => number;

/** The offset of the zone, in milliseconds, at a whole second. */
export function createOffsets(zone: string): OffsetAt {
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const clock = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...numeric, ...clock });
  return (utcMs) => {
    const at = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => at.get(type) ?? 0;
    const local = new Date(0);
    local.setUTCFullYear(part('year'), part('month') - 1, part('day'));
    local.setUTCHours(part('hour'), part('minute'), part('second'));
    return local.getTime() - utcMs;
  };
}
