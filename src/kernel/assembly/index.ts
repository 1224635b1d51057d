/*
 * The kernel: the cells of one leaf into binary COPY rows and their fingerprint, as `src/source` and `src/encode` do it
 * row by row. A cell that is rare or wrong in any way is left to these: `fill` stops before it. So nothing is refused
 * here, and a row is either written and summed whole, or not at all.
 */
import {
  codeBlob,
  codeBool,
  codeFloat8,
  codeInt2,
  codeInt4,
  codeInt8,
  codeMoment,
  codeText,
  columnBytes,
  columnBytesMax,
  columnCode,
  columnEmpties,
  columnFactor,
  columnField,
  columnGuardBytes,
  columnLength,
  columnNulls,
  columnShift,
  columnStart,
  columnStorage,
  columnSum,
  columnValue,
  saysDone,
  saysFull,
  saysNotMine,
  stateColumnCount,
  stateColumns,
  stateFull,
  stateHasRow,
  stateHigh,
  stateKeyColumns,
  stateKeyCount,
  stateKeys,
  stateKeysEnd,
  stateKeyset,
  stateLimit,
  stateLow,
  stateOut,
  statePointer,
  statePointersEnd,
  stateRows,
  storageBlob,
  storageInteger,
  storageNull,
  storageReal,
  storageText,
} from '../layout';
import { hashBytes, hashDouble, hashInteger, setSeed } from './hash';
import { payloadBytes, readCell, rowid } from './record';

/** Texts are copied by words of eight bytes, which may run so far beyond their end; longer ones natively. */
const wordBytes: u32 = 8;
const loopBytesMax: u32 = 256;
/** A field of fixed size: its length word and at most eight bytes. */
const fixedBytes: u32 = 12;
/** Microseconds either way of 2000 that a moment written here may have. */
const momentMax: f64 = 8_000_000_000_000_000;
const floatSign: u64 = 0x8000000000000000;

/** Writes rows from the state's cell pointer on; gives back what stopped it. The state says how far it came. */
export function fill(state: usize): i32 {
  const pointersEnd = load<u32>(state, statePointersEnd);
  const keysStart = load<u32>(state, stateKeys);
  const fixed = 2 + wordBytes + fixedBytes * load<u32>(state, stateColumnCount);
  const fixedKeys = wordBytes + fixedBytes * load<u32>(state, stateKeyCount);
  while (load<u32>(state, statePointer) < pointersEnd) {
    const out = load<u32>(state, stateOut);
    const keys = load<u32>(state, stateKeys);
    if (out >= load<u32>(state, stateFull)) return saysFull;
    if (!readCell(state)) return saysNotMine;
    if (out + fixed + payloadBytes > load<u32>(state, stateLimit)) return saysNotMine;
    if (keys + fixedKeys + payloadBytes > load<u32>(state, stateKeysEnd)) {
      return keys === keysStart ? saysNotMine : saysFull;
    }
    const outEnd = writeRow(state, out);
    if (outEnd === 0) return saysNotMine;
    foldRow(state, keys);
    store<u32>(state, outEnd as u32, stateOut);
    store<i32>(state, (rowid >> 32) as i32, stateHigh);
    store<i32>(state, rowid as i32, stateLow);
    store<i32>(state, 1, stateHasRow);
    store<i32>(state, load<i32>(state, stateRows) + 1, stateRows);
    store<u32>(state, load<u32>(state, statePointer) + 2, statePointer);
  }
  return saysDone;
}

/** The row in binary COPY form at `from`; gives back its end, 0 where a value does not fit. */
function writeRow(state: usize, from: usize): usize {
  const count = load<u32>(state, stateColumnCount);
  const columns = load<u32>(state, stateColumns) as usize;
  const columnsEnd = columns + count * columnBytes;
  store<u16>(from, bswap<u16>(count as u16));
  let at = from + 2;
  for (let column = columns; column < columnsEnd; column += columnBytes) {
    at = writeField(column, at);
    if (at === 0) return 0;
  }
  return at;
}

