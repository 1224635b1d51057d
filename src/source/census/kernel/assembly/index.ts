/*
 * The kernel of the census: counts the cells of one leaf as `RecordTally` does record by record. A cell that is split or
 * wrong in any way is left to that: `tally` stops before it. What is damaged within a record may have been counted in part
 * by then; nothing is made of such counts, since the row reader ends with an error there.
 */
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
  tallyCells,
  tallyColumnCount,
  tallyHigh,
  tallyLocalMax,
  tallyLow,
  tallyPage,
  tallyPageEnd,
  tallyPointer,
  tallyPointersEnd,
  tallyRows,
  typeCounters,
  longBlob,
  longText,
} from '../layout';
import { readInteger, sizeOf } from '../../../../lib/number/assembly/serial-type';
import { countChars, isGoodText, isPlain } from './text';

/** Where the varint that was read last ends. */
let end: usize = 0;

/** A varint of up to nine bytes (section 1.6). */
function readVarint(from: usize): i64 {
  let at = from;
  let byte = load<u8>(at++) as i64;
  let value = byte & 0x7f;
  for (let i = 1; i < 8 && byte > 0x7f; i++) {
    byte = load<u8>(at++) as i64;
    value = (value << 7) | (byte & 0x7f);
  }
  if (byte > 0x7f) value = (value << 8) | (load<u8>(at++) as i64);
  end = at;
  return value;
}

/** Counts from the state's cell pointer on; returns what stopped it. The state says how far it came. */
export function tally(state: usize): i32 {
  const pointersEnd = load<u32>(state, tallyPointersEnd) as usize;
  const page = load<u32>(state, tallyPage) as usize;
  const cells = load<u32>(state, tallyCells) as usize;
  const pageEnd = load<u32>(state, tallyPageEnd) as usize;
  const localMax = load<i32>(state, tallyLocalMax) as i64;
  const columns = state + tallyBytes;
  const columnsEnd = columns + load<u32>(state, tallyColumnCount) * countedBytes;
  let before = ((load<i32>(state, tallyHigh) as i64) << 32) | (load<u32>(state, tallyLow) as i64);
  let pointer = load<u32>(state, tallyPointer) as usize;
  let rows = load<u64>(state, tallyRows);
  let says = tallyIsDone;
  while (pointer < pointersEnd) {
    const cell = page + bswap<u16>(load<u16>(pointer));
    says = tallyStopped;
    if (cell < cells || cell >= pageEnd) break;
    const payloadBytes = readVarint(cell);
    if (payloadBytes < 0 || payloadBytes > localMax) break;
    const rowid = readVarint(end);
    const start = end;
    if (rowid <= before || start + (payloadBytes as usize) > pageEnd) break;
    if (!countRecord(start, start + (payloadBytes as usize), columns, columnsEnd)) break;
    before = rowid;
    rows++;
    pointer += 2;
    says = tallyIsDone;
  }
  store<i32>(state, (before >> 32) as i32, tallyHigh);
  store<i32>(state, before as i32, tallyLow);
  store<u32>(state, pointer as u32, tallyPointer);
  store<u64>(state, rows, tallyRows);
  return says;
}

/** Counts one record (section 2.1); false where it is damaged. */
function countRecord(start: usize, recordEnd: usize, columns: usize, columnsEnd: usize): bool {
  const headerSize = readVarint(start);
  let at = end;
  if (headerSize < 0 || headerSize > ((recordEnd - start) as i64)) return false;
  const headerEnd = start + (headerSize as usize);
  if (headerEnd < at) return false;
  let body = headerEnd;
  let column = columns;
  for (; column < columnsEnd && at < headerEnd; column += countedBytes) {
    let type = load<u8>(at++) as u32;
    if (type > 0x7f) {
      const long = readVarint(at - 1);
      at = end;
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
