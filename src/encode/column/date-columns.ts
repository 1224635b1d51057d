import type { TimeReading, TimeUnit } from '../../model/kind.js';
import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { belowMicros, momentOfNumber, momentOfWide, outOfRange, precisionLoss } from '../time/epoch.js';
import { refuse, refuseBlob } from '../value/misfit.js';
import { createMoment, FIRST_DAY, type Moment } from '../time/temporal.js';
import { isInstant } from '../../lib/time/epochs.js';
import { createLocalShift } from '../time/zone.js';
import { createTemporalReader } from '../time/temporal-text.js';

export const INT32_MAX = 2 ** 31 - 1;
export const INT32_MIN = -(2 ** 31);

const hint = 'correct the value in the source, or make the target column timestamp or text';

/**
 * date: int32 days since 2000-01-01. Text dates, or date and time at midnight without an offset other than 0; numbers only
 * where they fall on midnight exactly, in milliseconds where no unit was decided. Midnight is that of UTC, or of `zone`:
 * with one, numbers and texts with an offset are brought to its local time first.
 */
export function dateEncoder({ unit = 'ms', realUnit = unit, pattern, zone }: Partial<TimeReading>): ColumnEncoder {
  const moment = createMoment();
  const reader = createTemporalReader(pattern);
  const toLocal = zone === undefined ? null : createLocalShift(zone);
  const write = (out: Block, numberUnit: TimeUnit): void => {
    // Calendar digits and days say the day itself.
    if (toLocal !== null && isInstant(numberUnit)) toLocal(moment);
    writeDate(out, moment);
  };
  const number =
    (numberUnit: TimeUnit) =>
    (out: Block, value: number): void => {
      if (!Number.isFinite(value)) notADate();
      momentOfNumber(moment, value, numberUnit);
      write(out, numberUnit);
    };
  return {
    integer: number(unit),
    wide: (out, value) => {
      momentOfWide(moment, value, unit);
      write(out, unit);
    },
    real: number(realUnit),
    text: (out, bytes, start, end) => {
      if (!reader.timestamp(moment, bytes, start, end)) notADate();
      if (toLocal !== null && moment.offsetMinutes !== null && moment.infinite === 0) {
        toLocal(moment);
        moment.offsetMinutes = null;
      }
      writeDate(out, moment);
    },
    blob: () => refuseBlob('date'),
  };
}

/** time(p): int64 microseconds since midnight, 24:00:00 included. Text only. */
export function timeEncoder(precision: number, pattern?: string): ColumnEncoder {
  const moment = createMoment();
  const reader = createTemporalReader(pattern);
  const grain = 10 ** (6 - precision);
  return {
    integer: () => notATime(),
    wide: () => notATime(),
    real: () => notATime(),
    text: (out, bytes, start, end) => {
      if (!reader.time(moment, bytes, start, end)) notATime();
      if (moment.isCut) belowMicros();
      if (moment.micros % grain !== 0) precisionLoss();
      out.int64(moment.micros);
    },
    blob: () => refuseBlob('time of day'),
  };
}

function writeDate(out: Block, moment: Moment): void {
  if (moment.infinite !== 0) {
    out.int32(moment.infinite > 0 ? INT32_MAX : INT32_MIN);
    return;
  }
  const hasOffset = moment.offsetMinutes !== null && moment.offsetMinutes !== 0;
  if (hasOffset || moment.micros !== 0 || moment.isCut) {
    refuse('data.not_a_date', 'a date with a time of day or an offset', hint);
  }
  if (moment.days < FIRST_DAY) outOfRange();
  out.int32(moment.days);
}

function notADate(): never {
  refuse('data.not_a_date', 'not a date', hint);
}

function notATime(): never {
  refuse('data.not_a_time', 'not a time of day', 'correct the value in the source, or make the target column text');
}