/** int32 length (−1 for NULL) and the bytes; gives back their end, 0 where the value does not fit. */
function writeField(column: usize, at: usize): usize {
  const storage = load<i32>(column, columnStorage);
  const field = at + 4;
  store<u32>(column, field as u32, columnField);
  if (storage === storageNull) {
    store<u32>(at, 0xffffffff);
    store<i32>(column, -1, columnLength);
    return field;
  }
  const code = load<i32>(column, columnCode);
  if (code === codeText || code === codeBlob) {
    if (storage !== (code === codeText ? storageText : storageBlob)) return 0;
    const length = load<u32>(column, columnLength);
    if (length === load<u32>(column, columnGuardBytes) || length > load<u32>(column, columnBytesMax)) return 0;
    store<u32>(at, bswap<u32>(length));
    copyBytes(field, load<u32>(column, columnStart), length);
    return field + length;
  }
  if (code === codeFloat8) {
    if (storage !== storageReal) return 0;
    store<u32>(at, bswap<u32>(8));
    store<u64>(field, bswap<u64>(load<u64>(column, columnValue)));
    store<i32>(column, 8, columnLength);
    return field + 8;
  }
  if (storage !== storageInteger) return 0;
  const length = writeInteger(column, code, field);
  if (length === 0) return 0;
  store<u32>(at, bswap<u32>(length));
  store<u32>(column, length, columnLength);
  return field + length;
}

/** Leaves the number that is sent in the column's value, for its hash; gives back its length, 0 where it does not fit. */
function writeInteger(column: usize, code: i32, field: usize): u32 {
  const value = load<i64>(column, columnValue);
  switch (code) {
    case codeInt8:
      store<i64>(field, bswap<i64>(value));
      return 8;
    case codeInt4:
      if (value !== (value as i32 as i64)) return 0;
      store<i32>(field, bswap<i32>(value as i32));
      return 4;
    case codeInt2:
      if (value !== (value as i16 as i64)) return 0;
      store<i16>(field, bswap<i16>(value as i16));
      return 2;
    case codeBool:
      if ((value as u64) > 1) return 0;
      store<u8>(field, value as u8);
      return 1;
    case codeMoment: {
      // A value beyond 2^53, which a double may not hold exactly, is beyond the range below too.
      const micros = ((value as f64) + load<f64>(column, columnShift)) * load<f64>(column, columnFactor);
      if (!(micros > -momentMax && micros < momentMax)) return 0;
      store<i64>(column, micros as i64, columnValue);
      store<i64>(field, bswap<i64>(micros as i64));
      return 8;
    }
    default:
      return 0;
  }
}

/** May write up to seven bytes behind the end; what stands there comes later. */
function copyBytes(to: usize, from: usize, length: u32): void {
  if (length > loopBytesMax) memory.copy(to, from, length);
  else for (let i: u32 = 0; i < length; i += wordBytes) store<u64>(to + i, load<u64>(from + i));
}

/** Adds the row that stands in the block to the sums, and its key fields to the keys. */
function foldRow(state: usize, keysFrom: usize): void {
  const columns = load<u32>(state, stateColumns) as usize;
  const columnsEnd = columns + load<u32>(state, stateColumnCount) * columnBytes;
  foldKey(state, columns, keysFrom);
  for (let column = columns; column < columnsEnd; column += columnBytes) {
    const length = load<i32>(column, columnLength);
    if (length < 0) {
      store<u32>(column, load<u32>(column, columnNulls) + 1, columnNulls);
      continue;
    }
    if (length === 0) store<u32>(column, load<u32>(column, columnEmpties) + 1, columnEmpties);
    store<u64>(column, load<u64>(column, columnSum) + hashField(column, length, false), columnSum);
  }
}

/** The key columns in order, chained from 0, a NULL as the int8 −1: the seed of all values of the row. */
function foldKey(state: usize, columns: usize, keysFrom: usize): void {
  const indexes = load<u32>(state, stateKeyColumns) as usize;
  const indexesEnd = indexes + 4 * load<u32>(state, stateKeyCount);
  let keys = keysFrom;
  let key: u64 = 0;
  setSeed(0);
  for (let at = indexes; at < indexesEnd; at += 4) {
    const column = columns + load<i32>(at) * columnBytes;
    const length = load<i32>(column, columnLength);
    key = length < 0 ? hashInteger(-1) : hashField(column, length, true);
    setSeed(key);
    const sent = (4 + max<i32>(0, length)) as u32;
    copyBytes(keys, load<u32>(column, columnField) - 4, sent);
    keys += sent;
  }
  store<u32>(state, keys as u32, stateKeys);
  store<u64>(state, load<u64>(state, stateKeyset) + key, stateKeyset);
}

/** The server's own function does not tell 0 and −0 apart: these, and every double in a key, are hashed by their bytes. */
function hashField(column: usize, length: i32, isKey: bool): u64 {
  const code = load<i32>(column, columnCode);
  if (code === codeText || code === codeBlob) return hashBytes(load<u32>(column, columnField), length as u32);
  const bits = load<u64>(column, columnValue);
  if (code !== codeFloat8) return hashInteger(bits as i64);
  if (isKey || (bits & ~floatSign) === 0) return hashBytes(load<u32>(column, columnField), 8);
  return hashDouble(bits);
}
