/*
 * The kernel of the census: counts the cells of one leaf as `RecordTally` does record by record. A cell that is split or
 * wrong in any way is left to that: `tally` stops before it. What is damaged within a record may have been counted in part
 * by then; nothing is made of such counts, since the row reader ends with an error there. So nothing that is merely rare may
 * stop it within a record.
 */
import { statePointer, statePointersEnd } from '../../../../lib/kernel/cursor-layout';
import { enterCell, leaveCell, lengthEnd, payloadBytes, readVarint } from '../../../../lib/kernel/assembly/cell';
import {
  countedAbsent,
  countedBytes,
  countedCharsMax,
  countedHasBadTexts,
  countedIntegerMax,
  countedIntegerMin,
  countedLongBytesMax,
  countedNans,
  countedRealMax,
  countedRealMin,
  tallyIsDone,
  tallyStopped,
  tallyBytes,
  tallyColumnCount,
  tallyRows,
  typeCounters,
  longBlob,
  longText,
} from '../layout';
import { readInteger, sizeOf } from '../../../../lib/number/assembly/serial-type';
import { countChars, isGoodText, isPlain } from './text';

/** Counts from the state's cell pointer on; returns what stopped it. The state says how far it came. */
export function fill(state: usize): i32 {
  const pointersEnd = load<u32>(state, statePointersEnd);
  const columns = state + tallyBytes;
  const columnsEnd = columns + load<u32>(state, tallyColumnCount) * countedBytes;
  while (load<u32>(state, statePointer) < pointersEnd) {
    const start = enterCell(state);
    if (start === 0 || !countRecord(start, start + payloadBytes, columns, columnsEnd)) return tallyStopped;
    leaveCell(state);
    increase(state + tallyRows);
  }
  return tallyIsDone;
}

/** Counts one record (section 2.1); false where it is damaged. */
function countRecord(start: usize, recordEnd: usize, columns: usize, columnsEnd: usize): bool {
  const headerSize = readVarint(start);
  let at = lengthEnd;
  if (headerSize < 0 || headerSize > ((recordEnd - start) as i64)) return false;
  const headerEnd = start + (headerSize as usize);
  if (headerEnd < at) return false;
  let body = headerEnd;
  let column = columns;
  for (; column < columnsEnd && at < headerEnd; column += countedBytes) {
    let type = load<u8>(at++) as u32;
    if (type > 0x7f) {
      const long = readVarint(at - 1);
      at = lengthEnd;
      // No page holds a value of so many bytes.
      if (long < 0 || long > 0xfffff) return false;
      type = long as u32;
    }
    if (type > 11) {
      const length = (type - 12) >> 1;
      const from = body;
      body += length;
      if (body > recordEnd) return false;
      const isText = (type & 1) === 1;
      if (type < (typeCounters as u32)) increase(column + ((type as usize) << 3));
      else {
        increase(column + ((isText ? longText : longBlob) << 3));
        if (length > load<u32>(column, countedLongBytesMax)) store<u32>(column, length, countedLongBytesMax);
      }
      if (isText) countText(column, from, body);
      continue;
    }
    const size = sizeOf(type);
    if (size < 0 || body + size > recordEnd) return false;
    increase(column + ((type as usize) << 3));
    if (type === 7) countReal(column, body);
    else if (type !== 0) countInteger(column, readInteger(body, type));
    body += size;
  }
  if (at > headerEnd || body > recordEnd || (at === headerEnd && body !== recordEnd)) return false;
  if (column < columnsEnd) increase(column + countedAbsent);
  return true;
}

function increase(counter: usize): void {
  store<u64>(counter, load<u64>(counter) + 1);
}

function countText(column: usize, from: usize, to: usize): void {
  const length = (to - from) as u32;
  const isLonger = length > load<u32>(column, countedCharsMax);
  const isBad = load<u32>(column, countedHasBadTexts) !== 0;
  if (isBad && !isLonger) return;
  if (isPlain(from, to)) {
    if (isLonger) store<u32>(column, length, countedCharsMax);
    return;
  }
  if (isLonger) {
    const chars = countChars(from, to);
    if (chars > load<u32>(column, countedCharsMax)) store<u32>(column, chars, countedCharsMax);
  }
  if (!isBad && !isGoodText(from, to)) store<u32>(column, 1, countedHasBadTexts);
}

function countInteger(column: usize, value: i64): void {
  if (value < load<i64>(column, countedIntegerMin)) store<i64>(column, value, countedIntegerMin);
  if (value > load<i64>(column, countedIntegerMax)) store<i64>(column, value, countedIntegerMax);
}

/** A NaN, which SQLite never writes, reads as NULL. */
function countReal(column: usize, at: usize): void {
  const value = reinterpret<f64>(bswap<u64>(load<u64>(at)));
  if (value < load<f64>(column, countedRealMin)) store<f64>(column, value, countedRealMin);
  if (value > load<f64>(column, countedRealMax)) store<f64>(column, value, countedRealMax);
  // No other value is not at most the greatest one by now.
  if (!(value <= load<f64>(column, countedRealMax))) increase(column + countedNans);
}
