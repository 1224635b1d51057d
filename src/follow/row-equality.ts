import { type RowView, Storage } from '../model/value.js';

/** Up to this many bytes a loop is quicker than a call into native code. */
const loopBytes = 64;

/** Whether two rows of the same columns hold the same cells: the same storage classes, and the same values bit for bit. */
export function isSameRow(a: RowView, b: RowView): boolean {
  const count = a.storage.length;
  for (let i = 0; i < count; i++) {
    const storage = a.storage[i];
    if (storage !== b.storage[i]) return false;
    switch (storage) {
      case Storage.Null:
        break;
      case Storage.Integer:
        if (a.number[i] !== b.number[i]) return false;
        break;
      case Storage.Real:
        // 0 and −0 are two values.
        if (!Object.is(a.number[i], b.number[i])) return false;
        break;
      case Storage.Wide:
        if (a.wide.getInt32(8 * i) !== b.wide.getInt32(8 * i)) return false;
        if (a.wide.getInt32(8 * i + 4) !== b.wide.getInt32(8 * i + 4)) return false;
        break;
      default:
        if (!isSameBytes(a, b, i)) return false;
    }
  }
  return true;
}

function isSameBytes(a: RowView, b: RowView, i: number): boolean {
  const from = a.start[i] as number;
  const to = b.start[i] as number;
  const length = (a.end[i] as number) - from;
  if (length !== (b.end[i] as number) - to) return false;
  if (length > loopBytes) return a.bytes.compare(b.bytes, to, to + length, from, from + length) === 0;
  for (let at = 0; at < length; at++) if (a.bytes[from + at] !== b.bytes[to + at]) return false;
  return true;
}
