/*
 * The verifier's loop: the cells of a batch into canonical rows, their hashes, and the sums of the buckets, as
 * `src/verify/table.ts` says. It shares no code with the kernel of the copy.
 */
import {
  columnBytes,
  columnCode,
  columnEmpties,
  columnIndex,
  columnNulls,
  stateBucketMask,
  stateColumnCount,
  stateColumns,
  stateCounts,
  stateEnd,
  stateKeyCells,
  stateKeyset,
  stateNextRow,
  stateNumber,
  stateRow,
  stateRowMax,
  stateRows,
  stateStart,
  stateStorage,
  stateSums,
  stateText,
} from '../layout';
import { putCell as putAsked } from './ask';
import { headerBytes, putCell, STORAGE_NULL } from './cell';
import { hashBytes } from './hash';

/** A cell of fixed size takes at most twelve bytes, a uuid at most as many as its text. */
const cellMax: u32 = headerBytes + 12;

/** Sums up the rows of the slice from the next one on; false where the next row does not fit. */
export function sum(state: usize): bool {
  const rows = load<i32>(state, stateRows);
  for (let row = load<i32>(state, stateNextRow); row < rows; row += 1) {
    if (!sumRow(state, row)) {
      store<i32>(state, row, stateNextRow);
      return false;
    }
  }
  store<i32>(state, rows, stateNextRow);
  return true;
}

function sumRow(state: usize, row: i32): bool {
  const count = load<i32>(state, stateColumnCount);
  const columns = load<u32>(state, stateColumns) as usize;
  const keyCells = load<i32>(state, stateKeyCells);
  const from = load<u32>(state, stateRow) as usize;
  const last = from + load<u32>(state, stateRowMax);
  const text = load<u32>(state, stateText) as usize;
  const starts = load<u32>(state, stateStart) as usize;
  const ends = load<u32>(state, stateEnd) as usize;
  const storages = load<u32>(state, stateStorage) as usize;
  const numbers = load<u32>(state, stateNumber) as usize;
  let to = from;
  let keyEnd = from;
  for (let i = 0; i < count; i += 1) {
    const column = columns + i * columnBytes;
    const cell = row * count + load<i32>(column, columnIndex);
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
      let next = putCell(load<i32>(column, columnCode), storage, start, end, numbers + 8 * cell, to);
      if (next === 0) next = putAsked(i, cell, to as u32, last as u32) as usize;
      if (next === 0) return false;
      to = next;
    }
    if (i === keyCells - 1) keyEnd = to;
  }
  addRow(state, from, keyEnd, to);
  return true;
}

/** Adds a row to the sums. Only a row that is summed counts as one, so emptiness is counted here. */
function addRow(state: usize, from: usize, keyEnd: usize, end: usize): void {
  const keyHash = hashBytes(from, (keyEnd - from) as u32);
  const rowHash = keyEnd === end ? keyHash : hashBytes(from, (end - from) as u32);
  const bucket = (keyHash as u32) & load<u32>(state, stateBucketMask);
  const counts = (load<u32>(state, stateCounts) + 4 * bucket) as usize;
  const sums = (load<u32>(state, stateSums) + 8 * bucket) as usize;
  store<u32>(counts, load<u32>(counts) + 1);
  store<u64>(sums, load<u64>(sums) + rowHash);
  store<u64>(state, load<u64>(state, stateKeyset) + keyHash, stateKeyset);
  let column = load<u32>(state, stateColumns) as usize;
  for (let at = from; at < end; column += columnBytes) {
    const size = load<u32>(at, 1);
    if (load<u8>(at) === 0) store<u32>(column, load<u32>(column, columnNulls) + 1, columnNulls);
    else if (size === 0) store<u32>(column, load<u32>(column, columnEmpties) + 1, columnEmpties);
    at += headerBytes + size;
  }
}
