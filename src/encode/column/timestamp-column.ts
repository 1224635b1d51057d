import type { TimeReading, TimeUnit } from '../../model/kind.js';
import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { belowMicros, momentOfNumber, momentOfWide, outOfRange, precisionLoss } from '../time/epoch.js';
import { INT64_MAX, INT64_MIN } from './integer-column.js';
import { refuse, refuseBlob } from '../value/misfit.js';
import { createMoment, FIRST_DAY, MICROS_PER_DAY, type Moment, TIMESTAMP_END_DAY } from '../time/temporal.js';
import { isCalendar } from '../../lib/time/epochs.js';
import { createTemporalReader } from '../time/temporal-text.js';
import { createStoredShift, createZoneShift, type ZoneShift } from '../time/zone.js';

/** Days whose microseconds stay below 2^53. */
const SAFE_DAYS = 104_249;

/**
 * timestamp(p) and timestamptz(p): int64 microseconds since 2000-01-01 00:00 (UTC). Integers count in `unit`, reals in `realUnit`
 * where that is another; text with an offset is brought to UTC; text without one, and calendar digits, are local time of
 * `zone`, or UTC. What is stored is UTC, or what the clocks of `targetZone` show.
 */
export function timestampEncoder(
  precision: number,
  { unit, realUnit = unit, pattern, ...zones }: TimeReading,
): ColumnEncoder {
  const { ofLocal, ofInstant } = shiftsOf(zones);
  const moment = createMoment();
  const reader = createTemporalReader(pattern);
  const grain = 10 ** (6 - precision);
  const number =
    (numberUnit: TimeUnit) =>
    (out: Block, value: number): void => {
      momentOfNumber(moment, value, numberUnit);
      (isCalendar(numberUnit) ? ofLocal : ofInstant)?.(moment);
      writeTimestamp(out, moment, grain);
    };
  return {
    integer: number(unit),
    wide: (out, value) => {
      momentOfWide(moment, value, unit);
      (isCalendar(unit) ? ofLocal : ofInstant)?.(moment);
      writeTimestamp(out, moment, grain);
    },
    real: number(realUnit),
    text: (out, bytes, start, end) => {
      if (!reader.timestamp(moment, bytes, start, end)) {
        refuse(
          'data.not_a_timestamp',
          'not a date and time',
          'correct the value in the source, or make the target column text',
        );
      }
      if (moment.infinite === 0) (moment.offsetMinutes === null ? ofLocal : ofInstant)?.(moment);
      writeTimestamp(out, moment, grain);
    },
    blob: () => refuseBlob('date and time'),
  };
}

/** From what was read to what is stored: of a local time, and of a moment. Null where it stands as it was read. */
function shiftsOf({ zone, targetZone }: Pick<TimeReading, 'zone' | 'targetZone'>): {
  readonly ofLocal: ZoneShift | null;
  readonly ofInstant: ZoneShift | null;
} {
  const toUtc = zone === undefined ? null : createZoneShift(zone);
  if (targetZone === undefined) return { ofLocal: toUtc, ofInstant: null };
  const toStored = createStoredShift(targetZone);
  if (zone === targetZone) return { ofLocal: null, ofInstant: toStored };
  const ofLocal: ZoneShift = (moment) => {
    toUtc?.(moment);
    toStored(moment);
  };
  return { ofLocal, ofInstant: toStored };
}

function writeTimestamp(out: Block, moment: Moment, grain: number): void {
  const { days, micros } = moment;
  if (moment.infinite !== 0) {
    out.bigInt64(moment.infinite > 0 ? INT64_MAX : INT64_MIN);
    return;
  }
  if (days < FIRST_DAY || days >= TIMESTAMP_END_DAY) outOfRange();
  if (moment.isCut) belowMicros();
  if (micros % grain !== 0) precisionLoss();
  if (days > -SAFE_DAYS && days < SAFE_DAYS) out.int64(days * MICROS_PER_DAY + micros);
  else out.bigInt64(BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(micros));
}
