import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import { createMoment, UNIX_EPOCH_DAYS } from '../time/temporal.js';
import { createTemporalReader } from '../time/temporal-text.js';
import { createOffsets } from '../time/zone.js';
import type { RowEdit } from './row-edit.js';

const dayMs = 86_400_000;
const reader = createTemporalReader();

/**
 * Local time near a change of the clocks, with the offset before or after it written out: of the two moments that it may
 * mean the earlier or the later. An hour that the clocks skip is moved by what they skip.
 */
export function chooseOffset(edit: RowEdit, index: number, { kind }: ColumnPlan, which: 'earlier' | 'later'): boolean {
  const { view } = edit;
  if ((kind.tag !== 'timestamp' && kind.tag !== 'timestamptz') || kind.zone === undefined) return false;
  if (view.storage[index] !== Storage.Text) return false;
  const moment = createMoment();
  const isMoment = reader.timestamp(moment, view.bytes, view.start[index] as number, view.end[index] as number);
  if (!isMoment || moment.infinite !== 0 || moment.offsetMinutes !== null || moment.isCut) return false;
  const offsetAt = createOffsets(kind.zone);
  const midnightMs = (moment.days + UNIX_EPOCH_DAYS) * dayMs;
  const around = [offsetAt(midnightMs - dayMs), offsetAt(midnightMs + 2 * dayMs)];
  const offsetMs = which === 'earlier' ? Math.max(...around) : Math.min(...around);
  const second = Math.floor(moment.micros / 1e6);
  const utc = new Date(midnightMs + second * 1000 - offsetMs).toISOString().slice(0, 19);
  const micros = moment.micros - second * 1e6;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  edit.setBytes(index, Buffer.from(`${utc}${fraction}Z`, 'latin1'), Storage.Text);
  return true;
}
