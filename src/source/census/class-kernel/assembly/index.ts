/*
 * The census's kernel: the cells of one leaf into the counters of `RecordTally` and `ValueTally`, as these count row by
 * row. A cell that is rare or wrong in any way, and one with a value of which an example is kept, is left to these: `fill`
 * stops before it. So nothing is refused here, and a row is counted either whole or not at all.
 */
import { enterCell, leaveCell, payloadBytes, rowid } from '../../../../lib/kernel/assembly/cell';
import { statePointer, statePointersEnd } from '../../../../lib/kernel/cursor-layout';
import {
  classCount,
  classNull,
  classColumnBytes,
  classColumnClass,
  exampleCount,
  classSaysDone,
  classSaysNotMine,
  classStateColumnCount,
  classStateColumns,
  classStateCounts,
  classStateRowidColumn,
} from '../layout';
import { classOfInteger } from './number';
import { readRecord, stored } from './record';
import { tallyRecord } from './tally';

/** Counts rows from the state's cell pointer on; returns what stopped it. The state says how far it came. */
export function fill(state: usize): i32 {
  const pointersEnd = load<u32>(state, statePointersEnd);
  while (load<u32>(state, statePointer) < pointersEnd) {
    const start = enterCell(state);
    if (start === 0 || !readRecord(state, start, start + payloadBytes)) return classSaysNotMine;
    const rowidColumn = load<i32>(state, classStateRowidColumn);
    if (rowidColumn >= 0) {
      store<i32>(
        load<u32>(state, classStateColumns) + rowidColumn * classColumnBytes,
        classOfInteger(rowid),
        classColumnClass,
      );
    }
    if (!hasExamples(state)) return classSaysNotMine;
    countClasses(state);
    tallyRecord(state, stored);
    leaveCell(state);
  }
  return classSaysDone;
}

/** Whether of each value's class enough examples are kept. */
function hasExamples(state: usize): bool {
  const columnsEnd = columnsEndOf(state);
  let counts = load<u32>(state, classStateCounts) as usize;
  for (let column = load<u32>(state, classStateColumns) as usize; column < columnsEnd; column += classColumnBytes) {
    const found = load<i32>(column, classColumnClass);
    if (found !== classNull && load<f64>(counts + 8 * found) < exampleCount) return false;
    counts += 8 * classCount;
  }
  return true;
}

function countClasses(state: usize): void {
  const columnsEnd = columnsEndOf(state);
  let counts = load<u32>(state, classStateCounts) as usize;
  for (let column = load<u32>(state, classStateColumns) as usize; column < columnsEnd; column += classColumnBytes) {
    const counter = counts + 8 * load<i32>(column, classColumnClass);
    store<f64>(counter, load<f64>(counter) + 1);
    counts += 8 * classCount;
  }
}

function columnsEndOf(state: usize): usize {
  return load<u32>(state, classStateColumns) + load<u32>(state, classStateColumnCount) * classColumnBytes;
}
