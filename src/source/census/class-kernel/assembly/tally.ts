/*
 * What the header of a record tells, counted as `RecordTally` counts it.
 */
import {
  classTextInvalidUtf8,
  classTextNul,
  classColumnBytes,
  classColumnClass,
  classColumnLength,
  classColumnStart,
  classColumnType,
  classColumnValue,
  classStateBadTexts,
  classStateCharsMax,
  classStateColumns,
  classStateIntegerMax,
  classStateIntegerMin,
  classStateLongBytesMax,
  classStateNans,
  classStateRealMax,
  classStateRealMin,
  classStateTypes,
  classStateWideMaxHigh,
  classStateWideMaxLow,
  classStateWideMinHigh,
  classStateWideMinLow,
  classStateWidths,
} from '../layout';
import { longBlob, longText, typeCounters } from '../../kernel/layout';
import { countChars } from '../../kernel/assembly/text';

/** Counts the first columns of the present row, which are those that its record has. */
export function tallyRecord(state: usize, stored: u32): void {
  let column = load<u32>(state, classStateColumns) as usize;
  let types = load<u32>(state, classStateTypes) as usize;
  for (let index: u32 = 0; index < stored; index++) {
    const type = load<u32>(column, classColumnType);
    if (type < (typeCounters as u32)) raise(types + 8 * type);
    if (type > 11) tallyBytes(state, column, index, type, types);
    else if (type === 7) tallyReal(state, column, index);
    else if (type === 6) tallyWide(state, load<i64>(column, classColumnValue), index);
    else if (type !== 0) {
      widen(state, load<i64>(column, classColumnValue) as f64, index, classStateIntegerMin, classStateIntegerMax);
    }
    column += classColumnBytes;
    types += 8 * typeCounters;
  }
  raise(load<u32>(state, classStateWidths) + 8 * stored);
}

function raise(counter: usize): void {
  store<f64>(counter, load<f64>(counter) + 1);
}

function tallyBytes(state: usize, column: usize, index: u32, type: u32, types: usize): void {
  const length = load<u32>(column, classColumnLength);
  const isText = (type & 1) === 1;
  if (type >= (typeCounters as u32)) {
    raise(types + 8 * (isText ? longText : longBlob));
    raiseTo(load<u32>(state, classStateLongBytesMax) + 8 * index, length as f64);
  }
  if (!isText) return;
  const start = load<u32>(column, classColumnStart) as usize;
  const charsMax = load<u32>(state, classStateCharsMax) + 8 * index;
  if ((length as f64) > load<f64>(charsMax)) raiseTo(charsMax, countChars(start, start + length) as f64);
  const found = load<i32>(column, classColumnClass);
  if (found === classTextNul || found === classTextInvalidUtf8)
    store<u8>(load<u32>(state, classStateBadTexts) + index, 1);
}

function raiseTo(counter: usize, value: f64): void {
  if (value > load<f64>(counter)) store<f64>(counter, value);
}

function tallyReal(state: usize, column: usize, index: u32): void {
  const value = load<f64>(column, classColumnValue);
  if (F64.isNaN(value)) raise(load<u32>(state, classStateNans) + 8 * index);
  else widen(state, value, index, classStateRealMin, classStateRealMax);
}

function widen(state: usize, value: f64, index: u32, stateMin: usize, stateMax: usize): void {
  const least = load<u32>(state + stateMin) + 8 * index;
  const greatest = load<u32>(state + stateMax) + 8 * index;
  if (value < load<f64>(least)) store<f64>(least, value);
  if (value > load<f64>(greatest)) store<f64>(greatest, value);
}

/** The halves lie apart, as the tally has them. */
function tallyWide(state: usize, value: i64, index: u32): void {
  const minHigh = load<u32>(state, classStateWideMinHigh) + 4 * index;
  const minLow = load<u32>(state, classStateWideMinLow) + 4 * index;
  const maxHigh = load<u32>(state, classStateWideMaxHigh) + 4 * index;
  const maxLow = load<u32>(state, classStateWideMaxLow) + 4 * index;
  if (value <= joinHalves(minHigh, minLow)) storeHalves(minHigh, minLow, value);
  if (value >= joinHalves(maxHigh, maxLow)) storeHalves(maxHigh, maxLow, value);
}

function joinHalves(high: usize, low: usize): i64 {
  return ((load<i32>(high) as i64) << 32) | (load<u32>(low) as i64);
}

function storeHalves(high: usize, low: usize, value: i64): void {
  store<i32>(high, (value >> 32) as i32);
  store<u32>(low, value as u32);
}
