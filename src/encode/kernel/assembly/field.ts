/*
 * One field of a row in binary COPY form (PostgreSQL's documentation, COPY, Binary Format).
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
  columnBytesMax,
  columnCode,
  columnFactor,
  columnField,
  columnGrain,
  columnGuardBytes,
  columnLabels,
  columnLabelsEnd,
  columnLength,
  columnNeedsOffset,
  columnShift,
  columnStart,
  columnStorage,
  columnValue,
  storageAside,
  storageInteger,
  storageNull,
  storageReal,
  storageText,
} from '../layout';
import { writeAside } from './aside';
import { isLabel, none, readDay, readMoment, writeUuid } from './text';

/** Bytes behind a field that may be written over: texts are copied by words of eight bytes, longer ones natively. */
export const copyOverrunBytes: u32 = 8;
const loopBytesMax: u32 = 256;
/** Microseconds either way of 2000 that a moment written here may have. */
const momentMax: f64 = 8_000_000_000_000_000;
const jsonbVersion: u8 = 1;

/** Writes int32 length (−1 for NULL) and the bytes; returns their end, 0 where the value does not fit. */
export function writeField(column: usize, at: usize, last: usize): usize {
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

/** Writes the bytes of a value for which the column's code serves; returns how many, −1 for any other value. */
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

/** Writes the bytes unchanged, unless they might equal the guard, or are too long. */
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

/**
 * Also puts the number that is sent into the column's value, for its hash; returns its length, −1 where it does not
 * fit.
 */
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

/** May write up to seven bytes behind the end, which later fields overwrite. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  if (length > loopBytesMax) memory.copy(to, from, length);
  else for (let i: u32 = 0; i < length; i += copyOverrunBytes) store<u64>(to + i, load<u64>(from + i));
}
