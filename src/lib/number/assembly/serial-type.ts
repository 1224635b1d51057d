/*
 * Values of the serial types below 12 (https://www.sqlite.org/fileformat2.html section 2.1), for loops in AssemblyScript.
 */

/** Bytes of the value of a serial type up to 11; −1 for the two that are reserved. */
export function sizeOf(type: u32): i32 {
  switch (type) {
    case 0:
    case 8:
    case 9:
      return 0;
    case 5:
      return 6;
    case 6:
    case 7:
      return 8;
    case 10:
    case 11:
      return -1;
    default:
      return type as i32;
  }
}

/** Big-endian two's complement of the serial types 1 to 6; 8 and 9 are 0 and 1. */
export function readInteger(at: usize, type: u32): i64 {
  switch (type) {
    case 1:
      return load<i8>(at) as i64;
    case 2:
      return bswap<i16>(load<i16>(at)) as i64;
    case 3:
      return ((load<i8>(at) as i64) << 16) | (bswap<u16>(load<u16>(at, 1)) as i64);
    case 4:
      return bswap<i32>(load<i32>(at)) as i64;
    case 5:
      return ((bswap<i16>(load<i16>(at)) as i64) << 32) | (bswap<u32>(load<u32>(at, 2)) as i64);
    case 6:
      return bswap<i64>(load<i64>(at));
    default:
      return (type - 8) as i64;
  }
}
