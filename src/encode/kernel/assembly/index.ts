/*
 * The kernel: the cells of one leaf into binary COPY rows and their fingerprint, as `src/source` and `src/encode` do it
 * row by row. A cell that is rare or wrong in any way is left to these: `fill` stops before it. So nothing is refused
 * here, and a row is either written and summed whole, or not at all.
 */
import { leaveCell, payloadBytes } from '../../../lib/kernel/assembly/cell';
import { statePointer, statePointersEnd } from '../../../lib/kernel/cursor-layout';
import {
  columnBytes,
  columnLength,
  saysDone,
  saysFull,
  saysNotMine,
  stateColumnCount,
  stateColumns,
  stateFull,
  stateKeyColumns,
  stateKeyCount,
  stateKeys,
  stateKeysEnd,
  stateLimit,
  stateOut,
  stateRows,
} from '../layout';
import { copyOverrunBytes, writeField } from './field';
import { foldRow } from './fold';
import { readCell } from './record';

/** A field of fixed size: its length word and at most eight bytes. */
const fixedBytes: u32 = 12;

/** Writes rows from the state's cell pointer on; returns what stopped it. The state says how far it came. */
export function fill(state: usize): i32 {
  const pointersEnd = load<u32>(state, statePointersEnd);
  const keysStart = load<u32>(state, stateKeys);
  const fixed = 2 + copyOverrunBytes + fixedBytes * load<u32>(state, stateColumnCount);
  while (load<u32>(state, statePointer) < pointersEnd) {
    const out = load<u32>(state, stateOut);
    if (out >= load<u32>(state, stateFull)) return saysFull;
    if (!readCell(state)) return saysNotMine;
    // Up to this address everything that may still follow in the row fits, since no value takes more than its share.
    const last = (load<i32>(state, stateLimit) - fixed - payloadBytes) as i32;
    if ((out as i32) > last) return saysNotMine;
    const outEnd = writeRow(state, out, last as usize);
    if (outEnd === 0) return saysNotMine;
    const keys = load<u32>(state, stateKeys);
    if (keys + keysLength(state) + copyOverrunBytes > load<u32>(state, stateKeysEnd)) {
      return keys === keysStart ? saysNotMine : saysFull;
    }
    foldRow(state, keys);
    store<u32>(state, outEnd as u32, stateOut);
    store<i32>(state, load<i32>(state, stateRows) + 1, stateRows);
    leaveCell(state);
  }
  return saysDone;
}

/** Bytes of the key fields of the row in the block. */
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

/** Writes the row in binary COPY form at `from`; returns its end, 0 where a value does not fit. */
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
