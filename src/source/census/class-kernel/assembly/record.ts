/*
 * A record (https://www.sqlite.org/fileformat2.html section 2.1) into the columns' serial types, addresses, values and
 * classes.
 */
import { lengthEnd, readLength } from '../../../../lib/kernel/assembly/cell';
import { readInteger, sizeOf } from '../../../../lib/number/assembly/serial-type';
import {
  classBlob16,
  classBlobEmpty,
  classBlobOther,
  classNull,
  classColumnAbsentIsNull,
  classColumnBytes,
  classColumnClass,
  classColumnIsReal,
  classColumnLength,
  classColumnStart,
  classColumnType,
  classColumnValue,
  classStateColumnCount,
  classStateColumns,
} from '../layout';
import { classOfInteger, classOfReal } from './number';
import { classOfText } from './text';

/** How many columns the record that was read last has, at most those of the table. */
export let stored: u32 = 0;

/** False where the row reader must take the record. */
export function readRecord(state: usize, start: usize, recordEnd: usize): bool {
  const headerEnd = start + readLength(start);
  let at = lengthEnd;
  if (at === 0 || headerEnd > recordEnd || headerEnd < at) return false;
  let body = headerEnd;
  let column = load<u32>(state, classStateColumns) as usize;
  const columnsEnd = column + load<u32>(state, classStateColumnCount) * classColumnBytes;
  let index: u32 = 0;
  for (; column < columnsEnd && at < headerEnd; column += classColumnBytes) {
    let type = load<u8>(at++) as u32;
    if (type > 0x7f) {
      type = readLength(at - 1);
      at = lengthEnd;
      if (at === 0) return false;
    }
    const length = type > 11 ? (((type - 12) >> 1) as i32) : sizeOf(type);
    if (length < 0 || body + length > recordEnd) return false;
    store<u32>(column, type, classColumnType);
    store<u32>(column, body as u32, classColumnStart);
    store<u32>(column, length, classColumnLength);
    store<i32>(column, classOf(state, column, index), classColumnClass);
    body += length;
    index++;
  }
  if (at > headerEnd || (at === headerEnd && body !== recordEnd)) return false;
  stored = index;
  // Columns added after the record was written take their defaults (section 2.1, last paragraph).
  for (; column < columnsEnd; column += classColumnBytes) {
    if (load<i32>(column, classColumnAbsentIsNull) === 0) return false;
    store<i32>(column, classNull, classColumnClass);
  }
  return true;
}

/** The class of the column's value, which is put into the column where it is a number. */
function classOf(state: usize, column: usize, index: u32): i32 {
  const type = load<u32>(column, classColumnType);
  const start = load<u32>(column, classColumnStart) as usize;
  if (type > 11) {
    const length = load<u32>(column, classColumnLength);
    return (type & 1) === 1 ? classOfText(state, index, start, length) : classOfBlob(length);
  }
  if (type === 0) return classNull;
  if (type === 7) {
    const real = reinterpret<f64>(bswap<u64>(load<u64>(start)));
    store<f64>(column, real, classColumnValue);
    // A NaN, which SQLite never writes, reads as NULL.
    return F64.isNaN(real) ? classNull : classOfReal(state, index, real);
  }
  const integer = readInteger(start, type);
  store<i64>(column, integer, classColumnValue);
  // Values of a column with REAL affinity that are integers on disk are reals (section 2.3).
  return load<i32>(column, classColumnIsReal) === 0
    ? classOfInteger(integer)
    : classOfReal(state, index, integer as f64);
}

function classOfBlob(length: u32): i32 {
  if (length === 0) return classBlobEmpty;
  return length === 16 ? classBlob16 : classBlobOther;
}
