/*
 * The kernel: the cells of one leaf into binary COPY rows and their fingerprint, as `src/source` and `src/encode` do it
 * row by row. A cell that is rare or wrong in any way is left to these: `fill` stops before it. So nothing is refused
 * here, and a row is either written and summed whole, or not at all.
 */
import {
  codeBlob,
  codeBool,
  codeDay,
  codeFloat8,
  codeInt2,
  codeInt4,
  codeInt8,
  codeJsonb,
  codeLabel,
  codeMoment,
  codeText,
  codeUuid,
  columnBytes,
  columnBytesMax,
  columnCode,
  columnEmpties,
  columnFactor,
  columnField,
  columnGrain,
  columnGuardBytes,
  columnIsHashed,
  columnLabels,
  columnLabelsEnd,
  columnLength,
  columnNeedsOffset,
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
  stateHashHigh,
  stateHashLow,
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
  storageAside,
  storageInteger,
  storageNull,
  storageReal,
  storageText,
} from '../layout';
import { hashAside, writeAside } from './aside';
import { hashBytes, hashDouble, hashInteger, seedHigh, seedLow, setSeed } from './hash';
import { payloadBytes, readCell, rowid } from './record';
import { isLabel, none, readDay, readMoment, writeUuid } from './text';

/** Texts are copied by words of eight bytes, which may run so far beyond their end; longer ones natively. */
const wordBytes: u32 = 8;
const loopBytesMax: u32 = 256;
/** A field of fixed size: its length word and at most eight bytes. */
const fixedBytes: u32 = 12;
/** Microseconds either way of 2000 that a moment written here may have. */
const momentMax: f64 = 8_000_000_000_000_000;
const jsonbVersion: u8 = 1;
const floatSign: u64 = 0x8000000000000000;

