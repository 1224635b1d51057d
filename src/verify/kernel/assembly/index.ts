/*
 * The verifier's loop: the cells of a batch into canonical rows, their hashes, and the sums of the buckets, as
 * `src/verify/table.ts` says. It shares no code with the kernel of the copy.
 */
import {
  linesInOrder,
  slotBytes,
  slotForm,
  slotEmpties,
  slotIndex,
  slotNulls,
  sideBucketMask,
  sideColumnCount,
  sideColumns,
  sideCounts,
  sideEnd,
  sideKeyCells,
  sideKeyset,
  sideLineState,
  sideNextRow,
  sideNumber,
  sideRangeFirst,
  sideRangeWidth,
  sideRow,
  sideRowMax,
  sideRows,
  sideStart,
  sideStorage,
  sideSums,
  sideText,
} from '../layout';
import { putCell as putAsked } from './ask';
import { putCell, STORAGE_NULL } from './cell';
import { headerBytes } from './form';
import { hashBytes } from './hash';
import { addLine } from './lines';

/** A cell of fixed size takes at most 20 bytes, the digits of an integer; a uuid of 16 bytes becomes 32 digits. */
const cellMax: u32 = headerBytes + 20;

/** Sums up the rows of the slice from the next one on; false where the next row does not fit. */
export function sum(state: usize): bool {
  const rows = load<i32>(state, sideRows);
  for (let row = load<i32>(state, sideNextRow); row < rows; row += 1) {
    if (!sumRow(state, row)) {
      store<i32>(state, row, sideNextRow);
      return false;
    }
  }
  store<i32>(state, rows, sideNextRow);
  return true;
}

function sumRow(state: usize, row: i32): bool {
  const count = load<i32>(state, sideColumnCount);
  const columns = load<u32>(state, sideColumns) as usize;
  const keyCells = load<i32>(state, sideKeyCells);
  const from = load<u32>(state, sideRow) as usize;
  const last = from + load<u32>(state, sideRowMax);
  const text = load<u32>(state, sideText) as usize;
  const starts = load<u32>(state, sideStart) as usize;
  const ends = load<u32>(state, sideEnd) as usize;
  const storages = load<u32>(state, sideStorage) as usize;
  const numbers = load<u32>(state, sideNumber) as usize;
  let to = from;
  let keyEnd = from;
  for (let i = 0; i < count; i += 1) {
    const column = columns + i * slotBytes;
    const cell = row * count + load<i32>(column, slotIndex);
    const storage = load<u8>(storages + cell);
    if (storage === STORAGE_NULL) {
      if (to + headerBytes > last) return false;
      store<u8>(to, 0);
      store<u32>(to, 0, 1);
      to += headerBytes;
    } else {
      const start = text + load<u32>(starts + 4 * cell);
      const end = text + load<u32>(ends + 4 * cell);
      if (to + cellMax + ((end - start) as u32) > last) return false;
      let next = putCell(load<i32>(column, slotForm), storage, start, end, numbers + 8 * cell, to);
      if (next === 0) next = putAsked(i, cell, to as u32, last as u32) as usize;
      if (next === 0) return false;
      to = next;
    }
    if (i === keyCells - 1) keyEnd = to;
  }
  addRow(state, from, keyEnd, to);
  if (load<i32>(state, sideLineState) === linesInOrder) addLine(state, row, from, keyEnd);
  return true;
}

/** The range of a key by the decimal digits of its one cell. */
function rangeOf(state: usize, from: usize, width: u64, last: u32): u32 {
  let at = from + headerBytes;
  const end = at + load<u32>(from, 1);
  const isNegative = load<u8>(at) === 45;
  if (isNegative) at += 1;
  let key: i64 = 0;
  for (; at < end; at += 1) key = key * 10 + ((load<u8>(at) - 48) as i64);
  if (isNegative) key = -key;
  const first = load<i64>(state, sideRangeFirst);
  if (key < first) return 0;
  const range = ((key - first) as u64) / width;
  return range < (last as u64) ? (range as u32) : last;
}

/** Adds a row to the sums. Only a row that is summed counts as one, so emptiness is counted here. */
function addRow(state: usize, from: usize, keyEnd: usize, end: usize): void {
  const keyHash = hashBytes(from, (keyEnd - from) as u32);
  const rowHash = keyEnd === end ? keyHash : hashBytes(from, (end - from) as u32);
  const width = load<u64>(state, sideRangeWidth);
  const mask = load<u32>(state, sideBucketMask);
  const bucket = width === 0 ? (keyHash as u32) & mask : rangeOf(state, from, width, mask);
  const counts = (load<u32>(state, sideCounts) + 4 * bucket) as usize;
  const sums = (load<u32>(state, sideSums) + 8 * bucket) as usize;
  store<u32>(counts, load<u32>(counts) + 1);
  store<u64>(sums, load<u64>(sums) + rowHash);
  store<u64>(state, load<u64>(state, sideKeyset) + keyHash, sideKeyset);
  let column = load<u32>(state, sideColumns) as usize;
  for (let at = from; at < end; column += slotBytes) {
    const size = load<u32>(at, 1);
    if (load<u8>(at) === 0) store<u32>(column, load<u32>(column, slotNulls) + 1, slotNulls);
    else if (size === 0) store<u32>(column, load<u32>(column, slotEmpties) + 1, slotEmpties);
    at += headerBytes + size;
  }
}
