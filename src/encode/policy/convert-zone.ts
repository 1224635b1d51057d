import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import { momentOfNumber } from '../time/epoch.js';
import { createMoment, type Moment, normalise, UNIX_EPOCH_DAYS } from '../time/temporal.js';
import { createTemporalReader, type TemporalReader } from '../time/temporal-text.js';
import { createOffsets, skipBack } from '../time/zone.js';
import type { RowEdit } from './row-edit.js';

const dayMs = 86_400_000;

/**
 * Local time near a change of the clocks, with the offset before or after it written out: of the two moments that it may
 * mean the earlier or the later. An hour that the clocks skip is moved by what they skip.
 */
export function chooseOffset(edit: RowEdit, index: number, column: ColumnPlan, which: 'earlier' | 'later'): boolean {
  return chooseOfLocal(edit, index, column, which) || (which === 'earlier' && takeFirst(edit, index, column));
}

/**
 * A moment that the clocks of the target's zone show for the second time becomes the one at which they showed it first:
 * what is stored is that time, whichever it was.
 */
function takeFirst(edit: RowEdit, index: number, { kind }: ColumnPlan): boolean {
  if (kind.tag !== 'timestamp' || kind.targetZone === undefined) return false;
  const { view } = edit;
  const moment = createMoment();
  const number = view.number[index] as number;
  switch (view.storage[index]) {
    case Storage.Integer:
      momentOfNumber(moment, number, kind.unit);
      break;
    case Storage.Real:
      momentOfNumber(moment, number, kind.realUnit ?? kind.unit);
      break;
    default: {
      const read = textMoment(edit, index, kind.pattern);
      if (read === null || (read.offsetMinutes === null && kind.zone !== undefined)) return false;
      Object.assign(moment, read);
    }
  }
  const second = Math.floor(moment.micros / 1e6) * 1000;
  const back = skipBack(createOffsets(kind.targetZone), (moment.days + UNIX_EPOCH_DAYS) * dayMs + second);
  if (back === 0 || moment.isCut) return false;
  moment.micros -= back * 1000;
  normalise(moment);
  writeUtc(edit, index, moment);
  return true;
}

const readers = new Map<string | undefined, TemporalReader>();

function readerOf(pattern: string | undefined): TemporalReader {
  const reader = readers.get(pattern) ?? createTemporalReader(pattern);
  readers.set(pattern, reader);
  return reader;
}

function textMoment({ view }: RowEdit, index: number, pattern: string | undefined): Moment | null {
  const moment = createMoment();
  const reader = readerOf(pattern);
  const isMoment = reader.timestamp(moment, view.bytes, view.start[index] as number, view.end[index] as number);
  return isMoment && moment.infinite === 0 && !moment.isCut ? moment : null;
}

function writeUtc(edit: RowEdit, index: number, { days, micros }: Moment): void {
  const second = Math.floor(micros / 1e6);
  const utc = new Date((days + UNIX_EPOCH_DAYS) * dayMs + second * 1000).toISOString().slice(0, 19);
  const rest = micros - second * 1e6;
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0')}`;
  edit.setBytes(index, Buffer.from(`${utc}${fraction}Z`, 'latin1'), Storage.Text);
}

function chooseOfLocal(edit: RowEdit, index: number, { kind }: ColumnPlan, which: 'earlier' | 'later'): boolean {
  const { view } = edit;
  if ((kind.tag !== 'timestamp' && kind.tag !== 'timestamptz') || kind.zone === undefined) return false;
  if (view.storage[index] !== Storage.Text) return false;
  const moment = textMoment(edit, index, kind.pattern);
  if (moment === null || moment.offsetMinutes !== null) return false;
  const offsetAt = createOffsets(kind.zone);
  const midnightMs = (moment.days + UNIX_EPOCH_DAYS) * dayMs;
  const around = [offsetAt(midnightMs - dayMs), offsetAt(midnightMs + 2 * dayMs)];
  const offsetMs = which === 'earlier' ? Math.max(...around) : Math.min(...around);
  moment.micros -= offsetMs * 1000;
  normalise(moment);
  writeUtc(edit, index, moment);
  return true;
}
