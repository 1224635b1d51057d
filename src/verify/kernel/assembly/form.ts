/* How a canonical cell begins, and points in time in it. */

/** Bytes before each cell. */
export const headerBytes: u32 = 5;
const TAG_VALUE: u8 = 1;

/** Begins a cell at `to`; its bytes begin where this returns. */
export function open(to: usize, size: u32): usize {
  store<u8>(to, TAG_VALUE);
  store<u32>(to, size, 1);
  return to + headerBytes;
}

/** Whole seconds since 1970, and microseconds on top. */
export function putMoment(whole: f64, rest: u32, to: usize): usize {
  const out = open(to, 12);
  store<f64>(out, whole);
  store<u32>(out, rest, 8);
  return out + 12;
}
