/*
 * The keys of rows as lines of text, for as long as the rows come in the order of their keys: whole numbers by value,
 * texts by their bytes. A line is what COPY writes (PostgreSQL manual, COPY, "Text Format").
 */
import {
  linesGivenUp,
  orderOfNumbers,
  sideColumnCount,
  sideColumns,
  sideKeyCells,
  sideLast,
  sideLastEnd,
  sideLinesEnd,
  sideLineState,
  sideStorage,
  slotBytes,
  slotIndex,
  slotLineStorage,
  slotOrder,
} from '../layout';
import { headerBytes } from './form';

/** A longer key is not kept to be compared with the next. */
const lastMax: u32 = 0x1_0000;

const TAB: u8 = 9;
const LINE_FEED: u8 = 10;
const MINUS: u8 = 0x2d;
const BACKSLASH: u8 = 0x5c;

/** Adds the key of a row, whose canonical cells are at `from`, or gives the lines up. */
export function addLine(state: usize, row: i32, from: usize, end: usize): void {
  const last = load<u32>(state, sideLast) as usize;
  const size = (end - from) as u32;
  if (size > lastMax || !isPlain(state, row) || !isInOrder(state, from) || !write(state, from)) {
    store<i32>(state, linesGivenUp, sideLineState);
    return;
  }
  memory.copy(last, from, size);
  store<u32>(state, (last + size) as u32, sideLastEnd);
}

/** Whether each of the key's cells has the storage class of its column. */
function isPlain(state: usize, row: i32): bool {
  const storages = (load<u32>(state, sideStorage) + row * load<i32>(state, sideColumnCount)) as usize;
  const cells = load<i32>(state, sideKeyCells);
  let column = load<u32>(state, sideColumns) as usize;
  for (let i = 0; i < cells; i += 1) {
    if ((load<u8>(storages + load<i32>(column, slotIndex)) as u32) !== load<u32>(column, slotLineStorage)) return false;
    column += slotBytes;
  }
  return true;
}

/** Whether the key is not before that of the last row. */
function isInOrder(state: usize, from: usize): bool {
  if (load<u32>(state, sideLastEnd) === 0) return true;
  const cells = load<i32>(state, sideKeyCells);
  let column = load<u32>(state, sideColumns) as usize;
  let before = load<u32>(state, sideLast) as usize;
  let at = from;
  for (let i = 0; i < cells; i += 1) {
    const order =
      load<i32>(column, slotOrder) === orderOfNumbers ? compareNumbers(before, at) : compareBytes(before, at);
    if (order !== 0) return order < 0;
    before += headerBytes + load<u32>(before, 1);
    at += headerBytes + load<u32>(at, 1);
    column += slotBytes;
  }
  return true;
}

/** Compares two cells of decimal digits without zeros in front. */
function compareNumbers(left: usize, right: usize): i32 {
  const isNegative = load<u8>(left, headerBytes) === MINUS;
  if (isNegative !== (load<u8>(right, headerBytes) === MINUS)) return isNegative ? -1 : 1;
  const length = load<i32>(left, 1) - load<i32>(right, 1);
  const order = length === 0 ? compareBytes(left, right) : length;
  return isNegative ? -order : order;
}

function compareBytes(left: usize, right: usize): i32 {
  const leftSize = load<u32>(left, 1);
  const rightSize = load<u32>(right, 1);
  const size = min(leftSize, rightSize);
  for (let at: u32 = headerBytes; at < headerBytes + size; at += 1) {
    const order = (load<u8>(left + at) as i32) - (load<u8>(right + at) as i32);
    if (order !== 0) return order;
  }
  return (leftSize as i32) - (rightSize as i32);
}

/** Writes the line; false where a text has a byte that no line can have. */
function write(state: usize, from: usize): bool {
  const cells = load<i32>(state, sideKeyCells);
  let to = load<u32>(state, sideLinesEnd) as usize;
  let at = from;
  for (let i = 0; i < cells; i += 1) {
    const end = at + headerBytes + load<u32>(at, 1);
    for (at += headerBytes; at < end; at += 1) {
      const byte = load<u8>(at);
      if (byte === 0) return false;
      const letter = letterOf(byte);
      if (letter !== 0) {
        store<u8>(to, BACKSLASH);
        to += 1;
      }
      store<u8>(to, letter === 0 ? byte : letter);
      to += 1;
    }
    store<u8>(to, i + 1 === cells ? LINE_FEED : TAB);
    to += 1;
  }
  store<u32>(state, to as u32, sideLinesEnd);
  return true;
}

/** The letter that stands behind a backslash for a byte, or 0 for one that stands for itself. */
function letterOf(byte: u8): u8 {
  switch (byte) {
    case 8:
      return 0x62; // b
    case 9:
      return 0x74; // t
    case 10:
      return 0x6e; // n
    case 11:
      return 0x76; // v
    case 12:
      return 0x66; // f
    case 13:
      return 0x72; // r
    case BACKSLASH:
      return BACKSLASH;
    default:
      return 0;
  }
}
