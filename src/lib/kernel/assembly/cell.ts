/*
 * A cell of a table leaf (https://www.sqlite.org/fileformat2.html section 1.6), for
 * the loops of the copy and of the census. What `src/source` refuses, and what is rare, is not read here: the caller leaves
 * such a cell to it.
 */
import {
  stateCells,
  stateHasRow,
  stateHigh,
  stateLocalMax,
  stateLow,
  statePage,
  statePageEnd,
  statePointer,
} from '../cursor-layout';

/** Where the varint that was read last ends; 0 where it is longer than the reader takes. */
export let lengthEnd: usize = 0;

export let rowid: i64 = 0;
export let payloadBytes: u32 = 0;

/** A length or a serial type, of at most three bytes: below 2 MiB, which no page holds more of. */
export function readLength(at: usize): u32 {
  const first = load<u8>(at) as u32;
  if (first < 0x80) {
    lengthEnd = at + 1;
    return first;
  }
  const second = load<u8>(at, 1) as u32;
  if (second < 0x80) {
    lengthEnd = at + 2;
    return ((first & 0x7f) << 7) | second;
  }
  const third = load<u8>(at, 2) as u32;
  lengthEnd = third < 0x80 ? at + 3 : 0;
  return ((first & 0x7f) << 14) | ((second & 0x7f) << 7) | third;
}

/** A varint of up to nine bytes, which is how long a rowid may be. */
export function readVarint(from: usize): i64 {
  let at = from;
  let byte = load<u8>(at++) as i64;
  let value = byte & 0x7f;
  for (let i = 1; i < 8 && byte > 0x7f; i++) {
    byte = load<u8>(at++) as i64;
    value = (value << 7) | (byte & 0x7f);
  }
  if (byte > 0x7f) value = (value << 8) | (load<u8>(at++) as i64);
  lengthEnd = at;
  return value;
}

/**
 * Where the record of the cell at the state's pointer begins, 0 where the row reader must take it; its length is in
 * `payloadBytes`, its rowid in `rowid`. Nothing of the state is changed.
 */
export function enterCell(state: usize): usize {
  const cell = (load<i32>(state, statePage) + bswap<u16>(load<u16>(load<u32>(state, statePointer)))) as usize;
  const pageEnd = load<u32>(state, statePageEnd) as usize;
  if (cell < (load<u32>(state, stateCells) as usize) || cell >= pageEnd) return 0;
  payloadBytes = readLength(cell);
  if (lengthEnd === 0 || payloadBytes > load<u32>(state, stateLocalMax)) return 0;
  rowid = readVarint(lengthEnd);
  const start = lengthEnd;
  if (start + payloadBytes > pageEnd) return 0;
  if (load<i32>(state, stateHasRow) !== 0) {
    const before = ((load<i32>(state, stateHigh) as i64) << 32) | (load<u32>(state, stateLow) as i64);
    if (rowid <= before) return 0;
  }
  return start;
}

/** Moves the state behind that cell. */
export function leaveCell(state: usize): void {
  store<i32>(state, (rowid >> 32) as i32, stateHigh);
  store<i32>(state, rowid as i32, stateLow);
  store<i32>(state, 1, stateHasRow);
  store<u32>(state, load<u32>(state, statePointer) + 2, statePointer);
}
