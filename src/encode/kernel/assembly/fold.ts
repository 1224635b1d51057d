/* The fingerprint of a row in the block, computed as `src/encode/fingerprint/` does it. */
import {
  codeBlob,
  codeFloat8,
  codeLabel,
  codeText,
  codeUuid,
  columnBytes,
  columnCode,
  columnEmpties,
  columnField,
  columnIsHashed,
  columnLength,
  columnNulls,
  columnStorage,
  columnSum,
  columnValue,
  stateColumnCount,
  stateColumns,
  stateHashHigh,
  stateHashLow,
  stateKeyColumns,
  stateKeyCount,
  stateKeys,
  stateKeyset,
  storageAside,
} from '../layout';
import { hashAside } from './aside';
import { copyBytes } from './field';
import { hashBytes, hashDouble, hashInteger, seedHigh, seedLow, setSeed } from './hash';

const floatSign: u64 = 0x8000000000000000;

/** Adds the sums of the row in the block, and appends its key fields to the keys. */
export function foldRow(state: usize, keysFrom: usize): void {
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

/**
 * PostgreSQL's own function gives 0 and −0 the same hash. So these two, and every double in a key, are hashed by their
 * bytes.
 */
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
