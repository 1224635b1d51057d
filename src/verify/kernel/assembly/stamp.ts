/* Points in time as nearly every one is written: `YYYY-MM-DD`, or with `HH:MM:SS`, a fraction, and Z, +00 or nothing. */

/** What the last stamp said: whole seconds since 1970, and microseconds on top. */
export let seconds: i64 = 0;
export let micros: u32 = 0;

/** False where it is written otherwise, or is no such day. */
export function readStamp(start: usize, end: usize): bool {
  const length = (end - start) as u32;
  if (length !== 10 && length < 19) return false;
  if (load<u8>(start, 4) !== 0x2d || load<u8>(start, 7) !== 0x2d) return false;
  const year = twoDigits(start) * 100 + twoDigits(start + 2);
  const month = twoDigits(start + 5);
  const day = twoDigits(start + 8);
  // A character that is no digit makes a number too large for any of these.
  if (year < 100 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false;
  seconds = daysSince1970(year, month, day) * 86_400;
  micros = 0;
  return length === 10 || readClock(start + 10, end);
}

function readClock(start: usize, end: usize): bool {
  const separator = load<u8>(start);
  if (separator !== 0x20 && separator !== 0x54) return false;
  if (load<u8>(start, 3) !== 0x3a || load<u8>(start, 6) !== 0x3a) return false;
  const hour = twoDigits(start + 1);
  const minute = twoDigits(start + 4);
  const second = twoDigits(start + 7);
  if (hour > 23 || minute > 59 || second > 59) return false;
  seconds += (hour * 3600 + minute * 60 + second) as i64;
  let at = start + 9;
  if (at < end && load<u8>(at) === 0x2e) {
    at += 1;
    const first = at;
    let weight: u32 = 100_000;
    while (at < end && load<u8>(at) - 0x30 < 10 && weight > 0) {
      micros += ((load<u8>(at) - 0x30) as u32) * weight;
      weight /= 10;
      at += 1;
    }
    if (at === first) return false;
  }
  const left = (end - at) as u32;
  if (left === 0) return true;
  if (left === 1) return load<u8>(at) === 0x5a;
  return left === 3 && load<u8>(at) === 0x2b && load<u8>(at, 1) === 0x30 && load<u8>(at, 2) === 0x30;
}

function twoDigits(at: usize): u32 {
  const tens = load<u8>(at) - 0x30;
  const ones = load<u8>(at, 1) - 0x30;
  return tens > 9 || ones > 9 ? 100_000 : (tens as u32) * 10 + (ones as u32);
}

function daysOf(year: u32, month: u32): u32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Years are counted from March here, so that the day of a leap year is the last of its year. */
function daysSince1970(year: u32, month: u32, day: u32): i64 {
  const shifted: u32 = month > 2 ? year : year - 1;
  const ofMarch: u32 = month > 2 ? month - 3 : month + 9;
  const days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * ofMarch + 2) / 5 + day - 1;
  return (days as i64) - 719_468;
}