/** Writes rows from the state's cell pointer on; gives back what stopped it. The state says how far it came. */
export function fill(state: usize): i32 {
  const pointersEnd = load<u32>(state, statePointersEnd);
  const keysStart = load<u32>(state, stateKeys);
  const fixed = 2 + wordBytes + fixedBytes * load<u32>(state, stateColumnCount);
  while (load<u32>(state, statePointer) < pointersEnd) {
    const out = load<u32>(state, stateOut);
    if (out >= load<u32>(state, stateFull)) return saysFull;
    if (!readCell(state)) return saysNotMine;
    // From no later place on, all that is still to come fits: no value takes more than its share of these.
    const last = (load<i32>(state, stateLimit) - fixed - payloadBytes) as i32;
    if ((out as i32) > last) return saysNotMine;
    const outEnd = writeRow(state, out, last as usize);
    if (outEnd === 0) return saysNotMine;
    const keys = load<u32>(state, stateKeys);
    if (keys + keysLength(state) + wordBytes > load<u32>(state, stateKeysEnd)) {
      return keys === keysStart ? saysNotMine : saysFull;
    }
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

/** Bytes of the key fields of the row that stands in the block. */
function keysLength(state: usize): u32 {
  const columns = load<u32>(state, stateColumns) as usize;
  const indexes = load<u32>(state, stateKeyColumns) as usize;
  const indexesEnd = indexes + 4 * load<u32>(state, stateKeyCount);
  let bytes: u32 = 0;
  for (let at = indexes; at < indexesEnd; at += 4) {
    bytes += (4 + max<i32>(0, load<i32>(columns + load<i32>(at) * columnBytes, columnLength))) as u32;
  }
  return bytes;
}

/** The row in binary COPY form at `from`; gives back its end, 0 where a value does not fit. */
function writeRow(state: usize, from: usize, last: usize): usize {
  const count = load<u32>(state, stateColumnCount);
  const columns = load<u32>(state, stateColumns) as usize;
  const columnsEnd = columns + count * columnBytes;
  store<u16>(from, bswap<u16>(count as u16));
  let at = from + 2;
  for (let column = columns; column < columnsEnd; column += columnBytes) {
    at = writeField(column, at, last);
    if (at === 0) return 0;
  }
  return at;
}

/** int32 length (−1 for NULL) and the bytes; gives back their end, 0 where the value does not fit. */
function writeField(column: usize, at: usize, last: usize): usize {
  const storage = load<i32>(column, columnStorage);
  const field = at + 4;
  store<u32>(column, field as u32, columnField);
  if (storage === storageNull) {
    store<u32>(at, 0xffffffff);
    store<i32>(column, -1, columnLength);
    return field;
  }
  let length = writeDirect(column, storage, field);
  if (length < 0) {
    length = writeAside(column, field);
    if (length < 0 || field + length > last) return 0;
    store<i32>(column, storageAside, columnStorage);
  }
  store<u32>(at, bswap<u32>(length));
  store<i32>(column, length, columnLength);
  return field + length;
}

/** The bytes of a value that the column's code is for; gives back how many, −1 where it is not such a value. */
function writeDirect(column: usize, storage: i32, field: usize): i32 {
  const code = load<i32>(column, columnCode);
  if (storage === storageInteger) return writeInteger(column, code, field);
  if (storage === storageReal) {
    if (code !== codeFloat8) return -1;
    store<u64>(field, bswap<u64>(load<u64>(column, columnValue)));
    return 8;
  }
  if (storage === storageText) return writeText(column, code, field);
  return code === codeBlob ? writeBytes(column, field) : -1;
}

/** As they stand, unless they might be the guard, or too long. */
function writeBytes(column: usize, field: usize): i32 {
  const length = load<u32>(column, columnLength);
  if (length === load<u32>(column, columnGuardBytes) || length > load<u32>(column, columnBytesMax)) return -1;
  copyBytes(field, load<u32>(column, columnStart), length);
  return length;
}

function writeText(column: usize, code: i32, field: usize): i32 {
  const start = load<u32>(column, columnStart) as usize;
  const length = load<u32>(column, columnLength);
  switch (code) {
    case codeText:
      return writeBytes(column, field);
    case codeLabel: {
      const labels = load<u32>(column, columnLabels) as usize;
      return isLabel(labels, load<u32>(column, columnLabelsEnd), start, length) ? writeBytes(column, field) : -1;
    }
    case codeJsonb: {
      store<u8>(field, jsonbVersion);
      const written = writeBytes(column, field + 1);
      return written < 0 ? -1 : written + 1;
    }
    case codeMoment: {
      const micros = readMoment(start, length, load<i32>(column, columnNeedsOffset) !== 0);
      if (micros === none || micros % (load<i32>(column, columnGrain) as i64) !== 0) return -1;
      store<i64>(column, micros, columnValue);
      store<i64>(field, bswap<i64>(micros));
      return 8;
    }
    case codeDay: {
      const day = readDay(start, length);
      if (day === none) return -1;
      store<i64>(column, day, columnValue);
      store<i32>(field, bswap<i32>(day as i32));
      return 4;
    }
    case codeUuid:
      return writeUuid(field, start, length) ? 16 : -1;
    default:
      return -1;
  }
}

/** Leaves the number that is sent in the column's value, for its hash; gives back its length, −1 where it does not fit. */
function writeInteger(column: usize, code: i32, field: usize): i32 {
  const value = load<i64>(column, columnValue);
  switch (code) {
    case codeInt8:
      store<i64>(field, bswap<i64>(value));
      return 8;
    case codeInt4:
      if (value !== (value as i32 as i64)) return -1;
      store<i32>(field, bswap<i32>(value as i32));
      return 4;
    case codeInt2:
      if (value !== (value as i16 as i64)) return -1;
      store<i16>(field, bswap<i16>(value as i16));
      return 2;
    case codeBool:
      if ((value as u64) > 1) return -1;
      store<u8>(field, value as u8);
      return 1;
    case codeMoment: {
      if (load<f64>(column, columnFactor) === 0) return -1;
      // A value beyond 2^53, which a double may not hold exactly, is beyond the range below too.
      const micros = ((value as f64) + load<f64>(column, columnShift)) * load<f64>(column, columnFactor);
      if (!(micros > -momentMax && micros < momentMax)) return -1;
      store<i64>(column, micros as i64, columnValue);
      store<i64>(field, bswap<i64>(micros as i64));
      return 8;
    }
    default:
      return -1;
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
    if (load<i32>(column, columnIsHashed) === 0) continue;
    store<u64>(column, load<u64>(column, columnSum) + hashField(state, column, length, false), columnSum);
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
    if (load<i32>(column, columnIsHashed) !== 0) {
      key = length < 0 ? hashInteger(-1) : hashField(state, column, length, true);
      setSeed(key);
    }
    const sent = (4 + max<i32>(0, length)) as u32;
    copyBytes(keys, load<u32>(column, columnField) - 4, sent);
    keys += sent;
  }
  store<u32>(state, keys as u32, stateKeys);
  store<u64>(state, load<u64>(state, stateKeyset) + key, stateKeyset);
}

/** The server's own function does not tell 0 and −0 apart: these, and every double in a key, are hashed by their bytes. */
function hashField(state: usize, column: usize, length: i32, isKey: bool): u64 {
  if (load<i32>(column, columnStorage) === storageAside) {
    hashAside(column, isKey, seedHigh, seedLow);
    return ((load<u32>(state, stateHashHigh) as u64) << 32) | (load<u32>(state, stateHashLow) as u64);
  }
  const code = load<i32>(column, columnCode);
  if (code === codeText || code === codeBlob || code === codeLabel || code === codeUuid) {
    return hashBytes(load<u32>(column, columnField), length as u32);
  }
  const bits = load<u64>(column, columnValue);
  if (code !== codeFloat8) return hashInteger(bits as i64);
  if (isKey || (bits & ~floatSign) === 0) return hashBytes(load<u32>(column, columnField), 8);
  return hashDouble(bits);
}
