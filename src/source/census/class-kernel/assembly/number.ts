/*
 * The classes of numbers, as `number-class.ts` tells them.
 */
import {
  classCount,
  classEpochMs,
  classEpochNs,
  classEpochS,
  classEpochUs,
  classInt16,
  classInt32,
  classInt64,
  classRealFraction,
  classRealInfinite,
  classRealJulian,
  classRealWhole,
  classZeroOrOne,
  julianFirst,
  julianLast,
  powerMax,
  classStatePowers,
  classStateScales,
  classStateWholeDigits,
  voteSecondsFirst,
  voteSecondsLast,
} from '../layout';
import { widenReal } from './ask';

const firstSecond: i64 = voteSecondsFirst as i64;
const lastSecond: i64 = voteSecondsLast as i64;
const safeMax: i64 = 9_007_199_254_740_991;

export function classOfInteger(value: i64): i32 {
  if ((value as u64) <= 1) return classZeroOrOne;
  if (value === (value as i16 as i64)) return classInt16;
  if (value >= firstSecond && value <= lastSecond) return classEpochS;
  if (value === (value as i32 as i64)) return classInt32;
  if (value > safeMax || value < -safeMax) {
    return value > 0 && value <= lastSecond * 1_000_000_000 ? classEpochNs : classInt64;
  }
  if (value >= firstSecond * 1000 && value <= lastSecond * 1000) return classEpochMs;
  return value >= firstSecond * 1_000_000 && value <= lastSecond * 1_000_000 ? classEpochUs : classInt64;
}

/** The class of a real that is a number; its digits are counted. */
export function classOfReal(state: usize, index: u32, value: f64): i32 {
  if (abs(value) === Infinity) return classRealInfinite;
  let found = classRealFraction;
  if (value >= julianFirst && value <= julianLast) found = classRealJulian;
  else if (trunc(value) === value) found = classRealWhole;
  const scales = load<u32>(state, classStateScales) as usize;
  const scale = load<f64>(scales + 8 * (index * classCount + found)) as u32;
  const wholeDigits = load<f64>(load<u32>(state, classStateWholeDigits) + 8 * index) as u32;
  if (!hasDigitsWithin(load<u32>(state, classStatePowers), value, wholeDigits, scale)) widenReal(index, found, value);
  return found;
}

/** As the function of this name: false says nothing. */
function hasDigitsWithin(powers: usize, value: f64, wholeDigits: u32, scale: u32): bool {
  if (max(wholeDigits, scale) > (powerMax as u32) || abs(value) >= load<f64>(powers + 8 * wholeDigits)) return false;
  const unit = load<f64>(powers + 8 * scale);
  const units = nearest(value * unit);
  return abs(units) <= (safeMax as f64) && units / unit === value;
}
