/*
 * One cell of a table leaf (https://www.sqlite.org/fileformat2.html sections 1.6 and 2.1) into the columns' storage,
 * values and addresses. What `src/source` refuses, and what is rare, is not read here: the caller leaves such a cell to it.
 */
import { enterCell, lengthEnd, payloadBytes, readLength, rowid } from '../../../lib/kernel/assembly/cell';
import {
  columnBytes,
  columnIsReal,
  columnLength,
  columnStart,
  columnStorage,
  columnValue,
  positionAbsentIsNull,
  positionBytes,
  stateColumns,
  statePositionCount,
  statePositions,
  stateRowidColumn,
  storageBlob,
  storageInteger,
  storageNull,
  storageReal,
  storageText,
} from '../layout';
import { readInteger, sizeOf } from '../../../lib/number/assembly/serial-type';

/** Reads the cell at the state's pointer; false where the row reader must take it. Nothing of the state is changed. */
export function readCell(state: usize): bool {
  const start = enterCell(state);
  if (start === 0 || !readRecord(state, start, start + payloadBytes)) return false;
  const rowidColumn = load<i32>(state, stateRowidColumn);
  if (rowidColumn >= 0) putInteger(load<u32>(state, stateColumns) + rowidColumn * columnBytes, rowid);
  return true;
}

/** Values of a column with REAL affinity that are integers on disk are reals (section 2.3). */
function putInteger(column: usize, value: i64): void {
  if (load<i32>(column, columnIsReal) === 0) {
    store<i32>(column, storageInteger, columnStorage);
    store<i64>(column, value, columnValue);
  } else {
    store<i32>(column, storageReal, columnStorage);
    store<f64>(column, value as f64, columnValue);
  }
}

function readRecord(state: usize, start: usize, recordEnd: usize): bool {
  const columns = load<u32>(state, stateColumns) as usize;
  const headerEnd = start + readLength(start);
  let at = lengthEnd;
  if (at === 0 || headerEnd > recordEnd || headerEnd < at) return false;
  let body = headerEnd;
  let position = load<u32>(state, statePositions) as usize;
  const positionsEnd = position + load<u32>(state, statePositionCount) * positionBytes;
  for (; position < positionsEnd && at < headerEnd; position += positionBytes) {
    const index = load<i32>(position);
    const column = columns + index * columnBytes;
    let type = load<u8>(at++) as u32;
    if (type > 0x7f) {
      type = readLength(at - 1);
      at = lengthEnd;
      if (at === 0) return false;
    }
    if (type > 11) {
      const length = (type - 12) >> 1;
      if (index >= 0) {
        store<i32>(column, (type & 1) === 1 ? storageText : storageBlob, columnStorage);
        store<u32>(column, body as u32, columnStart);
        store<u32>(column, length, columnLength);
      }
      body += length;
      continue;
    }
    const size = sizeOf(type);
    if (size < 0 || body + size > recordEnd) return false;
    if (index >= 0) {
      if (type === 0) store<i32>(column, storageNull, columnStorage);
      else if (type === 7) putReal(column, bswap<u64>(load<u64>(body)));
      else putInteger(column, readInteger(body, type));
    }
    body += size;
  }
  if (at > headerEnd || body > recordEnd || (at === headerEnd && body !== recordEnd)) return false;
  // Columns added after the record was written take their defaults (section 2.1, last paragraph).
  for (; position < positionsEnd; position += positionBytes) {
    const index = load<i32>(position);
    if (index < 0) continue;
    if (load<i32>(position, positionAbsentIsNull) === 0) return false;
    store<i32>(columns + index * columnBytes, storageNull, columnStorage);
  }
  return true;
}

/** The bits of a double's exponent, shifted left by one to drop the sign: a NaN is greater. */
const INFINITY_SHIFTED: u64 = (0x7ff as u64) << 53;

/** A NaN, which SQLite never writes, reads as NULL. */
function putReal(column: usize, bits: u64): void {
  store<i32>(column, bits << 1 > INFINITY_SHIFTED ? storageNull : storageReal, columnStorage);
  store<u64>(column, bits, columnValue);
}
